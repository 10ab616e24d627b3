"""The run record: written line by line, read back whole, honest about what is torn, foreign or full."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from reports import record
from reports.finding import Finding, WireReply
from reports.merge import merged_findings
from reports.record import RecordError, RecordWriter
from reports.run import NotRun, Tolerance, Work
from tests.sample_record import a_finding, a_run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run = a_run(not_run=(NotRun(what="cluster", why="not in this profile"),))
    record.start(tmp_path / "r", run)
    with RecordWriter.open(tmp_path / "r", worker="gw0") as writer:
        writer.finding(a_finding())
        writer.progress(
            Work(area="strings", compared=100, programs=5, seconds=0.5, sent={"GET": 60, "SET": 40})
        )
    record.merge(tmp_path / "r")
    read = record.load(tmp_path / "r")
    assert read.findings == (a_finding(),)
    assert read.run.not_run == run.not_run
    assert read.run.totals.compared == 100
    assert read.run.totals.per_worker_second == 200
    assert [command.command for command in read.coverage.commands] == ["GET", "SET"]


def test_the_keys_of_a_finding_are_the_documented_ones() -> None:
    keys = list(msgspec.json.decode(msgspec.json.encode(a_finding())))
    documented = (
        "rule severity verdict known subject topology signature message protocol program step baseline"
    )
    assert set(documented.split()) | {"candidate", "evidence", "reproduce"} <= set(keys)


def test_equal_signatures_become_one_with_the_shortest_program_and_all_counts(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    long = a_finding(program=("SET k 1", "GET k", "OBJECT ENCODING k"), step=2, count=3)
    short = a_finding(program=("OBJECT ENCODING k",), step=0, protocol=3)
    shorter = a_finding(program=("OBJECT ENCODING k",), step=0, protocol=2)
    for worker, finding in (("gw0", long), ("gw1", short), ("gw1", shorter)):
        with RecordWriter.open(tmp_path, worker=worker) as writer:
            writer.finding(finding)
    [found] = record.merge(tmp_path).findings
    assert (found.program, found.protocol, found.count) == (("OBJECT ENCODING k",), 2, 5)
    assert found.evidence["protocols"] == [2, 3]


def zrange(tokens: str, what: str = "array | array", **changes: object) -> Finding:
    signature = f"agreement.value | {f'ZRANGE {tokens}'.rstrip()} | {what}"
    changed = {"program": (f"ZRANGE k 0 -1 {tokens}",), "evidence": {}} | changes
    return a_finding(rule="agreement.value", subject="ZRANGE", signature=signature, **changed)


def test_what_needs_more_tokens_is_counted_with_the_simpler_one() -> None:
    found = [
        zrange("BYLEX LIMIT REV", program=("ZRANGE k",)),
        zrange("BYLEX LIMIT"),
        zrange("BYLEX LIMIT WITHSCORES"),
    ]
    [merged] = merged_findings(found)
    assert (merged.signature, merged.count) == ("agreement.value | ZRANGE BYLEX LIMIT | array | array", 3)
    assert merged.program == ("ZRANGE k 0 -1 BYLEX LIMIT",)


def test_what_needs_other_tokens_or_says_something_else_stays_apart() -> None:
    found = [zrange("BYLEX LIMIT"), zrange("REV LIMIT"), zrange("BYLEX LIMIT", "array | map"), zrange("")]
    assert len(merged_findings(found[:3])) == 3
    assert sorted(each.count for each in merged_findings(found)) == [1, 3]


def test_what_is_not_certain_stands_for_nothing_else() -> None:
    found = [zrange("", evidence={"inconclusive": "once"}), zrange("REV")]
    assert len(merged_findings(found)) == 2


def test_a_finding_that_is_certain_is_not_hidden_by_one_that_is_not(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    with RecordWriter.open(tmp_path) as writer:
        writer.finding(a_finding(program=("GET k",), step=0, evidence={"inconclusive": "seen once"}))
        writer.finding(a_finding(program=("SET k 1", "GET k"), evidence={}))
    [found] = record.merge(tmp_path).findings
    assert (len(found.program), found.evidence, found.count) == (2, {}, 2)


def test_merging_twice_counts_nothing_twice(tmp_path: Path) -> None:
    record.start(tmp_path, a_run(tolerances=(Tolerance(rule="ttl-10ms", why="clocks"),)))
    with RecordWriter.open(tmp_path, worker="gw0") as writer:
        writer.finding(a_finding())
        writer.progress(
            Work(area="keys", compared=10, programs=1, seconds=1, tolerated={"ttl-10ms": 4, "new": 1})
        )
    once, twice = record.merge(tmp_path), record.merge(tmp_path)
    assert once == twice
    assert [(rule.rule, rule.why, rule.count) for rule in twice.run.tolerances] == [
        ("new", "", 1),
        ("ttl-10ms", "clocks", 4),
    ]


def test_a_run_that_was_killed_can_be_read_and_its_half_line_is_told(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    with RecordWriter.open(tmp_path, worker="gw0") as writer:
        writer.finding(a_finding())
    with (tmp_path / "findings-gw0.jsonl").open("ab") as file:
        file.write(b'{"rule": "agreement.va')
    read = record.load(tmp_path)
    assert len(read.findings) == 1
    assert read.torn == ("findings-gw0.jsonl",)
    assert read.run.end is None


def test_writing_on_after_half_a_line_cuts_it_off(tmp_path: Path) -> None:
    (tmp_path / "findings-gw0.jsonl").write_bytes(msgspec.json.encode(a_finding()) + b'\n{"rule"')
    record.start(tmp_path / "other", a_run())
    with RecordWriter.open(tmp_path, worker="gw0") as writer:
        writer.finding(a_finding(signature="another"))
    lines = (tmp_path / "findings-gw0.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Finding).signature for line in lines] == [
        a_finding().signature,
        "another",
    ]


def test_every_line_is_in_the_file_before_the_call_returns(tmp_path: Path) -> None:
    writer = RecordWriter.open(tmp_path, worker="gw0")
    writer.observation({"command": "GET k"})
    writer.incident({"fault": "kill"})
    assert list(record.lines(tmp_path, "observations")) == [{"command": "GET k"}]
    assert list(record.lines(tmp_path, "incidents")) == [{"fault": "kill"}]
    writer.close()
    writer.close()


def test_a_damaged_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    (tmp_path / "findings-gw0.jsonl").write_bytes(b"garbage\n" + msgspec.json.encode(a_finding()) + b"\n")
    with pytest.raises(RecordError, match=r"findings-gw0\.jsonl, line 1 is damaged"):
        record.load(tmp_path)


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RecordError, match=r"not empty \(run\.json\).*never overwritten.*--record"):
        record.start(tmp_path, a_run())


def test_another_schema_is_refused_with_both_numbers(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema": 7, "anything": []}')
    with pytest.raises(RecordError, match=r"schema 7, and this Rekey reads schema 1: .* newer Rekey"):
        record.load(tmp_path)


@pytest.mark.parametrize("content", ["", "no json", '{"name": "left-pad"}', "[1, 2]", '{"schema": 1}'])
def test_what_is_no_record_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RecordError, match=r"run\.json"):
        record.load(tmp_path)


def test_a_folder_without_a_record_is_refused_with_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no run record .no run\.json.*--record"):
        record.load(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110  (a device, not a path of ours)
def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "findings-main.jsonl").symlink_to("/dev/full")
    writer = RecordWriter(tmp_path, "main")
    with pytest.raises(RecordError, match=r"no space left while writing .*findings-main"):
        writer.finding(a_finding())


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match=r"can't write .*file.*--record"):
        record.start(tmp_path / "file" / "run", a_run())


def test_the_area_and_the_command_nobody_sent_are_counted(tmp_path: Path) -> None:
    record.start(tmp_path, a_run(known_commands=("GET", "WAIT")))
    with RecordWriter.open(tmp_path) as writer:
        writer.progress(
            Work(area="b", compared=1, programs=1, seconds=0.25, sent={"GET": 1}, errors={"GET": 1})
        )
        writer.progress(Work(area="a", compared=2, programs=1, seconds=0.25, sent={"GET": 2}))
        writer.progress(Work(area="b", compared=4, programs=1, seconds=0.25))
    coverage = record.merge(tmp_path).coverage
    assert [(area.area, area.compared, area.programs) for area in coverage.areas] == [
        ("a", 2, 1),
        ("b", 5, 2),
    ]
    assert [(one.command, one.sent, one.errors) for one in coverage.commands] == [("GET", 3, 1)]
    assert coverage.never_sent == ("WAIT",)


def test_an_ended_run_without_its_findings_never_passes_for_one_that_agrees(tmp_path: Path) -> None:
    record.start(tmp_path, a_run(end="2031-01-01T00:00:00Z"))
    with RecordWriter.open(tmp_path) as writer:
        writer.progress(Work(area="hashes", compared=1_000))
    with pytest.raises(RecordError, match=r"not whole: .*findings\.jsonl"):
        record.load(tmp_path)


def test_a_file_that_cant_be_read_is_named(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    (tmp_path / "findings.jsonl").mkdir()
    with pytest.raises(RecordError, match=r"findings\.jsonl can't be read: Is a directory"):
        record.load(tmp_path)
    (tmp_path / "run.json").unlink()
    (tmp_path / "run.json").mkdir()
    with pytest.raises(RecordError, match=r"run\.json can't be read: Is a directory"):
        record.load(tmp_path)


def test_amending_changes_only_the_fields_named(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    record.merge(tmp_path)
    record.amend(tmp_path, end="2031-01-01T00:00:00Z", replayed={"an-entry": True})
    run = record.load(tmp_path).run
    assert (run.end, run.replayed, run.seed) == ("2031-01-01T00:00:00Z", {"an-entry": True}, a_run().seed)


def test_the_wire_form_of_a_null_survives(tmp_path: Path) -> None:
    record.start(tmp_path, a_run())
    finding = a_finding(baseline=WireReply("null", None, "*-1"), candidate=WireReply("null", None, "$-1"))
    with RecordWriter.open(tmp_path) as writer:
        writer.finding(finding)
    [read] = record.merge(tmp_path).findings
    assert (read.baseline.wire, read.candidate.wire) == ("*-1", "$-1")
