"""Two engines are asked the same and must answer the same: every area of the command set, and the known differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.raw import commands_only, parse_line
from generators.vocabulary import areas
from suites.conformance.campaign import Campaign
from suites.conformance.canary import heal
from suites.conformance.reached import Reached
from suites.conformance.replay import replay
from suites.conformance.tolerance import hands_nothing_on
from suites.conformance.walking import GROUPS, KEYS, OTHERS, area_of, programs, quick_clock, rules_of
from suites.profiles import PROFILES, WALKS
from suites.subtests import fail_for
from topologies.cluster import CLUSTER, STANDALONE

if TYPE_CHECKING:
    from generators.vocabulary import Area
    from suites.conformance.pair import Pair
    from suites.session import Session


@pytest.mark.parametrize("area", [each.name for each in areas().values() if each.topology == STANDALONE])
def test_area(area: str, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """Generated programs over one area: every reply, and what each program leaves behind."""
    _hunt(areas()[area], pair, session, subtests)


_PARTS = 4  # of the ledger, so that workers share it


@pytest.mark.parametrize("part", range(_PARTS))
def test_known_differences(part: int, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The program of each ledger entry is run again. Where it speaks of this pair: does it still differ?"""
    _replay_ledger(pair, session, subtests, part=part)


@pytest.mark.parametrize("area", [each.name for each in areas().values() if each.topology == CLUSTER])
def test_area_in_cluster(area: str, cluster_pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The same of both engines as clusters of one node."""
    _hunt(areas()[area], cluster_pair, session, subtests)


def test_known_differences_in_cluster(
    cluster_pair: Pair, session: Session, subtests: pytest.Subtests
) -> None:
    """The same of entries that speak of clusters."""
    _replay_ledger(cluster_pair, session, subtests)


def test_program(pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The program given by --program, as it stands."""
    _run_given(pair, session, subtests)


def test_program_in_cluster(cluster_pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The same with --topology cluster."""
    _run_given(cluster_pair, session, subtests)


def _hunt(area: Area, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    campaign = Campaign(
        area=area,
        seed=session.options.seed,
        locksteps=pair.locksteps,
        rules=pair.rules,
        digest=pair.digest,
        found=pair.discovered,
        told=pair.work_done,
        # in a cluster one such script over two slots ends all scripts of Valkey 9
        hands_on=session.hands_on and pair.topology == STANDALONE,
    )
    pair.found.clear()
    pair.area = area.name
    outcome = campaign.run(PROFILES[session.options.profile].of(area.share))
    pair.counted(outcome.counts, outcome.examples)
    if outcome.ended_early:
        pair.note_early_end(outcome)
    fail_for(pair.found, session, subtests)


@pytest.mark.parametrize("group", [*GROUPS, OTHERS])
def test_walk(group: str, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """A walk through all that the engines themselves say their commands take, whatever the seed."""
    area = area_of(group)
    campaign = Campaign(
        area=area,
        seed=session.options.seed,
        locksteps=pair.locksteps,
        rules=rules_of(pair.rules),
        digest=pair.digest,
        found=pair.discovered,
        told=pair.work_done,
        hands_on=session.hands_on,
    )
    pair.found.clear()
    pair.area = area.name
    walk = WALKS[session.options.profile]
    reached = Reached(pair.tree)
    drawn = programs(pair.tree, group, walk.programs, in_both=walk.in_both)
    with quick_clock(*(side.node for side in pair.locksteps[2].sides)):
        outcome = campaign.play(drawn, KEYS, walk.seconds, reached.note)
    pair.reached(area.name, reached.words())
    pair.counted(outcome.counts, outcome.examples)
    if outcome.ended_early:
        pair.note_early_end(outcome)
    fail_for(pair.found, session, subtests)


def _replay_ledger(
    pair: Pair, session: Session, subtests: pytest.Subtests, *, part: int | None = None
) -> None:
    pair.found.clear()
    known = session.ledger.applying(session.engines)
    here = [each for each in session.ledger.entries if (each.topology or STANDALONE) == pair.topology]
    for entry in here if part is None else here[part::_PARTS]:
        applies = entry in known
        program = commands_only(tuple(map(parse_line, entry.program)))
        harmless = session.hands_on or program is None or hands_nothing_on(program)
        asked = applies or (harmless and session.options.profile != "smoke")
        if entry.program and asked:
            differs = replay(pair, entry.program, rule=entry.rule, shrinks=not applies)
            if differs:
                heal(pair.locksteps)  # programs that break a server for all others are in the ledger, too
            if applies:
                pair.pen.observation({"kind": "replay", "entry": entry.id, "differs": differs})
    fail_for(pair.found, session, subtests)


def _run_given(pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    pair.found.clear()
    lines = tuple(str(each) for each in session.options.program)
    replay(pair, lines)
    fail_for(pair.found, session, subtests)
