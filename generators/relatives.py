"""What a command's relatives know and it does not: `SSCAN … NOVALUES`, which only HSCAN takes.

Engines that share a reader of arguments refuse such a word in words of their own, or take it.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generators.tree import Syntax

_ALIKE = 4  # letters at the end of two names: HSCAN and ZSCAN, HSETEX and MSETEX


def words_of_relatives(syntax: Syntax, everybody: Iterable[Syntax]) -> tuple[bytes, ...]:
    """The tokens of commands whose name ends alike, but for its own."""
    if len(syntax.words) > 1 or syntax.container:
        return ()
    own = syntax.tokens
    theirs = {
        token
        for other in everybody
        if len(other.words) == 1 and _are_alike(syntax.name, other.name)
        for token in other.tokens
    }
    return tuple(token.encode() for token in sorted(theirs - own))


def _are_alike(one: str, other: str) -> bool:
    """Whether so many letters at their ends are equal, or all of the shorter one."""
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one[::-1], other[::-1], strict=False))
    )
    return one != other and same >= min(_ALIKE, len(one), len(other))
