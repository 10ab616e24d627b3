"""Two engines are asked the same and must answer the same: every area of the command set, and the known differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import parse
from generators.vocabulary import areas
from reports.merge import merged_findings
from reports.verdict import fails, judged
from suites.conformance.campaign import Campaign, Outcome
from suites.conformance.reached import Reached
from suites.conformance.replay import replay
from suites.conformance.tolerance import hands_nothing_on
from suites.conformance.walking import GROUPS, KEYS, OTHERS, area_of, programs, quick_clock, rules_of
from suites.profiles import PROFILES, WALKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from suites.conformance.pair import Pair
    from suites.session import Session


@pytest.mark.parametrize("area", list(areas()))
def test_area(area: str, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """Generated programs over one area: every reply, and what each program leaves behind."""
    campaign = Campaign(
        area=areas()[area],
        seed=session.options.seed,
        locksteps=pair.locksteps,
        rules=pair.rules,
        digest=pair.digest,
        found=pair.discovered,
        told=pair.work_done,
        hands_on=session.hands_on,
    )
    pair.found.clear()
    pair.area = area
    outcome = campaign.run(PROFILES[session.options.profile])
    pair.counted(outcome.counts)
    if outcome.ended_early:
        _note_early_end(pair, outcome)
    _fail_for(pair.found, session, subtests)


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
    pair.counted(outcome.counts)
    if outcome.ended_early:
        _note_early_end(pair, outcome)
    _fail_for(pair.found, session, subtests)


def test_known_differences(pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The program of each ledger entry is run again. Where it speaks of this pair: does it still differ?"""
    pair.found.clear()
    known = session.ledger.applying(session.engines)
    for entry in session.ledger.entries:
        applies = entry in known
        harmless = session.hands_on or hands_nothing_on(tuple(map(parse, entry.program)))
        if entry.program and (applies or harmless):
            differs = replay(pair, entry.program, rule=entry.rule, shrinks=not applies)
            if applies:
                pair.pen.observation({"kind": "replay", "entry": entry.id, "differs": differs})
    _fail_for(pair.found, session, subtests)


def test_program(pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The program given by --program, as it stands."""
    pair.found.clear()
    lines = tuple(str(each) for each in session.options.program)
    replay(pair, lines)
    _fail_for(pair.found, session, subtests)


def _note_early_end(pair: Pair, outcome: Outcome) -> None:
    why = f"the profile's time was up after {outcome.compared:,} commands in {outcome.seconds:.0f} s"
    pair.pen.observation({"kind": "ended-early", "area": outcome.area, "why": why})


def _fail_for(found: Iterable[Finding], session: Session, subtests: pytest.Subtests) -> None:
    """A subtest for each finding, red where the policy says so."""
    policy = session.options.acceptances.ledger
    for finding in judged(merged_findings(found), session.engines, session.ledger, policy):
        with subtests.test(f"{finding.rule} {finding.subject}"):
            if finding.verdict == "inconclusive":
                pytest.skip(f"inconclusive: {finding.message}")
            if fails(finding, session.options.fail_on):
                pytest.fail(_text(finding), pytrace=False)


def _text(finding: Finding) -> str:
    lines = [f"{finding.severity}: {finding.message}"]
    lines += [
        f"  {'>' if at == finding.step else ' '} {line[:160]}" for at, line in enumerate(finding.program)
    ]
    return "\n".join([*lines, f"  {finding.reproduce[:400]}"])
