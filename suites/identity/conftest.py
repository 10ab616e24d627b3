"""What the tests here are given: this worker's twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.identity.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.session import Session


@pytest.fixture(scope="session")
def twins(session: Session) -> Iterator[Twins]:
    """A node of each engine, for this suite alone."""
    twins = Twins.of(session)
    yield twins
    twins.close()
