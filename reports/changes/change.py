"""One documented change: which engines have it, and which findings show it. It reads no file."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from reports.replies import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.finding import Finding
    from reports.ranges import Pair
    from topologies.engine import Engine

_SINCE = re.compile(r"(?P<product>[a-z][a-z0-9_-]*) (?P<version>\d+\.\d+(\.\d+)?)")
# What these were made of: they have what it had, unless a change says otherwise.
_FORKED = {
    "valkey": ("redis", (7, 2, 4)),
    "redict": ("redis", (7, 2, 4)),
}
_LINE = 2  # numbers that name a line of versions: 7.2


class BadChange(ValueError):  # noqa: N818  (reads as the sentence it is)
    """A change that can't be used; the message says what is wrong with it."""


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a finding that shows the change looks like; all that is said must hold."""

    rule: str = "*"
    subject: str = "*"  # exact or with *
    known: str = ""  # id of the ledger's entry
    program: str = ""  # regular expression, in the program's lines
    reply: str = ""  # regular expression, in one of the two replies on one line

    @classmethod
    def read(cls, text: str) -> Sign:
        """A rule, a blank and a subject; or `known` and the id of a ledger entry."""
        rule, _, subject = text.partition(" ")
        if not subject:
            raise BadChange(f"{text!r} is not a rule, a blank and a subject, nor `known` and a ledger id")
        return cls(known=subject) if rule == "known" else cls(rule=rule, subject=subject)

    def fits(self, finding: Finding) -> bool:
        """Whether this finding is one that shows it."""
        return (
            fnmatchcase(finding.rule, self.rule)
            and fnmatchcase(finding.subject, self.subject)
            and (not self.known or fnmatchcase(finding.known or "", self.known))
            and (not self.program or re.search(self.program, "\n".join(finding.program)) is not None)
            and (not self.reply or any(re.search(self.reply, text) for text in _replies(finding)))
        )


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client can notice of a new version."""

    id: str
    text: str
    source: str
    since: str | tuple[str, ...]
    until: str | tuple[str, ...] = ()  # where it was taken back
    found_by: tuple[str | Sign, ...] = ()  # each of them shows it
    unseen: str = ""  # why no finding can show it

    def check(self) -> None:
        """Raise BadChange where it says too little, or both that it is seen and that it can't be."""
        if bool(self.found_by) == bool(self.unseen):
            raise BadChange("a change has found_by or unseen, one of them")
        if not self.source.startswith("https://"):
            raise BadChange(f"source: {self.source!r} is no https:// address")
        for sign in self.signs:
            if sign.subject == "*" and not (sign.known or sign.program or sign.reply):
                raise BadChange("a sign that names no subject, program, reply or ledger id fits everything")
        for pattern in (each for sign in self.signs for each in (sign.program, sign.reply)):
            try:
                re.compile(pattern)
            except re.error as error:
                raise BadChange(f"{pattern!r} is no regular expression: {error}") from error
        _releases(self.since)
        _releases(self.until)

    @property
    def signs(self) -> tuple[Sign, ...]:
        """What shows it."""
        return tuple(Sign.read(each) if isinstance(each, str) else each for each in self.found_by)

    def lies_between(self, pair: Pair) -> bool:
        """Whether one of the two has it and the other has not."""
        return self.is_in(pair.baseline) != self.is_in(pair.candidate)

    def is_in(self, engine: Engine) -> bool:
        """Whether the engine has it."""
        return _reached(_releases(self.since), engine) and not _reached(_releases(self.until), engine)

    def shown_by(self, findings: Sequence[Finding]) -> Finding | None:
        """The shortest finding that shows it."""
        signs = self.signs
        fitting = [each for each in findings if any(sign.fits(each) for sign in signs)]
        return min(fitting, key=lambda each: (len(each.program), sum(map(len, each.program))), default=None)


def _replies(finding: Finding) -> tuple[str, str]:
    return one_line(finding.baseline), one_line(finding.candidate)


def _releases(texts: str | tuple[str, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Products and versions: "redis 7.0.5"."""
    return tuple(_release(text) for text in ((texts,) if isinstance(texts, str) else texts))


def _release(text: str) -> tuple[str, tuple[int, ...]]:
    found = _SINCE.fullmatch(text)
    if not found:
        raise BadChange(f"{text!r} is no product and version, like 'redis 7.0' or 'valkey 8.1.2'")
    return found["product"], tuple(map(int, found["version"].split(".")))


def _reached(releases: Sequence[tuple[str, tuple[int, ...]]], engine: Engine) -> bool:
    """Whether an engine is in or behind one of these, in its own line of versions or in a newer one.

    A change that is in 7.0.5 and 6.2.8 is in 7.2, which came behind both, but not in 7.0.4.
    """
    versions = [version for product, version in releases if product == engine.product]
    return _behind(versions, engine.version) or _inherited(releases, engine, versions)


def _behind(versions: Sequence[tuple[int, ...]], version: tuple[int, ...]) -> bool:
    same = [each for each in versions if each[:_LINE] == version[:_LINE]]
    if same:
        return version >= min(same)
    return bool(versions) and max(versions) < version


def _inherited(
    releases: Sequence[tuple[str, tuple[int, ...]]], engine: Engine, own: Sequence[tuple[int, ...]]
) -> bool:
    if own or engine.product not in _FORKED:
        return False
    product, version = _FORKED[engine.product]
    return _behind([each for of, each in releases if of == product], version)
