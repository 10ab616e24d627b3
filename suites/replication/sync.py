"""The ways in which a replica gets what its primary has: whole, in part, again, through another replica."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from suites.replication.outcome import OUTCOME, Fact, Kind, Outcome
from suites.replication.settling import difference, partial_syncs, settle, syncs
from topologies.filling import fill
from topologies.toxics import Limit
from topologies.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from generators.dataset import Piece
    from topologies.replicated import Replicated

STALE = b"what the replica had before"
FULL, PARTIAL = "replication.full-sync", "replication.partial-sync"
HOW = "how it was synced"
_SEEN_S = 10.0  # for something that follows at once
_BIG = b"x" * 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way: what it is called, and what does it on a deployment whose nodes stand alone and are empty."""

    name: str
    run: Callable[[Replicated, Sequence[Piece]], Outcome]
    joins: bool = True  # it begins with replicas that were synced in the plainest way
    returns: bool = False  # it ends with a full sync in the other direction
    smoke: bool = True


def full_sync(
    deployment: Replicated, pieces: Sequence[Piece], *, name: str, settings: Mapping[str, tuple[int, str]]
) -> Outcome:
    """A replica that has other data follows a primary that has everything.

    `settings` are parameters with the seat that has to know them, and their values.
    """
    for parameter, (seat, value) in settings.items():
        if not deployment.set(seat, parameter, value):
            return Outcome(kind=Kind.REFUSED, facts={}, detail=f"{parameter} {value} is not known there")
    fill(deployment.nodes[0], pieces)
    deployment.must(1, "SET", STALE, "v")
    deployment.follow(1, 0)
    return ended(deployment, Fact(rule=FULL, subject=name, what=OUTCOME))


def cut_in_the_middle(deployment: Replicated, pieces: Sequence[Piece]) -> Outcome:
    """A full sync breaks off after some thousand bytes; the next one does not."""
    fill(deployment.nodes[0], pieces)
    deployment.must(0, "SET", "large", _BIG * 20)
    deployment.set(0, "rdbcompression", "no")
    deployment.must(1, "SET", STALE, "v")
    deployment.link_of(0, 1).add(Limit(bytes_all=50_000))
    begun = syncs(deployment, 0)
    deployment.follow(1, 0)
    wait_until(  # the second one begins when the first has broken off
        lambda: syncs(deployment, 0) > begun + 1, timeout_s=_SEEN_S, expect="a broken sync, and another one"
    )
    deployment.link_of(0, 1).heal()
    return ended(deployment, Fact(rule=FULL, subject="cut in the middle", what=OUTCOME))


def short_cut(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """The link is cut, some is written meanwhile, the link heals: the replica goes on where it was."""
    deployment.must(0, "SET", "before", "1")
    deployment.join()
    return _cut(deployment, "after a cut", lambda: _write(deployment, 100))


def overrun(deployment: Replicated, _pieces: Sequence[Piece]) -> Outcome:
    """More is written while the link is cut than the backlog holds: it has to be synced as a whole."""
    deployment.set(0, "repl-backlog-size", "16384")
    deployment.join()
    return _cut(deployment, "after a cut, backlog overrun", lambda: _write(deployment, 400, b"x" * 1000))


def _cut(deployment: Replicated, subject: str, write: Callable[[], None]) -> Outcome:
    link = deployment.link(1)
    before = syncs(deployment, 0), partial_syncs(deployment, 0)
    link.cut()
    wait_until(lambda: not deployment.standing(1).up, timeout_s=_SEEN_S, expect="the cut to be seen")
    write()
    link.heal()
    fact = Fact(rule=PARTIAL, subject=subject, what=OUTCOME)
    return ended(deployment, fact, more=lambda: {_how(subject): _told(deployment, before)})


def chain(deployment: Replicated, pieces: Sequence[Piece]) -> Outcome:
    """A replica of a replica gets everything, and what is written later."""
    fill(deployment.nodes[0], pieces)
    deployment.follow(1, 0)
    first = settle(deployment, 1)
    if first.kind is None:
        deployment.follow(2, 1)
        first = settle(deployment, 2)
    fact = Fact(rule=FULL, subject="chained replica", what=OUTCOME)
    if first.kind is not None:
        return Outcome(
            kind=first.kind, facts={fact: first.kind.value}, words=first.words, detail=first.detail
        )
    _write(deployment, 50)
    settle(deployment, 1)
    return ended(deployment, fact, replica=2)


def ended(
    deployment: Replicated,
    fact: Fact,
    *,
    primary: int = 0,
    replica: int = 1,
    more: Callable[[], dict[Fact, str]] | None = None,
) -> Outcome:
    """How this replica ends, and whether it has what the primary has."""
    settled = settle(deployment, replica)
    if settled.kind is not None:
        kept = deployment.nodes[replica].alive() and deployment.ask(replica, "EXISTS", STALE).value == 1
        return Outcome(
            kind=settled.kind,
            facts={fact: settled.kind.value},
            words=settled.words,
            detail=settled.detail,
            seen={"the replica keeps what it had": "yes" if kept else "no"},
        )
    found = difference(deployment, primary, replica)
    kind = Kind.WHOLE if found.whole else Kind.LOSS
    detail = str(found) if found.whole else "; ".join([str(found), *map(str, found.samples[:5])])
    return Outcome(
        kind=kind,
        facts={fact: kind.value, **(more() if more else {})},
        detail=detail,
        compared=found.compared,
        deviations={deviation.value: count for deviation, count in found.counts.items()},
        samples=tuple(map(str, found.samples)),
    )


def _how(subject: str) -> Fact:
    return Fact(rule=PARTIAL, subject=subject, what=HOW)


def _told(deployment: Replicated, before: tuple[int, int], seat: int = 0) -> str:
    """How the syncs since then went."""
    if syncs(deployment, seat) > before[0]:
        return "as a whole"
    return "from where it was" if partial_syncs(deployment, seat) > before[1] else "not at all"


def _write(deployment: Replicated, many: int, value: bytes = b"v", *, seat: int = 0) -> None:
    for number in range(many):
        deployment.must(seat, "SET", f"live:{number}", value)


def _full(name: str, settings: Mapping[str, tuple[int, str]], *, smoke: bool = False) -> Way:
    return Way(name=name, run=partial(full_sync, name=name, settings=settings), joins=False, smoke=smoke)


_DISKLESS = {"repl-diskless-sync": (0, "yes")}
PLAINEST = _full("disk", {"repl-diskless-sync": (0, "no")}, smoke=True)
SYNCS: tuple[Way, ...] = (
    _full("diskless", _DISKLESS, smoke=True),
    _full("diskless, loaded as it comes", {**_DISKLESS, "repl-diskless-load": (1, "swapdb")}, smoke=True),
    _full("diskless, loaded where nothing is", {**_DISKLESS, "repl-diskless-load": (1, "on-empty-db")}),
    _full("diskless, flushed before", {**_DISKLESS, "repl-diskless-load": (1, "flush-before-load")}),
    _full("dual channel", {**_DISKLESS, "dual-channel-replication-enabled": (1, "yes")}),
    _full("without compression", {"rdbcompression": (0, "no")}),
    Way(name="cut in the middle", run=cut_in_the_middle, joins=False, smoke=False),
    Way(name="after a cut", run=short_cut),
    Way(name="after a cut, backlog overrun", run=overrun, smoke=False),
    Way(name="chained replica", run=chain, joins=False),
)
