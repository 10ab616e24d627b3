"""Two snapshots, key by key: what is missing, what is there that was not, what is different, whose time is off."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from topologies.snapshot import FUNCTIONS_DB, Digest, Item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from topologies.snapshot import Key, Parts, Snapshot

SLACK_MS = 250  # where a time is reckoned from what was left of it, between two readings of a clock
_SAMPLES = 10  # of each kind
_PARTS = 3  # of one key that are shown


class Deviation(Enum):
    """How a key is not what it was. `LESS`: it lacks something, and whatever else it has, it had before."""

    MISSING = "missing"
    EXTRA = "extra"
    LESS = "less"
    DIFFERENT = "different"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviant:
    """One key that is not what it was."""

    deviation: Deviation
    key: Key
    type: str
    lost: Parts = ()  # parts of its value, or its time; some of them, where there are many
    found: Parts = ()  # instead

    def __str__(self) -> str:
        db, name = self.key
        where = "" if db in (0, FUNCTIONS_DB) else f" in database {db}"
        told = f"{self.type} {_shown(name)}{where}: {self.deviation.value}"
        lost = f", lost {', '.join(map(_shown, self.lost))}" if self.lost else ""
        found = f", found {', '.join(map(_shown, self.found))}" if self.found else ""
        return f"{told}{lost}{found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What `after` has of what `before` had."""

    compared: int  # keys of before
    counts: dict[Deviation, int]
    samples: tuple[Deviant, ...]  # some of each

    @property
    def whole(self) -> bool:
        """Whether nothing is missing, new or different."""
        return not self.counts

    @property
    def loses(self) -> bool:
        """Whether something that was there is not."""
        return bool(self.counts.get(Deviation.MISSING, 0) + self.counts.get(Deviation.LESS, 0))

    def __str__(self) -> str:
        if self.whole:
            return f"all {self.compared} keys are the same"
        told = ", ".join(f"{count} {deviation.value}" for deviation, count in self.counts.items())
        return f"of {self.compared} keys: {told}"


def compare(before: Snapshot, after: Snapshot, *, slack_ms: int | None = None) -> Comparison:
    """Key by key. Times may differ by the slack: none where both servers tell them exactly."""
    if slack_ms is None:
        slack_ms = 0 if before.exact_times and after.exact_times else SLACK_MS
    deviants = [
        each
        for key, item in before.items.items()
        if (other := after.items.get(key)) != item and (each := _deviant(key, item, other, slack_ms))
    ]
    more = (
        Deviant(deviation=Deviation.EXTRA, key=key, type=_text(item.type))
        for key, item in after.items.items()
        if key not in before.items
    )
    deviants += more
    counts = Counter(each.deviation for each in deviants)
    ordered = {deviation: counts[deviation] for deviation in Deviation if counts[deviation]}
    return Comparison(compared=len(before), counts=ordered, samples=tuple(_some(deviants)))


def _some(deviants: Iterable[Deviant]) -> Iterable[Deviant]:
    """Some of each kind and type, by name: the same whatever order servers told them in."""
    seen: Counter[tuple[Deviation, str]] = Counter()
    for each in sorted(deviants, key=lambda one: one.key):
        seen[each.deviation, each.type] += 1
        if seen[each.deviation, each.type] <= _SAMPLES:
            yield each


def _deviant(key: Key, item: Item, other: Item | None, slack_ms: int) -> Deviant | None:
    kind = _text(item.type)
    if other is None:
        return Deviant(deviation=Deviation.MISSING, key=key, type=kind)
    if item.type != other.type:
        parts = (item.type,), (other.type,)
        return Deviant(deviation=Deviation.DIFFERENT, key=key, type=kind, lost=parts[0], found=parts[1])
    lost, found = _differing(item, other)
    told, instead = _told_otherwise(item, other)
    if lost or found or told or instead:
        deviation = Deviation.LESS if lost and not found else Deviation.DIFFERENT
        gone, new = (*lost, *told)[:_PARTS], (*found, *instead)[:_PARTS]
        return Deviant(deviation=deviation, key=key, type=kind, lost=gone, found=new)
    if _time_is_off(item.expires_ms, other.expires_ms, slack_ms):
        times = (_time(item.expires_ms),), (_time(other.expires_ms),)
        return Deviant(deviation=Deviation.TIME, key=key, type=kind, lost=times[0], found=times[1])
    return None


def _differing(item: Item, other: Item) -> tuple[Parts, Parts]:
    """The parts of the value that only one has."""
    if item.value == other.value:
        return (), ()
    before, after = _elements(item.value), _elements(other.value)
    if before == after:  # the same elements in another order
        return tuple(before.elements()), tuple(after.elements())
    return tuple((before - after).elements()), tuple((after - before).elements())


def _told_otherwise(item: Item, other: Item) -> tuple[Parts, Parts]:
    """What both tell, and tell otherwise; what one does not tell is not compared."""
    theirs = dict(other.told)
    names = dict(item.told)
    both = [name for name in names if name in theirs and _tells(item, name) != _tells(other, name)]
    lost = (f"{name} ".encode() + part for name in both for part in _tells(item, name))
    found = (f"{name} ".encode() + part for name in both for part in _tells(other, name))
    return tuple(lost), tuple(found)


def _tells(item: Item, name: str) -> Parts:
    return tuple(text for each, text in item.told if each == name)


def _elements(value: bytes | Parts | Digest) -> Counter[bytes]:
    if isinstance(value, Digest):
        sha = value.sha.hex()[:8].encode()
        return Counter([b"%d parts of %d bytes, digest %b" % (value.parts, value.size, sha)])
    return Counter([value] if isinstance(value, bytes) else value)


def _time_is_off(one: int | None, other: int | None, slack_ms: int) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) > slack_ms


def _time(expires_ms: int | None) -> bytes:
    return b"no expiry" if expires_ms is None else b"expiry at %d ms" % expires_ms


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _shown(raw: bytes) -> str:
    """One short line."""
    text = repr(raw[:60])[2:-1]
    return f"'{text}…'" if len(raw) > 60 else f"'{text}'"
