"""What the tests here are given: this worker's carrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.record import RecordWriter
from suites.persistence.carrier import Carrier, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.session import Session


@pytest.fixture(scope="session")
def carrier(session: Session) -> Iterator[Carrier]:
    """Nodes of both engines that write and read files, for this suite alone."""
    if reason := why_not(session):
        with RecordWriter.open(session.options.record, worker=session.worker or "main") as pen:
            pen.observation({"kind": "not-run", "what": "persistence", "why": reason})
        pytest.skip(reason)
    carrier = Carrier.of(session)
    yield carrier
    carrier.close()
