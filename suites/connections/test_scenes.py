"""Several connections at once: what each is told, and when, must be the same on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.scenes import Kind, scenes
from generators.vocabulary import areas
from suites.connections.play import Play
from suites.profiles import SCENES_S
from suites.subtests import fail_for
from topologies.stage import Stage

if TYPE_CHECKING:
    from suites.conformance.pair import Pair
    from suites.session import Session


_SMOKE = 3  # smoke plays every third scene, in one protocol, by turns


@pytest.mark.parametrize("kind", list(scenes()))
def test_scenes(kind: str, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """Every scene of this kind, in both protocols."""
    resets = tuple(each for area in areas().values() for each in area.reset)
    stages = {protocol: Stage(*session.nodes(), protocol=protocol, reset=resets) for protocol in (2, 3)}
    pair.found.clear()
    pair.area = kind
    play = Play(
        stages=stages,
        rules=pair.rules,
        digest=pair.digest,
        found=pair.discovered,
        seconds=SCENES_S[session.options.profile],
    )
    try:
        outcome = play.play(kind, _chosen(scenes()[kind], session.options.profile), pair.work_done)
    finally:
        for stage in stages.values():
            stage.close()
    pair.counted(play.known.counts, play.examples)
    if outcome.ended_early:
        pair.note_early_end(outcome)
    fail_for(pair.found, session, subtests)


def _chosen(kind: Kind, profile: str) -> Kind:
    """What a profile plays of them; never a matter of the seed."""
    return kind._replace(programs=kind.programs[::_SMOKE], by_turns=True) if profile == "smoke" else kind
