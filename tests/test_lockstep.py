"""The lockstep driver against servers on real sockets: equal bytes, other bytes, and all ways of not answering."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from generators.command import Command, Program, command, parse
from tests.sample_server import ClosesError, DiesError, HangsError, SampleServer, array, bulk, number
from topologies import lockstep
from topologies.engine import HarnessError
from topologies.lockstep import Exchange, Lockstep, ask, ask_node, introduce, script
from topologies.reply import Kind, Reply
from topologies.resp import encode_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sample_server import Lie, Session

PROGRAM = tuple(map(parse, ("SET k 1", "INCR k", "RPUSH l a b", "LRANGE l 0 -1", "GET none")))
PROBE = (command("DEBUG", "DIGEST"), command("GET", "k"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that answer at once or never."""
    monkeypatch.setattr(lockstep, "REPLY_TIMEOUT_S", 0.3)


@contextlib.contextmanager
def pair(lies: dict[str, Lie] | None = None, *, protocol: int = 2) -> Iterator[tuple[Lockstep, SampleServer]]:
    """An honest server and one that lies, in lockstep."""
    with SampleServer() as honest, SampleServer(lies=lies or {}) as liar:
        steps = Lockstep(honest, liar, protocol=protocol)
        steps.arrange(reset=(), probe=PROBE)
        try:
            yield steps, liar
        finally:
            steps.close()


def run(steps: Lockstep, program: Program = PROGRAM) -> Exchange:
    exchange = steps.run(script(program))
    assert exchange is not None
    return exchange


def says(answer: Reply | bytes) -> Lie:
    return lambda session, asked: answer


def raises(ending: type[Exception], *, once: bool = False) -> Lie:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        if once and session.server.calls[asked.name] > 1:
            return session.truth(asked)
        raise ending

    return lie


@pytest.mark.parametrize("protocol", [2, 3])
def test_equal_bytes_are_nothing_to_speak_of(protocol: int) -> None:
    with pair(protocol=protocol) as (steps, _):
        for _ in range(3):
            assert steps.run(script(PROGRAM)) is None


def test_a_reply_that_differs_is_seen_in_its_place() -> None:
    with pair({"INCR": says(number(7))}) as (steps, _):
        exchange = run(steps)
    assert not exchange.incident
    assert not exchange.misaligned
    assert [a == b for a, b in zip(exchange.baseline.replies, exchange.candidate.replies, strict=True)] == [
        *(True, False, True, True, True)
    ]
    assert exchange.baseline.replies[3] == array(bulk(b"a"), bulk(b"b"))
    assert exchange.candidate.replies[1] == number(7)
    assert len(exchange.baseline.probe) == len(PROBE)
    assert exchange.baseline.probe[1] == bulk(b"2")
    assert exchange.candidate.probe[1] == bulk(b"1")  # the lie does not count


def test_what_a_program_leaves_behind_is_seen_by_the_probe_alone() -> None:
    def loses(session: Session, asked: Command) -> Reply | bytes:
        answer = session.truth(asked)
        session.data.clear()
        return answer

    with pair({"RPUSH": loses}) as (steps, _):
        exchange = run(steps, PROGRAM[:3])
    assert exchange.baseline.replies == exchange.candidate.replies
    assert exchange.baseline.probe != exchange.candidate.probe


def test_programs_begin_with_nothing_and_end_outside_of_transactions() -> None:
    with pair({"STRLEN": says(number(9))}) as (steps, _):
        assert steps.run(script((command("SELECT", 9), command("MULTI"), command("SET", "k", "1")))) is None
        exchange = run(steps, (command("STRLEN", "k"), command("GET", "k"), command("DBSIZE")))
    assert exchange.baseline.replies[1:] == (Reply(Kind.NULL_BULK, None), number(0))


def test_reset_runs_before_each_program() -> None:
    with pair() as (steps, liar):
        steps.arrange(reset=(command("SET", "seed", "1"),), probe=PROBE)
        liar.lies["GET"] = says(bulk(b"other"))
        exchange = run(steps, (command("GET", "seed"),))
    assert exchange.baseline.replies == (bulk(b"1"),)


@pytest.mark.parametrize("answer", [b"", b":1\r\n:2\r\n"], ids=["none", "two"])
def test_a_reply_too_few_or_too_many_makes_the_exchange_misaligned(answer: bytes) -> None:
    with pair({"INCR": says(answer)}) as (steps, _):
        exchange = run(steps)
        assert exchange.misaligned
        assert not exchange.incident
        assert exchange.baseline.missing == 0
        assert exchange.candidate.missing == (1 if not answer else -1)
        steps.sides[1].node.lies.clear()  # type: ignore[attr-defined]
        assert steps.run(script(PROGRAM)) is None


@pytest.mark.usefixtures("impatient")
def test_silence_is_a_time_out_after_what_came_before() -> None:
    with pair({"RPUSH": raises(HangsError)}) as (steps, _):
        exchange = run(steps)
    assert exchange.incident
    assert exchange.candidate.incident == b"timeout"
    assert exchange.candidate.replies[:-1] == exchange.baseline.replies[:2]
    assert len(exchange.baseline.replies) == len(PROGRAM)
    assert exchange.candidate.probe == ()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("log", "says"),
    [
        ("oO0OoO0OoO0Oo Valkey is starting\n=== VALKEY BUG REPORT START: Cut & paste", b"died"),
        ("=== REDIS BUG REPORT START: Cut & paste\noO0OoO0OoO0Oo Redis is starting", b"timeout"),
    ],
)
def test_silence_after_last_words_is_a_death(log: str, says: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes a report of its crash can wait for ever; what an earlier life of it wrote does not count."""
    with pair({"RPUSH": raises(HangsError)}) as (steps, liar):
        monkeypatch.setattr(liar, "log_tail", lambda lines=40: log)
        assert run(steps).candidate.incident == says


def test_a_closed_connection_is_not_a_death() -> None:
    with pair({"RPUSH": raises(ClosesError)}) as (steps, liar):
        exchange = run(steps)
        assert exchange.candidate.incident == b"closed"
        assert liar.starts == 1
        liar.lies.clear()
        assert steps.run(script(PROGRAM)) is None


def test_a_death_is_a_death_and_the_next_program_finds_a_living_server() -> None:
    with pair({"RPUSH": raises(DiesError)}) as (steps, liar):
        exchange = run(steps)
        assert exchange.candidate.incident == b"died"
        assert not liar.alive()
        liar.lies.clear()
        assert steps.run(script(PROGRAM)) is None
        assert liar.starts == 2


def test_a_server_that_dies_between_programs_is_started_again() -> None:
    with pair() as (steps, liar):
        assert steps.run(script(PROGRAM)) is None
        liar.kill()
        exchange = run(steps)
        assert exchange.candidate.incident == b"died"
        assert exchange.candidate.replies == (Reply(Kind.NONE, b"died"),)
        assert steps.run(script(PROGRAM)) is None


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n", b"$5\r\nab\r\n", b"\x00\xff", b":1x\r\n"]
)
def test_garbage_is_neither_a_reply_nor_an_end(garbage: bytes) -> None:
    with pair({"INCR": says(garbage)}) as (steps, liar):
        exchange = run(steps)
        incident = exchange.candidate.incident
        assert incident is not None
        assert incident.startswith(b"garbled: ")
        liar.lies.clear()
        assert steps.run(script(PROGRAM)) is None


def test_garbage_in_the_probe_is_seen_at_once_and_step_by_step() -> None:
    with pair({"TTL": says(b"what?\r\n")}) as (steps, _):
        steps.arrange(reset=(), probe=(command("TTL", "k"),))
        assert (run(steps).candidate.incident or b"").startswith(b"garbled")
        exchange = steps.run_stepwise(PROGRAM, timeout_s=0.1)
    assert (exchange.candidate.incident or b"").startswith(b"garbled")
    assert exchange.candidate.replies[:-1] == exchange.baseline.replies


def test_a_huge_reply_comes_whole() -> None:
    huge = bulk(b"x" * (8 << 20))
    with pair({"GET": says(huge)}) as (steps, _):
        exchange = run(steps, (command("GET", "k"), command("INCR", "k")))
    assert exchange.candidate.replies == (huge, number(1))


def test_an_array_of_very_many_comes_whole() -> None:
    many = array(*map(number, range(100_000)))
    with pair({"LRANGE": says(encode_reply(many))}) as (steps, _):
        assert run(steps).candidate.replies[3] == many


def test_one_command_at_a_time_finds_the_line_of_an_incident() -> None:
    for ending, why in ((HangsError, b"timeout"), (ClosesError, b"closed"), (DiesError, b"died")):
        with pair({"LRANGE": raises(ending)}) as (steps, _):
            exchange = steps.run_stepwise(PROGRAM, timeout_s=0.3)
        assert exchange.baseline.incident is None
        assert exchange.candidate.replies[-1] == Reply(Kind.NONE, why)
        assert len(exchange.candidate.replies) == 4
        assert exchange.candidate.replies[:3] == exchange.baseline.replies[:3]


def test_one_command_at_a_time_says_the_same_as_all_at_once() -> None:
    with pair({"INCR": says(number(7))}) as (steps, _):
        assert steps.run_stepwise(PROGRAM) == run(steps)


def test_one_command_at_a_time_sees_garbage_at_its_line() -> None:
    with pair({"INCR": says(b"what?\r\n")}) as (steps, _):
        exchange = steps.run_stepwise(PROGRAM, timeout_s=0.1)
    assert len(exchange.candidate.replies) == 2
    assert (exchange.candidate.incident or b"").startswith(b"garbled")


def test_a_server_that_closes_at_once_is_an_observation_of_the_program() -> None:
    with pair({"FLUSHALL": raises(ClosesError, once=True)}) as (steps, _):
        assert run(steps).candidate.incident == b"closed"
        assert steps.run(script(PROGRAM)) is None


@pytest.mark.parametrize("credentials", [("secret",), ("user", "secret")])
def test_connections_are_let_in(credentials: tuple[str, ...]) -> None:
    with SampleServer(credentials=credentials) as server, SampleServer(credentials=credentials) as other:
        steps = Lockstep(server, other, protocol=3)
        assert steps.run(script(PROGRAM)) is None
        steps.close()
        assert ask_node(server, command("PING")) == Reply(Kind.SIMPLE, b"PONG")


def test_refused_credentials_are_an_error_of_the_harness() -> None:
    with SampleServer(credentials=("secret",), lies={"AUTH": says(b"-WRONGPASS no\r\n")}) as server:  # noqa: SIM117
        with pytest.raises(HarnessError, match=r"sample \(sample:1\) refused AUTH: b'WRONGPASS no'"):
            introduce(server, 2)


def test_a_server_without_resp3_is_an_error_of_the_harness() -> None:
    with SampleServer(lies={"HELLO": says(b"-ERR unknown command 'HELLO'\r\n")}) as server:
        with pytest.raises(HarnessError, match="refused HELLO"):
            introduce(server, 3)
        introduce(server, 2).close()


def test_resp3_is_spoken_where_it_is_asked_for() -> None:
    for protocol, kind in ((2, Kind.NULL_BULK), (3, Kind.NULL)):
        with pair({"INCR": says(number(7))}, protocol=protocol) as (steps, _):
            assert run(steps).baseline.replies[-1] == Reply(kind, None)


def test_one_question_on_a_quiet_connection() -> None:
    with SampleServer() as server, introduce(server, 2) as wire:
        assert ask(wire, command("SET", "k", "x" * 200_000)) == Reply(Kind.SIMPLE, b"OK")
        assert ask(wire, command("GET", "k")) == bulk(b"x" * 200_000)
        server.kill()
        with contextlib.suppress(ConnectionError):
            assert ask(wire, command("GET", "k")) == Reply(Kind.NONE, b"closed")


def test_what_a_program_echoes_is_not_taken_for_its_end() -> None:
    with pair({"INCR": says(number(7))}) as (steps, _):
        told = run(steps, (command("ECHO", "x"), command("INCR", "k")))
        assert told.baseline.replies == (bulk(b"x"), number(1))
        assert steps.run(script((command("ECHO", steps._marks[2][:-1]),))) is None
