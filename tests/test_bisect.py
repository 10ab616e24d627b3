"""Since which version an engine behaves how: what counts as one behaviour, how versions are told, and real engines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reports.__main__ import main
from reports.bisect import Answer, as_json, as_text, grouped, stack
from reports.engines import chosen
from reports.finding import WireReply
from reports.reproduce import spec_again
from tests.sample_builds import OLD, QUICK, WITH_TLS, real_build
from tests.sample_findings import BITCOUNT, INSIDE, SCRIPT, SILENT, parts, the_run, write_run
from tests.sample_record import a_finding
from topologies import owner
from topologies.listing import Entry
from topologies.wait import wait_until

if TYPE_CHECKING:
    from reports.reproducer import Reproducer

ROOT = Path(__file__).resolve().parents[1]
REFUSED, TAKEN = BITCOUNT.baseline, BITCOUNT.candidate
DIED = WireReply("none", "died")


def answer(engine: str, reply: WireReply, line: int = 1, log: str = "") -> Answer:
    product, _, version = engine.partition(":")
    numbers = tuple(map(int, version.split(".")))
    return Answer(
        engine=engine, product=product, version=numbers, package="", reply=reply, line=line, log=log
    )


def told(of: Reproducer, *answers: Answer) -> list[tuple[str, str, str]]:
    found = grouped(of, answers, {})
    return [(each.product, each.behaviour, each.text) for each in found.stretches]


def test_versions_are_told_in_their_order_and_within_a_product() -> None:
    answers = (
        answer("valkey:8.1.8", TAKEN),
        answer("redis:6.2.14", REFUSED),
        answer("redis:6.2.9", REFUSED),
        answer("redis:8.0.2", TAKEN),
        answer("redis:7.0.15", REFUSED),
    )
    assert told(parts(BITCOUNT), *answers) == [
        ("redis", "A", "up to 7.0.15"),
        ("redis", "B", "since 8.0.2"),
        ("valkey", "B", "all that were asked"),
    ]


def test_what_came_and_went_is_three_stretches() -> None:
    answers = (
        answer("redis:7.0.0", REFUSED),
        answer("redis:7.2.0", TAKEN),
        answer("redis:7.4.0", TAKEN),
        answer("redis:8.0.0", REFUSED),
    )
    assert [text for _, _, text in told(parts(BITCOUNT), *answers)] == [
        "up to 7.0.0",
        "7.2.0 to 7.4.0",
        "since 8.0.0",
    ]


def test_an_engine_that_dies_hangs_or_stops_before_has_a_behaviour_of_its_own() -> None:
    log = "server(_serverAssert+0x11d) [0x7f]\nserver(bitcountCommand+0x2f)\nserver(call+0xf9) [0x7f]\n"
    found = grouped(
        parts(BITCOUNT),
        [
            answer("redis:7.0.0", DIED, log=log),
            answer("redis:7.2.0", WireReply("none", "timeout")),
            answer("redis:7.4.0", DIED, line=0),
            answer("redis:8.0.0", WireReply("none", "closed")),
        ],
        {"redis:5.0.0": "gone"},
    )
    texts = [each.text for each in found.behaviours]
    assert texts == [
        "the server ends",
        "no reply in time: it hangs",
        "the server ends at line 1, INCR k",
        "the server closes the connection",
    ]
    shown = as_text(parts(BITCOUNT), found)
    assert "in bitcountCommand > _serverAssert" in shown
    assert "Not asked: redis:5.0.0: gone" in shown
    assert json.loads(as_json(parts(BITCOUNT), found))["not_asked"] == [
        {"engine": "redis:5.0.0", "why": "gone"}
    ]


def test_what_varies_is_not_another_behaviour() -> None:
    ids = [WireReply("bulk", text * 40) for text in "ab"]
    times = [WireReply("integer", number) for number in (1_700_000_000, 1_700_000_001)]
    orders = [
        WireReply("array", [{"type": "bulk", "value": each} for each in order]) for order in ("ab", "ba")
    ]
    for first, second in (ids, times, orders):
        assert len(told(parts(BITCOUNT), answer("redis:7.0.0", first), answer("redis:7.2.0", second))) == 1
    ordered = parts(BITCOUNT, rule="agreement.order")
    answers = [answer(f"redis:7.{minor}.0", order) for minor, order in enumerate(orders)]
    assert len(told(ordered, *answers)) == 2


def test_an_answer_counts_as_the_runs_although_the_record_holds_a_part_of_it() -> None:
    inside = {"type": "error", "value": "ERR syntax error"}
    whole = WireReply("array", [inside])
    [behaviour] = grouped(parts(INSIDE), [answer("redis:7.2.4", whole, line=2)], {}).behaviours
    assert behaviour.of == "as Redis 7.2.4 in the run"
    suffix = " script: 4a, on @user_script:1."
    error = WireReply("error", str(SCRIPT.baseline.value) + suffix)
    [behaviour] = grouped(parts(SCRIPT), [answer("redis:7.2.4", error, line=0)], {}).behaviours
    assert behaviour.of == "as Redis 7.2.4 in the run"
    any_reply = WireReply("error", "WRONGPASS")
    [behaviour] = grouped(parts(SILENT), [answer("valkey:9.1.2", any_reply, line=0)], {}).behaviours
    assert behaviour.of == "as Valkey 8.1.8 in the run"


def test_the_stack_is_what_lies_below_call() -> None:
    assert stack("") == ()
    assert stack("x(a+0x1) x(b+0x2) x(c+0x3)") == ("c", "b", "a")


def entry(engine: str, source: str, state: str, why: str | None = None) -> Entry:
    return Entry(engine=engine, source=source, package="", state=state, why_not=why, notes=())


def test_each_version_is_asked_once_from_what_is_here_first() -> None:
    had = chosen(
        [
            entry("redis:7.2.4", "docker", "not available", "no Docker"),
            entry("redis:7.2.4", "wheel", "can be fetched"),
            entry("redis:7.2.4", "deb", "cached"),
            entry("redis:8.2.1", "docker", "not available", "no Docker"),
        ]
    )
    assert had.specs == ("redis:7.2.4@deb",)
    assert had.why_not == {"redis:8.2.1": "no Docker"}


def test_the_runs_builds_are_asked_for_exactly() -> None:
    assert spec_again(the_run().baseline) == "redis:7.2.4@wheel"
    assert spec_again(the_run().candidate) == "valkey:8.1.8@wheel"


@pytest.mark.engines
def test_real_engines_are_bisected_also_where_one_dies_or_cannot_be_had(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for spec in (OLD, WITH_TLS, QUICK):
        real_build(spec)
    run = str(write_run(tmp_path / "run", BITCOUNT))
    engines = [QUICK, OLD, "redis:1.0", WITH_TLS]
    assert main(["bisect", run, BITCOUNT.id, "--engines", *engines, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert [(each["engine"], each["behaviour"]) for each in told["engines"]] == [
        ("redis:6.2.14", "A"),
        ("redis:7.2.4", "A"),
        ("valkey:8.1.8", "B"),
    ]
    assert told["not_asked"][0]["engine"] == "redis:1.0"
    assert "can't be had" in told["not_asked"][0]["why"]

    deadly = a_finding(
        signature="deadly", program=("PING", "DEBUG SEGFAULT"), step=1, candidate=DIED, rule="agreement.crash"
    )
    run = str(write_run(tmp_path / "deadly", deadly))
    assert main(["bisect", run, "deadly", "--engines", QUICK, OLD]) == 0
    shown = capfd.readouterr().out
    assert "the server ends" in shown
    assert "2 engines, as Valkey 8.1.8 in the run" in shown

    assert main(["bisect", run, "deadly", "--engines", "redis:1.0"]) == 3
    assert "Not asked: redis:1.0" in capfd.readouterr().out


@pytest.mark.engines
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    real_build(QUICK)
    hanging = a_finding(signature="hanging", program=("BLPOP a 0",) * 3, step=2)
    run = write_run(tmp_path / "run", hanging)
    argv = [sys.executable, "-m", "reports", "bisect", str(run), "hanging", "--engines", QUICK, QUICK, QUICK]
    bisecting = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(
        lambda: descendants(bisecting.pid),
        timeout_s=30,
        expect="a server",
        until=lambda found: any("valkey-server" in name for name in found.values()),
    )
    below = descendants(bisecting.pid)
    os.kill(bisecting.pid, number)
    _, said = bisecting.communicate(timeout=30)
    assert bisecting.returncode == 2
    assert "interrupted; nothing is left running" in said
    wait_until(
        lambda: [pid for pid in below if owner.started(pid) is not None],
        timeout_s=15,
        expect="nothing left",
        until=lambda left: left == [],
    )


def descendants(pid: int) -> dict[int, str]:
    """Every process below this one, by its command line."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents[int(text.split(" ", 1)[0])] = int(text.rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    names = {}
    for each in found - {pid}:
        try:
            names[each] = Path(f"/proc/{each}/cmdline").read_text(errors="replace")
        except OSError:
            continue
    return names
