"""Turns a discovery into a finding: the words that a reader sees, and the replies as the record keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from generators.command import quote
from reports.finding import Finding, WireReply, id_of
from reports.severity import severity_of
from topologies.cluster import STANDALONE
from topologies.reply import Kind, Reply
from topologies.show import KEPT, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.conformance.discovery import Discovery


def finding_of(
    discovery: Discovery,
    area: str,
    reproduce: Callable[[tuple[str, ...]], str],
    *,
    topology: str = STANDALONE,
) -> Finding:
    """The finding of a campaign in this area; its verdict is provisional until the ledger has seen it."""
    difference = discovery.difference
    baseline, candidate = (wire(reply) for reply in difference.replies)
    program = tuple(str(each) for each in discovery.program)
    return Finding(
        rule=difference.rule,
        severity=severity_of(difference.rule, difference.subject, baseline, candidate).value,
        verdict="diverges" if discovery.replays.shown else "inconclusive",
        subject=difference.subject,
        topology=topology,
        signature=difference.signature,
        message=_message(discovery),
        protocol=discovery.protocol,
        program=program,
        step=min(difference.step.line, len(program) - 1),
        baseline=baseline,
        candidate=candidate,
        evidence={"area": area, **_evidence(discovery)},
        reproduce=reproduce(program),
        caused_by=id_of(discovery.cause) if discovery.cause else None,
    )


def wire(reply: Reply) -> WireReply:
    """A reply as the record keeps it."""
    shape = to_json(reply, limit=KEPT)
    return msgspec.convert(shape, WireReply)


_SAYS = {
    "agreement.type": "answers with another type",
    "agreement.value": "answers another value",
    "agreement.order": "answers in another order",
    "agreement.encoding": "names another encoding",
    "agreement.error-code": "is refused with another error code",
    "agreement.error-text": "is refused in other words",
    "agreement.unknown-command": "is known to one side only",
    "agreement.unknown-argument": "takes an argument on one side only",
    "agreement.no-reply": "gets no reply from one side, although later commands do",
    "agreement.waits": "is answered by one side while the other lets it wait",
    "agreement.push": "makes the engines tell other connections different things",
    "agreement.hang": "is not answered in time by one side",
    "agreement.closed": "makes one side close the connection",
    "agreement.crash": "ends one of the servers",
    "agreement.garbled": "is answered with what is no RESP",
}


def _message(discovery: Discovery) -> str:
    """One sentence without the replies: they stand beside it wherever it is shown."""
    difference = discovery.difference
    if difference.signature.endswith("| server"):
        return f"{difference.subject} breaks a server for what comes later: {discovery.program[-1].full_name} shows it"
    shown_by = discovery.program[-1].full_name
    if discovery.writer is not None:
        return f"{difference.subject} leaves other data behind: {shown_by} shows it"
    if discovery.cause is not None:
        return (
            f"{difference.subject} is answered differently, and leaves other data behind: {shown_by} shows it"
        )
    refused = [reply.kind in (Kind.ERROR, Kind.BULK_ERROR) for reply in difference.replies]
    if difference.rule == "agreement.type" and any(refused) and not all(refused):
        return f"{difference.subject} is refused by the {'baseline' if refused[0] else 'candidate'} only"
    return f"{difference.subject} {_SAYS.get(difference.rule, 'differs')}"


def _evidence(discovery: Discovery) -> dict[str, object]:
    replays = discovery.replays
    evidence: dict[str, object] = {"replays": f"{replays.shown} of {replays.of} replays showed it"}
    if not replays.shown:
        evidence["inconclusive"] = "it was seen once and no replay showed it again"
    if discovery.writer is not None:
        evidence["writer"] = " ".join(map(quote, discovery.writer.args[:8]))
    evidence["found in"] = f"a program of {len(discovery.first_seen)} lines"
    return evidence
