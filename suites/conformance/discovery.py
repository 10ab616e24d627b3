"""A new difference with its shortest program, and the book in which differences are known by their signature."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suites.conformance.difference import UNKNOWN_ARGUMENT, lacked, refusals, subject_of, with_tokens
from suites.conformance.tolerance import handed_on

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
    cause: str | None = None  # of what follows from another difference: the signature of that one


@dataclass(slots=True)
class Known:
    """Signatures that were met. A difference has one signature as it was found, and one when it is shrunk."""

    found: Callable[[Discovery], None]
    counts: Counter[str] = field(default_factory=Counter)  # by final signature
    _finals: dict[str, str] = field(default_factory=dict)  # signature as found: when shrunk
    _simplest: dict[tuple[str, frozenset[str]], str] = field(default_factory=dict)
    _looked: Counter[str] = field(default_factory=Counter)
    _refused: dict[tuple[str, int, str], dict[frozenset[str], str]] = field(default_factory=dict)
    _lacked: dict[tuple[str, int, str], str] = field(default_factory=dict)
    _given_up: Counter[str] = field(default_factory=Counter)
    _reported: set[str] = field(default_factory=set)

    def met(self, difference: Difference) -> bool:
        """Whether it is known; then it is counted."""
        return self.met_by_name(difference.signature) or (
            (self._simpler(difference) or self._refused_before(difference)) is not None
            and self.met_by_name(difference.signature)
        )

    def met_by_name(self, signature: str) -> bool:
        """The same for a difference that has only a name yet."""
        final = self.final(signature)
        if final is not None:
            self.counts[final] += 1
        return final is not None

    def final(self, signature: str) -> str | None:
        """What a difference of this signature is known as."""
        final = self._finals.get(signature)
        return self._finals.get(final, final) if final is not None else None

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
        self._note_refusal(difference)
        self.counts[difference.signature] += 1

    def _note_refusal(self, difference: Difference) -> None:
        """A side that does not know a token refuses whatever stands with it, in the same words."""
        subject, final = subject_of(handed_on(difference.step.asked)), difference.signature
        for side, token in lacked(difference):
            self._lacked.setdefault((subject, side, token), final)
        if difference.rule == UNKNOWN_ARGUMENT and len(difference.tokens) > len(difference.subject.split()):
            for side, how in refusals(difference):
                self._refused.setdefault((subject, side, how), {})[difference.tokens] = final

    def _refused_before(self, difference: Difference) -> str | None:
        """What the other side says of the rest, where one side is known not to know a token that stands there."""
        asked = handed_on(difference.step.asked)
        subject, sides = subject_of(asked), refusals(difference)
        finals = [self._lacked.get((subject, *each)) for each in lacked(difference)]
        if len(sides) == 1:
            present = frozenset(with_tokens(asked).split())
            known = self._refused.get((subject, *sides[0]), {})
            finals += [final for tokens, final in known.items() if tokens <= present]
        final = next(filter(None, finals), None)
        if final is not None:
            self._finals[difference.signature] = final
        return final

    def _simpler(self, difference: Difference) -> str | None:
        """A known difference of the same kind whose tokens all stand in this command, too."""
        for (loose, tokens), final in self._simplest.items():
            if loose == difference.loose and tokens <= difference.tokens:
                self._finals[difference.signature] = final
                return final
        return None
