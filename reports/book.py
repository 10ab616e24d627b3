"""Reads ledger and acceptance files, and writes the first acceptance file of a user.

A file that says too little or something unknown is refused, with the file, the entry and the field: an entry
that silently matches nothing would hide that it does.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reports.finding import Severity
from reports.ledger import Entry, Ledger
from reports.ranges import BadRange, engine_range
from topologies.cluster import CLUSTER, STANDALONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from reports.ranges import EngineRange

LEDGER = Path(__file__).with_name("ledger.toml")
ACCEPTED_FOR_DAYS = 90

_FIELDS = frozenset(
    {
        "id",
        "rule",
        "subject",
        "differences",
        "baseline",
        "candidate",
        "direction",
        "signature",
        "protocol",
        "program",
        "topology",
    }
    | {"baseline_reply", "candidate_reply", "severity", "why", "reason", "upstream", "expires"}
)
_REQUIRED = {
    "known": ("id", "rule", "subject", "baseline", "candidate", "why", "upstream"),
    "accepted": ("id", "rule", "subject", "reason", "expires"),
}
_ONE_DIFFERENCE = ("rule", "subject")
_SUBJECT = re.compile(r"[^\[\]?]+")
_UPSTREAM = re.compile(r"https?://\S+|[\w.-]+/[\w.-]+#\d+")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")


class BookError(ValueError):
    """A ledger or acceptance file that can't be used; the message names the file, the entry and the field."""


@dataclass(frozen=True, slots=True)
class Acceptances:
    """A user's accepted differences that still hold, and what to tell about those that do not."""

    ledger: Ledger = dataclass_field(default_factory=Ledger)
    expired: tuple[str, ...] = ()  # sentences


def load_ledger(path: Path = LEDGER) -> Ledger:
    """The project's known differences. Raises BookError."""
    return Ledger(_entries(path, "known"))


def load_acceptances(path: Path, *, today: date) -> Acceptances:
    """A user's accepted differences: an entry past its date is not applied, and is told. Raises BookError."""
    entries = _entries(path, "accepted")
    return Acceptances(
        Ledger(tuple(entry for entry in entries if not _expired(entry, today))),
        tuple(
            f"{path}: the acceptance {entry.id!r} expired on {entry.expires} and is not applied: "
            f"fix the difference, or give it a new date and reason"
            for entry in entries
            if _expired(entry, today)
        ),
    )


def write_acceptances(findings: Iterable[Finding], path: Path, *, today: date) -> int:
    """Write an acceptance for each of these findings, good for 90 days; no existing file is overwritten.

    Returns how many. Raises BookError where the file exists or can't be written.
    """
    found = list(findings)
    text = f"# Differences accepted on {today}. Say why in each reason; docs/ledger.md explains the fields.\n"
    text += "".join(_acceptance(finding, today) for finding in found)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise BookError(
            f"{path} exists already: name a new file with --accept-to, then copy what you want"
        ) from error
    except OSError as error:
        raise BookError(f"{path} can't be written: {error.strerror}") from error
    return len(found)


def _acceptance(finding: Finding, today: date) -> str:
    digest = hashlib.sha256(finding.signature.encode()).hexdigest()[:8]
    words = re.sub(r"[^a-z0-9]+", "-", f"{finding.rule.split('.')[-1]}-{finding.subject}".lower()).strip("-")
    fields = {
        "id": f"accepted-{words}-{digest}",
        "rule": finding.rule,
        "subject": re.sub(r"[\[\]?]", "*", finding.subject),
        "signature": finding.signature,
        "reason": f"accepted by --accept-to on {today}: please say why",
    }
    lines = [f"{name} = {_toml_text(value)}" for name, value in fields.items()]
    lines.append(f"expires = {today + timedelta(days=ACCEPTED_FOR_DAYS)}")
    lines += [f"# {line}" for line in (finding.message, *finding.program) if "\n" not in line]
    return "\n[[accepted]]\n" + "\n".join(lines) + "\n"


def _toml_text(text: str) -> str:
    """A TOML basic string: quotes, backslashes and control characters escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _expired(entry: Entry, today: date) -> bool:
    return entry.expires is not None and entry.expires < today


def _entries(path: Path, table: str) -> tuple[Entry, ...]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BookError(f"{path} is no TOML: {error}") from error
    rows = document.pop(table, [])
    if document or not isinstance(rows, list):
        found = ", ".join(map(repr, document)) or f"{table!r} that is no list"
        raise BookError(f"{path}: only [[{table}]] entries belong in this file, found {found}")
    entries = tuple(_Row(path, number, row, table).entry() for number, row in enumerate(rows, start=1))
    _refuse_twins(path, entries)
    return entries


def _refuse_twins(path: Path, entries: tuple[Entry, ...]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            raise BookError(f"{path}: two entries have the id {entry.id!r}: an id names one difference")
        seen.add(entry.id)


@dataclass(frozen=True, slots=True)
class _Row:
    """One table of a file on its way to become an entry."""

    path: Path
    number: int
    row: dict[str, object]
    table: str

    def entry(self) -> Entry:
        self._check_fields()
        return Entry(
            id=self._text("id", _ID),
            rule=self._text("rule"),
            subject=self._text("subject", _SUBJECT),
            differences=self._differences(),
            baseline=self._ranges("baseline"),
            candidate=self._ranges("candidate"),
            either=self._choice("direction", ("", "as-written", "either")) == "either",
            signature=self._text("signature"),
            protocol=self._protocol(),
            topology=self._choice("topology", ("", STANDALONE, CLUSTER)),
            baseline_reply=self._pattern("baseline_reply"),
            candidate_reply=self._pattern("candidate_reply"),
            severity=self._severity(),
            why=self._text("why") or self._text("reason"),
            upstream=self._text("upstream", _UPSTREAM),
            program=tuple(self._list("program")),
            expires=self._expires(),
        )

    def _wrong(self, field: str, problem: str) -> BookError:
        name = self.row.get("id") or f"number {self.number}"
        return BookError(f"{self.path}: entry {name}: {field}: {problem}")

    def _check_fields(self) -> None:
        several = bool(self.row.get("differences"))
        for field in _REQUIRED[self.table]:
            told = several and field in _ONE_DIFFERENCE
            if self.row.get(field) in (None, "", []) and not told:
                raise self._wrong(
                    field, f"missing: every [[{self.table}]] entry needs {', '.join(_REQUIRED[self.table])}"
                )
            if field in self.row and told:
                raise self._wrong(field, "differences says it already: an entry has one or the other")
        for field in self.row:
            if field not in _FIELDS:
                raise self._wrong(field, f"no such field: there are {', '.join(sorted(_FIELDS))}")

    def _text(self, field: str, form: re.Pattern[str] | None = None) -> str:
        value = self.row.get(field, "")
        if not isinstance(value, str):
            raise self._wrong(field, f"expected a text, got {value!r}")
        if form and value and not form.fullmatch(value):
            raise self._wrong(field, f"{value!r} does not look like one: {_FORMS[form]}")
        return value

    def _differences(self) -> tuple[tuple[str, str], ...]:
        found = []
        for text in self._list("differences"):
            rule, _, subject = text.partition(" ")
            if not subject or not _SUBJECT.fullmatch(subject):
                raise self._wrong("differences", f"{text!r} is not a rule, a blank and {_FORMS[_SUBJECT]}")
            found.append((rule, subject))
        return tuple(found)

    def _choice(self, field: str, choices: tuple[str, ...]) -> str:
        value = self._text(field)
        if value not in choices:
            raise self._wrong(field, f"{value!r} is none of {', '.join(filter(None, choices))}")
        return value

    def _severity(self) -> Severity | None:
        value = self._choice("severity", ("", *(severity.value for severity in Severity)))
        return Severity(value) if value else None

    def _protocol(self) -> int | None:
        value = self.row.get("protocol")
        if value is None or (type(value) is int and value in {2, 3}):
            return value
        raise self._wrong("protocol", f"expected 2 or 3, got {value!r}")

    def _pattern(self, field: str) -> str:
        value = self._text(field)
        try:
            re.compile(value)
        except re.error as error:
            raise self._wrong(field, f"{value!r} is no regular expression: {error}") from error
        return value

    def _list(self, field: str) -> list[str]:
        value = self.row.get(field, [])
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise self._wrong(field, f"expected a text or a list of texts, got {value!r}")
        return found

    def _ranges(self, field: str) -> tuple[EngineRange, ...]:
        try:
            return tuple(engine_range(text) for text in self._list(field))
        except BadRange as error:
            raise self._wrong(field, str(error)) from error

    def _expires(self) -> date | None:
        value = self.row.get("expires")
        if value is None or type(value) is date:  # not a datetime, which is a date, too
            return value
        raise self._wrong("expires", f"expected a date without quotes, like 2031-01-31, got {value!r}")


_FORMS = {
    _ID: "small letters, digits, dots and hyphens",
    _SUBJECT: "a subject as findings name it, with * as the only wildcard",
    _UPSTREAM: "a URL, or owner/repo#123",
}
