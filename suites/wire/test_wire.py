"""Two engines get the same bytes below the commands and must do the same: answer, refuse, close, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.wire import cases
from suites.subtests import fail_for
from suites.wire.replay import run_cases

if TYPE_CHECKING:
    from suites.conformance.pair import Pair
    from suites.session import Session


@pytest.mark.parametrize("group", list(cases()))
def test_wire(group: str, pair: Pair, session: Session, subtests: pytest.Subtests) -> None:
    """All cases of a group, each on a connection of its own, in every profile and for every seed."""
    pair.found.clear()
    run_cases(pair, cases()[group], area=group)
    fail_for(pair.found, session, subtests)
