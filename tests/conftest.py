"""What several test files start alike: one engine, and a home of plain processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from topologies.fetch import obtain
from topologies.homes.process import ProcessHome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.engine import Build

ENGINE = "valkey:8.1"


@pytest.fixture(scope="module")
def build() -> Build:
    return obtain([ENGINE], progress=False)[0]


@pytest.fixture(scope="module")
def home() -> Iterator[ProcessHome]:
    home = ProcessHome()
    yield home
    home.close()
