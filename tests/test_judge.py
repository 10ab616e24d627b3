"""Severity by rule, verdicts by ledger, exit codes by policy; and an old run judged anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from reports import record
from reports.book import Acceptances
from reports.finding import Finding, Severity, Verdict, WireReply
from reports.judge import Policy, judge, save
from reports.ledger import Entry, Ledger
from reports.ranges import Pair, engine_range, pair_of
from reports.record import RecordWriter
from reports.run import Work
from reports.severity import severity_of
from reports.verdict import ExitCode, FailOn, exit_code, judged, run_verdict
from tests.sample_record import a_finding, a_run

if TYPE_CHECKING:
    from pathlib import Path

OK = WireReply("simple", "OK")
ONE, TWO = WireReply("integer", 1), WireReply("integer", 2)
NIL = WireReply("null", None, "$-1")
NONE = WireReply("none", "timeout")
PAIR = pair_of(a_run())
BREAKING, ADDITIVE, COSMETIC = Severity.BREAKING, Severity.ADDITIVE, Severity.COSMETIC


def error(text: str) -> WireReply:
    return WireReply("error", text)


def bulk(text: str) -> WireReply:
    return WireReply("bulk", text)


def listing(*items: str) -> WireReply:
    return WireReply("array", [{"type": "bulk", "value": item} for item in items])


def rows(*fields: str) -> WireReply:
    """Two rows of fields, as XINFO lists groups."""
    return WireReply("array", [listing(*fields), listing(*fields)])


@pytest.mark.parametrize(
    ("rule", "subject", "baseline", "candidate", "expected"),
    [
        ("agreement.value", "GET", ONE, TWO, BREAKING),
        ("agreement.type", "GET", ONE, WireReply("bulk", "1"), BREAKING),
        ("agreement.type", "GET", WireReply("null", None, "*-1"), NIL, BREAKING),
        ("agreement.order", "SMEMBERS", listing("a", "b"), listing("b", "a"), BREAKING),
        ("agreement.state", "SET", ONE, TWO, BREAKING),
        ("agreement.state", "SET", error("ERR syntax error"), ONE, BREAKING),
        ("agreement.error-code", "INCR", error("ERR no"), error("WRONGTYPE no"), BREAKING),
        ("agreement.value", "GET", ONE, error("ERR no"), BREAKING),
        ("agreement.value", "GET", ONE, NONE, BREAKING),
        ("agreement.value", "GET", error("ERR syntax error"), NONE, BREAKING),
        ("agreement.error-text", "GET", error("ERR a"), error("ERR b"), COSMETIC),
        ("agreement.encoding", "OBJECT ENCODING", OK, ONE, COSMETIC),
        ("agreement.value", "CLIENT HELP", listing("a"), listing("b"), COSMETIC),
        ("agreement.type", "LOLWUT", OK, ONE, COSMETIC),
        ("agreement.value", "COMMAND COUNT", ONE, TWO, COSMETIC),
        ("agreement.value", "ZRANGE", listing("a", "0.1"), listing("a", "0.10000000000000001"), COSMETIC),
        ("agreement.value", "ZRANGE", listing("a", "0.1"), listing("a", "0.2"), BREAKING),
        ("agreement.value", "ZRANGE", listing("a", "0"), listing("a", "-0"), BREAKING),
        ("agreement.value", "GET", WireReply("bulk", "3.0"), WireReply("bulk", "3"), BREAKING),
        # what the baseline refuses, and the candidate serves
        ("agreement.value", "SET", error("ERR syntax error"), OK, ADDITIVE),
        ("agreement.type", "LPOP", error("ERR value is out of range, must be positive"), NIL, ADDITIVE),
        ("agreement.type", "GET", error("WRONGTYPE Operation"), OK, BREAKING),
        ("agreement.type", "GET", error("NOAUTH Authentication required."), OK, BREAKING),
        ("agreement.type", "INCR", error("ERR increment or decrement would overflow"), ONE, BREAKING),
        ("agreement.type", "INCR", error("ERR value is not an integer or out of range"), ONE, BREAKING),
        # who knows the request
        ("agreement.unknown-command", "HPTTL", error("ERR unknown command 'HPTTL'"), ONE, ADDITIVE),
        (
            "agreement.unknown-command",
            "HPTTL",
            error("ERR unknown command 'x'"),
            error("WRONGTYPE x"),
            ADDITIVE,
        ),
        (
            "agreement.unknown-command",
            "HPTTL",
            error("ERR unknown command 'HPTTL'"),
            error("ERR wrong number of arguments for 'hpttl' command"),
            ADDITIVE,
        ),
        ("agreement.unknown-command", "GET", ONE, error("ERR unknown command 'GET'"), BREAKING),
        ("agreement.unknown-command", "GET", error("WRONGTYPE x"), error("ERR unknown command"), BREAKING),
        ("agreement.unknown-argument", "SET", ONE, error("ERR syntax error"), BREAKING),
        ("agreement.unknown-argument", "SET", error("ERR syntax error"), error("WRONGTYPE x"), ADDITIVE),
        ("agreement.unknown-argument", "SET", error("ERR syntax error"), NONE, BREAKING),
        (
            "agreement.unknown-command",
            "EVAL",
            error("ERR Unknown Redis command called from script script: abc"),
            error("ERR wrong number of arguments for 'hpttl' command"),
            ADDITIVE,
        ),
        ("agreement.unknown-argument", "X", error("ERR An unknown option 'A'"), ONE, ADDITIVE),
        # a server that fails
        ("agreement.crash", "LCS", WireReply("none", "died"), ONE, ADDITIVE),
        ("agreement.crash", "LCS", ONE, WireReply("none", "died"), BREAKING),
        ("agreement.hang", "BLPOP", NONE, NIL, BREAKING),
        # replies that list what a server has
        ("agreement.value", "ACL CAT", listing("a", "b"), listing("b", "c", "a"), ADDITIVE),
        ("agreement.value", "ACL CAT", listing("a", "b"), listing("a", "c", "d"), BREAKING),
        ("agreement.value", "SMEMBERS", listing("a"), listing("a", "b"), BREAKING),
        ("agreement.value", "CONFIG GET", listing(), listing("a", "b"), ADDITIVE),
        ("agreement.value", "CONFIG GET", listing("a", "b"), listing(), BREAKING),
        ("agreement.value", "ACL CAT", listing(), listing("a", "b"), BREAKING),
        ("agreement.value", "XINFO GROUPS", rows("a"), rows("a", "b"), ADDITIVE),
        ("agreement.value", "XINFO GROUPS", rows("a", "b"), rows("a"), BREAKING),
        ("agreement.value", "XINFO GROUPS", rows("a", "b"), rows("a", "c", "d"), BREAKING),
        # both refuse, the candidate for what the request is about
        ("agreement.error-code", "XADD", error("ERR syntax error"), error("WRONGTYPE x"), ADDITIVE),
        ("agreement.error-code", "XADD", error("ERR syntax error"), error("BAD syntax error"), BREAKING),
        ("agreement.error-code", "XADD", error("WRONGTYPE x"), error("ERR syntax error"), BREAKING),
        ("agreement.type", "LSET", error("ERR index out of range"), OK, BREAKING),
        # what a server says of itself
        ("identity.info", "redis_version", OK, NIL, BREAKING),
        ("identity.info", "valkey_version", NIL, OK, ADDITIVE),
        ("identity.info", "redis_version", OK, WireReply("simple", "7"), COSMETIC),
        ("identity.arity", "SET", bulk("-3"), bulk("-2"), ADDITIVE),
        ("identity.arity", "SET", bulk("3"), bulk("-3"), ADDITIVE),
        ("identity.arity", "SET", bulk("-3"), bulk("3"), BREAKING),
        ("identity.arity", "SET", bulk("2"), bulk("3"), BREAKING),
        ("identity.flags", "GET", listing("readonly"), listing(), BREAKING),
        ("identity.flags", "GET", listing("readonly"), listing("write"), BREAKING),
        ("identity.flags", "GET", listing("noscript", "fast"), listing("stale"), ADDITIVE),
        ("identity.flags", "GET", listing("fast"), listing("skip_monitor"), COSMETIC),
        ("identity.flag", "random", bulk("random"), NIL, COSMETIC),
        ("identity.flag", "movablekeys", bulk("movablekeys"), NIL, BREAKING),
        ("identity.categories", "KEYS", listing("@slow"), listing(), BREAKING),
        ("identity.categories", "KEYS", listing(), listing("@string"), ADDITIVE),
        ("identity.categories", "KEYS", listing(), listing("@dangerous"), BREAKING),
        ("identity.key-specs", "GET", listing(), listing("RO access"), BREAKING),
        ("identity.tips", "GET", listing("request_policy:all_shards"), listing(), BREAKING),
        ("identity.tips", "GET", listing(), listing("request_policy:all_shards"), ADDITIVE),
        ("identity.tips", "GET", listing("nondeterministic_output"), listing(), COSMETIC),
        ("identity.arguments", "SET", listing(), listing("'IFEQ' string"), ADDITIVE),
        ("identity.arguments", "SET", listing("'NX'"), listing("'XN'"), COSMETIC),
        ("identity.documents", "SET", listing("group string"), listing(), COSMETIC),
        ("identity.form", "uptime", bulk("integer"), bulk("text"), BREAKING),
        ("identity.form", "db*", bulk("keys=integer"), bulk("keys=integer,ttl=integer"), ADDITIVE),
        ("identity.form", "name", bulk("empty"), bulk("text"), ADDITIVE),
        ("identity.type", "keys", bulk("array"), bulk("bulk"), BREAKING),
        ("identity.modules", "MODULE LIST", listing("a"), listing(), BREAKING),
        ("identity.modules", "MODULE LIST", listing(), listing("a"), ADDITIVE),
        ("identity.usual-section", "Modules", bulk("yes"), bulk("no"), BREAKING),
        ("identity.says-otherwise", "COMMAND LIST", listing(), listing("get"), BREAKING),
        ("identity.says-otherwise", "COMMAND LIST", listing("get"), listing(), COSMETIC),
        ("identity.prose", "LATENCY DOCTOR", bulk("a"), bulk("b"), COSMETIC),
        # what it can be set to
        ("config.parameter", "dynamic-hz", bulk("dynamic-hz"), NIL, BREAKING),
        ("config.parameter", "commandlog", NIL, bulk("commandlog"), ADDITIVE),
        ("config.default", "acl-pubsub-default", bulk("allchannels"), bulk("resetchannels"), BREAKING),
        ("config.default", "repl-backlog-size", bulk("1048576"), bulk("10485760"), COSMETIC),
        ("config.values", "maxmemory-samples", listing("100"), listing(), BREAKING),
        ("config.values", "log-format", listing(), listing("json"), ADDITIVE),
        ("config.read-only", "databases", OK, error("ERR can't set immutable config"), BREAKING),
        ("config.read-only", "databases", error("ERR can't set immutable config"), OK, ADDITIVE),
        ("config.reads", "maxmemory", listing("1kb reads 1024"), listing("1kb reads 1000"), BREAKING),
        ("config.refusal", "save", error("ERR a"), error("ERR b"), COSMETIC),
        ("a.rule-of-tomorrow", "X", ONE, TWO, BREAKING),
    ],
)
def test_the_table_of_severities(
    rule: str, subject: str, baseline: WireReply, candidate: WireReply, expected: Severity
) -> None:
    assert severity_of(rule, subject, baseline, candidate) is expected


def entry(**changes: object) -> Entry:
    fields: dict[str, object] = {"id": "e", "rule": "agreement.encoding", "subject": "OBJECT ENCODING"}
    return Entry(**(fields | changes))  # type: ignore[arg-type]  # the fields that a test names


def judge_one(finding: Finding, *entries: Entry, pair: Pair = PAIR) -> Finding:
    [found] = judged([finding], pair, Ledger(entries), Ledger())
    return found


def test_what_no_entry_explains_diverges() -> None:
    found = judge_one(a_finding())
    assert (found.verdict, found.known, found.severity) == ("diverges", None, "cosmetic")


def test_what_an_entry_explains_is_known_by_its_id() -> None:
    found = judge_one(a_finding(), entry())
    assert (found.verdict, found.known) == ("known", "e")


def test_the_ledger_is_asked_before_the_users_acceptances() -> None:
    [found] = judged([a_finding()], PAIR, Ledger((entry(),)), Ledger((entry(id="mine"),)))
    assert found.known == "e"


def test_an_entry_may_set_the_severity_for_the_pair_as_it_is_written() -> None:
    either = entry(
        either=True,
        severity=ADDITIVE,
        baseline=(engine_range("redis"),),
        candidate=(engine_range("valkey"),),
    )
    assert judge_one(a_finding(), either).severity == "additive"
    assert judge_one(a_finding(), either, pair=PAIR.reversed).severity == "cosmetic"


def test_what_was_inconclusive_stays_so_until_an_entry_explains_it_and_after_it_is_gone() -> None:
    unsure = a_finding(verdict="inconclusive")
    assert judge_one(unsure).verdict == "inconclusive"
    explained = judge_one(unsure, entry())
    assert explained.verdict == "known"
    assert judge_one(explained).verdict == "inconclusive"


def test_judging_twice_says_the_same() -> None:
    once = judge_one(a_finding(severity="breaking", known="gone", verdict="known"))
    assert judge_one(once) == once
    assert (once.verdict, once.known, once.severity) == ("diverges", None, "cosmetic")


NEW = a_finding()
NEW_BREAKING = a_finding(severity="breaking")
EXPLAINED = a_finding(verdict="known", known="e", severity="breaking")
UNSURE = a_finding(verdict="inconclusive")


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], Verdict.AGREES),
        ([EXPLAINED], Verdict.KNOWN),
        ([EXPLAINED, UNSURE], Verdict.INCONCLUSIVE),
        ([UNSURE, NEW, EXPLAINED], Verdict.DIVERGES),
    ],
)
def test_a_run_is_as_bad_as_its_worst_finding(findings: list[Finding], expected: Verdict) -> None:
    assert run_verdict(findings) is expected


@pytest.mark.parametrize(
    ("findings", "fail_on", "strict", "expected"),
    [
        ([], FailOn.ANY, True, ExitCode.OK),
        ([EXPLAINED], FailOn.NEW, True, ExitCode.OK),
        ([EXPLAINED], FailOn.BREAKING, False, ExitCode.OK),
        ([EXPLAINED], FailOn.ANY, False, ExitCode.DIVERGES),
        ([NEW], FailOn.NEW, False, ExitCode.DIVERGES),
        ([NEW], FailOn.BREAKING, False, ExitCode.OK),
        ([NEW_BREAKING], FailOn.BREAKING, False, ExitCode.DIVERGES),
        ([UNSURE], FailOn.ANY, False, ExitCode.OK),
        ([UNSURE], FailOn.NEW, True, ExitCode.INCONCLUSIVE),
        ([UNSURE, NEW], FailOn.NEW, True, ExitCode.DIVERGES),
    ],
)
def test_the_policy_decides_the_exit_code(
    findings: list[Finding], fail_on: FailOn, strict: bool, expected: ExitCode  # noqa: FBT001  (a row of the table)
) -> None:  # fmt: skip
    assert exit_code(findings, fail_on, strict=strict) is expected


def test_a_stale_entry_fails_a_run_that_agrees() -> None:
    assert exit_code([], FailOn.NEW, stale=["e"]) is ExitCode.DIVERGES


def test_a_run_that_compared_nothing_did_not_pass() -> None:
    assert exit_code([], FailOn.NEW, compared=0) is ExitCode.NOTHING_RAN


def test_an_old_run_is_judged_anew_and_saved(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    with RecordWriter.open(tmp_path, worker="gw0") as writer:
        writer.finding(a_finding())
        writer.progress(Work(area="hashes", compared=10, programs=1, seconds=1.0))
    save(judge(record.merge(tmp_path), Policy()))
    first = record.load(tmp_path)
    assert (first.run.verdict, first.run.exit_code) == ("diverges", 1)
    save(judge(first, Policy(ledger=Ledger((entry(why="by design"),)))))
    second = record.load(tmp_path)
    assert (second.run.verdict, second.run.exit_code) == ("known", 0)
    assert second.findings[0].known == "e"
    assert second.run.totals == first.run.totals


def test_replays_kept_in_the_record_decide_what_is_stale(tmp_path: Path) -> None:
    record.start(tmp_path, a_run(replayed={"e": False}))
    with RecordWriter.open(tmp_path) as writer:
        writer.progress(Work(area="hashes", compared=10))
    gone = judge(record.merge(tmp_path), Policy(ledger=Ledger((entry(program=("GET k",)),))))
    assert (gone.run.stale, gone.run.exit_code, gone.run.verdict) == (("e",), 1, "agrees")


def test_expired_acceptances_are_told_in_the_run(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    late = Acceptances(Ledger(), ("the acceptance 'x' expired",))
    told = judge(record.load(tmp_path), Policy(acceptances=late)).run.expired
    assert told == ("the acceptance 'x' expired",)


def test_versions_with_a_suffix_rank_with_their_release() -> None:
    run = a_run()
    rc = msgspec.structs.replace(run.candidate, version="9.0.0-rc1")
    assert pair_of(msgspec.structs.replace(run, candidate=rc)).candidate.version == (9, 0, 0)
