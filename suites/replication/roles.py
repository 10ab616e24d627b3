"""The ways in which another one becomes the primary: promotion, FAILOVER, and the old primary coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suites.replication.outcome import OUTCOME, Fact, Outcome
from suites.replication.settling import partial_syncs, settle, syncs, words_of
from suites.replication.sync import HOW, Way, ended
from topologies.filling import fill
from topologies.reply import Kind as ReplyKind
from topologies.wait import NotInTime, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.dataset import Piece
    from topologies.replicated import Replicated

RULE = "replication.promotion"
_FAILOVER_S = 10.0


def promotion(deployment: Replicated, pieces: Sequence[Piece]) -> Outcome:
    """A replica is promoted, the other one follows it, and what is written to it arrives."""
    fill(deployment.nodes[0], pieces)
    deployment.join()
    deployment.promote(1)
    return _follows(deployment, "other replica", 2)


def failback(deployment: Replicated, pieces: Sequence[Piece]) -> Outcome:
    """A replica is promoted, and the old primary becomes its replica."""
    fill(deployment.nodes[0], pieces)
    deployment.join()
    deployment.promote(1)
    return _follows(deployment, "old primary", 0)


def failback_restarted(deployment: Replicated, pieces: Sequence[Piece]) -> Outcome:
    """The primary is killed, a replica promoted, and the old primary, started again and empty, becomes its replica."""
    fill(deployment.nodes[0], pieces)
    deployment.join()
    deployment.nodes[0].kill()
    deployment.promote(1)
    deployment.nodes[0].restart()
    return _follows(deployment, "old primary, started again", 0)


def failover(deployment: Replicated, pieces: Sequence[Piece]) -> Outcome:
    """FAILOVER hands the role over; the old primary follows the new one."""
    fill(deployment.nodes[0], pieces)
    deployment.join()
    fact = Fact(rule="replication.failover", subject="FAILOVER", what=OUTCOME)
    front = deployment.fronts[1].listen
    reply = deployment.ask(0, "FAILOVER", "TO", front.host, front.port, "TIMEOUT", 5000)
    if reply.kind is ReplyKind.ERROR:
        return Outcome.refused(fact, reply)
    try:
        wait_until(
            lambda: (deployment.info(0)["role"], deployment.info(1)["role"]) == ("slave", "master"),
            timeout_s=_FAILOVER_S,
            expect="roles to be handed over",
        )
    except NotInTime as late:
        return Outcome.hang(fact, str(late).partition(";")[0], words_of(deployment, 0, 1))
    deployment.follows[0], deployment.follows[1] = 1, None
    deployment.must(1, "SET", "written to the new primary", "v")
    return ended(deployment, fact, primary=1, replica=0)


def _follows(deployment: Replicated, who: str, seat: int) -> Outcome:
    before = syncs(deployment, 1), partial_syncs(deployment, 1)
    deployment.must(1, "SET", "written to the new primary", "v")
    deployment.follow(seat, 1)
    settle(deployment, seat)
    deployment.must(1, "SET", "written later", "v")
    how = Fact(rule=RULE, subject=who, what=HOW)
    fact = Fact(rule=RULE, subject=who, what=OUTCOME)

    def told() -> dict[Fact, str]:
        full, part = syncs(deployment, 1) > before[0], partial_syncs(deployment, 1) > before[1]
        return {how: "as a whole" if full else "from where it was" if part else "not at all"}

    return ended(deployment, fact, primary=1, replica=seat, more=told)


ROLES: tuple[Way, ...] = (
    Way(name="promotion, the other replica follows", run=promotion),
    Way(name="promotion, the old primary follows", run=failback),
    Way(
        name="promotion after a death, the old primary comes back",
        run=failback_restarted,
        returns=True,
        smoke=False,
    ),
    Way(name="FAILOVER", run=failover, smoke=False),
)
