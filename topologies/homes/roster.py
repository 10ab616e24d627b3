"""The nodes of a home: each is started until it has an address of its own, and all are stopped in the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from topologies import readiness

if TYPE_CHECKING:
    from collections.abc import Callable

_START_TRIES = 3  # a free port can be taken by somebody else before the server binds it


class Stoppable(Protocol):
    """What a home starts."""

    def stop(self) -> None: ...


N = TypeVar("N", bound=Stoppable)


class Roster(Generic[N]):
    """Nodes that run. `make` prepares one that does not run yet, `begin` returns when it answers."""

    def __init__(self) -> None:
        self._nodes: list[N] = []

    def start(self, make: Callable[[], N], begin: Callable[[N], None]) -> N:
        """A node that answers; a new one is made where somebody else took its address.

        Raises:
            NodeStartError: it does not start.

        """
        for _ in range(_START_TRIES - 1):
            with suppress(readiness.AddressTaken):
                return self._start(make(), begin)
        return self._start(make(), begin)

    def stop(self) -> None:
        """Stop every node. Idempotent."""
        for node in self._nodes:
            node.stop()
        self._nodes.clear()

    def _start(self, node: N, begin: Callable[[N], None]) -> N:
        try:
            begin(node)
        except BaseException:  # Ctrl-C too: nothing half-started stays
            node.stop()
            raise
        self._nodes.append(node)
        return node
