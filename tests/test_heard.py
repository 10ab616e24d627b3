"""What two performances differ in, and what it is called."""

from __future__ import annotations

from generators.command import Program, parse
from suites.conformance.tolerance import Tolerances
from suites.connections.heard import Seen, differences
from topologies.reply import Kind, Reply
from topologies.stage import Frame, Performance

OK = Reply(Kind.SIMPLE, b"OK")


def bulk(text: str) -> Reply:
    return Reply(Kind.BULK, text.encode())


def message(*words: str) -> Reply:
    return Reply(Kind.ARRAY, tuple(map(bulk, words)))


def program(*lines: str) -> Program:
    return tuple(map(parse, lines))


def performance(*heard: list[Frame]) -> Performance:
    return Performance(tuple(map(tuple, heard)), ())


def names(
    asked: Program, baseline: Performance, candidate: Performance, rules: Tolerances | None = None
) -> list[str]:
    return [each.difference.signature for each in seen(asked, baseline, candidate, rules)]


def seen(
    asked: Program, baseline: Performance, candidate: Performance, rules: Tolerances | None = None
) -> list[Seen]:
    return differences(asked, baseline, candidate, rules or Tolerances())


SERVED = program("@2 BLPOP l 0", "RPUSH l a")
ONE = Reply(Kind.INTEGER, 1)


def test_a_command_that_only_one_side_answers_waits_on_the_other() -> None:
    answered = performance([], [Frame(1, ONE, 1), Frame(2, message("l", "a"), 0)], [])
    waiting = performance([], [Frame(1, ONE, 1)], [])
    (found,) = seen(SERVED, answered, waiting)
    assert found.difference.signature == "agreement.waits | BLPOP | array | waits"
    assert (found.line, found.difference.step.line) == (1, 0)


def test_a_command_that_one_side_does_not_know_is_unknown_even_where_it_waits_on_the_other() -> None:
    asked = program("@2 BLMPOP 0 1 l LEFT")
    unknown = Reply(
        Kind.ERROR, b"ERR unknown command `BLMPOP`, with args beginning with: `0`, `1`, `l`, `LEFT`, "
    )
    refused, waiting = performance([Frame(2, unknown, 0)], []), performance([], [])
    assert names(asked, refused, waiting) == ["agreement.unknown-command | BLMPOP | baseline"]
    assert names(asked, waiting, refused) == ["agreement.unknown-command | BLMPOP | candidate"]


def test_an_argument_that_one_side_refuses_is_unknown_even_where_the_other_waits_for_it() -> None:
    asked = program("@2 XREADGROUP GROUP g c CLAIM 0 BLOCK 0 STREAMS s >")
    refused = performance([Frame(2, Reply(Kind.ERROR, b"ERR syntax error"), 0)], [])
    (found,) = seen(asked, refused, performance([], []))
    assert found.difference.rule == "agreement.unknown-argument"


def test_a_script_that_one_side_can_not_read_is_one_difference_even_where_it_runs_for_ever() -> None:
    asked = program('@2 EVAL "#!lua flags=no-writes\\nwhile true do end" 0')
    text = b"ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'"
    refused = performance([Frame(2, Reply(Kind.ERROR, text), 0)], [])
    (found,) = seen(asked, refused, performance([], []))
    assert found.difference.rule == "agreement.type"
    assert found.difference.signature.startswith("agreement.type | script | ")


def test_an_answer_that_comes_later_has_not_come_yet() -> None:
    asked = program("@2 BLPOP l 0", "RPUSH l a", "PING")
    soon = performance([], [Frame(1, ONE, 1), Frame(2, message("l", "a"), 0)], [Frame(1, OK, 2)], [])
    late = performance([], [Frame(1, ONE, 1)], [Frame(1, OK, 2), Frame(2, message("l", "a"), 0)], [])
    assert names(asked, soon, late) == ["agreement.waits | BLPOP | array | waits"]
    assert names(asked, soon, soon) == []


def test_a_reply_inside_exec_is_named_after_what_was_queued() -> None:
    asked = program("@2 MULTI", "@2 GET k", "@2 EXEC")
    queued = [Frame(2, Reply(Kind.SIMPLE, b"QUEUED"), 1)]
    before, after = (
        performance([Frame(2, OK, 0)], queued, [Frame(2, Reply(Kind.ARRAY, (reply,)), 2)], [])
        for reply in (bulk("v"), Reply(Kind.NULL_BULK, None))
    )
    assert names(asked, before, after) == ["agreement.type | GET | bulk | null-bulk"]


def test_events_are_named_and_the_command_that_made_them() -> None:
    asked = program("@2 PSUBSCRIBE __key*", "EXPIRE k -1")
    deleted, expired = (
        performance(
            [],
            [Frame(1, ONE, 1), Frame(2, message("pmessage", "__key*", f"__keyevent@0__:{event}", "k"), None)],
            [],
        )
        for event in ("del", "expired")
    )
    assert names(asked, deleted, expired) == [
        "agreement.push | EXPIRE | pmessage keyevent del | pmessage keyevent expired"
    ]


def test_the_order_of_pushes_counts() -> None:
    asked = program("@2 SUBSCRIBE c", "PUBLISH c m")
    frames = [Frame(2, message("message", "c", text), None) for text in ("a", "b")]
    before, after = (performance([], list(order), []) for order in (frames, frames[::-1]))
    assert names(asked, before, after) == ["agreement.order | PUBLISH | pushes"]


def test_messages_by_pattern_may_come_in_any_order_and_are_counted() -> None:
    asked = program("@2 PSUBSCRIBE a b", "PUBLISH c m")
    frames = [Frame(2, message("pmessage", pattern, "c", "m"), None) for pattern in ("a", "b")]
    before, after = (performance([], list(order), []) for order in (frames, frames[::-1]))
    rules = Tolerances()
    assert names(asked, before, after, rules) == []
    assert rules.applied == {"unordered": 1}


def test_channels_that_are_left_may_be_told_in_any_order() -> None:
    asked = program("@2 SUBSCRIBE c d", "@2 UNSUBSCRIBE")
    left = [
        [
            Frame(
                2,
                Reply(Kind.ARRAY, (bulk("unsubscribe"), bulk(channel), Reply(Kind.INTEGER, 1 - at))),
                None if at else 1,
            )
            for at, channel in enumerate(order)
        ]
        for order in ("cd", "dc", "cc")
    ]
    performances = [performance([], frames, []) for frames in left]
    rules = Tolerances()
    assert names(asked, performances[0], performances[1], rules) == []
    assert rules.applied == {"unordered": 1}
    assert names(asked, performances[0], performances[2]) != []


def test_ids_of_clients_are_each_engine_s_own_but_none_is_none() -> None:
    asked = program("@2 CLIENT GETREDIR")
    one, other, none = (performance([Frame(2, Reply(Kind.INTEGER, value), 0)], []) for value in (17, 99, -1))
    assert names(asked, one, other) == []
    assert names(asked, one, none) == ["agreement.value | CLIENT GETREDIR | integer | integer"]


def test_a_connection_that_one_side_closes_is_seen() -> None:
    asked = program("@2 PING", "CLIENT KILL ID id@2")
    closed = performance(
        [Frame(2, OK, 0)], [Frame(1, ONE, 1), Frame(2, Reply(Kind.NONE, b"closed"), None)], []
    )
    kept = performance([Frame(2, OK, 0)], [Frame(1, ONE, 1)], [])
    assert names(asked, closed, kept) == ["agreement.closed | CLIENT KILL | closed | nothing"]


def test_monitor_s_clock_and_ports_do_not_count() -> None:
    asked = program("@2 MONITOR", "GET k")
    one, other, lying = (
        performance([Frame(2, OK, 0)], [Frame(2, Reply(Kind.SIMPLE, line), None)], [])
        for line in (
            b'1700000000.123456 [0 127.0.0.1:5000] "GET" "k"',
            b'1700000009.000001 [0 127.0.0.1:6111] "GET" "k"',
            b'1700000009.000001 [1 127.0.0.1:6111] "GET" "k"',
        )
    )
    assert names(asked, one, other) == []
    assert names(asked, one, lying) == ["agreement.push | GET | other content of monitor"]
