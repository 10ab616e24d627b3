"""Findings by name: one id for one difference, whatever people type of it, and what they hear where it names none."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from reports.__main__ import main
from reports.find import NoSuchFinding, find_finding
from reports.html import html
from reports.machine import machine
from reports.record import load
from reports.summary import summary
from tests.sample_findings import ALL, BINARY, BITCOUNT, INSIDE, write_run
from tests.sample_record import a_finding

if TYPE_CHECKING:
    from pathlib import Path


def test_an_id_is_the_beginning_of_the_signatures_sha256_and_of_nothing_else() -> None:
    assert BITCOUNT.id == hashlib.sha256(BITCOUNT.signature.encode()).hexdigest()[:8]
    assert msgspec.structs.replace(BITCOUNT, count=9, known=None, program=("X",)).id == BITCOUNT.id


@pytest.mark.parametrize("text", [BITCOUNT.id, BITCOUNT.id[:3], BITCOUNT.id.upper(), BITCOUNT.signature])
def test_id_beginning_and_signature_name_a_finding(text: str) -> None:
    assert find_finding(ALL, text) is BITCOUNT


def test_a_ledger_id_names_the_only_finding_that_it_explains() -> None:
    assert find_finding(ALL, "bitcount-end-optional") is BITCOUNT
    both = (BITCOUNT, msgspec.structs.replace(BINARY, known="bitcount-end-optional"))
    with pytest.raises(NoSuchFinding) as refused:
        find_finding(both, "bitcount-end-optional")
    assert "names 2 findings" in str(refused.value)
    assert BITCOUNT.id in str(refused.value)
    assert BINARY.id in str(refused.value)


def test_a_beginning_of_several_ids_lists_them() -> None:
    many = tuple(a_finding(signature=f"s{number}") for number in range(40))
    first = many[0].id[0]
    same = [each.id for each in many if each.id.startswith(first)]
    assert len(same) > 1
    with pytest.raises(NoSuchFinding) as refused:
        find_finding(many, first)
    assert all(each in str(refused.value) for each in same)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("bitcount", BITCOUNT),  # a command's name
        ("encoding", BINARY),  # a word of it
        ("bitcount-end-optionl", BITCOUNT),  # a slip
    ],
)
def test_what_names_nothing_lists_what_is_near(text: str, near: object) -> None:
    with pytest.raises(NoSuchFinding) as refused:
        find_finding(ALL, text)
    assert near.id in str(refused.value)  # type: ignore[attr-defined]  # a finding
    assert INSIDE.id not in str(refused.value)


def test_an_unknown_id_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(write_run(tmp_path / "run", BITCOUNT))
    for command in ("export", "reproduce", "bisect"):
        assert main([command, run, "ffffffff"]) == 4
        assert "no finding 'ffffffff' among the 1 of this run" in capsys.readouterr().err
    assert main(["export", str(write_run(tmp_path / "empty")), "a"]) == 4
    assert "this run found no difference" in capsys.readouterr().err


def test_every_rendering_shows_the_ids_and_what_to_do_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(tmp_path / "run", *ALL)
    held = load(folder)
    page = html(held)
    for finding in ALL:
        assert f'<code class="id">{finding.id}</code>' in page
        assert f"-m reports reproduce {folder} {finding.id}" in page
        assert f"-m reports bisect {folder} {finding.id}" in page
        assert finding.id in summary(held)
    assert [each["id"] for each in json.loads(machine(held))["findings"]] == [
        each.id for each in held.findings
    ]
    assert b'"id"' not in (folder / "findings.jsonl").read_bytes()  # it follows from the signature
    main(["show", str(folder)])
    shown = capsys.readouterr().out
    assert all(finding.id in shown for finding in ALL)
    assert f"reproduce {folder} ID" in shown
