"""A new difference with its shortest program, and the book in which differences are known by their signature."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from generators.command import Command
    from generators.raw import Lines
    from suites.conformance.difference import Difference

_LOOKS = 4  # at differences of one coarse name, before they are taken for one
_TRIES = 4  # per difference, to see it without those before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """How often a program showed its difference when it was run again."""

    shown: int
    of: int

    @property
    def always(self) -> bool:
        return self.shown == self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A new difference with its shortest program."""

    difference: Difference
    program: Lines  # of commands alone, but for what was found below them
    protocol: int
    replays: Replays
    first_seen: Lines  # as it was found, up to the line that differed
    writer: Command | None = None  # of a difference in state: the line that left other data behind


@dataclass(slots=True)
class Known:
    """Signatures that were met. A difference has one signature as it was found, and one when it is shrunk."""

    found: Callable[[Discovery], None]
    counts: Counter[str] = field(default_factory=Counter)  # by final signature
    _finals: dict[str, str] = field(default_factory=dict)  # signature as found: when shrunk
    _simplest: dict[tuple[str, frozenset[str]], str] = field(default_factory=dict)
    _looked: Counter[str] = field(default_factory=Counter)
    _given_up: Counter[str] = field(default_factory=Counter)
    _reported: set[str] = field(default_factory=set)

    def met(self, difference: Difference) -> bool:
        """Whether it is known; then it is counted."""
        return self.met_by_name(difference.signature) or (
            self._simpler(difference) is not None and self.met_by_name(difference.signature)
        )

    def met_by_name(self, signature: str) -> bool:
        """The same for a difference that has only a name yet."""
        final = self._finals.get(signature)
        final = self._finals.get(final, final) if final is not None else None
        if final is not None:
            self.counts[final] += 1
        return final is not None

    def settled(self, name: str) -> bool:
        """Whether a name that can stand for several causes was looked into often enough; then it is counted."""
        self._looked[name] += 1
        return self._looked[name] > _LOOKS and self.met_by_name(name)

    def alias(self, signature: str, final: str) -> None:
        """What was found as `signature` is known as `final`."""
        self._finals[signature] = final

    def give_up(self, name: str) -> None:
        """It could not be seen on its own; after some tries it is left alone."""
        self._given_up[name] += 1

    def hopeless(self, name: str) -> bool:
        return self._given_up[name] >= _TRIES

    def report(self, discovery: Discovery, *, as_found: str) -> None:
        """Hands on a discovery, once for each final signature."""
        difference = discovery.difference
        if difference.signature not in self._reported:
            self.found(discovery)  # may refuse to believe it: nothing is known then
            self._reported.add(difference.signature)
        for signature in (as_found, difference.signature):
            self._finals[signature] = difference.signature
        self._simplest[difference.loose, difference.tokens] = difference.signature
        self.counts[difference.signature] += 1

    def _simpler(self, difference: Difference) -> str | None:
        """A known difference of the same kind whose tokens all stand in this command, too."""
        for (loose, tokens), final in self._simplest.items():
            if loose == difference.loose and tokens <= difference.tokens:
                self._finals[difference.signature] = final
                return final
        return None
