"""What a difference is called: the rule, and a signature that is one for one cause. Texts are what servers said."""

from __future__ import annotations

import pytest

from generators.command import command, parse
from suites.conformance.difference import (
    Difference,
    in_script,
    may_be_an_argument,
    name_difference,
    of_pipeline,
    of_script,
    with_tokens,
)
from suites.conformance.masks import mask
from suites.conformance.steps import Step
from tests.sample_replies import NULL, NULL_ARRAY, OK, error, one, said
from topologies.reply import Kind, Reply

CALL = 'EVAL "return redis.call(unpack(ARGV))" 0 '
SHA = "61636018f4e6b5817b89791bbed242f93fa089e3"
ON_62 = "ERR Error running script (call to f_" + SHA + "): @user_script:1: "
ON_72 = " script: " + SHA + ", on @user_script:1."
ON_91 = " script: on @user_script:1."

WRONGTYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
ARITY = "ERR wrong number of arguments for 'get' command"
SYNTAX = "ERR syntax error"
UNKNOWN_62 = "ERR unknown command `NOSUCH`, with args beginning with: `a`, "
UNKNOWN_72 = "ERR unknown command 'NOSUCH', with args beginning with: 'a' "
SUB_62 = "ERR Unknown subcommand or wrong number of arguments for 'nosuch'. Try OBJECT HELP."
SUB_72 = "ERR unknown subcommand 'nosuch'. Try OBJECT HELP."
DOUBLE = Reply(Kind.DOUBLE, b"1.5")


def none(why: str) -> Reply:
    return Reply(Kind.NONE, why.encode())


def named(line: str, baseline: Reply, candidate: Reply) -> Difference:
    return name_difference(Step(0, parse(line), baseline, candidate))


def rule(line: str, baseline: Reply, candidate: Reply) -> str:
    return named(line, baseline, candidate).rule.removeprefix("agreement.")


@pytest.mark.parametrize(
    ("line", "baseline", "candidate", "expected"),
    [
        ("NOSUCH a", error(UNKNOWN_72), OK, "unknown-command"),
        ("NOSUCH a", error(UNKNOWN_62), OK, "unknown-command"),
        ("NOSUCH a", error(UNKNOWN_72), error(WRONGTYPE), "unknown-command"),
        ("OBJECT nosuch", error(SUB_72), NULL, "unknown-command"),
        ("OBJECT nosuch", error(SUB_62), NULL, "unknown-command"),
        ("GET k", error(SYNTAX), one("1"), "unknown-argument"),
        ("GET k", error(ARITY), one("1"), "unknown-argument"),
        ("GET k", error(SYNTAX), error(WRONGTYPE), "unknown-argument"),
        ("GET k", error(SYNTAX), error("ERR value is not an integer or out of range"), "error-text"),
        ("GET k", error(ARITY), error(SYNTAX), "error-text"),
        ("HELLO a", error("ERR Unsupported option"), OK, "unknown-argument"),
        ("GET k", error(WRONGTYPE), error("ERR no such key"), "error-code"),
        ("GET k", error("ERR a is no number"), error("ERR a is not a number"), "error-text"),
        ("GET k", error(SYNTAX), error(ARITY), "error-text"),
        ("GET k", error(WRONGTYPE), one("1"), "type"),
        ("GET k", one("1"), one(1), "type"),
        ("GET k", OK, one("OK"), "type"),
        ("GET k", NULL, NULL_ARRAY, "type"),
        ("GET k", NULL, one(""), "type"),
        ("GET k", said("a"), said("a", kind=Kind.SET), "type"),
        ("GET k", error("ERR a"), Reply(Kind.BULK_ERROR, b"ERR a"), "type"),
        ("GET k", one("1.5"), DOUBLE, "type"),
        ("OBJECT ENCODING k", one("ziplist"), one("listpack"), "encoding"),
        ("object encoding k", one("ziplist"), one("listpack"), "encoding"),
        ("OBJECT ENCODING k", NULL, one("listpack"), "type"),
        ("LRANGE k 0 -1", said("a", "b"), said("b", "a"), "order"),
        ("LRANGE k 0 -1", said("a", "b"), said("a", "c"), "value"),
        ("LRANGE k 0 -1", said("a", "b"), said("a"), "value"),
        ("LRANGE k 0 -1", said("a", "1"), said("a", 1), "type"),
        ("LRANGE k 0 -1", said("a", None), said("a", "b"), "value"),
        ("LRANGE k 0 -1", said(["a", "b"], "c"), said(["b", "a"], "c"), "order"),
        ("LRANGE k 0 -1", said(["a", "1"], "c"), said(["a", 1], "c"), "type"),
        ("GET k", one("1"), one("2"), "value"),
        ("GET k", one(1), one(2), "value"),
        ("GET k", DOUBLE, Reply(Kind.DOUBLE, b"1.50"), "value"),
        ("GET k", none("timeout"), OK, "hang"),
        ("GET k", none("closed"), OK, "closed"),
        ("GET k", none("died"), OK, "crash"),
        ("GET k", none("no reply"), none("a reply"), "no-reply"),
        ("GET k", none("garbled: expected a RESP type byte, got b'x' at 0"), OK, "garbled"),
    ],
)
def test_rules_row_by_row(line: str, baseline: Reply, candidate: Reply, expected: str) -> None:
    assert rule(line, baseline, candidate) == expected
    assert rule(line, candidate, baseline) == expected


def test_what_62_says_of_a_wrong_number_is_not_a_command_that_it_does_not_know() -> None:
    both = "ERR Unknown subcommand or wrong number of arguments for 'ENCODING'. Try OBJECT HELP."
    arity = "ERR wrong number of arguments for 'object|encoding' command"
    assert rule("OBJECT ENCODING", error(both), error(arity)) == "error-text"


def test_the_signature_says_which_side_does_not_know_a_command() -> None:
    ours, theirs = named("DIGEST k", error(UNKNOWN_72), OK), named("DIGEST k", OK, error(UNKNOWN_72))
    assert ours.signature == "agreement.unknown-command | DIGEST | baseline"
    assert theirs.signature == "agreement.unknown-command | DIGEST | candidate"


def test_a_command_that_neither_side_knows_is_one_difference_whatever_it_is_called() -> None:
    first = named("NOSUCH a", error(UNKNOWN_62), error(UNKNOWN_72))
    other = (
        error(text.replace("NOSUCH", "ODD").replace("`a`", "`b` `c`")) for text in (UNKNOWN_62, UNKNOWN_72)
    )
    assert first.signature == named("ODD b c", *other).signature
    assert "any unknown command" in first.signature


SAME_CAUSE = [
    (("SETRANGE s1 5 abc", one(8), one(9)), ("SETRANGE s2 100 x", one(101), one(0))),
    (
        ("EXPIRE s1 a", error("ERR value 'a' is not an integer"), error("ERR 'a' is no integer")),
        ("EXPIRE s9 zz", error("ERR value 'zz' is not an integer"), error("ERR 'zz' is no integer")),
    ),
    (
        ("SETBIT s1 9 1", error("ERR bit 9 is out of range 0-8"), error("ERR offset 9")),
        ("SETBIT s2 10 1", error("ERR bit 10 is out of range 0-8"), error("ERR offset 10")),
    ),
    (
        ("SCRIPT SHOW x", error(f"ERR no script {SHA}"), error(f"ERR none {SHA}")),
        ("SCRIPT SHOW y", error(f"ERR no script {SHA[::-1]}"), error(f"ERR none {SHA[::-1]}")),
    ),
    (
        ("GEODIST g1 a b", error("ERR member a does not exist"), error("ERR member a does not exist here")),
        (
            "GEODIST g1 c d",
            error("ERR member c d does not exist"),
            error("ERR member c d does not exist here"),
        ),
    ),
    (("GET s1", error(WRONGTYPE), one("a")), ("GET s2", error(WRONGTYPE), NULL)),
    (("SET s1 a ex 100 nx", OK, NULL), ("SET s2 b NX EX 5", OK, NULL)),
    (("get s1", one("1"), one("2")), ("GET s1", one("3"), one("4"))),
]


@pytest.mark.parametrize(("one_way", "other_way"), SAME_CAUSE)
def test_keys_values_and_numbers_do_not_change_a_signature(
    one_way: tuple[str, Reply, Reply], other_way: tuple[str, Reply, Reply]
) -> None:
    first, second = named(*one_way), named(*other_way)
    assert first.signature == second.signature
    assert (first.rule, first.subject) == (second.rule, second.subject)


OTHER_CAUSE = [
    (("SET k a NX", OK, NULL), ("SET k a XX", OK, NULL)),
    (("GET k", error(WRONGTYPE), one("a")), ("GET k", one("a"), error(WRONGTYPE))),
    (("GET k", error(WRONGTYPE), one("a")), ("GET k", error("ERR other words"), one("a"))),
    (("OBJECT ENCODING k", one("a"), one("b")), ("OBJECT ENCODING k", one("a"), one("c"))),
    (("GET k", one("1"), one(1)), ("GET k", one(1), one("1"))),
    (("GET k", one("1"), one("2")), ("MGET k", one("1"), one("2"))),
    (("OBJECT FREQ k", one(1), one(2)), ("OBJECT REFCOUNT k", one(1), one(2))),
    (("GET k", none("timeout"), OK), ("GET k", OK, none("timeout"))),
]


@pytest.mark.parametrize(("one_way", "other_way"), OTHER_CAUSE)
def test_other_causes_have_other_signatures(
    one_way: tuple[str, Reply, Reply], other_way: tuple[str, Reply, Reply]
) -> None:
    assert named(*one_way).signature != named(*other_way).signature


def test_tokens_are_the_words_of_the_forms_in_one_order() -> None:
    assert with_tokens(parse("set k ex px get 100 keepttl")) == "SET EX GET KEEPTTL PX"
    assert with_tokens(parse("OBJECT ENCODING k")) == "OBJECT ENCODING"
    assert with_tokens(parse("SORT k BY nosort LIMIT 0 1")) == "SORT BY LIMIT"


def test_the_loose_signature_knows_no_tokens() -> None:
    short, long = named("SET k a NX", OK, NULL), named("SET k a NX GET", OK, NULL)
    assert short.loose == long.loose
    assert short.tokens < long.tokens


def test_tokens_do_not_tell_refusals_apart() -> None:
    refused, taken = error("ERR some refusal of its own"), OK
    assert named("SET k a NX", refused, taken).signature == named("SET k a XX GET", refused, taken).signature


def test_an_argument_that_is_refused_is_told_by_its_token() -> None:
    first = named("SET k a IFEQ b", error(SYNTAX), OK)
    assert first.signature == "agreement.unknown-argument | SET IFEQ | (error) ERR syntax error | taken"
    assert named("SET k a IFEQ b", error(SYNTAX), error(WRONGTYPE)).signature == first.signature


# --- in scripts ---


@pytest.mark.parametrize(
    "text",
    [
        WRONGTYPE + ON_72,
        WRONGTYPE + ON_91,
        ON_62 + WRONGTYPE,
        ON_62 + "@user_script: 1: " + WRONGTYPE,
    ],
)
def test_the_place_in_a_script_is_taken_off(text: str) -> None:
    assert in_script(error(text)) == WRONGTYPE.encode()


def test_an_error_that_names_no_place_is_not_of_a_script() -> None:
    assert in_script(error(WRONGTYPE)) is None
    assert in_script(OK) is None
    assert in_script(said(error(WRONGTYPE + ON_72))) is None


def test_where_only_the_place_is_told_otherwise_it_is_one_difference_for_every_error() -> None:
    first = named(CALL + "INCR l1", error(WRONGTYPE + ON_72), error(WRONGTYPE + ON_91))
    second = named("EVAL \"error('boom')\" 0", error("ERR boom" + ON_72), error("ERR boom" + ON_91))
    assert first.rule == second.rule == "agreement.error-text"
    assert first.signature == second.signature
    assert "any error in a script" in first.signature


def test_what_a_script_hands_on_is_named_after_the_command() -> None:
    inside = named(CALL + "GET l1", error(WRONGTYPE + ON_72), one("a"))
    outside = named("GET l1", error(WRONGTYPE), one("a"))
    assert (inside.rule, inside.subject, inside.signature) == (outside.rule, "GET", outside.signature)
    assert inside.step.baseline.value == (WRONGTYPE + ON_72).encode()  # a reader sees what was said


def test_a_difference_that_needs_the_script_says_so() -> None:
    inside = named(CALL + "GET l1", one("a"), one("b"))
    assert of_script(inside).subject == "EVAL"
    assert of_script(inside).signature == f"{inside.signature} | in a script"
    bare = named("GET l1", one("a"), one("b"))
    assert of_script(bare) is bare
    anything = named(CALL + "INCR l1", error(WRONGTYPE + ON_72), error(WRONGTYPE + ON_91))
    assert of_script(anything) is anything


UNKNOWN_IN_SCRIPT = [
    (ON_62 + "@user_script: 1: Unknown Redis command called from Lua script"),
    ("ERR Unknown Redis command called from script" + ON_72),
    ("ERR Unknown command called from script" + ON_72),
    ("ERR Unknown command called from script" + ON_91),
]


@pytest.mark.parametrize("text", UNKNOWN_IN_SCRIPT)
def test_a_command_that_only_one_side_knows_is_that_in_a_script_too(text: str) -> None:
    found = named(CALL + "DIGEST s1", error(text), one("a"))
    assert found.signature == "agreement.unknown-command | DIGEST | baseline"


@pytest.mark.parametrize("baseline", UNKNOWN_IN_SCRIPT[:3])
def test_a_command_that_neither_side_knows_is_not_news_in_a_script(baseline: str) -> None:
    found = named(CALL + "NOSUCH s1", error(baseline), error(UNKNOWN_IN_SCRIPT[3]))
    assert found.rule == "agreement.error-text"
    assert "| any " in found.signature


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [
        (
            "ERR This Redis command is not allowed from script" + ON_72,
            "ERR This Valkey command is not allowed from script" + ON_91,
        ),
        (
            ON_62 + "@user_script: 1: This Redis command is not allowed from scripts",
            "ERR This Redis command is not allowed from script" + ON_72,
        ),
    ],
)
def test_commands_barred_from_scripts_are_one_difference(baseline: str, candidate: str) -> None:
    lines = (CALL + "SUBSCRIBE a", CALL + "HELLO 3")
    first, second = (named(line, error(baseline), error(candidate)) for line in lines)
    assert first.signature == second.signature
    assert (first.rule, first.subject) == ("agreement.error-text", "EVAL")


# --- masks ---


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (one("a"), "bulk"),
        (said("a"), "array"),
        (NULL, "null-bulk"),
        (OK, "simple"),
        (none("timeout"), "timeout"),
        (none("garbled: byte 7"), "garbled"),
        (error("ERR bad 12 and -3.5 in 'abc'"), "(error) ERR bad N and N in '_'"),
        (error(UNKNOWN_62), "(error) ERR unknown command '_', with args beginning with: _"),
        (error(f"ERR {SHA} f_{SHA[:3]}"), f"(error) ERR SHA f_{SHA[:3]}"),
        (error("ERR No such user a b"), "(error) ERR No such user _"),
        (error("ERR Unknown subcommand. Try FOO HELP."), "(error) ERR Unknown subcommand. Try _ HELP."),
        (Reply(Kind.ERROR, b"ERR \xff"), "(error) ERR \\xff"),
    ],
)
def test_masks_hide_what_varies(reply: Reply, text: str) -> None:
    assert mask(reply) == text


def test_two_refusals_are_texts_of_one_error_that_may_be_about_an_argument() -> None:
    two = named("SET k 0 0", error("ERR syntax error"), error("ERR bad syntax"))
    assert (two.rule, two.subject) == ("agreement.error-text", "SET")
    assert may_be_an_argument(two)
    taken = named("SET k 0 GET", error("ERR syntax error"), one("0"))
    assert taken.rule == "agreement.unknown-argument"
    assert not may_be_an_argument(taken)
    both = named("SET k 0 0", error("ERR syntax error"), error("ERR unsupported option 0"))
    assert not may_be_an_argument(both)


def test_numbers_in_other_digits_are_a_difference_of_their_own() -> None:
    digits = named("ZSCORE k a", one("0.1"), one("0.10000000000000001"))
    assert digits.signature == "agreement.value | ZSCORE | the same numbers in other digits"
    assert named("ZSCORE k a", one("0"), one("-0")).signature != digits.signature
    assert named("ZSCORE k a", one("0.1"), one("0.2")).signature != digits.signature
    assert named("GET k", one("a"), one("b")).signature == "agreement.value | GET | bulk | bulk"


def test_values_that_change_places_between_fields_are_no_order() -> None:
    def fields(read: int, lag: int) -> Reply:
        parts = (one("read"), Reply(Kind.INTEGER, read), one("lag"), Reply(Kind.INTEGER, lag))
        return Reply(Kind.ARRAY, (Reply(Kind.ARRAY, parts),))

    assert named("XINFO GROUPS k", fields(0, 1), fields(1, 0)).rule == "agreement.value"
    assert named("LRANGE k 0 -1", row("a", "b"), row("b", "a")).rule == "agreement.order"


def row(*texts: str) -> Reply:
    return Reply(Kind.ARRAY, tuple(map(one, texts)))


def test_a_hang_in_a_pipeline_is_named_after_what_blocks() -> None:
    timeout = Reply(Kind.NONE, b"timeout")
    program = (parse("BRPOP l1 0.01"), parse("LPOS l2 a"))
    hang = named("LPOS l2 a", one("1"), timeout)
    assert of_pipeline(hang, program).subject == "BRPOP"
    assert (
        of_pipeline(named("GET k", one("1"), timeout), program).signature
        == of_pipeline(hang, program).signature
    )
    assert of_pipeline(hang, program[1:]) is hang
    other = named("LPOS l2 a", one("1"), one("2"))
    assert of_pipeline(other, program) is other


def test_the_place_in_a_chunk_of_loadstring_is_its_text() -> None:
    place = " script: bc6c8f5739bc9265a1c05115a82d34f021d42f96, on return x:1."
    first = named(
        "EVAL \"return loadstring('return x')()\" 0", error("ERR x" + place), error("ERR x" + ON_91)
    )
    second = named("EVAL \"error('boom')\" 0", error("ERR boom" + ON_72), error("ERR boom" + ON_91))
    assert first.signature == second.signature


NO_OS = "ERR user_script:1: Script attempted to access nonexistent global variable 'os'"
READ_ONLY = "ERR user_script:1: Attempt to modify a readonly table"


def eval_named(text: str, baseline: Reply, candidate: Reply) -> str:
    return name_difference(Step(0, command("EVAL", text, 0), baseline, candidate)).signature


def test_a_script_is_named_after_what_it_does() -> None:
    assert eval_named("return cjson.encode({})", one("{}"), one("[]")) == (
        "agreement.value | script cjson.encode | bulk | bulk"
    )
    assert eval_named("redis.setresp(3) return {double=1}", one("1"), DOUBLE) == (
        "agreement.type | script redis.setresp {double} | bulk | double"
    )
    assert named("FCALL cjson_encode_7 0", one("{}"), one("[]")).signature == (
        "agreement.value | script cjson.encode | bulk | bulk"
    )


def test_of_what_a_script_puts_together_the_part_that_differs_counts() -> None:
    parts = "return {cjson.encode({}), struct.size('b')}"
    found = name_difference(
        Step(0, command("EVAL", parts, 0), row_of(one("{}"), one(1)), row_of(one("[]"), one(1)))
    )
    assert found.loose == "agreement.value | script | bulk | bulk"
    assert found.tokens == {"cjson.encode", "struct.size"}


def row_of(*items: Reply) -> Reply:
    return Reply(Kind.ARRAY, items)


def test_a_name_that_one_side_does_not_know_is_one_difference_whatever_follows() -> None:
    stops = error(NO_OS + ON_72)
    first = eval_named("return type(os)", stops, one("table"))
    assert first == "agreement.type | script | nonexistent global variable 'os' | goes further"
    assert eval_named("os.x = 1", stops, error(READ_ONLY + ON_72)) == first
    assert eval_named("return os.clock()", stops, error(WRONGTYPE + ON_72)) == first
    assert eval_named("return type(print)", error(NO_OS.replace("os", "print") + ON_72), one("a")) != first


def test_errors_of_lua_say_what_they_are_about_and_are_named_after_it() -> None:
    no_field = error("ERR user_script:1: attempt to call field 'acl_check_cmd' (a nil value)" + ON_72)
    found = eval_named("return redis.acl_check_cmd('GET', 'k')", no_field, one(1))
    assert "<acl_check_cmd>" in found
    assert "redis.acl_check_cmd" not in found


def test_errors_of_lua_that_say_nothing_are_named_after_the_script() -> None:
    taken = eval_named("getmetatable('').x = 1", one("done"), error(READ_ONLY + ON_72))
    assert taken.startswith("agreement.type | script getmetatable | an answer")


def test_functions_that_errors_call_by_another_table_are_one_difference() -> None:
    first = eval_named(
        "redis.log()", error("ERR redis.log() requires" + ON_72), error("ERR server.log() requires" + ON_72)
    )
    second = eval_named(
        "redis.setresp()",
        error("ERR redis.setresp() requires" + ON_72),
        error("ERR server.setresp() requires" + ON_72),
    )
    assert first == second == "agreement.error-text | script | errors say redis. | errors say server."


def test_an_error_that_a_script_reads_is_one_difference_whichever_it_is() -> None:
    first = eval_named(
        "return redis.pcall('X').err",
        one("ERR Unknown Redis command called from script"),
        one("ERR Unknown command called from script"),
    )
    second = eval_named(
        "return redis.pcall('GET', {}).err",
        one("ERR Lua redis lib command arguments must be strings or integers"),
        one("ERR Command arguments must be strings or integers"),
    )
    assert first == second == "agreement.value | script | errors read by the script"


def test_a_script_that_ends_a_server_is_named_after_what_it_does() -> None:
    found = eval_named("return bit.tohex(65535, -2147483648)", none("died"), one("0000FFFF"))
    assert found == "agreement.crash | script bit.tohex | died | bulk"


def test_a_side_without_functions_is_named_after_the_command_whatever_the_other_says() -> None:
    other = error("ERR Error registering functions: ERR user_function:2: nonexistent global variable 'x'")
    unknown = error("ERR unknown command `FUNCTION`, with args beginning with: `LOAD`, ")
    found = named('FUNCTION LOAD "#!lua name=a\\nx()"', unknown, other)
    assert (found.rule, found.subject) == ("agreement.unknown-command", "FUNCTION")
    assert "script" not in found.signature


def test_an_error_that_a_script_of_redis_6_hands_on_has_a_place_in_front() -> None:
    text = "@user_script: 1: Wrong number of args calling Redis command From Lua script"
    assert in_script(error(text)) == b"ERR Wrong number of args calling Redis command From Lua script"
    assert in_script(error(ON_62 + "user_script:1: ERR syntax error")) == b"ERR syntax error"


def test_a_command_that_a_script_calls_and_one_side_does_not_know_is_that_command() -> None:
    found = name_difference(
        Step(
            0,
            command("EVAL", "return redis.call('LMPOP', 1, 'k', 'LEFT')", 0),
            error(UNKNOWN_IN_SCRIPT[1]),
            NULL,
        )
    )
    assert (found.subject, found.signature) == ("LMPOP", "agreement.unknown-command | LMPOP | baseline")


@pytest.mark.parametrize("line", ["MGET a b", "COPY a b", "SSUBSCRIBE a b"])
def test_where_keys_are_is_one_difference_for_every_command(line: str) -> None:
    one, other = error("CLUSTERDOWN Hash slot not served"), error("CROSSSLOT Keys in request don't hash")
    found = named(line, one, other)
    assert found.rule == "agreement.error-code"
    assert found.signature.startswith("agreement.error-code | any command whose keys are elsewhere | ")
    assert named(line, one, error(WRONGTYPE)).signature.startswith(
        f"agreement.error-code | {line.split(maxsplit=1)[0]} | "
    )


def test_scripts_that_reach_too_far_are_one_difference() -> None:
    one = error(f"ERR Script attempted to access a non local key in a cluster node{ON_72}")
    other = error(
        f"ERR Command 'mget' in script attempted to access keys that don't hash to the same slot{ON_72}"
    )
    found = {named(f"{CALL}{line}", one, other).signature for line in ("MGET a b", "DEL a b")}
    assert len(found) == 1


@pytest.mark.parametrize("node", ["aaaa", "bbbb"])
def test_nodes_that_are_unknown_are_not_told_apart(node: str) -> None:
    assert mask(error(f"ERR Unknown node {node}")) == "(error) ERR Unknown node _"
    assert (
        mask(error(f"ERR Invalid node address specified: {node}:1"))
        == "(error) ERR Invalid node address specified: _"
    )


def test_a_container_that_one_side_lacks_is_one_difference() -> None:
    """Its sub-commands are none of their own."""
    lacks = error("ERR unknown command 'COMMANDLOG', with args beginning with: ")
    names = {
        named(line, lacks, reply).signature
        for line, reply in (
            ("COMMANDLOG", error("ERR wrong number of arguments for 'commandlog' command")),
            ("COMMANDLOG nosuch", error("ERR unknown subcommand 'nosuch'. Try COMMANDLOG HELP.")),
            ("COMMANDLOG LEN slow", one("0")),
            ("COMMANDLOG LEN slow", Reply(Kind.SIMPLE, b"QUEUED")),
        )
    }
    assert names == {"agreement.unknown-command | COMMANDLOG | baseline"}


def test_what_7_says_of_a_wrong_number_is_not_a_sub_command_that_it_does_not_know() -> None:
    both = "ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP."
    assert rule("CLIENT UNBLOCK 0 0 0", error(both), one("0")) == "unknown-argument"


def _text(asked: str, baseline: str, candidate: str) -> str:
    return name_difference(Step(0, parse(asked), error(baseline), error(candidate))).signature


def test_what_a_subscriber_may_not_do_is_one_difference_whatever_it_asked() -> None:
    names = {
        _text(
            asked,
            f"ERR Can't execute '{word}': only (P)SUBSCRIBE / PING are allowed in this context",
            f"ERR Can't execute '{word}': only (P|S)SUBSCRIBE / PING are allowed in this context",
        )
        for asked, word in (("GET k", "get"), ("CLIENT ID", "client|id"))
    }
    assert len(names) == 1
    assert "any command of a subscriber" in names.pop()


def test_what_a_transaction_may_not_hold_is_one_difference_whatever_it_is() -> None:
    plain = "ERR Command not allowed inside a transaction"
    names = {
        _text(word, plain, f"ERR Command '{word.lower()}' not allowed inside a transaction")
        for word in ("SAVE", "SHUTDOWN")
    }
    assert len(names) == 1


def test_a_script_stops_where_one_side_stops_whatever_sub_command_the_other_does_not_know() -> None:
    asked = parse("EVAL \"return server.call('OBJECT', 'NOSUCH')\" 0")
    stops = Reply(
        Kind.ERROR, b"ERR user_script:1: Script attempted to access nonexistent global variable 'server'"
    )
    goes_on = Reply(
        Kind.ERROR, b"ERR unknown subcommand 'NOSUCH'. Try OBJECT HELP. script: on @user_script:1."
    )
    found = name_difference(Step(0, asked, stops, goes_on))
    assert found.signature == "agreement.type | script | nonexistent global variable 'server' | goes further"
