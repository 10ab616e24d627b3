"""A subtest for each finding, red where the policy says so: what pytest shows of differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.merge import merged_findings
from reports.verdict import fails, judged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from suites.session import Session


def fail_for(found: Iterable[Finding], session: Session, subtests: pytest.Subtests) -> None:
    """Fails for each finding that is neither known nor accepted, or as the policy says."""
    policy = session.options.acceptances.ledger
    for finding in judged(merged_findings(found), session.engines, session.ledger, policy):
        with subtests.test(f"{finding.rule} {finding.subject}"):
            if finding.verdict == "inconclusive":
                pytest.skip(f"inconclusive: {finding.message}")
            if fails(finding, session.options.fail_on):
                pytest.fail(_text(finding), pytrace=False)


def _text(finding: Finding) -> str:
    lines = [f"{finding.severity}: {finding.message}"]
    lines += [
        f"  {'>' if at == finding.step else ' '} {line[:160]}" for at, line in enumerate(finding.program)
    ]
    return "\n".join([*lines, f"  {finding.reproduce[:400]}"])
