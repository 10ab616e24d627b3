"""What clients of a replicated deployment are promised: WAIT, a primary's guards, what a replica serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import command
from suites.replication.outcome import Fact, Kind, Outcome
from suites.replication.sync import Way
from topologies.lockstep import ask, introduce, read_replies
from topologies.reply import Kind as ReplyKind
from topologies.toxics import Stall
from topologies.wait import NotInTime, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.dataset import Piece
    from topologies.replicated import Replicated
    from topologies.reply import Reply

WAIT, TOO_MUCH = "replication.wait", "replication.wait-too-much"
GUARD, SERVES, EXPIRY, PUBSUB = (
    "replication.min-replicas", "replication.replica-serves", "replication.expiry", "replication.pubsub",
)  # fmt: skip
_SEEN_S = 10.0
_PATIENCE_MS = 5000  # for what is to be true
_MOMENT_MS = 50  # for what is not
Facts = dict[Fact, str]


def waits(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """WAIT with all, one and no replica reachable, in a transaction, in a script and on a replica."""
    deployment.join()
    facts: Facts = {}
    _wait(deployment, facts, "all reachable", 2, _PATIENCE_MS)
    _lose(deployment, 2, left=1)
    _wait(deployment, facts, "for 1, 1 of 2 reachable", 1, _PATIENCE_MS)
    _wait(deployment, facts, "for 2, 1 of 2 reachable", 2, _MOMENT_MS)
    _lose(deployment, 1, left=0)
    _wait(deployment, facts, "for 1, none reachable", 1, _MOMENT_MS)
    _wait(deployment, facts, "for 0, none reachable", 0, _MOMENT_MS)
    for words in (("MULTI",), ("SET", "in MULTI", "v"), ("WAIT", 1, _MOMENT_MS)):
        deployment.ask(0, *words)
    answers = deployment.ask(0, "EXEC").value
    facts[_waits("in MULTI, none reachable")] = said(answers[-1]) if isinstance(answers, tuple) else "nothing"
    script = "redis.call('SET', 'in a script', 'v'); return redis.call('WAIT', 1, 50)"
    facts[_waits("in a script, none reachable")] = said(deployment.ask(0, "EVAL", script, 0))
    facts[_waits("on a replica")] = said(deployment.ask(1, "WAIT", 0, 0))
    _waits_for_files(deployment, facts)
    return _outcome(facts)


def _waits_for_files(deployment: Replicated, facts: Facts) -> None:
    for what, words in {
        "for replicas' files, none reachable": (0, 1, _MOMENT_MS),
        "for its own file, which it does not write": (1, 0, _MOMENT_MS),
    }.items():
        deployment.must(0, "SET", what, "v")
        answer = deployment.ask(0, "WAITAOF", *words)
        parts = answer.value if isinstance(answer.value, tuple) else (answer,)
        told = " and ".join(map(said, parts))
        if "unknown command" not in str(answer.value):
            facts[Fact(rule=WAIT, subject="WAITAOF", what=what)] = told


def _wait(deployment: Replicated, facts: Facts, what: str, many: int, patience_ms: int) -> None:
    """A write, WAIT, and how many have the write when it answers."""
    deployment.must(0, "SET", what, "v")
    answer = deployment.ask(0, "WAIT", many, patience_ms)
    arrived = sum(deployment.ask(seat, "EXISTS", what).value == 1 for seat in deployment.seats if seat)
    facts[_waits(what)] = said(answer)
    promised = answer.value if isinstance(answer.value, int) else 0
    too_much = Fact(rule=TOO_MUCH, subject="WAIT", what=f"{what}: more than have the write")
    facts[too_much] = f"{promised} of {arrived}" if promised > arrived else "no"


def _waits(what: str) -> Fact:
    return Fact(rule=WAIT, subject="WAIT", what=what)


def guards(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """min-replicas-to-write, with enough replicas and with one too few."""
    deployment.join()
    facts: Facts = {}
    deployment.set(0, "min-replicas-to-write", "2") or deployment.set(0, "min-slaves-to-write", "2")
    facts[Fact(rule=GUARD, subject="min-replicas-to-write", what="enough")] = _until_ok(
        deployment, "SET", "a", "1"
    )
    _lose(deployment, 2, left=1)
    facts[Fact(rule=GUARD, subject="min-replicas-to-write", what="one too few")] = said(
        deployment.ask(0, "SET", "b", "1")
    )
    facts[Fact(rule=GUARD, subject="min-replicas-to-write", what="one too few, read")] = said(
        deployment.ask(0, "GET", "a")
    )
    return _outcome(facts)


def served(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """Writes to a replica, and reads of one that has lost its primary."""
    deployment.must(0, "SET", "k", "v")
    deployment.join()
    facts: Facts = {}

    def note(what: str, reply: Reply) -> None:
        facts[Fact(rule=SERVES, subject="replica", what=what)] = said(reply)

    note("a read", deployment.ask(1, "GET", "k"))
    note("a write", deployment.ask(1, "SET", "k", "w"))
    note("a write in a script", deployment.ask(1, "EVAL", "return redis.call('SET', 'k', 'w')", 0))
    deployment.set(1, "replica-read-only", "no")
    note("a write, replica-read-only no", deployment.ask(1, "SET", "own", "w"))
    deployment.link(1).cut()
    wait_until(lambda: not deployment.standing(1).up, timeout_s=_SEEN_S, expect="the cut to be seen")
    note("a read, link down", deployment.ask(1, "GET", "k"))
    deployment.set(1, "replica-serve-stale-data", "no")
    note("a read, link down, replica-serve-stale-data no", deployment.ask(1, "GET", "k"))
    note("PING, link down, replica-serve-stale-data no", deployment.ask(1, "PING"))
    return _outcome(facts)


def expiry(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """A key's time passes while its replica hears nothing: it does not serve it, and loses it when it hears again."""
    deployment.join()
    deployment.must(0, "SET", "stays", "v", "PX", 1_000_000)
    deployment.must(0, "SET", "goes", "v", "PX", 400)
    deployment.wait_until_level()
    deployment.link(1).add(Stall())
    wait_until(
        lambda: deployment.ask(0, "GET", "goes").value is None,
        timeout_s=_SEEN_S,
        expect="the key's time to pass",
    )
    facts: Facts = {}

    def note(what: str, *words: str) -> None:
        facts[Fact(rule=EXPIRY, subject="replica", what=what)] = said(deployment.ask(1, *words))

    note("GET of what is past", "GET", "goes")
    note("EXISTS of what is past", "EXISTS", "goes")
    note("TTL of what is past", "TTL", "goes")
    left = deployment.ask(1, "TTL", "stays").value
    near = isinstance(left, int) and 900 < left <= 1000
    facts[Fact(rule=EXPIRY, subject="replica", what="TTL of what stays")] = "as set" if near else str(left)
    deployment.link(1).cut()
    deployment.link(1).heal()
    deployment.wait_until_level()
    note("keys, when it hears again", "DBSIZE")
    return _outcome(facts)


def messages(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """What is published on the primary is heard on the replica."""
    deployment.join()
    heard = "nothing"
    with introduce(deployment.nodes[1], 2) as wire:
        ask(wire, command("SUBSCRIBE", "channel"))
        deployment.must(0, "PUBLISH", "channel", "message")
        wire.settimeout(_SEEN_S)
        try:
            (reply,) = read_replies(wire, 1)
        except TimeoutError:
            pass
        else:
            heard = " ".join(map(said, reply.value)) if isinstance(reply.value, tuple) else said(reply)
    return _outcome({Fact(rule=PUBSUB, subject="PUBLISH", what="heard on the replica"): heard})


def said(reply: Reply) -> str:
    """A reply in a word: its value, or the code of an error."""
    if reply.kind is ReplyKind.ERROR and isinstance(reply.value, bytes):
        return f"error {reply.value.split(b' ', 1)[0].decode('utf-8', 'replace')}"
    return reply.value.decode("utf-8", "replace") if isinstance(reply.value, bytes) else str(reply.value)


def _until_ok(deployment: Replicated, *words: str) -> str:
    """The answer when it is no error any more: a replica counts from its first acknowledgement on."""
    try:
        reply = wait_until(
            lambda: deployment.ask(0, *words),
            timeout_s=_SEEN_S,
            expect="the write to be taken",
            until=lambda it: it.kind is not ReplyKind.ERROR,
        )
    except NotInTime:
        return said(deployment.ask(0, *words))
    return said(reply)


def _lose(deployment: Replicated, seat: int, *, left: int) -> None:
    """Cut a replica off, until its primary knows."""
    deployment.link(seat).cut()
    wait_until(
        lambda: int(deployment.info(0).get("connected_slaves", -1)) == left,
        timeout_s=_SEEN_S,
        expect=f"the primary to have {left} replicas",
    )


def _outcome(facts: Facts) -> Outcome:
    return Outcome(kind=Kind.WHOLE, facts=facts, compared=len(facts))


SEMANTICS: tuple[Way, ...] = (
    Way(name="WAIT", run=waits),
    Way(name="min-replicas-to-write", run=guards),
    Way(name="what a replica serves", run=served, smoke=False),
    Way(name="expiry on a replica", run=expiry, smoke=False),
    Way(name="messages through the link", run=messages, smoke=False),
)
