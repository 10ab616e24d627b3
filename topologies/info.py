"""What a server tells of itself in lines of `name:value`, as INFO does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topologies.reply import Reply


def fields_of(reply: Reply) -> dict[str, str]:
    """The fields of a reply to INFO, by name; none where it is no text. Headings are left out."""
    text = reply.value.decode("utf-8", "replace") if isinstance(reply.value, bytes) else ""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
