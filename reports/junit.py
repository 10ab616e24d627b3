"""`junit.xml`: what CI servers read. Each finding is a case of its area: failed, or skipped and why.

An area without findings is one case that passed, so that the counts say what ran. The form is that of the
schema which Jenkins validates against: suites of cases, each with at most one of skipped and failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reports.finding import Verdict
from reports.headline import said
from reports.replies import lines, printable
from reports.verdict import FailOn, fails, verdict_of
from reports.words import counted

if TYPE_CHECKING:
    from reports.finding import Finding
    from reports.record import Record


def junit(record: Record) -> bytes:
    """The whole file."""
    root = Element("testsuites", name=f"{record.run.baseline.title} and {record.run.candidate.title}")
    seconds = {area.area: area.seconds for area in record.coverage.areas}
    by_area: dict[str, list[Finding]] = {area: [] for area in seconds}
    for finding in record.findings:
        by_area.setdefault(area_of(finding), []).append(finding)
    for area, findings in sorted(by_area.items()):
        _suite(root, record, area, findings, seconds.get(area, 0.0))
    if record.run.stale:
        _ledger_suite(root, record)
    for name in ("tests", "failures"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root) + b"\n"


def area_of(finding: Finding) -> str:
    """The area that found it, where its evidence says so; else the first word of its command."""
    area = finding.evidence.get("area")
    return area if isinstance(area, str) else finding.subject.split(" ")[0].lower()


def _suite(root: Element, record: Record, area: str, findings: list[Finding], seconds: float) -> None:
    suite = SubElement(root, "testsuite", name=area, timestamp=record.run.start[:19], time=f"{seconds:.3f}")
    if not findings:
        compared = sum(each.compared for each in record.coverage.areas if each.area == area)
        SubElement(suite, "testcase", classname=area, name=f"{counted(compared, 'command')} agreed")
    for finding in findings:
        _case(suite, record, area, finding)
    _count(suite)


def _case(suite: Element, record: Record, area: str, finding: Finding) -> None:
    name = f"{finding.subject}: {finding.rule}: {said(finding)}"
    case = SubElement(suite, "testcase", classname=area, name=_legal(name))
    if fails(finding, FailOn(record.run.fail_on)):
        failure = SubElement(case, "failure", type=finding.severity, message=_legal(finding.message))
        failure.text = _legal(_detail(record, finding))
    else:
        SubElement(case, "skipped", message=_legal(_excuse(record, finding)))


def _excuse(record: Record, finding: Finding) -> str:
    if verdict_of(finding) is Verdict.KNOWN:
        explanation = record.run.explained.get(finding.known or "")
        return f"known as {finding.known}: {explanation.why if explanation else ''}".rstrip(": ")
    if verdict_of(finding) is Verdict.INCONCLUSIVE:
        return f"inconclusive: {finding.evidence.get('inconclusive', '')}".rstrip(": ")
    return f"{finding.severity}, and the run fails on {record.run.fail_on} only"


def _detail(record: Record, finding: Finding) -> str:
    parts = [
        "\n".join(f"{'>' if at == finding.step else ' '} {line}" for at, line in enumerate(finding.program)),
        "\n".join([f"{record.run.baseline.title}:", *lines(finding.baseline)]),
        "\n".join([f"{record.run.candidate.title}:", *lines(finding.candidate)]),
        finding.reproduce,
    ]
    return "\n\n".join(part for part in parts if part)


def _ledger_suite(root: Element, record: Record) -> None:
    suite = SubElement(root, "testsuite", name="ledger", timestamp=record.run.start[:19], time="0.000")
    for entry in record.run.stale:
        case = SubElement(suite, "testcase", classname="ledger", name=_legal(entry))
        SubElement(case, "failure", type="stale", message="this entry is no longer true for this pair")
    _count(suite)


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")


def _legal(text: str) -> str:
    """XML has no way at all to write most control characters."""
    return "\n".join(printable(line) for line in text.split("\n"))
