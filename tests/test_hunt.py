"""The hunt between two small servers, one of which lies: what is found, what it is called, and by which program."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from generators.command import command, parse
from suites.conformance.hunt import Hunt
from suites.conformance.probe import DIGEST, probe
from suites.conformance.tolerance import Tolerances
from tests.sample_server import ClosesError, DiesError, HangsError, SampleServer, Session, bulk, number
from topologies import lockstep
from topologies.lockstep import Lockstep, script
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from generators.command import Command
    from reports.finding import Example
    from suites.conformance.discovery import Discovery
    from tests.sample_server import Lie

KEYS = (b"s1", b"s2", b"l1")
LINES = (
    *("SET s1 5", "INCR s1", "GET s1", "RPUSH l1 a b c", "LRANGE l1 0 -1", "APPEND s2 abc", "STRLEN s2"),
    *(
        "MULTI",
        "INCR s1",
        "APPEND s2 x",
        "EXEC",
        "GET l1",
        "DEL s1",
        "EXISTS s1 s2",
        "TYPE l1",
        "SET s1 7 GET",
    ),
)


class Hunted:
    """A hunt that is over: what it found, and what it counted."""

    def __init__(self, rules: Tolerances) -> None:
        self.rules = rules
        self.all: list[Discovery] = []
        self.counts: dict[str, int] = {}
        self.deadly: list[str] = []
        self.examples: dict[str, list[Example]] = {}

    @property
    def found(self) -> list[Discovery]:
        """The differences of their own."""
        return [each for each in self.all if each.cause is None]

    @property
    def names(self) -> list[tuple[str, str]]:
        return [
            (each.difference.rule.removeprefix("agreement."), each.difference.subject) for each in self.found
        ]

    @property
    def programs(self) -> list[list[str]]:
        return [[str(line) for line in each.program] for each in self.found]


def hunt(
    lies: dict[str, Lie],
    lines: tuple[str, ...] = LINES,
    *,
    times: int = 1,
    protocols: tuple[int, ...] = (2,),
    shrinks: bool = True,
) -> Hunted:
    """Examines the program so many times in each protocol, as a campaign would."""
    over = Hunted(Tolerances())
    with SampleServer() as honest, SampleServer(lies=lies) as liar:
        steps = {protocol: Lockstep(honest, liar, protocol=protocol) for protocol in (2, 3)}
        hunting = Hunt(locksteps=steps, rules=over.rules, keys=KEYS, found=over.all.append, shrinks=shrinks)
        program = tuple(map(parse, lines))
        for each in steps.values():
            each.arrange(reset=(), probe=probe(KEYS, DIGEST))
        for protocol in protocols * times:
            exchange = steps[protocol].run(script(program))
            if exchange is not None:
                hunting.examine(program, exchange, protocol)
        for each in steps.values():
            each.close()
    over.counts = dict(hunting.known.counts)
    over.examples = dict(hunting.examples.kept)
    over.deadly = list(map(str, hunting.deadly_lines))
    return over


def says(answer: Reply | bytes) -> Lie:
    return lambda session, asked: answer


def after(change: Callable[[Session, Command], object]) -> Lie:
    """Tells the truth and then changes the data."""

    def lie(session: Session, asked: Command) -> Reply | bytes:
        answer = session.truth(asked)
        change(session, asked)
        return answer

    return lie


def drops_the_last(session: Session, asked: Command) -> None:
    value = session.data.get(asked.args[1]) if len(asked.args) > 2 else None
    if isinstance(value, list):
        value.pop()


def test_without_a_lie_nothing_is_found() -> None:
    over = hunt({}, protocols=(2, 3))
    assert not over.found
    assert not over.rules.applied


@pytest.mark.parametrize(
    ("name", "answer", "rule", "shortest"),
    [
        ("INCR", number(99), "value", ["INCR k"]),
        ("DEL", bulk(b"1"), "type", ["DEL"]),
        ("EXISTS", Reply(Kind.ERROR, b"ERR nothing exists"), "type", ["EXISTS"]),
        ("STRLEN", Reply(Kind.ERROR, b"ERR syntax error"), "unknown-argument", ["STRLEN k"]),
        ("APPEND", b"-ERR unknown command 'APPEND'\r\n", "unknown-command", ["APPEND"]),
    ],
)
def test_a_reply_that_differs_is_found_and_shrunk(
    name: str, answer: Reply | bytes, rule: str, shortest: list[str]
) -> None:
    over = hunt({name: says(answer)})
    assert over.names == [(rule, name)]
    assert over.programs == [shortest]
    assert over.found[0].replays.always
    assert over.found[0].writer is None


def test_a_difference_is_reported_once_and_counted_each_time() -> None:
    over = hunt({"INCR": says(number(99))}, times=4)
    assert len(over.found) == 1
    assert over.counts[over.found[0].difference.signature] >= 4


def test_one_difference_hides_no_other() -> None:
    over = hunt({"INCR": says(number(99)), "LRANGE": says(bulk(b"no")), "TYPE": says(bulk(b"list"))})
    assert sorted(over.names) == [("type", "LRANGE"), ("type", "TYPE"), ("value", "INCR")]
    assert sorted(map(len, over.programs)) == [1, 1, 1]


def test_a_known_difference_hides_none_in_what_is_left_behind() -> None:
    lies: dict[str, Lie] = {"INCR": says(number(99)), "RPUSH": after(drops_the_last)}
    over = hunt(lies, ("INCR s1", "RPUSH l1 a b", "INCR s2"))
    assert sorted(over.names) == [("state", "RPUSH"), ("value", "INCR")]


def test_a_known_difference_in_a_transaction_hides_none_behind_it() -> None:
    lies: dict[str, Lie] = {
        "INCR": says(number(99)),
        "TYPE": says(bulk(b"x")),
        "RPUSH": after(drops_the_last),
    }
    lines = ("INCR s1", "MULTI", "INCR s1", "GET s1", "EXEC", "TYPE s1", "RPUSH l1 a b")
    over = hunt(lies, lines)
    assert sorted(over.names) == [("state", "RPUSH"), ("type", "TYPE"), ("value", "INCR")]


def test_what_follows_from_other_data_is_the_writers() -> None:
    over = hunt({"RPUSH": after(drops_the_last)}, ("SET s1 a", "RPUSH l1 a b", "GET s1", "LRANGE l1 0 -1"))
    assert over.names == [("state", "RPUSH")]
    [program] = over.programs
    assert program[0].startswith("RPUSH k")
    assert program[-1].split()[1] == "k"
    assert len(program) == 2
    found = over.found[0]
    assert found.writer is not None
    assert found.writer.name == "RPUSH"
    assert found.difference.signature == "agreement.state | RPUSH | content"


def test_a_state_that_nothing_reads_in_the_program_is_found_by_the_probe() -> None:
    over = hunt({"RPUSH": after(drops_the_last)}, ("SET s1 a", "RPUSH l1 a b", "GET s1"), times=2)
    assert over.names == [("state", "RPUSH")]
    assert over.programs[0][-1] in ("LRANGE k 0 -1", "EXISTS k")


def test_a_state_in_another_database_is_shown_there() -> None:
    over = hunt({"RPUSH": after(drops_the_last)}, ("SELECT 9", "GET s1", "RPUSH l1 a b"))
    assert over.names == [("state", "RPUSH")]
    with_database = [program for program in over.programs if "SELECT 9" in program]
    assert all(len(program) <= 4 for program in with_database)


def test_a_lie_about_time_alone_is_that_commands() -> None:
    over = hunt({"TTL": says(number(500))}, ("SET s1 a", "GET s1"), times=3)
    assert over.names == [("value", "TTL")]


def test_a_lie_about_encoding_is_found_behind_the_program() -> None:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        truth = session.truth(asked)
        return bulk(b"quicklist") if truth == bulk(b"listpack") else truth

    over = hunt({"OBJECT": lie}, ("SET s1 a", "RPUSH l1 a", "GET s1"))
    assert over.names == [("encoding", "OBJECT ENCODING")]
    assert over.programs == [["RPUSH k 0", "OBJECT ENCODING k"]]


def test_a_digest_that_differs_over_equal_data_is_counted_and_no_finding() -> None:
    over = hunt({"DEBUG": says(Reply(Kind.SIMPLE, b"0000"))}, ("SET s1 a", "GET s1"))
    assert not over.found
    assert over.rules.applied["digest"] >= 1


def test_what_happens_only_in_a_transaction_keeps_it() -> None:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        return number(99) if session.executing else session.truth(asked)

    over = hunt({"INCR": lie}, ("INCR s2", "MULTI", "INCR s1", "EXEC", "GET s1"))
    assert ("value", "INCR") in over.names
    assert ["MULTI", "INCR k", "EXEC"] in over.programs


def test_what_was_seen_once_and_never_again_is_inconclusive() -> None:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        return number(99) if session.server.calls["INCR"] == 1 else session.truth(asked)

    over = hunt({"INCR": lie}, times=3)
    assert over.names == [("value", "INCR")]
    assert over.found[0].replays.shown == 0
    assert over.found[0].replays.of > 0
    assert len(over.programs[0]) <= LINES.index("INCR s1") + 1


def test_what_shows_every_third_time_is_found_and_shrunk() -> None:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        return number(99) if session.server.calls["INCR"] % 3 == 0 else session.truth(asked)

    over = hunt({"INCR": lie}, times=6)
    assert over.names == [("value", "INCR")]
    assert len(over.programs[0]) == 1
    assert 0 < over.found[0].replays.shown < over.found[0].replays.of


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that answer at once or never."""
    monkeypatch.setattr(lockstep, "REPLY_TIMEOUT_S", 0.15)
    monkeypatch.setattr(Lockstep.run_stepwise, "__kwdefaults__", {"timeout_s": 0.1})


def raises(ending: type[Exception], word: bytes) -> Lie:
    """Only where the command has that argument: other calls are answered."""

    def lie(session: Session, asked: Command) -> Reply | bytes:
        if word in asked.args:
            raise ending
        return session.truth(asked)

    return lie


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("ending", "rule"), [(DiesError, "crash"), (ClosesError, "closed"), (HangsError, "hang")], ids=str
)
def test_an_incident_has_its_own_rule_is_shrunk_and_the_run_goes_on(
    ending: type[Exception], rule: str
) -> None:
    lines = ("GET s1", "SET s1 5", "APPEND s1 bad", "RPUSH l1 a", "INCR s2")
    over = hunt({"APPEND": raises(ending, b"bad"), "INCR": says(number(99))}, lines)
    assert sorted(over.names) == [(rule, "APPEND"), ("value", "INCR")]
    program = over.programs[over.names.index((rule, "APPEND"))]
    assert program == ["APPEND k bad"]
    assert over.deadly == ["APPEND s1 bad"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("ending", "rule"), [(DiesError, "crash"), (ClosesError, "closed"), (HangsError, "hang")], ids=str
)
def test_an_incident_that_comes_once_is_told_and_not_certain(ending: type[Exception], rule: str) -> None:
    """Somebody killed the server, or it dies by chance: in either case a reader must know."""
    calls = itertools.count(1)

    def lie(session: Session, asked: Command) -> Reply | bytes:
        if next(calls) == 3:  # both protocols have their connections by then
            raise ending
        return session.truth(asked)

    over = hunt({"APPEND": lie}, ("SET s1 5", "APPEND s1 x", "GET s1"), times=2, protocols=(3, 2))
    assert over.names == [(rule, "APPEND")]
    assert over.programs == [["SET s1 5", "APPEND s1 x"]]
    assert not over.found[0].replays.shown


@pytest.mark.usefixtures("impatient")
def test_garbage_has_its_own_rule() -> None:
    over = hunt({"STRLEN": says(b"what?\r\n")})
    assert over.names == [("garbled", "STRLEN")]
    assert over.programs in ([["STRLEN"]], [["STRLEN k"]])


def test_a_command_without_a_reply_is_found_among_those_that_have_one() -> None:
    over = hunt({"STRLEN": says(b"")}, times=2)
    assert over.names == [("no-reply", "STRLEN")]
    assert over.programs[0][-1].startswith("STRLEN")
    assert len(over.programs[0]) == 1


def test_a_silent_command_hides_no_other_difference() -> None:
    over = hunt({"STRLEN": says(b""), "INCR": says(number(99))})
    assert sorted(over.names) == [("no-reply", "STRLEN"), ("value", "INCR")]


def test_two_replies_for_one_command_are_found_too() -> None:
    over = hunt({"STRLEN": says(b":1\r\n:2\r\n")})
    assert over.names == [("no-reply", "STRLEN")]


def test_what_the_rules_forgive_is_counted_and_not_found() -> None:
    def backwards(session: Session, asked: Command) -> Reply | bytes:
        truth = session.truth(asked)
        assert isinstance(truth, Reply)
        assert isinstance(truth.value, tuple)
        return Reply(truth.kind, truth.value[::-1])

    over = hunt({"KEYS": backwards}, ("SET s1 a", "SET s2 a", "KEYS *"))
    assert not over.found
    assert over.rules.applied["unordered"] >= 1


def test_what_both_protocols_show_is_told_in_resp2() -> None:
    over = hunt({"INCR": says(number(99))}, protocols=(3,))
    assert [each.protocol for each in over.found] == [2]


def test_what_only_resp3_shows_is_told_in_resp3() -> None:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        return number(99) if session.protocol == 3 else session.truth(asked)

    over = hunt({"INCR": lie}, protocols=(2, 3))
    assert [each.protocol for each in over.found] == [3]


def test_a_given_program_is_reported_as_it_stands() -> None:
    lines = ("SET s1 a", "GET l1", "STRLEN s1")
    over = hunt({"STRLEN": says(number(99))}, lines, shrinks=False)
    assert over.programs == [list(lines)]


def test_the_same_hunt_finds_the_same() -> None:
    lies: dict[str, Lie] = {
        "INCR": says(number(99)),
        "RPUSH": after(drops_the_last),
        "TYPE": says(bulk(b"x")),
    }
    first, second = hunt(dict(lies)), hunt(dict(lies))
    assert (first.names, first.programs) == (second.names, second.programs)


def test_a_discovery_keeps_the_program_that_it_was_found_in() -> None:
    over = hunt({"STRLEN": says(number(99))})
    assert over.found[0].first_seen == tuple(map(parse, LINES[: LINES.index("STRLEN s2") + 1]))
    assert over.found[0].difference.step.asked == command("STRLEN", "k")


def test_what_a_command_leaves_behind_that_is_answered_differently_points_to_it() -> None:
    """The liar's INCR says 99 and stores nothing."""
    over = hunt({"INCR": says(number(99))})
    [cause] = over.found
    [left] = [each for each in over.all if each.cause is not None]
    assert left.cause == cause.difference.signature
    assert (left.difference.rule, left.difference.subject) == ("agreement.follow-up", "INCR")
    assert left.program[: len(cause.program)] == cause.program
    assert len(left.program) == len(cause.program) + 1


def test_what_is_only_answered_differently_leaves_nothing_behind() -> None:
    over = hunt({"STRLEN": says(number(99))})
    assert over.names == [("value", "STRLEN")]
    assert len(over.all) == 1


def test_other_programs_that_show_a_known_difference_are_its_examples() -> None:
    lines = ("SET s1 1", "STRLEN s1", "SET s2 22", "STRLEN s2", "RPUSH l1 a", "STRLEN nosuch")
    over = hunt({"STRLEN": says(number(99))}, lines, times=3)
    [found] = over.found
    examples = over.examples[found.difference.signature]
    assert {each.program[-1] for each in examples} <= {"STRLEN s1", "STRLEN s2", "STRLEN nosuch"}
    assert len(examples) == len({each.program[-1] for each in examples}) >= 2
    assert all(each.candidate.value == 99 and each.step == len(each.program) - 1 for each in examples)
