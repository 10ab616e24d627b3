"""Which finding another one follows from, and what is said of it."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from reports.causes import FOLLOW_UP, follow_up_of
from reports.examples import MOST
from reports.finding import Example, Finding, WireReply, id_of
from reports.html import html
from reports.judge import Policy, judge
from reports.merge import merged_findings
from reports.ranges import pair_of
from reports.record import Record
from reports.run import Coverage, Totals
from reports.terminal import print_summary
from reports.verdict import judged
from tests.sample_record import a_finding, a_run

SYNTAX = WireReply("error", "ERR syntax error")
OK = WireReply("simple", "OK")
UNKNOWN = a_finding(
    rule="agreement.unknown-command",
    subject="SCRIPT SHOW",
    signature="agreement.unknown-command | SCRIPT SHOW | baseline",
    program=("SCRIPT SHOW",),
    step=0,
)
ARGUMENT = a_finding(
    rule="agreement.unknown-argument",
    subject="SET",
    signature="agreement.unknown-argument | SET IFEQ | (error) ERR syntax error | taken",
    program=("SET k 0 IFEQ 0",),
    step=0,
    baseline=SYNTAX,
    candidate=WireReply("null", None, wire="$-1"),
)


def differs(subject: str, *program: str, rule: str = "agreement.type", **changes: object) -> Finding:
    """A finding whose last line differs."""
    name = f"{rule} | {subject} | one | other"
    fields: dict[str, object] = {"signature": name, "step": len(program) - 1}
    return a_finding(rule=rule, subject=subject, program=program, **(fields | changes))


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        # a needed line calls what one side does not know: queued, in front, or handed on by a script
        (UNKNOWN, differs("EXEC", "MULTI", "SCRIPT SHOW 0", "EXEC")),
        (UNKNOWN, differs("GET", "SCRIPT SHOW", "GET k")),
        (UNKNOWN, differs("EVAL", 'EVAL "return redis.call(unpack(ARGV))" 0 SCRIPT SHOW a')),
        (UNKNOWN, differs("SCRIPT SHOW", "COMMAND INFO script|show", rule="identity.command")),
        # an argument that one side does not take
        (
            ARGUMENT,
            differs(
                "SET",
                "SET k 0 IFEQ 0 EX 0",
                baseline=SYNTAX,
                candidate=WireReply("error", "ERR invalid expire"),
            ),
        ),
        (ARGUMENT, differs("SET", "COMMAND DOCS set", rule="identity.arguments")),
        # what is read of a command is what it says itself
        (
            differs("CLIENT HELP", "CLIENT HELP", rule="agreement.value"),
            differs("CLIENT HELP", "CLIENT HELP", rule="identity.help"),
        ),
        # a setting that one side has not
        (
            differs("import-mode", "CONFIG GET import-mode", rule="config.parameter"),
            differs("GET", "CONFIG SET import-mode yes", "GET k"),
        ),
        # a whole other program in front of the line
        (differs("AUTH", "AUTH 0 0"), differs("EXEC", "MULTI", "AUTH 0 0", "EXEC")),
        (
            differs("ZADD", "ZADD k -0 0", "ZRANGE k 0 -1", rule="agreement.state"),
            differs("ZUNIONSTORE", "ZADD k -0 0", "ZUNIONSTORE d 1 k"),
        ),
    ],
)
def test_what_follows_from_another_difference_points_to_it(cause: Finding, effect: Finding) -> None:
    found = {finding.id: finding for finding in merged_findings([effect, cause])}
    assert found[effect.id].caused_by == cause.id
    assert found[cause.id].caused_by is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (UNKNOWN, differs("SCRIPT LOAD", "SCRIPT LOAD a")),
        (ARGUMENT, differs("SET", "SET k 0 EX 0")),
        (ARGUMENT, differs("SET", "SET k 0 IFEQ 0 EX 0", baseline=WireReply("error", "ERR another"))),
        (
            differs("DUMP", "SET k a", "DUMP k", rule="agreement.state"),
            differs("GETEX", "SET k a", "GETEX k"),
        ),
        (differs("AUTH", "AUTH 0 0"), differs("EXEC", "MULTI", "EXEC", "AUTH 0 0", step=1)),
        (differs("AUTH", "AUTH 0 0"), differs("EXEC", "MULTI", "AUTH 0 0", "EXEC", topology="cluster")),
        (differs("AUTH", "AUTH 0 0"), differs("AUTH", "AUTH 0 0", rule="agreement.error-text")),
    ],
)
def test_what_only_looks_alike_has_no_cause(one: Finding, other: Finding) -> None:
    assert [finding.caused_by for finding in merged_findings([one, other])] == [None, None]


def test_a_finding_that_is_its_own_cause_has_none() -> None:
    [found] = merged_findings([UNKNOWN, UNKNOWN])
    assert found.caused_by is None


def follow_up(cause: Finding, **changes: object) -> Finding:
    fields: dict[str, object] = {
        "rule": FOLLOW_UP,
        "subject": cause.subject,
        "signature": follow_up_of(cause.signature),
        "program": (*cause.program, "GET k"),
        "step": len(cause.program),
        "caused_by": cause.id,
    }
    return a_finding(**(fields | changes))


def test_what_is_left_behind_is_one_finding_whatever_its_cause_was_called_first() -> None:
    more = msgspec.structs.replace(
        ARGUMENT,
        signature="agreement.unknown-argument | SET IFEQ KEEPTTL | (error) ERR syntax error | taken",
        program=("SET k 0 IFEQ 0 KEEPTTL",),
    )
    found = merged_findings([more, follow_up(more), ARGUMENT, follow_up(ARGUMENT)])
    assert [(each.rule, each.signature, each.caused_by, each.count) for each in found] == [
        (FOLLOW_UP, follow_up_of(ARGUMENT.signature), ARGUMENT.id, 2),
        (ARGUMENT.rule, ARGUMENT.signature, None, 2),
    ]


def test_a_cause_that_is_not_in_the_record_is_not_pointed_to() -> None:
    [found] = merged_findings([follow_up(ARGUMENT)])
    assert found.caused_by is None


def judge_all(*findings: Finding) -> dict[str, Finding]:
    policy = Policy()
    pair = pair_of(a_run())
    return {each.id: each for each in judged(findings, pair, policy.ledger, policy.acceptances.ledger)}


@pytest.mark.parametrize(
    ("baseline", "candidate", "severity"),
    [(SYNTAX, OK, "additive"), (OK, SYNTAX, "breaking")],
)
def test_what_is_left_behind_is_as_severe_as_its_cause(
    baseline: WireReply, candidate: WireReply, severity: str
) -> None:
    cause = msgspec.structs.replace(ARGUMENT, baseline=baseline, candidate=candidate)
    found = judge_all(cause, follow_up(cause))
    assert {each.severity for each in found.values()} == {severity}


def test_one_signature_has_one_count_and_three_examples() -> None:
    sights = [
        msgspec.structs.replace(ARGUMENT, program=(f"SET k {'a' * at} IFEQ 0",), count=2)
        for at in range(1, 7)
    ]
    [found] = merged_findings(sights)
    assert found.count == 12
    assert len(found.examples) == MOST
    assert found.program not in [each.program for each in found.examples]
    assert len({each.program for each in found.examples}) == MOST


def test_examples_with_other_replies_come_first() -> None:
    other = Example(
        program=("A", "B", "SET k 0 IFEQ 1"), step=2, baseline=SYNTAX, candidate=WireReply("simple", "OK")
    )
    sights = [msgspec.structs.replace(ARGUMENT, program=(f"SET k {at} IFEQ 0",)) for at in range(5)]
    [found] = merged_findings([*sights, msgspec.structs.replace(ARGUMENT, examples=(other,))])
    assert found.examples[0] == other


def test_what_could_not_be_shown_again_is_no_example() -> None:
    unsure = msgspec.structs.replace(ARGUMENT, program=("SET k",), evidence={"inconclusive": "seen once"})
    [found] = merged_findings([ARGUMENT, unsure])
    assert found.examples == ()


@pytest.fixture
def told() -> Record:
    example = Example(program=("SET k 2 IFEQ 2",), baseline=SYNTAX, candidate=WireReply("simple", "OK"))
    cause = msgspec.structs.replace(ARGUMENT, examples=(example,))
    run = a_run(end="2031-01-02T03:14:05+00:00", totals=Totals(compared=10, programs=1))
    found = merged_findings([cause, follow_up(cause)])
    return judge(Record(Path("runs/x"), run, found, Coverage()), Policy())


def test_the_page_links_cause_and_effect_and_folds_examples(told: Record) -> None:
    page = html(told)
    effect = id_of(follow_up_of(ARGUMENT.signature))
    assert "Follows from" in page
    assert "What follows from it:" in page
    assert page.count(effect) > 1
    assert "1 other program that showed it</summary>" in page
    assert "SET k 2 IFEQ 2" in page


def test_the_terminal_says_what_a_finding_follows_from(told: Record) -> None:
    console = Console(file=io.StringIO(), width=80)
    print_summary(told, console)
    assert f"follows from {ARGUMENT.id}" in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
