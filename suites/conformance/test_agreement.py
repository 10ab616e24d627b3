"""Two engines are asked the same and must answer the same: every area of the command set, and the known differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.raw import commands_only, parse_line
from generators.vocabulary import areas
from suites.conformance.campaign import Campaign, Outcome
from suites.conformance.replay import replay
from suites.conformance.tolerance import hands_nothing_on
from suites.profiles import PROFILES
from suites.subtests import fail_for

if TYPE_CHECKING:
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
    fail_for(pair.found, session, subtests)


def test_known_differences(pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The program of each ledger entry is run again. Where it speaks of this pair: does it still differ?"""
    pair.found.clear()
    known = session.ledger.applying(session.engines)
    for entry in session.ledger.entries:
        applies = entry in known
        program = commands_only(tuple(map(parse_line, entry.program)))
        harmless = session.hands_on or program is None or hands_nothing_on(program)
        if entry.program and (applies or harmless):
            differs = replay(pair, entry.program, rule=entry.rule, shrinks=not applies)
            if applies:
                pair.pen.observation({"kind": "replay", "entry": entry.id, "differs": differs})
    fail_for(pair.found, session, subtests)


def test_program(pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """The program given by --program, as it stands."""
    pair.found.clear()
    lines = tuple(str(each) for each in session.options.program)
    replay(pair, lines)
    fail_for(pair.found, session, subtests)


def _note_early_end(pair: Pair, outcome: Outcome) -> None:
    why = f"the profile's time was up after {outcome.compared:,} commands in {outcome.seconds:.0f} s"
    pair.pen.observation({"kind": "ended-early", "area": outcome.area, "why": why})
