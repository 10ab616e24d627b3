"""What shape a deployment has and which engine sits where: a value, by which deployments are used again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from topologies.node import Auth

if TYPE_CHECKING:
    from topologies.engine import Build

REPLICATED = "replicated"  # as findings and the ledger call it


class Shape(Enum):
    """Who follows whom. Seat 0 is the primary."""

    STAR = "star"  # every other seat follows it
    CHAIN = "chain"  # every seat follows the one before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A primary with replicas, of any engines."""

    shape: Shape
    builds: tuple[Build, ...]  # by seat
    tls: bool = False
    auth: Auth = Auth.NONE

    def follows(self, seat: int) -> int | None:
        """The seat that this one replicates; None of the primary."""
        if seat == 0:
            return None
        return 0 if self.shape is Shape.STAR else seat - 1

    def __str__(self) -> str:
        return f"{self.shape.value} of {', '.join(str(build.engine) for build in self.builds)}"
