"""`report.json`: the whole record in one file, with the sentences that the other renderings show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.headline import headline, not_tested, outcome, warnings

if TYPE_CHECKING:
    from reports.finding import Finding
    from reports.record import Record


def machine(record: Record) -> bytes:
    """The whole file. `schema` is the record's; the keys below it are those of the record's files."""
    everything = {
        "schema": record.run.schema,
        "headline": headline(record),
        "outcome": outcome(record),
        "warnings": warnings(record),
        "not_tested": [{"what": what, "why": why} for what, why in not_tested(record)],
        "run": record.run,
        "coverage": record.coverage,
        "findings": [_with_id(finding) for finding in record.findings],
    }
    return msgspec.json.format(msgspec.json.encode(everything), indent=1) + b"\n"


def _with_id(finding: Finding) -> dict[str, object]:
    """A line of `findings.jsonl` with the id that follows from its signature."""
    return {"id": finding.id, **msgspec.structs.asdict(finding)}
