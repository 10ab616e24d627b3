"""How a source tells how far it is. Who shows it, and how, is not a source's business."""

from __future__ import annotations

from collections.abc import Callable

Step = Callable[[str, float | None], None]
"""Called with what is being done, and the part of the whole that is done (0.0 to 1.0) where it is known."""


def silent(_doing: str, _part: float | None) -> None:
    """Shown to nobody."""
