"""Every command that writes is sent to a primary; when offsets are equal, its replica has to hold the same.

Many programs are sent at once, each into a database of its own, and both ends are read and compared. What a database
shows is seen again by its program alone before it is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generators.command import Command, command
from suites.replication.outcome import Kind
from suites.replication.settling import settle, words_of
from topologies.batches import Batches
from topologies.comparison import compare
from topologies.lockstep import introduce
from topologies.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generators.link import Writing
    from topologies.comparison import Deviant
    from topologies.replicated import Replicated
    from topologies.snapshot import Key, Snapshot

_NUMBERS = re.compile(r"\d{5,}|\d+-\d+")
DATABASES = 512  # of each node
_ENOUGH = 5  # programs of one command that are looked at closely
RULE = "replication.silent-divergence"
LINK = "replication.link"  # the replica does not get level again
_RESTORING = (command("DISCARD"), command("UNWATCH"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Diverged:
    """One program after which the replica does not hold what its primary does."""

    writing: Writing
    kind: Kind
    samples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    shape: frozenset[str] = frozenset()  # of the difference, without what depends on the moment

    def within(self, other: Diverged | None) -> bool:
        """Whether another deployment diverges in the same way, or in more."""
        return other is not None and self.kind is other.kind and self.shape <= other.shape


class Traffic:
    """A deployment that is level, and gets programs."""

    def __init__(self, deployment: Replicated, known: tuple[frozenset[str], frozenset[str]]) -> None:
        self.deployment = deployment
        self._known = known  # commands of the primary, and of the replica
        self.sent = 0

    def diverged(self, writings: Iterable[Writing]) -> list[Diverged]:
        """Those after which the ends differ, each seen again alone; some for each command."""
        found: list[Diverged] = []
        many: Counter[str] = Counter()
        for portion in _portions(writings):
            for each in self._suspects(portion):
                if many[each.subject] < _ENOUGH and (one := self.alone(each)):
                    many[each.subject] += 1
                    found.append(one)
        return found

    def _suspects(self, portion: Sequence[Writing]) -> Sequence[Writing]:
        """The programs of a portion in whose databases something differs: all of them where it can't be told."""
        if self._send(portion) is not None:
            return portion
        deviants = self._deviants()
        if not all(0 <= each.key[0] < len(portion) for each in deviants):  # functions belong to no database
            return portion
        return [portion[db] for db in sorted({each.key[0] for each in deviants}) if db < len(portion)]

    def alone(self, writing: Writing) -> Diverged | None:
        """How it diverges when nothing else is sent, twice; None if it does not."""
        found = self._once(writing)
        return found and self._once(writing)

    def _once(self, writing: Writing) -> Diverged | None:
        ended = self._send([writing])
        if ended is not None:
            return ended
        deviants = self._deviants()
        if not deviants:
            return None
        return Diverged(
            writing=writing,
            kind=Kind.LOSS,
            samples=tuple(map(str, deviants[:3])),
            shape=frozenset(token for each in deviants for token in _tokens(each)),
            words=words_of(self.deployment, 1),
        )

    def _send(self, portion: Sequence[Writing]) -> Diverged | None:
        """Each into its own database, of an empty primary; None when the replica is level again."""
        commands: list[Command] = [command("SELECT", 0), command("FLUSHALL")]
        if "FUNCTION" in self._known[0]:
            commands.append(command("FUNCTION", "FLUSH"))
        for db, each in enumerate(portion):
            commands += [command("SELECT", db), *each.program, *_RESTORING]
        self.sent += len(commands)
        with introduce(self.deployment.nodes[0], 2) as wire:
            Batches(wire).ask(commands)
        settled = settle(self.deployment, 1)
        if settled.kind is None:
            return None
        return Diverged(writing=portion[0], kind=settled.kind, samples=(settled.detail,), words=settled.words)

    def _deviants(self) -> list[Deviant]:
        """What differs. Nearly always nothing does, so that what is alike is put aside first."""
        ends = [snapshot(self.deployment.nodes[seat], known=self._known[seat]) for seat in (0, 1)]
        if ends[0].items == ends[1].items:
            return []
        keys = {
            key
            for key in (*ends[0].items, *ends[1].items)
            if ends[0].items.get(key) != ends[1].items.get(key)
        }
        found: list[Deviant] = []
        for db in sorted({key[0] for key in keys}):
            both = [_only(end, {key for key in keys if key[0] == db}) for end in ends]
            found += compare(both[0], both[1]).samples
        return found


def _tokens(deviant: Deviant) -> Iterator[str]:
    parts = [*(("lost", each) for each in deviant.lost), *(("found", each) for each in deviant.found)]
    for what, part in parts or [(deviant.deviation.value, b"")]:
        yield f"{deviant.key[1]!r} {what} {_NUMBERS.sub('#', repr(part))}"


def _only(whole: Snapshot, keys: set[Key]) -> Snapshot:
    return replace(whole, items={key: whole.items[key] for key in keys if key in whole.items})


def _portions(writings: Iterable[Writing]) -> Iterator[list[Writing]]:
    """Those that can share the server, as many as there are databases; the others one by one."""
    shared: list[Writing] = []
    for each in writings:
        if each.alone:
            yield [each]
            continue
        shared.append(each)
        if len(shared) == DATABASES:
            yield shared
            shared = []
    if shared:
        yield shared
