"""What the suites' tests are given: this worker's session, its pair of nodes, and where findings go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites import session as runs
from suites.conformance.pair import Pair

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--program` runs that program and nothing else; without it there is no program to run."""
    session = config.stash.get(runs.KEY, None)
    given = bool(session and session.options.program)
    chosen = [item for item in items if (item.name == "test_program") == given]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
