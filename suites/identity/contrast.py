"""Compares what two engines say of themselves, one cause at a time.

Three things keep one cause one difference: a whole that one side has nothing of stands for its parts; a word that one
side never uses, and the other in several places, stands for all of these; and prose that changed is one text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suites.identity.fact import THERE, Fact
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from suites.identity.fact import Facts, Key, Words

    Sides = tuple[Fact | None, Fact | None]
    Wholes = tuple[AbstractSet[Key], AbstractSet[Key]]

_SEVERAL = 2  # places where a word that the other side never uses is the difference, not each place

# What a word that one side never uses is called; of other rules each fact stands for itself.
_OF_WORD = {
    "identity.flags": "identity.flag",
    "identity.categories": "identity.category",
    "identity.tips": "identity.tip",
    "identity.help": "identity.help-line",
}
# Prose: however many of these texts differ, it is one difference, about the command that shows them.
_TOGETHER = {
    "identity.argument-names": "COMMAND DOCS",
    "identity.summary": "COMMAND DOCS",
    "identity.complexity": "COMMAND DOCS",
    "identity.history": "COMMAND DOCS",
}
# Wholes that may be on one side only: what belongs to them is not compared then, and that is counted.
_NO_DIFFERENCE = ("config.build",)
# Facts that need not be told where another one of the same subject is: the same in other words.
_TOLD_BY = {"identity.keys": "identity.key-specs"}
# Categories that a flag brings along: where the flag differs, they are no difference of their own.
_BROUGHT = (
    ("write", "@write"), ("readonly", "@read"), ("admin", "@admin"), ("admin", "@dangerous"), ("pubsub", "@pubsub"),
    ("blocking", "@blocking"), ("fast", "@fast"), ("fast", "@slow"),
)  # fmt: skip
_NONE: tuple[frozenset[Key], frozenset[Key]] = (frozenset(), frozenset())
ABSENT = Reply(Kind.NULL_BULK, None)


@dataclass(frozen=True, slots=True)
class Contrast:
    """One difference: the part of each answer that differs, and where it was seen."""

    rule: str
    subject: str
    line: str
    baseline: Reply
    candidate: Reply
    where: tuple[str, ...] = ()  # subjects or fields that it stands for
    what: str = ""  # tells differences of one rule and subject apart


def contrasts(baseline: Facts, candidate: Facts, *, known: Wholes = _NONE) -> Iterator[Contrast]:
    """Every difference. `known` are wholes that each side has beside its facts, and that are compared elsewhere."""
    book = _Book((dict(baseline), dict(candidate)), known)
    book.leave_to_flags()
    yield from book.words()
    yield from book.prose()
    yield from book.rest()


def forgiven(baseline: Facts, candidate: Facts) -> Counter[str]:
    """How often values that differ were not compared, by the rule that says so."""
    pairs = ((fact, candidate[key]) for key, fact in baseline.items() if key in candidate)
    counts = Counter(fact.tolerance for fact, other in pairs if fact.tolerance and fact.raw != other.raw)
    for here, there in ((baseline, candidate), (candidate, baseline)):
        unlike = {whole for whole in here if whole[0] in _NO_DIFFERENCE and whole not in there}
        left = [fact for fact in here.values() if unlike.intersection(fact.part_of)]
        counts.update(fact.tolerance for fact in left if fact.tolerance == "build")
    return counts


@dataclass(slots=True)
class _Book:
    sides: tuple[Facts, Facts]
    known: Wholes
    told: set[Key] = field(default_factory=set)  # that need not be told again

    def leave_to_flags(self) -> None:
        """Takes out categories that differ because a flag does."""
        for rule, name in [
            key for key in self.sides[0] if key[0] == "identity.flags" and key in self.sides[1]
        ]:
            key = ("identity.categories", name)
            if all(key in facts for facts in self.sides):
                flags = [facts[rule, name].value for facts in self.sides]
                gone = {category for flag, category in _BROUGHT if (flag in flags[0]) != (flag in flags[1])}
                for facts in self.sides:
                    facts[key] = _without(facts[key], gone)

    def words(self) -> Iterator[Contrast]:
        """Words that one side never uses, and the other in several facts of one rule that both have."""
        for rule, named in _OF_WORD.items():
            both = [key for key in self.sides[0] if key[0] == rule and key in self.sides[1]]
            used = [_used(facts, rule) for facts in self.sides]
            for word in sorted(used[0] ^ used[1]):
                has = self.sides[0] if word in used[0] else self.sides[1]
                where = sorted(key[1] for key in both if word in has[key].value)
                if len(where) >= _SEVERAL:
                    self._forget(word, rule)
                    fact = Fact(word, has[rule, where[0]].line)
                    facts = (fact, None) if word in used[0] else (None, fact)
                    yield _contrast((named, word), facts, tuple(where))

    def _forget(self, word: str, rule: str) -> None:
        for facts in self.sides:
            for key, fact in facts.items():
                if key[0] == rule:
                    facts[key] = _without(fact, {word})

    def prose(self) -> Iterator[Contrast]:
        """Texts for people that changed: one difference for each kind of text."""
        for rule, subject in _TOGETHER.items():
            keys = [key for key in self._differing() if key[0] == rule]
            self.told.update(keys)
            if keys:
                yield _contrast((rule, subject), self._facts(keys[0]), tuple(name for _, name in keys))

    def rest(self) -> Iterator[Contrast]:
        """Every other fact that differs, or that only one side has."""
        for key in self._differing():
            other = (_TOLD_BY.get(key[0], ""), key[1])
            if key not in self.told and not self._differs(other):
                yield _contrast(key, self._facts(key), self._parts(key))

    def _facts(self, key: Key) -> Sides:
        return self.sides[0].get(key), self.sides[1].get(key)

    def _differing(self) -> list[Key]:
        keys = sorted(self.sides[0].keys() | self.sides[1].keys())
        return [
            key
            for key in keys
            if self._differs(key) and not self._lacks_a_whole(key) and key[0] not in _NO_DIFFERENCE
        ]

    def _differs(self, key: Key) -> bool:
        values = [facts[key].value if key in facts else None for facts in self.sides]
        return values[0] != values[1]

    def _lacks_a_whole(self, key: Key) -> bool:
        """Whether what this is part of is what one side has not."""
        wholes = (whole for facts in self.sides if key in facts for whole in facts[key].part_of)
        return any(self._has(0, whole) != self._has(1, whole) for whole in wholes)

    def _has(self, side: int, whole: Key) -> bool:
        return whole in self.sides[side] or whole in self.known[side]

    def _parts(self, whole: Key) -> tuple[str, ...]:
        """What one side has of a whole that the other has nothing of."""
        if all(whole in facts for facts in self.sides):
            return ()
        facts = self.sides[0] if whole in self.sides[0] else self.sides[1]
        return tuple(sorted({key[1] for key, fact in facts.items() if whole in fact.part_of} - {whole[1]}))


def _without(fact: Fact, gone: AbstractSet[str]) -> Fact:
    assert isinstance(fact.value, frozenset), f"{fact} has no words"
    return Fact(fact.value - gone, fact.line, fact.part_of)


def _used(facts: Facts, rule: str) -> Words:
    values = (fact.value for key, fact in facts.items() if key[0] == rule)
    return frozenset(word for value in values if isinstance(value, frozenset) for word in value)


def _contrast(key: Key, facts: Sides, where: tuple[str, ...] = ()) -> Contrast:
    baseline, candidate = facts
    shown = candidate or baseline
    assert shown is not None, "a fact that no side has differs from nothing"
    replies = _reply(key, baseline, candidate), _reply(key, candidate, baseline)
    return Contrast(*key, shown.line, *replies, where)


def _reply(key: Key, fact: Fact | None, other: Fact | None) -> Reply:
    """What differs of it: the words that the other has not, or the text."""
    if fact is None:
        return ABSENT
    if isinstance(fact.value, str):
        return Reply(Kind.BULK, (key[1] if fact.value == THERE else fact.value).encode())
    others: Words = other.value if other is not None and isinstance(other.value, frozenset) else frozenset()
    return Reply(Kind.ARRAY, tuple(Reply(Kind.BULK, each.encode()) for each in sorted(fact.value - others)))
