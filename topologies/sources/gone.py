"""The one failure of a fetch after which another row may be tried: the pinned thing is no longer offered."""

from __future__ import annotations

from topologies.engine import FetchError


class GoneError(FetchError):
    """What the catalogue pins is not where it was; the message names it and says what to do."""
