"""What the tests here are given: this worker's deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.replication.bench import Bench
from topologies.engine import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.session import Session


@pytest.fixture(scope="session")
def bench(session: Session) -> Iterator[Bench]:
    """Four deployments, each of three nodes."""
    try:
        session.proxies  # noqa: B018  (is there one?)
    except HarnessError as error:
        pytest.skip(f"nothing is replicated: {error}")
    bench = Bench.of(session)
    yield bench
    bench.close()
