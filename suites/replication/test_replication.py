"""Primaries and replicas of both engines: what one has, the other gets, whichever is which, and whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.replication.ways import WAYS
from suites.subtests import fail_for

if TYPE_CHECKING:
    from suites.replication.bench import Bench
    from suites.session import Session

PARTS = 4  # so that workers share them


@pytest.mark.parametrize("name", list(WAYS))
def test_replication(name: str, bench: Bench, session: Session, subtests: pytest.Subtests) -> None:
    """One way to replicate, on four deployments: each engine alone, and each as the other's primary."""
    if session.options.profile == "smoke" and not WAYS[name].smoke:
        pytest.skip("only in gate and nightly")
    fail_for(bench.play(WAYS[name]), session, subtests)


@pytest.mark.parametrize("part", range(PARTS))
def test_writes(part: int, bench: Bench, session: Session, subtests: pytest.Subtests) -> None:
    """Every command that writes, through every link: when offsets are equal, so is the data."""
    fail_for(bench.send(part, PARTS), session, subtests)
