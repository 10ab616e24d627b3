"""What people read first: the terminal at 80 columns, the progress lines, and the page of a CI job."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from reports.finding import WireReply
from reports.headline import headline, outcome
from reports.record import Record
from reports.replies import lines, masked, one_line
from reports.run import Coverage, Totals
from reports.summary import summary
from reports.terminal import Progress, print_summary
from reports.words import counted, duration, joined
from tests.sample_record import a_finding, a_run, write_realistic

SNAPSHOTS = Path(__file__).with_name("snapshots")
ENDED = "2031-01-02T03:05:00+00:00"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return write_realistic(tmp_path_factory.mktemp("record") / "run")


def a_console(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"[ ]+\n", "\n", console.file.getvalue())


def check_snapshot(name: str, text: str) -> None:
    """Written when it is missing; to accept a change, delete the file and run again."""
    path = SNAPSHOTS / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} was written: look at it, then run again")
    assert text == path.read_text(encoding="utf-8"), f"differs from {path}: delete it and run again to accept"


def a_record(*findings: object, **changes: object) -> Record:
    fields = {"end": ENDED, "totals": Totals(compared=5_000, programs=50, seconds=9.0)} | changes
    return Record(Path("runs/x"), a_run(**fields), findings, Coverage())  # type: ignore[arg-type]  # findings only


def test_the_terminal_summary_looks_as_it_was_accepted(sample: Record) -> None:
    console = a_console()
    print_summary(sample, console)
    text = printed(console).replace(str(sample.path), "runs/sample")
    check_snapshot("terminal.txt", text)
    assert max(map(len, text[: text.index("Report")].splitlines())) <= 80


def test_the_job_summary_looks_as_it_was_accepted(sample: Record) -> None:
    check_snapshot("summary.md", summary(sample))


def test_nothing_in_the_job_summary_breaks_out_of_its_cell() -> None:
    nasty = "a | b\n<img src=x> **x** [y](z) `c` @all"
    found = a_finding(
        subject="X|Y", message=nasty, program=(nasty,), step=0, baseline=WireReply("bulk", nasty)
    )
    [row] = [line for line in summary(a_record(found)).splitlines() if "X&#124;Y" in line]
    assert row.count("|") == 6
    assert not set("[]`@") & set(row)
    assert "<img" not in row


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (a_record(totals=Totals()), "Nothing was compared"),
        (a_record(), "Drop-in as far as tested: 5,000 commands agreed."),
        (a_record(a_finding(severity="breaking")), "Not a drop-in: 1 breaking difference (1 new)."),
        (a_record(a_finding()), "No new breaking difference, but 1 cosmetic difference is in no ledger."),
        (
            a_record(a_finding(severity="breaking", verdict="known", known="e"), a_finding()),
            "No new breaking difference, but 1 cosmetic difference is in no ledger.",
        ),
        (
            a_record(a_finding(severity="breaking", verdict="known", known="e")),
            "Only known differences: 1 breaking.",
        ),
        (a_record(a_finding(verdict="inconclusive")), "Inconclusive: 1 difference could not be shown"),
        (a_record(end=None), "Unfinished run. So far: drop-in as far as tested"),
        (a_record(a_finding(), end=None), "Unfinished run. So far: no new breaking difference"),
    ],
)
def test_the_headline_says_what_a_release_manager_asks(record: Record, expected: str) -> None:
    assert headline(record).startswith(expected)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (a_record(), "Not judged"),
        (a_record(exit_code=0), "The run passes: every difference is explained"),
        (
            a_record(a_finding(verdict="inconclusive"), exit_code=0),
            "The run passes: what is inconclusive fails",
        ),
        (a_record(a_finding(), exit_code=1), "The run fails: 1 difference is in no ledger (--fail-on new)."),
        (a_record(a_finding(), fail_on="breaking", exit_code=0), "The run passes: no breaking difference"),
        (
            a_record(a_finding(), fail_on="any", exit_code=1),
            "The run fails: 1 difference found, and any fails",
        ),
        (a_record(stale=("e",), exit_code=1), "The run fails: 1 ledger entry is no longer true."),
        (a_record(exit_code=2), "The run fails with exit code 2: it was interrupted."),
        (a_record(exit_code=6, strict=True), "The run fails with exit code 6: inconclusive, under --strict."),
    ],
)
def test_the_outcome_says_whether_it_passes_and_by_which_policy(record: Record, expected: str) -> None:
    assert outcome(record).startswith(expected)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_in_a_file_is_a_plain_line_now_and_then() -> None:
    clock, console = Clock(), a_console()
    with Progress(console, clock=clock) as progress:
        for second in range(1, 41):
            clock.now = 100.0 + second
            progress.update("hashes", second * 20_000, {"breaking": 3, "cosmetic": 1}, 40.0 - second)
    assert printed(console).splitlines() == [
        "hashes: 300,000 compared, 20,000/s, 25 s left; differences so far: 3 breaking, 1 cosmetic",
        "hashes: 600,000 compared, 20,000/s, 10 s left; differences so far: 3 breaking, 1 cosmetic",
    ]


def test_live_progress_goes_away_when_it_stops() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with Progress(console, live=True, clock=Clock()) as progress:
        progress.update("hashes", 1_000, {}, None)
    assert isinstance(console.file, io.StringIO)
    assert "1,000 compared" in console.file.getvalue()
    assert "differences so far: none" in console.file.getvalue()


def test_in_ci_even_a_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with Progress(console, clock=Clock()) as progress:
        progress.update("hashes", 1_000, {}, None)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (WireReply("simple", "OK"), "OK"),
        (WireReply("bulk", 'O"K\n'), '"O\\"K\\n"'),
        (WireReply("error", "ERR no"), "(error) ERR no"),
        (WireReply("error", "ERR no", "!"), "(bulk error) ERR no"),
        (WireReply("integer", 7), "(integer) 7"),
        (WireReply("double", "1.5"), "(double) 1.5"),
        (WireReply("big-number", "12"), "(big number) 12"),
        (WireReply("boolean", value=True), "(boolean) true"),
        (WireReply("null", None, "$-1"), "(nil $-1)"),
        (WireReply("null", None, "*-1"), "(nil *-1)"),
        (WireReply("null", None, "_"), "(nil _)"),
        (WireReply("verbatim", "txt:a"), '(verbatim) "txt:a"'),
        (WireReply("none", "timeout"), "(no reply) timeout"),
        (WireReply("array", []), "(empty array)"),
        (WireReply("set", [{"type": "integer", "value": 1}]), "~[(integer) 1]"),
        (
            WireReply("map", [[{"type": "bulk", "value": "k"}, {"type": "integer", "value": 1}]]),
            '{"k" => (integer) 1}',
        ),
        (WireReply("bulk", "abc", None, 900), '"abc" … (900 in all)'),
    ],
)
def test_each_wire_type_reads_differently(reply: WireReply, expected: str) -> None:
    assert one_line(reply) == expected


def test_nested_replies_are_indented_as_redis_cli_does() -> None:
    inner = {
        "type": "array",
        "value": [{"type": "bulk", "value": "a"}, {"type": "null", "value": None, "wire": "_"}],
    }
    assert lines(WireReply("array", [inner, {"type": "integer", "value": 1}])) == [
        '1) 1) "a"',
        "   2) (nil _)",
        "2) (integer) 1",
    ]


def test_masking_hides_ids_and_large_numbers_only() -> None:
    assert masked(WireReply("bulk", "x 1234 12345 " + "0a" * 20)) == '"x 1234 <n> <id>"'


def test_numbers_read_well() -> None:
    assert [duration(each) for each in (0.44, 59.6, 61, 7_500)] == [
        "0.4 s",
        "1 min 0 s",
        "1 min 1 s",
        "2 h 5 min",
    ]
    assert [counted(each, "entry", "entries") for each in (0, 1, 1_000)] == [
        "0 entries",
        "1 entry",
        "1,000 entries",
    ]
    assert [joined(list(each)) for each in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
