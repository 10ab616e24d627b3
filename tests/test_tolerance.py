"""Each rule forgives what its name says and nothing else, and says how often it did."""

from __future__ import annotations

import pytest

from generators.command import parse
from suites.conformance.tolerance import RULES, Tolerances, command_names, inner, name_of, tolerances
from tests.sample_replies import NULL, error, one, said
from topologies.reply import Kind, Reply

UNORDERED = "SMEMBERS t1"
EVAL_CALL = 'EVAL "return redis.call(unpack(ARGV))" 0 '


def forgiven(line: str, baseline: Reply, candidate: Reply, rules: Tolerances | None = None) -> str | None:
    """The rule that forgave, None where the replies count as different. It is the same in both directions."""
    rules = rules or Tolerances()
    same = rules.same(parse(line), baseline, candidate)
    assert same == Tolerances().same(parse(line), candidate, baseline)
    assert sum(rules.applied.values()) == same
    return next(iter(rules.applied), None)


@pytest.mark.parametrize("line", ["GET s1", "SMEMBERS t1", "PTTL s1", "SCAN 0", "RANDOMKEY"])
def test_equal_replies_are_the_same_and_count_nothing(line: str) -> None:
    rules = Tolerances()
    assert rules.same(parse(line), said("a", 1), said("a", 1))
    assert not rules.applied


@pytest.mark.parametrize(
    "line", ["GET s1", "LRANGE l1 0 -1", "ZRANGE z1 0 -1", "SORT l1", "HMGET h1 a b", "XRANGE x1 - +"]
)
def test_most_commands_are_forgiven_nothing(line: str) -> None:
    assert forgiven(line, said("a", "b"), said("b", "a")) is None
    assert forgiven(line, one(1000), one(1001)) is None


UNORDERED_LINES = [
    *("SMEMBERS t1", "SINTER t1 t2", "SUNION t1 t2", "SDIFF t1 t2", "KEYS *", "HKEYS h1", "HVALS h1"),
    *("SPOP t1 10000", "COMMAND LIST", "PUBSUB CHANNELS", "ACL CAT", "smembers t1", "FUNCTION LIST"),
    *("SORT t1 BY nosort", "SORT_RO t1 by w_* ALPHA", EVAL_CALL + "SMEMBERS t1"),
    "EVAL \"return redis.call('SMEMBERS', KEYS[1])\" 1 t1",
]


@pytest.mark.parametrize("line", UNORDERED_LINES)
def test_unordered_forgives_order_alone(line: str) -> None:
    assert forgiven(line, said("a", "b", "c"), said("c", "a", "b")) == "unordered"
    assert forgiven(line, said("a", "b", "c"), said("c", "a")) is None
    assert forgiven(line, said("a", "b", "b"), said("a", "a", "b")) is None
    assert forgiven(line, said("1", "2"), said(2, 1)) is None
    assert forgiven(line, said("a", "b"), said("b", "a", kind=Kind.SET)) is None
    assert forgiven(line, said(), NULL) is None
    assert forgiven(line, error("ERR a"), error("ERR b")) is None


@pytest.mark.parametrize(
    "line", ["HGETALL h1", "CONFIG GET *", "EVAL \"return redis.call('HGETALL', KEYS[1])\" 1 h1"]
)
def test_unordered_keeps_fields_and_values_together(line: str) -> None:
    assert forgiven(line, said("f", "1", "g", "2"), said("g", "2", "f", "1")) == "unordered"
    assert forgiven(line, said("f", "1", "g", "2"), said("g", "1", "f", "2")) is None
    pairs = said("f", "1", "g", "2", kind=Kind.MAP), said("g", "2", "f", "1", kind=Kind.MAP)
    assert forgiven(line, *pairs) == "unordered"
    assert forgiven(line, pairs[0], said("f", "2", "g", "1", kind=Kind.MAP)) is None


@pytest.mark.parametrize(
    "line",
    [
        "RANDOMKEY",
        "SRANDMEMBER t1 2",
        "HRANDFIELD h1 1 WITHVALUES",
        "ZRANDMEMBER z1",
        "SORT t1 BY w LIMIT 0 1",
    ],
)
def test_random_forgives_values_alone(line: str) -> None:
    assert forgiven(line, one("a"), one("b")) == "random"
    assert forgiven(line, said("a", "b"), said("c", "d")) == "random"
    assert forgiven(line, said("a", "b"), said("c")) is None
    assert forgiven(line, one("a"), NULL) is None
    assert forgiven(line, one("1"), one(1)) is None
    assert forgiven(line, said(["a"]), said("a")) is None
    assert forgiven(line, error("ERR a"), error("ERR b")) is None
    assert forgiven(line, error("ERR a"), one("a")) is None


@pytest.mark.parametrize(
    ("line", "baseline", "candidate", "rule"),
    [
        ("TTL s1", 100, 98, "clock"),
        ("TTL s1", 100, 97, None),
        ("TTL s1", 100, 102, "clock"),
        ("TTL s1", -1, 100, None),
        ("TTL s1", -1, -2, None),
        ("TTL s1", -1, 0, None),
        ("TTL s1", 0, 1, None),
        ("TTL s1", 2, 4, None),
        ("TTL s1", 3, 5, "clock"),
        ("PTTL s1", 100_000, 98_000, "clock"),
        ("PTTL s1", 100_000, 97_999, None),
        ("PTTL s1", -1, 1, None),
        ("PTTL s1", 1999, 2001, None),
        ("EXPIRETIME s1", 4_102_444_800, 4_102_444_802, "clock"),
        ("EXPIRETIME s1", 4_102_444_800, 4_102_444_803, None),
        ("PEXPIRETIME s1", 4_102_444_800_000, 4_102_444_802_000, "clock"),
        ("PEXPIRETIME s1", 4_102_444_800_000, 4_102_444_802_001, None),
        ("OBJECT IDLETIME s1", 10, 12, "clock"),
        ("OBJECT REFCOUNT s1", 10, 12, None),
        ("EXPIRE s1 100", 100, 101, None),
    ],
)
def test_clock_forgives_two_seconds_between_times(
    line: str, baseline: int, candidate: int, rule: str | None
) -> None:
    assert forgiven(line, one(baseline), one(candidate)) == rule


def test_clock_forgives_times_alone() -> None:
    assert forgiven("TTL s1", one(100), one("100")) is None
    assert forgiven("TTL s1", one(100), error("ERR no")) is None
    assert forgiven("HTTL h1 FIELDS 2 f g", said(100, -2), said(99, -2)) == "clock"
    assert forgiven("HTTL h1 FIELDS 2 f g", said(100, -2), said(99, -1)) is None
    assert forgiven("HTTL h1 FIELDS 2 f g", said(100, -2), said(99)) is None
    assert forgiven(EVAL_CALL + "TTL s1", one(100), one(99)) == "clock"


def test_idle_times_of_pending_entries_are_forgiven_and_nothing_beside_them() -> None:
    line = "XPENDING x1 g - + 10"
    assert forgiven(line, said(["1-1", "alice", 0, 1]), said(["1-1", "alice", 7, 1])) == "clock"
    assert forgiven(line, said(["1-1", "alice", 0, 1]), said(["1-1", "alice", 7, 2])) is None
    assert forgiven(line, said(["1-1", "alice", 0, 1]), said(["1-1", "bob", 0, 1])) is None
    assert forgiven(line, said(["1-1", "alice", 0, 1]), said(["1-2", "alice", 0, 1])) is None
    assert (
        forgiven(
            "XPENDING x1 g", said(2, "1-1", "2-1", [["alice", "2"]]), said(3, "1-1", "2-1", [["alice", "2"]])
        )
        is None
    )


def test_idle_times_of_consumers_are_forgiven_and_nothing_beside_them() -> None:
    line = "XINFO CONSUMERS x1 g"

    def consumer(pending: int, idle: int, inactive: int) -> Reply:
        return said(["name", "alice", "pending", pending, "idle", idle, "inactive", inactive])

    assert forgiven(line, consumer(1, 0, 3), consumer(1, 4, 0)) == "clock"
    assert forgiven(line, consumer(1, 0, 0), consumer(2, 0, 0)) is None
    assert forgiven(line, consumer(1, 0, -1), consumer(1, 0, 5)) is None
    assert forgiven("XINFO STREAM x1", said("length", 1), said("length", 2)) is None


@pytest.mark.parametrize(
    "line", ["SCAN 0", "SSCAN t1 0", "SCAN 0 MATCH * COUNT 10000", EVAL_CALL + "SSCAN t1 0"]
)
def test_a_scan_that_ended_is_forgiven_its_order(line: str) -> None:
    assert forgiven(line, said("0", ["a", "b"]), said("0", ["b", "a"])) == "cursor"
    assert forgiven(line, said("0", ["a", "b"]), said("0", ["b", "c"])) is None
    assert forgiven(line, said("0", ["a", "b"]), said("0", ["b"])) is None
    assert forgiven(line, said("0", ["a"]), said(0, ["a"])) is None
    assert forgiven(line, said("0", ["a"]), error("ERR no")) is None
    assert forgiven(line, said("0", ["a"]), said("0")) is None


def test_a_scan_that_did_not_end_is_forgiven_everything_but_its_types() -> None:
    assert forgiven("SCAN 0", said("17", ["a"]), said("0", ["a", "b"])) == "cursor"
    assert forgiven("SCAN 17", said("0", ["a"]), said("0", ["b"])) == "cursor"
    assert forgiven("SCAN 0", said("17", ["a"]), said(3, ["a"])) is None
    assert forgiven("SCAN 0", said("17", ["a"]), said("3", "a")) is None


@pytest.mark.parametrize("line", ["HSCAN h1 0", "ZSCAN z1 0 MATCH *"])
def test_a_scan_of_pairs_keeps_them_together(line: str) -> None:
    assert forgiven(line, said("0", ["f", "1", "g", "2"]), said("0", ["g", "2", "f", "1"])) == "cursor"
    assert forgiven(line, said("0", ["f", "1", "g", "2"]), said("0", ["f", "2", "g", "1"])) is None


def test_a_scan_without_values_has_no_pairs() -> None:
    fields = said("0", ["f", "g", "h", "i"]), said("0", ["i", "f", "g", "h"])
    assert forgiven("HSCAN h1 0 novalues", *fields) == "cursor"


def test_every_application_is_counted_under_its_rule() -> None:
    rules = Tolerances()
    for _ in range(3):
        rules.same(parse(UNORDERED), said("a", "b"), said("b", "a"))
    rules.same(parse("TTL s1"), one(100), one(99))
    rules.same(parse("TTL s1"), one(100), one(7))
    assert dict(rules.applied) == {"unordered": 3, "clock": 1}
    assert set(rules.applied) <= set(RULES)


# What COMMAND said: 7 columns on Redis 6.2, 10 on 7.x and Valkey (RESP2).
COMMAND_62 = said(
    ["smembers", 2, ["readonly", "sort_for_script"], 1, 1, 1, ["@read", "@set", "@slow"]],
    ["randomkey", 1, ["readonly", "random"], 0, 0, 0, ["@keyspace", "@read", "@slow"]],
    ["oddone", 1, ["readonly", "random"], 0, 0, 0, ["@read"]],
    ["xadd", -5, ["write", "denyoom", "random", "fast"], 1, 1, 1, ["@write", "@stream", "@fast"]],
    ["object", -2, ["readonly", "random"], 2, 2, 1, ["@keyspace", "@read", "@slow"]],
    ["ttl", 2, ["readonly", "random", "fast"], 1, 1, 1, ["@keyspace"]],
    ["get", 2, ["readonly", "fast"], 1, 1, 1, ["@read"]],
)
COMMAND_72 = said(
    ["smembers", 2, ["readonly"], 1, 1, 1, ["@read"], ["nondeterministic_output_order"], [], []],
    [
        "randomkey",
        1,
        ["readonly"],
        0,
        0,
        0,
        ["@read"],
        ["request_policy:all_shards", "nondeterministic_output"],
        [],
        [],
    ],
    ["newset", 1, ["readonly"], 0, 0, 0, ["@read"], ["nondeterministic_output_order"], [], []],
    [
        *("object", -2, [], 0, 0, 0, ["@slow"], [], []),
        [
            ["object|encoding", 3, ["readonly"], 2, 2, 1, ["@read"], ["nondeterministic_output"], [], []],
            ["object|odd", 3, ["readonly"], 2, 2, 1, ["@read"], ["nondeterministic_output"], [], []],
        ],
    ],
    ["get", 2, ["readonly", "fast"], 1, 1, 1, ["@read"], [], [], []],
)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("ODDONE", "random"),
        ("NEWSET", "unordered"),
        ("SMEMBERS t1", "unordered"),
        ("RANDOMKEY", "random"),
        ("OBJECT ODD s1", "random"),
        ("OBJECT ENCODING s1", None),
        ("XADD x1 1-1 f v", None),
        ("TTL s1", "clock"),
        ("GET s1", None),
    ],
)
def test_rules_are_what_the_engines_say_of_their_commands(line: str, rule: str | None) -> None:
    assert name_of(parse(line), tolerances(COMMAND_62, COMMAND_72)) == rule
    assert name_of(parse(line), tolerances(COMMAND_72, COMMAND_62)) == rule


def test_a_reply_that_is_no_table_adds_no_rule() -> None:
    plain = Tolerances()
    for table in (error("NOPERM no"), said(), said("get"), said(["get"]), said([1, 2, ["random"]])):
        rules = tolerances(table)
        assert (rules.unordered, rules.random) == (plain.unordered, plain.random)


def test_names_of_commands_are_read_with_their_subcommands() -> None:
    assert command_names(COMMAND_72) == (
        "GET",
        "NEWSET",
        "OBJECT",
        "OBJECT ENCODING",
        "OBJECT ODD",
        "RANDOMKEY",
        "SMEMBERS",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (EVAL_CALL + "TTL s1", "TTL s1"),
        ("EVAL \"return redis.call('SMEMBERS', KEYS[1])\" 1 t1", "SMEMBERS"),
        (
            "EVAL \"return redis.call('GET', KEYS[1])\" 1 s1",
            "EVAL \"return redis.call('GET', KEYS[1])\" 1 s1",
        ),
        ('EVAL "return redis.call(unpack(ARGV))" 0', 'EVAL "return redis.call(unpack(ARGV))" 0'),
        ("EVAL", "EVAL"),
        ("TTL s1", "TTL s1"),
    ],
)
def test_the_command_in_a_script_is_the_one_whose_rule_holds(line: str, expected: str) -> None:
    assert str(inner(parse(line))) == str(parse(expected))


def test_a_sort_by_something_may_show_another_element() -> None:
    """With LIMIT it shows elements that the hash table's order chose, and GET finds nothing for some of them."""
    asked = "SORT t1 BY w LIMIT 0 1 GET s*"
    nothing, something = Reply(Kind.ARRAY, (Reply(Kind.NULL_BULK, None),)), Reply(Kind.ARRAY, (one("a"),))
    assert forgiven(asked, nothing, something) == "random"
    assert forgiven(asked, nothing, Reply(Kind.ARRAY, ())) is None


@pytest.mark.parametrize(
    "line", ["SRANDMEMBER t1 3", "HRANDFIELD h1 3", "SRANDMEMBER one -2", "ZRANDMEMBER onez"]
)
def test_nothing_is_random_where_nothing_is_left_to_choose(line: str) -> None:
    assert forgiven(line, said("a", "b"), said("b", "a")) is not None
    assert forgiven(line, said("a", "b"), said("c", "d")) is None


def test_pairs_stay_together_where_all_members_were_asked_for() -> None:
    line = "HRANDFIELD h1 3 WITHVALUES"
    assert forgiven(line, said("f", "1", "g", "2"), said("g", "2", "f", "1")) == "random"
    assert forgiven(line, said("f", "1", "g", "2"), said("g", "1", "f", "2")) is None
    nested = said(["f", "1"], ["g", "2"]), said(["g", "2"], ["f", "1"])
    assert forgiven(line, *nested) == "random"


def hello(server: bytes, protocol: int, mode: bytes = b"standalone") -> Reply:
    pairs = ((b"server", one(server)), (b"id", Reply(Kind.INTEGER, len(server))), (b"mode", one(mode)))
    flat = tuple(part for name, value in pairs for part in (one(name), value))
    return Reply(Kind.MAP, (*flat, one(b"proto"), Reply(Kind.INTEGER, protocol)))


def test_hello_may_name_another_server_and_nothing_else() -> None:
    rules = Tolerances()
    asked = parse("HELLO 3")
    assert rules.same(asked, hello(b"redis", 3), hello(b"valkey", 3))
    assert rules.applied == {"identity": 1}
    assert not rules.same(asked, hello(b"redis", 3), hello(b"redis", 2))
    assert not rules.same(asked, hello(b"redis", 3), hello(b"redis", 3, b"cluster"))
    assert not rules.same(asked, hello(b"redis", 3), Reply(Kind.ARRAY, hello(b"redis", 3).value))
    assert not rules.same(asked, hello(b"redis", 3), Reply(Kind.ERROR, b"NOPROTO no"))


def claimed(idle: int, deliveries: int) -> Reply:
    entry = (one("5-0"), said("f", "v"), one(idle), one(deliveries))
    return Reply(Kind.MAP, (one("x1"), Reply(Kind.ARRAY, (Reply(Kind.ARRAY, entry),))))


def test_how_long_a_claimed_entry_waited_is_a_time() -> None:
    line = "XREADGROUP GROUP red bob CLAIM 0 STREAMS x1 >"
    assert forgiven(line, claimed(0, 1), claimed(1, 1)) == "clock"
    assert forgiven(line, claimed(0, 1), claimed(0, 2)) is None
    assert forgiven("XREADGROUP GROUP red bob STREAMS x1 >", claimed(0, 1), claimed(1, 1)) is None


HERE = b"aaaa 127.255.255.253:6379@16379 myself,master - 0 0 1 connected 0-16383"
THERE = b"bbbb 127.255.255.254:6379@1 master - %d 0 0 %s"


def bulk(text: bytes) -> Reply:
    return Reply(Kind.BULK, text)


def same_in_a_cluster(line: str, baseline: Reply, candidate: Reply) -> bool:
    return tolerances().same(parse(line), baseline, candidate)


def test_nodes_come_in_any_order_and_their_times_differ() -> None:
    one = bulk(HERE + b"\n" + THERE % (1, b"disconnected") + b"\n")
    other = bulk(THERE % (2, b"connected") + b"\n" + HERE + b"\n")
    assert same_in_a_cluster("CLUSTER NODES", one, other)
    assert not same_in_a_cluster("CLUSTER NODES", one, bulk(HERE + b"\n"))
    assert not same_in_a_cluster("CLUSTER NODES", one, bulk(other.value.replace(b"0-16383", b"1-16383")))  # type: ignore[union-attr]


def test_what_goes_over_the_bus_is_compared_by_name() -> None:
    info = (
        b"cluster_state:ok\r\ncluster_size:%d\r\n%scluster_stats_messages_sent:%d\r\ncluster_my_epoch:1\r\n"
    )
    one = bulk(info % (1, b"", 0))
    other = bulk(info % (2, b"cluster_stats_messages_ping_sent:1\r\n", 1))
    assert same_in_a_cluster("CLUSTER INFO", one, other)
    assert not same_in_a_cluster("CLUSTER INFO", one, bulk(b"cluster_state:fail\r\n"))
    assert not same_in_a_cluster(
        "CLUSTER INFO", one, bulk((info % (1, b"", 0)).replace(b"epoch:1", b"epoch:2"))
    )


def test_shards_come_in_any_order_and_each_is_compared_whole() -> None:
    shards = [
        Reply(Kind.ARRAY, (bulk(name), Reply(Kind.INTEGER, at))) for at, name in enumerate((b"a", b"b"))
    ]
    one, other = Reply(Kind.ARRAY, tuple(shards)), Reply(Kind.ARRAY, tuple(shards[::-1]))
    assert same_in_a_cluster("CLUSTER SHARDS", one, other)
    turned = Reply(Kind.ARRAY, (shards[0], Reply(Kind.ARRAY, tuple(shards[1].value)[::-1])))  # type: ignore[arg-type]
    assert not same_in_a_cluster("CLUSTER SHARDS", one, turned)


def test_keys_of_a_slot_are_compared_where_all_were_asked_for() -> None:
    a, b, c = (
        Reply(Kind.ARRAY, tuple(map(bulk, keys))) for keys in ((b"a", b"b"), (b"b", b"a"), (b"a", b"c"))
    )
    assert same_in_a_cluster("CLUSTER GETKEYSINSLOT 1 10", a, b)
    assert not same_in_a_cluster("CLUSTER GETKEYSINSLOT 1 10", a, c)
    assert same_in_a_cluster("CLUSTER GETKEYSINSLOT 1 2", a, c)


@pytest.mark.parametrize("name", ["SLOTS", "MYID", "COUNTKEYSINSLOT 0", "KEYSLOT a"])
def test_what_is_equal_in_clusters_is_compared_exactly(name: str) -> None:
    assert not same_in_a_cluster(f"CLUSTER {name}", bulk(b"a"), bulk(b"b"))


def test_what_a_server_tells_of_itself_is_compared_by_type_in_the_walk_only() -> None:
    asked, ours, theirs = parse("INFO"), Reply(Kind.BULK, b"a"), Reply(Kind.BULK, b"b")
    assert not Tolerances().same(asked, ours, theirs)
    walked = Tolerances(reports=True)
    assert walked.same(asked, ours, theirs)
    assert walked.applied == {"report": 1}
    assert not walked.same(asked, ours, Reply(Kind.VERBATIM, b"txt:b"))
    assert not walked.same(asked, Reply(Kind.ERROR, b"ERR a"), Reply(Kind.ERROR, b"ERR b"))
