"""What is sent to a primary to see whether its replica has it too: every command that writes, from the walk, and what
a walk does not know (scripts, transactions, what is large).

Each program works in a database of its own, so that many of them are sent at once and what each left is told apart
afterwards. What touches other databases, or the server, is sent alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import Command, Program, command, parse
from generators.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.tree import Syntax, Tree

# Their effects go to replicas although they are not flagged as writes.
_LIKE_WRITES = frozenset(
    ("EVAL", "EVALSHA", "FCALL", "PFCOUNT", "PUBLISH", "SPUBLISH", "SCRIPT LOAD", "SCRIPT FLUSH")
)
# What reaches beyond a database, or decides where the next command goes.
_BEYOND = frozenset(
    (
        *(
            "FLUSHALL",
            "SWAPDB",
            "MOVE",
            "SELECT",
            "FUNCTION",
            "SCRIPT",
            "FCALL",
            "FCALL_RO",
            "EVALSHA",
            "RESET",
        ),
        *("HELLO", "AUTH", "QUIT", "WAIT", "WAITAOF"),
    )
)
_NEVER = frozenset(
    ("MIGRATE", "PFDEBUG", "PFSELFTEST", "DEBUG", "SHUTDOWN", "REPLICAOF", "SLAVEOF", "FAILOVER")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One program, and the command that it is about."""

    subject: str
    program: Program
    alone: bool  # it can't share the server with others


def writings(tree: Tree, most: int) -> Iterator[Writing]:
    """About `most` programs for each command that writes, then what a walk does not know. No chance is in it."""
    for syntax in tree.values():
        if _writes(syntax):
            for program in walk(syntax, most):
                yield Writing(subject=syntax.name, program=program, alone=_is_beyond(program))
    for subject, program in _others():
        yield Writing(subject=subject, program=program, alone=_is_beyond(program))


def _writes(syntax: Syntax) -> bool:
    if syntax.container or syntax.words[0].decode() in _NEVER:
        return False
    return "write" in syntax.flags or syntax.name in _LIKE_WRITES


def _is_beyond(program: Program) -> bool:
    return any(each.name in _BEYOND or (each.name == "COPY" and _names_a_database(each)) for each in program)


def _names_a_database(copy: Command) -> bool:
    return any(arg.upper() == b"DB" for arg in copy.args[3:])


def _others() -> Iterator[tuple[str, Program]]:
    for subject, lines in _OTHERS:
        yield subject, tuple(map(parse, lines))
    large = b"x" * 8_000_000
    yield "SET of 8 MB", (command("SET", "k", large), command("APPEND", "k", "y"))
    yield "RPUSH of 2,000 elements", (command("RPUSH", "k", *range(2000)),)
    yield "SET of odd bytes", (command("SET", bytes(range(256)), b"\r\n*1\r\n$4\r\nQUIT\r\n\x00\xff"),)


_OTHERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("MULTI", ("MULTI", "SET k 1", "INCR k", "RPUSH l a b", "EXEC")),
    ("MULTI", ("MULTI", "SET k 1", "LPUSH k a", "INCR k", "EXEC")),
    ("MULTI over databases", ("MULTI", "SET k 1", "SELECT 5", "SET k 5", "SELECT 6", "SET k 6", "EXEC", "SET k7 1")),
    ("SELECT", ("SELECT 3", "SET k 3", "SELECT 0", "SET k 0", "SELECT 15", "SET k 15")),
    ("MULTI with DISCARD", ("MULTI", "SET k 1", "DISCARD", "SET k 2")),
    ("WATCH", ("WATCH k", "MULTI", "SET k 1", "EXEC")),
    ("EVAL of writes", ("EVAL \"redis.call('SET', KEYS[1], ARGV[1]); return redis.call('INCR', KEYS[1])\" 1 k 5",)),
    ("EVAL of several", ("EVAL \"for i = 1, 50 do redis.call('RPUSH', 'l' .. (i % 5), i) end\" 0",)),
    ("EVAL with TIME", ("EVAL \"local t = redis.call('TIME'); redis.call('SET', 'k', t[1] .. t[2])\" 0",)),
    ("EVAL with a random order", ("SADD s a b c d e", "EVAL \"redis.call('RPUSH', 'l', redis.call('SPOP', 's'))\" 0")),
    ("EVAL with math.random", ("EVAL \"redis.call('SET', 'k', math.random(1000000))\" 0",)),
    ("EVAL that fails half-way", ("EVAL \"redis.call('SET', 'k', 1); redis.call('LPUSH', 'k', 1)\" 0",)),
    ("EVAL with replicate_commands", ("EVAL \"redis.replicate_commands(); redis.call('SET', 'k', 1)\" 0",)),
    ("EVAL with set_repl", (
        "EVAL \"redis.replicate_commands(); redis.call('SET', 'a', 1); redis.set_repl(redis.REPL_ALL); "
        "redis.call('SET', 'b', 2)\" 0",
    )),
    ("EVAL with an expiry", ("EVAL \"redis.call('SET', 'k', 1, 'EX', 1000); redis.call('HSET', 'h', 'f', 1)\" 0",)),
    ("EVAL in MULTI", ("MULTI", "EVAL \"redis.call('SET', 'k', 1)\" 0", "INCR k", "EXEC")),
    ("EVAL in several databases", ("EVAL \"redis.call('SELECT', 4); redis.call('SET', 'k', 4)\" 0", "SET k 0")),
    ("EVALSHA", ('SCRIPT LOAD "return redis.call(\'SET\', KEYS[1], 7)"', "EVALSHA c686f316aaf1eb01d5a4de1b0b63cd233010e63d 1 k")),
    ("FUNCTION LOAD", (
        "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function('f', function(keys) return redis.call('INCR', keys[1]) end)\"",
        "FCALL f 1 k",
    )),
    ("FUNCTION DELETE", (
        "FUNCTION LOAD \"#!lua name=one\\nredis.register_function('f', function() return 1 end)\"",
        "FUNCTION LOAD \"#!lua name=two\\nredis.register_function('g', function() return 1 end)\"",
        "FUNCTION DELETE one",
    )),
    ("SET with an expiry in the past", ("SET k 1", "SET k 2 PXAT 1", "SET l 1 EX 1000", "PEXPIREAT l 1")),
    ("EXPIRE far away", ("SET k 1 PXAT 4611686018427387903", "SET l 1", "PEXPIREAT l 9007199254740993")),
    ("EXPIRE then PERSIST", ("SET k 1 EX 1000", "PERSIST k", "SET l 1 EX 1000", "APPEND l x", "SET m 1 EX 1000 ", "SET m 2 KEEPTTL")),
    ("GETEX then GETDEL", ("SET k 1", "GETEX k EX 1000", "SET l 1", "GETDEL l", "SET m 1 EX 1000", "GETEX m PERSIST")),
    ("RENAME with an expiry", ("SET k 1 EX 1000", "RENAME k l", "SET m 1", "COPY l m REPLACE")),
    ("blocked, then served", ("RPUSH l a", "BLMOVE l m LEFT RIGHT 0.01", "BLPOP m 0.01", "ZADD z 1 a 2 b", "BZPOPMIN z 0.01")),
    ("XADD with an id of its own", ("XADD x * f v", "XADD x MAXLEN ~ 10 * f v", "XTRIM x MAXLEN 1")),
    ("XREADGROUP", (
        "XADD x 1-1 f v", "XADD x 2-1 f v", "XGROUP CREATE x g 0", "XREADGROUP GROUP g a COUNT 1 STREAMS x >",
        "XREADGROUP GROUP g b NOACK COUNT 1 STREAMS x >", "XCLAIM x g b 0 1-1", "XAUTOCLAIM x g c 0 0", "XACK x g 1-1",
    )),
    ("INCRBYFLOAT", ("INCRBYFLOAT k 0.1", "INCRBYFLOAT k 1e-17", "HINCRBYFLOAT h f 3.3", "ZADD z INCR 0.1 a", "ZINCRBY z 1e20 a")),
    ("SPOP with a count", ("SADD s a b c d e f g h", "SPOP s 3", "SADD t 1 2 3 4 5", "SPOP t 5")),
    ("SORT with STORE", ("RPUSH l 3 1 2", "SORT l STORE m", "SORT l BY nosort STORE n", "SORT nosuch STORE m")),
    ("GEORADIUS with STORE", ("GEOADD g 13.3 38.1 a 15.0 37.5 b", "GEORADIUS g 15 37 200 km STORE d", "GEOSEARCHSTORE e g FROMLONLAT 15 37 BYRADIUS 100 km ASC")),
    ("PFADD and PFMERGE", ("PFADD a 1 2 3", "PFADD b 3 4", "PFMERGE c a b", "PFCOUNT c")),
    ("BITFIELD with overflow", ("BITFIELD k SET u8 0 255 INCRBY u8 0 10 OVERFLOW FAIL INCRBY u8 0 250", "SETBIT k 100 1", "BITOP NOT d k")),
    ("SETRANGE and APPEND", ("SETRANGE k 10 abc", "APPEND k def", 'SETRANGE k 0 ""', 'SETRANGE nosuch 0 ""')),
    ("LMPOP and ZMPOP", ("RPUSH l a b c", "LMPOP 2 nosuch l LEFT COUNT 2", "ZADD z 1 a 2 b 3 c", "ZMPOP 1 z MAX COUNT 2")),
    ("HSET until it is another encoding", ("HSET h " + " ".join(f"f{n} v{n}" for n in range(600)), "HDEL h f1 f2")),
)  # fmt: skip
