"""What several test files start alike: one engine, and a home for it and for the liar in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from topologies.fetch import obtain
from topologies.homes import choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.engine import Build
    from topologies.node import Home

ENGINE = "valkey:8.1"


@pytest.fixture(scope="module")
def build() -> Build:
    return obtain([ENGINE], progress=False)[0]


@pytest.fixture(scope="module")
def home(build: Build) -> Iterator[Home]:
    home = choose("process", [build])
    yield home
    home.close()
