"""Scenes: programs of several connections, written down and unfolded, not drawn: every run plays them all.

A file of `scenes/` is a list of lines, each a set of programs:

    @2 BLPOP l 0 ; RPUSH l a b ; LRANGE l 0 -1        one program of three lines, sent by connections 2, 1 and 1
    @2 (BLPOP|BRPOP) l 0 ; (RPUSH l a|<wakes>)        one for each combination of what stands in parentheses
    wakes = LPUSH l a | MULTI ; LPUSH l a ; EXEC      a name for alternatives, to be used as <wakes>

`# protocols: 2` says that a file's programs are played in RESP2 only, since nothing in them depends on it. What stands
in double quotes is left alone. `id@2` as an argument is the id of the second connection.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from generators.command import Program, parse

SCENES = Path(__file__).parent / "scenes"
_NAMED = re.compile(r"([a-z][a-z-]*) = (.*)")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|<[a-z-]+>|[()|]|[^"()|<]+|<')


class SceneSyntaxError(ValueError):
    """A line that does not follow the language above."""


class Kind(NamedTuple):
    """The programs of one file, and the protocols to play each in: in all, or in one after the other by turns."""

    programs: tuple[Program, ...]
    protocols: tuple[int, ...] = (2, 3)
    by_turns: bool = False

    def protocols_of(self, place: int) -> tuple[int, ...]:
        """Those for the program at this place."""
        return (self.protocols[place % len(self.protocols)],) if self.by_turns else self.protocols


@cache
def scenes() -> dict[str, Kind]:
    """The programs of every file, by its name, each once."""
    return {path.stem: _kind(path.read_text(encoding="utf-8")) for path in sorted(SCENES.glob("*.scenes"))}


def _kind(text: str) -> Kind:
    only = re.search(r"^# protocols: (.*)$", text, re.MULTILINE)
    return Kind(read(text), tuple(map(int, only[1].split())) if only else (2, 3))


def read(text: str) -> tuple[Program, ...]:
    """The programs that the text of a file unfolds to.

    Raises:
        SceneSyntaxError: a parenthesis without its partner, or a name that was not given.

    """
    named: dict[str, list[str]] = {}
    programs: dict[Program, None] = {}
    for line in text.splitlines():
        name = _NAMED.fullmatch(line.strip())
        if name:
            named[name[1]] = unfold(f"({name[2]})", named)
        elif line.strip() and not line.startswith("#"):
            programs |= dict.fromkeys(_program(each) for each in unfold(line, named))
    return tuple(programs)


def unfold(line: str, named: dict[str, list[str]]) -> list[str]:
    """Every text that the line stands for, in the order of its alternatives."""
    texts, rest = _alternatives(_PIECE.findall(line), named, line)
    if rest:
        raise SceneSyntaxError(f"{rest[0]!r} closes nothing in {line!r}")
    return texts


def _alternatives(pieces: list[str], named: dict[str, list[str]], line: str) -> tuple[list[str], list[str]]:
    """The texts up to the end or a closing parenthesis, and what stands from there."""
    done: list[str] = []
    parts: list[list[str]] = []
    while pieces and pieces[0] != ")":
        piece, *pieces = pieces
        if piece == "(":
            inner, pieces = _alternatives(pieces, named, line)
            if not pieces:
                raise SceneSyntaxError(f"')' is missing in {line!r}")
            pieces = pieces[1:]
            parts.append(inner)
        elif piece == "|":
            done += _joined(parts)
            parts = []
        elif piece.startswith("<") and piece.endswith(">"):
            if piece[1:-1] not in named:
                raise SceneSyntaxError(f"no alternatives are called {piece} in {line!r}")
            parts.append(named[piece[1:-1]])
        else:
            parts.append([piece])
    return done + _joined(parts), pieces


def _joined(parts: list[list[str]]) -> list[str]:
    return ["".join(each) for each in product(*parts)]


def _program(text: str) -> Program:
    """The commands of a text; `;` between blanks stands between them."""
    lines = re.split(r"(?:^|\s);(?=\s|$)", _without_quoted(text)[0])
    quoted = _without_quoted(text)[1]
    return tuple(parse(_with_quoted(each, quoted)) for each in lines if each.strip())


def _without_quoted(text: str) -> tuple[str, list[str]]:
    """The text with a mark for each quoted part, and those parts."""
    quoted = re.findall(r'"(?:[^"\\]|\\.)*"', text)
    return re.sub(r'"(?:[^"\\]|\\.)*"', "\0", text), quoted


def _with_quoted(text: str, quoted: list[str]) -> str:
    return re.sub("\0", lambda _: quoted.pop(0), text)
