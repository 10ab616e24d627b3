"""Servers in containers, through testcontainers-python. Not there yet: says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topologies.engine import HomeError

if TYPE_CHECKING:
    from topologies.node import Home


def docker_home() -> Home:
    """Refuse."""
    raise HomeError("containers are not served yet")
