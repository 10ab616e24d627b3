"""Turns a contrast into a finding: the sentence that a reader sees, and what was compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.finding import Finding
from reports.severity import severity_of
from suites.conformance.report import wire
from suites.identity.contrast import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.identity.contrast import Contrast

_SHOWN = 60  # names that a finding lists of all that it stands for

# What each rule compares, in words that go behind the subject.
SAYS = {
    "identity.hello": "a field of HELLO",
    "identity.section": "a section of INFO",
    "identity.usual-section": "shown by a plain INFO, or only when asked for",
    "identity.info": "a field of INFO",
    "identity.info-alone": "fields of a section that INFO shows only with all others, or only on its own",
    "identity.client": "a field of CLIENT LIST",
    "identity.tracking": "a field of CLIENT TRACKINGINFO",
    "identity.memory": "a field of MEMORY STATS",
    "identity.histogram": "a field of LATENCY HISTOGRAM",
    "identity.row": "the wire types of a row",
    "identity.acl-log": "a field of ACL LOG",
    "identity.user": "a field of ACL GETUSER",
    "identity.user-flags": "the flags of the default user",
    "identity.functions": "a field of FUNCTION STATS",
    "identity.script-engines": "the engines that run functions",
    "identity.modules": "modules that are there from the start",
    "identity.answer": "an answer at all",
    "identity.form": "the form of a field's value",
    "identity.type": "the wire type of a field's value",
    "identity.shape": "the wire types of an answer",
    "identity.value": "what kind of server it says it is",
    "identity.prose": "a text for people",
    "identity.command": "a command",
    "identity.command-element": "an element of COMMAND INFO",
    "identity.arity": "the number of arguments",
    "identity.flags": "flags of a command",
    "identity.flag": "a flag of commands",
    "identity.keys": "where the keys stand",
    "identity.key-specs": "where the keys stand, and what is done to them",
    "identity.categories": "ACL categories of a command",
    "identity.category": "an ACL category",
    "identity.tips": "tips for clients",
    "identity.tip": "a tip for clients",
    "identity.says-otherwise": "commands of which COMMAND says otherwise",
    "identity.documents": "since when, group, and whether it is deprecated",
    "identity.arguments": "the tree of arguments, as documented",
    "identity.argument-names": "names of arguments, as documented",
    "identity.summary": "summaries of commands",
    "identity.complexity": "the complexity of commands, as documented",
    "identity.history": "the history of commands, as documented",
    "identity.help": "lines of a help text",
    "identity.help-line": "a line of several help texts",
    "config.parameter": "a parameter",
    "config.default": "a default",
    "config.read-only": "whether a parameter can be set at run time",
    "config.values": "values that a parameter takes",
    "config.reads": "what is read after a value was set",
    "config.refusal": "why a value is refused",
}


def finding_of(contrast: Contrast, topic: str, reproduce: Callable[[tuple[str, ...]], str]) -> Finding:
    """The finding; its verdict is provisional until the ledger has seen it."""
    baseline, candidate = wire(contrast.baseline), wire(contrast.candidate)
    signature = " | ".join((contrast.rule, contrast.subject, *([contrast.what] if contrast.what else ())))
    program = (contrast.line,)
    return Finding(
        rule=contrast.rule,
        severity=severity_of(contrast.rule, contrast.subject, baseline, candidate).value,
        verdict="diverges",
        subject=contrast.subject,
        signature=signature,
        message=_message(contrast),
        program=program,
        baseline=baseline,
        candidate=candidate,
        evidence={"area": f"identity: {topic}", "compared": SAYS[contrast.rule], **_where(contrast)},
        reproduce=reproduce(program),
    )


def _message(contrast: Contrast) -> str:
    if ABSENT in (contrast.baseline, contrast.candidate):
        side = "candidate" if contrast.baseline == ABSENT else "baseline"
        return f"{contrast.subject} is there on the {side} only: {SAYS[contrast.rule]}"
    return f"{contrast.subject} differs: {SAYS[contrast.rule]}"


def _where(contrast: Contrast) -> dict[str, object]:
    if not contrast.where:
        return {}
    more = len(contrast.where) - _SHOWN
    names = [*contrast.where[:_SHOWN], *([f"and {more} more"] if more > 0 else ())]
    return {"where": ", ".join(names)}
