"""The corpus: programs that once showed a difference between some two engines. Every run plays them first.

Chance finds a rare difference in one run and misses it in the next. What any run ever found is kept here, so that
the next ones look for it first, between whichever engines: it may be there again, or gone, or there in the other
direction. One file an area in `corpus/`; the name of the difference above each program, as it was when it was found:

    # agreement.value | ZINCRBY | array | array
    ZADD k 0 a
    ZINCRBY k -0 a
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from generators.command import Program, parse

CORPUS = Path(__file__).parent / "corpus"


class Seen(NamedTuple):
    """One program, and what the difference was called that it showed."""

    name: str
    lines: tuple[str, ...]


@cache
def corpus(area: str) -> tuple[Program, ...]:
    """The programs of an area; none where nothing was found there yet."""
    return tuple(tuple(parse(line) for line in seen.lines) for seen in read(area))


def read(area: str, folder: Path = CORPUS) -> tuple[Seen, ...]:
    """The area's file, in its order."""
    path = folder / f"{area}.programs"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    blocks = (block.splitlines() for block in text.split("\n\n") if block.strip())
    return tuple(Seen(name.removeprefix("# "), tuple(lines)) for name, *lines in blocks)
