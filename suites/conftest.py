"""What the suites' tests are given: this worker's session, its pair of nodes, and where findings go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites import session as runs
from suites.conformance.pair import Pair
from topologies.cluster import CLUSTER
from topologies.engine import EngineNotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def session(pytestconfig: pytest.Config) -> runs.Session:
    return pytestconfig.stash[runs.KEY]


@pytest.fixture(scope="session")
def pair(session: runs.Session) -> Iterator[Pair]:
    """The two engines, started once per worker, and what they say of their commands."""
    baseline, candidate = session.nodes()
    pair = Pair.of(session, baseline, candidate)
    yield pair
    pair.close()


@pytest.fixture(scope="session")
def cluster_pair(session: runs.Session) -> Iterator[Pair]:
    """The same as clusters of one node, where a test asks for them."""
    try:
        baseline, candidate = session.nodes(CLUSTER)
    except EngineNotAvailable as error:  # an image that did not say what it is can't be told to be a cluster
        pytest.skip(f"no cluster: {error}")
    pair = Pair.of(session, baseline, candidate, CLUSTER)
    yield pair
    pair.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--program` runs that program and nothing else; without it there is no program to run."""
    session = config.stash.get(runs.KEY, None)
    given = bool(session and session.options.program)
    clustered = bool(session and session.options.topology == CLUSTER)
    program = "test_program_in_cluster" if clustered else "test_program"
    chosen = [item for item in items if (item.name == program if given else "test_program" not in item.name)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
