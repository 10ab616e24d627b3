"""What `python -m reports changes` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.changes.shelf import Found


def told(found: Found, *, verbose: bool) -> str:
    """What a run shows of the changes between its two engines, and what it misses."""
    return "\n".join(_lines(found, verbose=verbose))


def _lines(found: Found, *, verbose: bool) -> Iterator[str]:
    share = f", {len(found.shown) / found.all:.1%}" if found.all else ""
    yield f"{found.pair}: {len(found.shown)} of {found.all} documented changes found{share}"
    yield f"not counted: {len(found.unseen)} that no run can show yet"
    if verbose:
        for change, finding in found.shown:
            yield f"  found   {change.id}: {finding.id} {finding.rule} {finding.subject}"
        for change in found.unseen:
            yield f"  unseen  {change.id}: {change.unseen}"
    for change in found.missed:
        yield f"  missed  {change.id}: {change.text}"
