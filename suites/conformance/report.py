"""Turns a discovery into a finding: the words that a reader sees, and the replies as the record keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import quote
from reports.finding import Finding, WireReply
from reports.severity import severity_of
from topologies.reply import Kind, Reply
from topologies.show import show, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.conformance.discovery import Discovery

_MOST_SHOWN = 60
_BIG = 40  # elements of a reply, or bytes of a string, that a record keeps of a long one


def finding_of(discovery: Discovery, reproduce: Callable[[tuple[str, ...]], str]) -> Finding:
    """The finding; its verdict is provisional until the ledger has seen it."""
    difference = discovery.difference
    baseline, candidate = (_wire(reply) for reply in difference.replies)
    program = tuple(str(each) for each in discovery.program)
    return Finding(
        rule=difference.rule,
        severity=severity_of(difference.rule, difference.subject, baseline, candidate).value,
        verdict="diverges" if discovery.replays.shown else "inconclusive",
        subject=difference.subject,
        signature=difference.signature,
        message=_message(discovery),
        protocol=discovery.protocol,
        program=program,
        step=min(difference.step.line, len(program) - 1),
        baseline=baseline,
        candidate=candidate,
        evidence=_evidence(discovery),
        reproduce=reproduce(program),
    )


def _wire(reply: Reply) -> WireReply:
    shape = to_json(reply, limit=4096)
    wire = shape.get("wire")
    return WireReply(
        type=str(shape["type"]), value=shape.get("value"), wire=str(wire) if wire is not None else None
    )


def _message(discovery: Discovery) -> str:
    difference = discovery.difference
    baseline, candidate = (_short(reply) for reply in difference.replies)
    if discovery.writer is not None:
        read = discovery.program[-1]
        says = f"{_cut(str(read))} then says {baseline}, the candidate {candidate}"
        return f"{difference.subject} leaves other data behind: {says}"
    return f"{difference.subject} answers {baseline}, the candidate {candidate}"


def _short(reply: Reply) -> str:
    if reply.kind is Kind.NONE and isinstance(reply.value, bytes):
        return f"nothing ({reply.value.decode('utf-8', 'replace')})"
    return _cut(" ".join(show(reply, limit=_MOST_SHOWN).split()))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _evidence(discovery: Discovery) -> dict[str, object]:
    replays = discovery.replays
    evidence: dict[str, object] = {"replays": f"{replays.shown} of {replays.of} replays showed it"}
    if not replays.shown:
        evidence["inconclusive"] = "it was seen once and no replay showed it again"
    if discovery.writer is not None:
        evidence["writer"] = " ".join(map(quote, discovery.writer.args[:8]))
    evidence["found in"] = f"a program of {len(discovery.first_seen)} lines"
    return evidence
