"""From the findings of runs to the corpus that later runs play first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from generators.corpus import CORPUS, Seen, read
from generators.vocabulary import areas

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reports.finding import Finding

MOST_OF_A_NAME = 3  # programs: one name can stand for several causes
LONGEST = 6  # lines: what is longer was hardly shrunk


def harvest(findings: Iterable[Finding], folder: Path = CORPUS) -> dict[str, int]:
    """Adds the programs of findings that could be shown again; says how many were new, by area.

    What no area found (programs that were given, and the ledger's) is left out: the ledger's are run anyway.
    """
    by_area: dict[str, list[Seen]] = {}
    for finding in findings:
        area = finding.evidence.get("area")
        if isinstance(area, str) and area in areas() and finding.program and finding.certain:
            by_area.setdefault(area, []).append(Seen(finding.signature, finding.program))
    return {area: add(area, seen, folder) for area, seen in sorted(by_area.items())}


def add(area: str, found: Iterable[Seen], folder: Path = CORPUS) -> int:
    """Writes into the area's file what it does not hold yet; returns how many programs that were.

    Raises:
        ValueError: there is no such area.

    """
    if area not in areas():
        raise ValueError(f"there is no area {area!r}; there are {', '.join(areas())}")
    held = read(area, folder)
    new = _new(held, found)
    if new:
        every = sorted((*held, *new))
        text = "\n".join("\n".join((f"# {seen.name}", *seen.lines, "")) for seen in every)
        folder.mkdir(exist_ok=True)
        (folder / f"{area}.programs").write_text(text, encoding="utf-8")
    return len(new)


def _new(held: Iterable[Seen], found: Iterable[Seen]) -> tuple[Seen, ...]:
    """What is not held, the shortest first, as long as its name has room."""
    programs = {seen.lines for seen in held}
    names = Counter(seen.name for seen in held)
    new = []
    for seen in sorted(found, key=lambda seen: (len(seen.lines), sum(map(len, seen.lines)), seen)):
        if len(seen.lines) <= LONGEST and seen.lines not in programs and names[seen.name] < MOST_OF_A_NAME:
            names[seen.name] += 1
            programs.add(seen.lines)
            new.append(seen)
    return tuple(new)
