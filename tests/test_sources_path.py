"""A path is an engine if the program there says so; every other case names what was found instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sample_engines import program, script, sha256
from topologies.engine import Engine, EngineNotAvailable
from topologies.owner import started
from topologies.sources import path, reported
from topologies.spec import Program
from topologies.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_program_that_reports_a_server_is_a_build(tmp_path: Path) -> None:
    file = program(tmp_path / "my-valkey", script("Valkey", "8.1.1"))
    build = path.find(Program(str(file)))
    assert build.engine == Engine("valkey", (8, 1, 1))
    assert build.argv == (str(file),)
    assert build.sha256 == sha256(script("Valkey", "8.1.1"))
    assert build.reported.startswith("Valkey server v=8.1.1")
    assert build.spec == f"path:{file}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#!/bin/sh\necho hello\n", "printed 'hello'"),
        (b"#!/bin/sh\nexit 3\n", "ended with code 3 and printed nothing"),
        (b"#!/bin/sh\nkill -9 $$\n", "was killed by signal 9"),
        (b"#!/nowhere/interpreter\n", "can't be started"),
        (b"\x7fELF rubbish", "can't be started"),
        (b"#!/bin/sh\necho 'Redis server v=7.2.4'; exit 1\n", "ended with code 1"),
    ],
)
def test_a_program_that_is_no_server_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = program(tmp_path / "program", content)
    with pytest.raises(EngineNotAvailable) as caught:
        path.find(Program(str(file)))
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_program_that_does_not_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "TIMEOUT_S", 0.05)
    file = program(tmp_path / "program", b"#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(EngineNotAvailable, match="did not end within"):
        path.find(Program(str(file)))


def test_what_a_program_that_does_not_end_has_started_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reported, "TIMEOUT_S", 0.5)
    file = program(tmp_path / "program", b"#!/bin/sh\nsleep 60 & echo $! > ${0}.pid\nwait\n")
    with pytest.raises(EngineNotAvailable, match="did not end within"):
        path.find(Program(str(file)))
    child = int((tmp_path / "program.pid").read_text())
    wait_until(lambda: started(child), timeout_s=10, expect="no child", until=lambda seen: seen is None)


def test_what_is_not_an_executable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x", "utf-8")
    for name, message in [("none", "there is no file"), ("plain", "is not executable"), ("", "is no file")]:
        with pytest.raises(EngineNotAvailable, match=message):
            path.find(Program(str(tmp_path / name)))
