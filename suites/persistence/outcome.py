"""What came of opening files: the outcome, by what the server said and what it holds. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.matrix import CRASH, HANG, LOSS, PARTIAL, REFUSED, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from topologies.comparison import Comparison
    from topologies.vault import Opening

_MOST_WORDS = 2  # lines of a log that are quoted
_BETWEEN = " / "
_LINE = re.compile(r"^\d+:\w (?:\d+ \w+ \d+ )?[\d:.]+ (?P<level>[.*#-]) (?P<text>.*)$")
# Warnings that every start has; Redis 6 logs whatever it says as warnings.
_USUAL = re.compile(
    r"WARNING|Warning: no config|oO0Oo|version=|Configuration loaded|Server initialized|overcommit|backlog setting|"
    r"Redis is starting|BUG REPORT|Done loading RDB|monotonic clock|Running mode"
)
_CRASHED = re.compile(
    r"crashed by signal|ASSERTION FAILED|terminated by signal|Guru Meditation|Sanitizer|Out Of Memory allocating"
)
_FILE = re.compile(r"(?:appendonlydir/)?appendonly\.aof[\w.]*|dump\.rdb|temp-[\w.-]+")
_NUMBERS = re.compile(r"(?<!version )(?<![A-Za-z\d])-?\d+")
_QUOTED = re.compile(r"(?<!command )'[^' ]*'")
_ARGUMENTS = re.compile(r",? with args beginning with.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The outcome for one reader."""

    outcome: str
    said: str = ""
    comparison: Comparison | None = None  # where it started
    touched: tuple[str, ...] = ()

    @property
    def deviations(self) -> dict[str, int]:
        counts = self.comparison.counts if self.comparison else {}
        return {deviation.value: count for deviation, count in counts.items()}

    @property
    def samples(self) -> tuple[str, ...]:
        return tuple(map(str, self.comparison.samples)) if self.comparison else ()

    @property
    def compared(self) -> int:
        return self.comparison.compared if self.comparison else 0

    def same_as(self, other: Reading) -> bool:
        """Whether both engines made the same of it: the words are their own."""
        return (self.outcome, self.deviations, self.samples) == (
            other.outcome,
            other.deviations,
            other.samples,
        )


def reading_of(opening: Opening, comparison: Comparison | None) -> Reading:
    """What came of it."""
    words = _BETWEEN.join(_words(opening.log))
    if not opening.started:
        return Reading(outcome=_failure(opening), said=words or _end(opening), touched=opening.touched)
    assert comparison is not None, "a server that started was not read"
    if comparison.whole:
        return Reading(outcome=WHOLE, said=words, comparison=comparison)
    return Reading(outcome=PARTIAL if words else LOSS, said=words, comparison=comparison)


def not_saved(log: Iterable[str]) -> Reading:
    """What came of files that were never written."""
    lines = list(log)
    crashed = [line for line in lines if _CRASHED.search(line)]
    words = _words(crashed or lines)
    return Reading(outcome=CRASH if crashed else REFUSED, said=_BETWEEN.join(words))


def cause(words: str) -> str:
    """The first of the server's sentences, without what changes from file to file: names, numbers, arguments.

    The version of a format and the name of a command stay.
    """
    first = _ARGUMENTS.sub("", words.split(_BETWEEN, maxsplit=1)[0])
    return _QUOTED.sub("'…'", _NUMBERS.sub("#", _FILE.sub("FILE", first)))


def _failure(opening: Opening) -> str:
    if opening.status is None:
        return HANG
    crashed = opening.status < 0 or any(_CRASHED.search(line) for line in opening.log)
    return CRASH if crashed else REFUSED


def _end(opening: Opening) -> str:
    return "" if opening.status is None else f"(it ended with {opening.status} and said nothing)"


def _words(log: Iterable[str]) -> list[str]:
    """The first warnings that are not usual."""
    found = dict.fromkeys(_warnings(log))
    return list(found)[:_MOST_WORDS]


def _warnings(log: Iterable[str]) -> Iterator[str]:
    for line in log:
        told = _LINE.match(line)
        text = told["text"] if told else line
        unusual = text.strip() and not _USUAL.search(text)
        if unusual and (told is None or told["level"] == "#"):
            yield text.strip()
