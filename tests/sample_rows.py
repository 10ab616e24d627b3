"""Forty differences as a run of Redis 7.2 and Valkey 8.1 could find them; some are made up."""
# ruff: noqa: E501  (a table reads better in rows)

from __future__ import annotations

from reports.finding import WireReply


def bulk(text: str) -> WireReply:
    return WireReply("bulk", text)


def error(text: str) -> WireReply:
    return WireReply("error", text)


def listing(*items: str) -> WireReply:
    return WireReply("array", [{"type": "bulk", "value": item} for item in items])


def pairs(**items: str | int) -> WireReply:
    """A RESP3 map of texts to texts or integers."""
    kinds = {str: "bulk", int: "integer"}
    return WireReply(
        "map",
        [
            [{"type": "bulk", "value": key}, {"type": kinds[type(value)], "value": value}]
            for key, value in items.items()
        ],
    )


OK, ZERO, ONE = WireReply("simple", "OK"), WireReply("integer", 0), WireReply("integer", 1)
NIL, NIL_ARRAY = WireReply("null", None, "$-1"), WireReply("null", None, "*-1")
TIMEOUT = WireReply("none", "timeout")
_HELP = tuple(
    f"{name} <args>"
    for name in ["CACHING", "GETNAME", "ID", "INFO", "KILL", "LIST", "NO-EVICT", "PAUSE", "REPLY"]
)
_INFO = "# Memory\r\nused_memory:1048576\r\nused_memory_rss:9437184\r\nmem_clients_normal:1928\r\n"

# subject, rule, baseline, candidate, program, step, protocol, message
ROWS: tuple[tuple[str, str, WireReply, WireReply, tuple[str, ...], int, int, str], ...] = (
    ("SET", "value", NIL, OK, ("SET k a", "SET k b NX GET"), 1, 2, "SET NX GET on a key that exists"),
    ("LCS", "type", WireReply("map", []), WireReply("array", []), ("LCS a b IDX",), 0, 3, "an empty map is sent as an array"),
    ("XAUTOCLAIM", "value", listing("0-0", "1-1"), listing("0-0"), ("XADD s 1-1 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XDEL s 1-1", "XAUTOCLAIM s g d 0 0"), 4, 2, "deleted entries are left out"),
    ("ZADD", "error-code", error("ERR value is not a valid float"), error("INVALID score is not a float"), ("ZADD z nan a",), 0, 2, "another error code for a score that is no number"),
    ("HRANDFIELD", "type", listing("f", "v"), WireReply("array", [{"type": "array", "value": [{"type": "bulk", "value": "f"}, {"type": "bulk", "value": "v"}]}]), ("HSET h f v", "HRANDFIELD h 1 WITHVALUES"), 1, 3, "pairs are nested"),
    ("DUMP", "state", bulk("\\x00\\x01a\\x0b\\x00"), bulk("\\x00\\x01a\\x50\\x00"), ("SET k a", "DUMP k"), 1, 2, "the payload carries another RDB version"),
    ("RESTORE", "error-code", OK, error("ERR DUMP payload version or checksum are wrong"), ('RESTORE k 0 "\\x00\\x01a\\x0b\\x00\\xd1"',), 0, 2, "a payload of the baseline is refused"),
    ("OBJECT FREQ", "error-code", error("ERR An LFU maxmemory policy is not selected"), error("NOTLFU LFU is off"), ("SET k a", "OBJECT FREQ k"), 1, 2, "another error code"),
    ("CLIENT KILL", "value", OK, error("ERR No such client"), ("CLIENT KILL 127.0.0.1:1",), 0, 2, "killing a client that is gone is an error"),
    ("SCRIPT FLUSH", "unknown-argument", OK, error("ERR syntax error"), ("SCRIPT FLUSH ASYNC",), 0, 2, "ASYNC is refused"),
    ("EXPIRE", "value", ONE, ZERO, ("SET k v", "EXPIRE k 9223372036854775 NX"), 1, 2, "an expiry far ahead is not set"),
    ("GEOSEARCH", "order", listing("a", "b"), listing("b", "a"), ("GEOADD g 1 1 a 1 1 b", "GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m ASC"), 1, 2, "members at one distance come in another order"),
    ("FUNCTION LOAD", "error-code", error("ERR Error registering functions"), error("ERRLUA @user_function: 1"), ('FUNCTION LOAD "#!lua name=x\\n<script>alert(1)</script>"',), 0, 2, "another error code for a library that does not compile"),
    ("BLPOP", "value", NIL_ARRAY, TIMEOUT, ("BLPOP k 0.01",), 0, 2, "the candidate did not answer within 5 s"),
    ("CLUSTER SLOT-STATS", "unknown-command", error("ERR unknown subcommand 'SLOT-STATS'. Try CLUSTER HELP."), error("ERR This instance has cluster support disabled"), ("CLUSTER SLOT-STATS",), 0, 2, "the candidate knows the command"),
    ("COMMANDLOG GET", "unknown-command", error("ERR unknown command 'COMMANDLOG', with args beginning with: 'GET' '1' 'slow' "), WireReply("array", []), ("COMMANDLOG GET 1 slow",), 0, 2, "the candidate knows the command"),
    ("SET", "unknown-argument", error("ERR syntax error"), OK, ("SET k a", "SET k b IFEQ a"), 1, 2, "the candidate knows IFEQ"),
    ("SCRIPT SHOW", "unknown-command", error("ERR unknown subcommand 'SHOW'. Try SCRIPT HELP."), error("NOSCRIPT No matching script."), ("SCRIPT SHOW 0",), 0, 2, "the candidate knows the command"),
    ("CLIENT CAPA", "unknown-command", error("ERR unknown subcommand 'CAPA'. Try CLIENT HELP."), OK, ("CLIENT CAPA redirect",), 0, 2, "the candidate knows the command"),
    ("CLIENT KILL", "unknown-argument", error("ERR syntax error"), ZERO, ("CLIENT KILL MAXAGE 100000",), 0, 2, "the candidate knows MAXAGE"),
    ("CLIENT IMPORT-SOURCE", "unknown-command", error("ERR unknown subcommand 'IMPORT-SOURCE'. Try CLIENT HELP."), OK, ("CLIENT IMPORT-SOURCE OFF",), 0, 2, "the candidate knows the command"),
    ("ACL CAT", "value", listing("keyspace", "read", "write"), listing("keyspace", "read", "write", "scripting"), ("ACL CAT",), 0, 2, "one category more"),
    ("CONFIG GET", "value", pairs(maxmemory=0), WireReply("map", [*pairs(maxmemory=0).value, *pairs(**{"maxmemory-scripts": 1}).value]), ("CONFIG GET maxmemory*",), 0, 3, "one parameter more"),  # type: ignore[misc]  # a list, as pairs() made it
    ("XINFO STREAM", "value", pairs(length=1, groups=0), pairs(length=1, groups=0, idmp=0), ("XADD s 1-1 f v", "XINFO STREAM s"), 1, 3, "one field more"),
    ("CLIENT HELP", "value", listing("CLIENT <subcommand> [<arg> ...]. Subcommands are:", *_HELP), listing("CLIENT <subcommand> [<arg> ...]. Subcommands are:", "CAPA <option> [<option>...]", *_HELP, "IMPORT-SOURCE <ON|OFF>"), ("CLIENT HELP",), 0, 2, "the help lists more sub-commands"),
    ("MEMORY HELP", "value", listing("DOCTOR", "    Return memory problems reports."), listing("DOCTOR", "    Returns memory problem reports."), ("MEMORY HELP",), 0, 2, "the help has other words"),
    ("LOLWUT", "value", bulk("Redis ver. 7.2.4\n"), bulk("Valkey ver. 8.1.1\n"), ("LOLWUT",), 0, 2, "another work of art"),
    ("OBJECT ENCODING", "encoding", bulk("listpack"), bulk("hashtable"), ("HSET h f " + "v" * 65, "OBJECT ENCODING h"), 1, 2, "hashes are kept otherwise"),
    ("OBJECT ENCODING", "encoding", bulk("embstr"), bulk("raw"), ("SETRANGE k 3 a", "OBJECT ENCODING k"), 1, 2, "strings are kept otherwise"),
    ("EVAL", "error-text", error("ERR Error compiling script (new function): user_script:1: '=' expected near '<eof>'"), error("ERR Error compiling script (new function): @user_script:1: '=' expected near '<eof>'"), ("EVAL x 0",), 0, 2, "another text"),
    ("EVAL", "error-text", error("ERR Write commands are not allowed from read-only scripts. script: a1b2, on @user_script:1."), error("ERR Write commands are not allowed from read-only scripts. script: a1b2, on user_script:1."), ("EVAL_RO \"return redis.call('SET','k','v')\" 1 k",), 0, 2, "another text"),
    ("INFO", "value", WireReply("verbatim", "txt:" + _INFO), WireReply("verbatim", "txt:" + _INFO.replace("1048576", "983040") + "mem_total_replication_buffers:0\r\n"), ("INFO memory",), 0, 3, "other memory figures"),
    ("HELLO", "error-text", error("NOPROTO unsupported protocol version"), error("NOPROTO unsupported protocol"), ("HELLO 4",), 0, 2, "another text"),
    ("DEBUG", "error-text", error('ERR DEBUG command not allowed. If the enable-debug-command option is set to "local"'), error('ERR DEBUG command not allowed. If the option is set to "local"'), ("DEBUG SLEEP 0",), 0, 2, "another text"),
    ("RENAME", "error-text", error("ERR no such key"), error("ERR no such key 'a'"), ("RENAME a b",), 0, 2, "another text"),
    ("MIGRATE", "error-text", error("IOERR error or timeout connecting to the client"), error("IOERR error or timeout"), ("MIGRATE 127.0.0.1 1 k 0 10",), 0, 2, "another text"),
    ("ACL SETUSER", "error-text", error("ERR Error in ACL SETUSER modifier '+x': Unknown command or category name in ACL"), error("ERR Error in ACL SETUSER modifier '+x': Unknown command or category name"), ("ACL SETUSER u +x",), 0, 2, "another text"),
    ("XADD", "error-text", error("ERR Invalid stream ID specified as stream command argument"), error("ERR Invalid stream ID"), ("XADD s x f v",), 0, 2, "another text"),
    ("GETEX", "error-text", error("ERR invalid expire time in 'getex' command"), error("ERR invalid expire time"), ("GETEX k EX 0",), 0, 2, "another text"),
    ("SINTERCARD", "error-text", error("ERR numkeys should be greater than 0"), error("ERR numkeys must be greater than 0"), ("SINTERCARD 0 k",), 0, 2, "another text"),
)  # fmt: skip
