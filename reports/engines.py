"""Which engines a finding can be shown on: all that can be had here."""

from __future__ import annotations

from dataclasses import dataclass

from topologies.cache import Cache
from topologies.catalogue import the_catalogue
from topologies.fetch import Fetcher
from topologies.listing import Entry, entries

_SOURCES = ("wheel", "deb", "docker")  # in the order in which they are taken for one version


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """The engines that can be had on this machine, one spec for each version; and why others can't."""

    specs: tuple[str, ...]
    why_not: dict[str, str]  # engine: reason


def available() -> Available:
    """What the catalogue has, as far as this machine can have it; cached builds before those to be fetched."""
    return chosen(entries(Fetcher(Cache(), the_catalogue())))


def chosen(listed: list[Entry]) -> Available:
    """One entry for each engine. Pure."""
    best: dict[str, Entry] = {}
    for entry in sorted(listed, key=_rank):
        best.setdefault(entry.engine, entry)
    had = [entry for entry in best.values() if entry.why_not is None]
    why_not = {entry.engine: entry.why_not for entry in best.values() if entry.why_not is not None}
    return Available(specs=tuple(f"{each.engine}@{each.source}" for each in had), why_not=why_not)


def _rank(entry: Entry) -> tuple[int, int]:
    return ("cached", "can be fetched", "not available").index(entry.state), _SOURCES.index(entry.source)
