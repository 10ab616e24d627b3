"""Data goes through files from each engine to the other, and is compared key by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.persistence.damaged import damaged
from suites.persistence.files import carried
from suites.persistence.killed import killed
from suites.persistence.live import handed
from suites.subtests import fail_for

if TYPE_CHECKING:
    from reports.finding import Finding
    from suites.persistence.carrier import Carrier
    from suites.session import Session


def _tell(found: list[Finding], carrier: Carrier, session: Session, subtests: pytest.Subtests) -> None:
    for finding in found:
        carrier.pen.finding(finding)
    fail_for(found, session, subtests)


@pytest.mark.parametrize("family", ["RDB", "AOF"])
def test_files(family: str, carrier: Carrier, session: Session, subtests: pytest.Subtests) -> None:
    """Every way of writing, both writers, both readers."""
    _tell(carried(carrier, family), carrier, session, subtests)


@pytest.mark.parametrize("family", ["RDB", "AOF"])
def test_damaged(family: str, carrier: Carrier, session: Session, subtests: pytest.Subtests) -> None:
    """What each engine makes of files that something happened to."""
    _tell(damaged(carrier, family), carrier, session, subtests)


def test_handed(carrier: Carrier, session: Session, subtests: pytest.Subtests) -> None:
    """Keys handed over between running servers."""
    _tell(handed(carrier), carrier, session, subtests)


def test_killed(carrier: Carrier, session: Session, subtests: pytest.Subtests) -> None:
    """Servers that are killed while they write."""
    _tell(killed(carrier), carrier, session, subtests)
