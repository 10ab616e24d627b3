"""What two engines make of the same bytes: where they part, what that is called, and the shortest program for it.

A quick look at every case decides whether there is something to see. It is believed only when patient looks, which
give a reply more time, see it again: what is reported was never a matter of one moment.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.raw import Raw
from suites import interrupt
from suites.conformance.discovery import Discovery, Replays
from suites.wire.naming import named
from suites.wire.parting import partings
from topologies.raw import PING, Heard, RawPair, Talk, settings_of
from topologies.show import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from generators.raw import Lines
    from suites.conformance.difference import Difference
    from suites.conformance.tolerance import Tolerances

_LOOKS = 3  # with patience, that must see a difference before it is believed
_MOST_LOOKS = 9  # where the first ones saw it once at least
_AT_ONCE = 64  # cases
_MANY_LINES = 8
_MOST_DEATHS = 12  # each costs a start
_SHOWN = 200  # characters of a reply


@dataclass(frozen=True, slots=True)
class Seen:
    """A difference with what both engines said up to it."""

    difference: Difference
    lines: Lines  # up to the one that differs
    talks: tuple[Talk, Talk]

    @property
    def ended(self) -> bool:
        """Whether a server died or hung."""
        return any(talk.log for talk in self.talks)

    @property
    def evidence(self) -> dict[str, object]:
        """What came back to each line, and the last words of a server that ended."""
        names = ("baseline", "candidate")
        told: dict[str, object] = {
            f"{name} said": [_shown(heard) for heard in talk.heard[: len(self.lines)]]
            for name, talk in zip(names, self.talks, strict=True)
        }
        logs = {f"{name} log": talk.log for name, talk in zip(names, self.talks, strict=True) if talk.log}
        return told | logs


@dataclass(slots=True)
class Judge:
    """Judges cases on one pair; `found` gets each difference once, with its evidence."""

    pair: RawPair
    rules: Tolerances
    found: Callable[[Discovery, dict[str, object]], None]
    died: Callable[[], None] = lambda: None  # a server was ended: other connections to it are gone
    shrinks: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    skipped: int = 0  # cases that ran beside one that ends a server, when that was known well enough
    _finals: dict[str, str] = field(default_factory=dict)

    def examine_all(self, cases: Sequence[Lines]) -> None:
        """Runs cases, those that leave the servers' settings alike together."""
        alike: dict[object, list[Lines]] = {}
        for lines in cases:
            alike.setdefault((tuple(settings_of(lines)), len(lines) > _MANY_LINES), []).append(lines)
        for same_settings in alike.values():
            for at in range(0, len(same_settings), _AT_ONCE):
                self._examine_some(same_settings[at : at + _AT_ONCE])

    def _examine_some(self, cases: Sequence[Lines]) -> None:
        interrupt.raise_again()
        seen = self._look_at_all(cases, patient=len(cases) == 1)  # a program that was given
        ended = any(each.ended for some in seen for each in some)
        if ended and len(cases) > 1 and self.deaths >= _MOST_DEATHS:
            self.skipped += len(cases)
            return
        if ended and len(cases) > 1:
            seen = [each for lines in cases for each in self._look_at_all([lines])]  # which of them did it
        for lines, each in zip(cases, seen, strict=True):
            for difference in each:
                self._note(lines, difference)

    def _note(self, lines: Lines, seen: Seen) -> None:
        name = seen.difference.signature
        if name not in self._finals:
            final = self._investigate(lines, seen)
            if final is None:
                return
            self._finals[name] = self._finals[final] = final
        self.counts[self._finals[name]] += 1

    def _look_at_all(self, cases: Sequence[Lines], *, patient: bool = False) -> list[list[Seen]]:
        """Of each case what differs; what may follow from a difference is left out."""
        every = self.pair.run_all(cases, patient=patient)
        if any(talk.log for talks in every for talk in talks):
            self.deaths += 1
            self.died()
        return [list(self._seen(lines, talks)) for lines, talks in zip(cases, every, strict=True)]

    def _seen(self, lines: Lines, talks: tuple[Talk, Talk]) -> Iterator[Seen]:
        whole = (*lines, PING)
        for parting in partings(talks, self.rules):
            yield Seen(named(whole, parting), whole[: parting.line + 1], talks)
            if not parting.harmless:
                return

    def _look(self, lines: Lines, loose: str) -> Seen | None:
        """The same difference again, with patience."""
        seen = self._look_at_all([lines], patient=True)[0]
        return next((each for each in seen if each.difference.loose == loose), None)

    def _investigate(self, lines: Lines, first: Seen) -> str | None:
        """Looks again, shrinks and reports it. None where only the moment made it differ."""
        shown: list[Seen] = []
        looks = 0
        while len(shown) < _LOOKS and looks < (_MOST_LOOKS if shown else _LOOKS):
            looks += 1
            shown += filter(None, [self._look(lines, first.difference.loose)])
        replays = Replays(shown=len(shown), of=looks)
        if len(shown) == _LOOKS:
            least = self._shortest(lines, shown[0]) if self.shrinks else shown[0]
            return self._report(least, lines, replays)
        if first.ended:
            return self._report(first, lines, replays)
        self.rules.applied["once"] += 1
        return None

    def _shortest(self, lines: Lines, seen: Seen) -> Seen:
        """Without the lines that it does not need, and with neighbours written at once where that shows it, too."""
        shrinking = True
        while shrinking:
            shrinking = False
            for candidate in _shorter(lines):
                look = self._look(candidate, seen.difference.loose)
                if look is not None:
                    lines, seen, shrinking = candidate, look, True
                    break
        return seen

    def _report(self, seen: Seen, lines: Lines, replays: Replays) -> str:
        signature = seen.difference.signature
        if signature not in self._finals:
            discovery = Discovery(
                difference=seen.difference, program=seen.lines, protocol=2, replays=replays, first_seen=lines
            )
            self.found(discovery, seen.evidence)
        return signature


def _shorter(lines: Lines) -> Iterable[Lines]:
    half = len(lines) // 2
    if half > 2:
        yield lines[half:]
        yield lines[:half]
    for at in range(len(lines)):
        if len(lines) > 1:
            yield (*lines[:at], *lines[at + 1 :])
    for at in range(len(lines) - 1):
        one, other = lines[at], lines[at + 1]
        if isinstance(one, Raw) and isinstance(other, Raw):
            joined = Raw((*one.pieces, *other.pieces))
            yield (*lines[:at], joined, *lines[at + 2 :])


def _shown(heard: Heard) -> str:
    told = [" ".join(show(reply, limit=_SHOWN).split()) for reply in heard.replies[:8]]
    return (
        " · ".join([*told, *([heard.end.decode("utf-8", "backslashreplace")] if heard.end else [])])
        or "nothing"
    )
