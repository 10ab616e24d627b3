"""Writes one call of a command from its arguments: which of the optional ones, which alternatives, which values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from generators.command import Command
from generators.edges import plain
from generators.tree import BRANCHES, PURE_TOKEN, Argument, Syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = (b"k", b"k2", b"k3")
Path = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of a command's optional arguments a call has, which alternatives, and which values."""

    with_: frozenset[Path] = frozenset()
    alternatives: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)
    values: Mapping[Path, bytes] = field(default_factory=dict)
    times: Mapping[Path, int] = field(default_factory=dict)

    def merged(self, other: Selection) -> Selection:
        alternatives = dict(self.alternatives)
        for path, chosen in other.alternatives.items():
            alternatives[path] = tuple(dict.fromkeys((*alternatives.get(path, ()), *chosen)))
        return Selection(
            with_=self.with_ | other.with_,
            alternatives=alternatives,
            values={**self.values, **other.values},
            times={**self.times, **other.times},
        )


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in the tree that a call can have, and what must be selected for it."""

    path: Path
    argument: Argument
    selection: Selection
    optional: bool  # it, or something that it stands in, may be left out or be another alternative


def leaves(arguments: tuple[Argument, ...]) -> tuple[Leaf, ...]:
    """Every argument, in the order of the tree, each with the selection that reaches it."""
    return tuple(_leaves(arguments, (), Selection(), optional=False))


def _leaves(
    arguments: tuple[Argument, ...], above: Path, selection: Selection, *, optional: bool
) -> Iterator[Leaf]:
    for at, argument in enumerate(arguments):
        path = (*above, at)
        chosen = selection
        if argument.optional:
            chosen = replace(chosen, with_=chosen.with_ | {path})
        may_lack = optional or argument.optional
        yield Leaf(path, argument, chosen, may_lack)
        if argument.kind == "block":
            yield from _leaves(argument.parts, path, chosen, optional=may_lack)
        elif argument.kind == "oneof":
            for number, part in enumerate(argument.parts):
                one = replace(chosen, alternatives={**chosen.alternatives, path: (number,)})
                inner = (*path, number)
                yield Leaf(inner, part, one, may_lack or number > 0)
                if part.kind in BRANCHES:
                    yield from _inside(part, inner, one, optional=may_lack or number > 0)


def _inside(part: Argument, path: Path, selection: Selection, *, optional: bool) -> Iterator[Leaf]:
    if part.kind == "block":
        yield from _leaves(part.parts, path, selection, optional=optional)
        return
    for number, each in enumerate(part.parts):
        one = replace(selection, alternatives={**selection.alternatives, path: (number,)})
        inner = (*path, number)
        yield Leaf(inner, each, one, optional or number > 0)
        if each.kind in BRANCHES:
            yield from _inside(each, inner, one, optional=optional or number > 0)


class Writer:
    """Writes calls of one command."""

    def __init__(self, syntax: Syntax) -> None:
        self.syntax = syntax

    def call(self, selection: Selection) -> Command:
        return Command((*self.syntax.words, *chain.from_iterable(self.pieces(selection))))

    def pieces(self, selection: Selection) -> list[list[bytes]]:
        """The words of each argument of the first level; empty for what is left out."""
        keys = iter((*KEYS[:2], *KEYS[:1] * 20))
        return [
            self._argument(argument, (at,), selection, keys, self.syntax.arguments)
            for at, argument in enumerate(self.syntax.arguments)
        ]

    def _argument(
        self,
        argument: Argument,
        path: Path,
        selection: Selection,
        keys: Iterator[bytes],
        siblings: tuple[Argument, ...],
    ) -> list[bytes]:
        if argument.optional and path not in selection.with_:
            return []
        times = selection.times.get(path, 1)
        out: list[bytes] = []
        for number in range(times):
            if argument.token and (number == 0 or argument.multiple_token or not argument.multiple):
                out.append(argument.token)
            out += self._body(argument, path, selection, keys, siblings)
        return out

    def _body(
        self,
        argument: Argument,
        path: Path,
        selection: Selection,
        keys: Iterator[bytes],
        siblings: tuple[Argument, ...],
    ) -> list[bytes]:
        out: list[bytes] = []
        if argument.kind == "block":
            for at, part in enumerate(argument.parts):
                out += self._argument(part, (*path, at), selection, keys, argument.parts)
        elif argument.kind == "oneof":
            for number in selection.alternatives.get(path, (_plainest(argument),)):
                part = replace(argument.parts[number], optional=False)
                out += self._argument(part, (*path, number), selection, keys, ())
        elif argument.kind == PURE_TOKEN:
            if not argument.token:
                out.append(b"")
        elif path in selection.values:
            out.append(selection.values[path])
        elif argument.kind == "key":
            out.append(next(keys))
        elif _counts(argument):
            out.append(b"%d" % self._counted(argument, path, selection, siblings))
        else:
            out.append(plain(self.syntax.name, argument))
        return out

    def _counted(
        self, argument: Argument, path: Path, selection: Selection, siblings: tuple[Argument, ...]
    ) -> int:
        at = siblings.index(argument) if argument in siblings else 0
        for later, each in enumerate(siblings[at + 1 :], at + 1):
            if each.multiple and not each.token:
                if each.optional and (*path[:-1], later) not in selection.with_:
                    return 0
                return selection.times.get((*path[:-1], later), 1)
        return 1


def _plainest(argument: Argument) -> int:
    """The alternative that a plain call has: the first, but for `*`, which asks the clock."""
    return 1 if argument.parts[0].token == b"*" and len(argument.parts) > 1 else 0


def _counts(argument: Argument) -> bool:
    return argument.name in ("numkeys", "numfields", "numids")
