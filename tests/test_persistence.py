"""Planted faults of files: each is found, under its rule and for what it is; and an engine with itself is whole.

Both sides are the same build. What a save loses is taken from the candidate behind its back, right before it saves; an
engine that opens files wrongly is a script in front of a true one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from generators.command import parse
from generators.saving import AOF_WAYS, RDB_WAYS
from reports.matrix import BACK, ITSELF, THERE, WHOLE
from suites.persistence.carrier import Carrier
from suites.persistence.damaged import damaged
from suites.persistence.files import carried
from suites.persistence.killed import killed
from suites.persistence.live import handed
from tests.sample_builds import QUICK, real_build, script_build
from topologies import readiness, vault
from topologies.homes import choose
from topologies.lockstep import introduce, read_replies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reports.finding import Finding
    from suites.session import Session
    from topologies.engine import Build
    from topologies.node import Stored

pytestmark = pytest.mark.engines

SAVE, AS_COMMANDS = RDB_WAYS[:1], AOF_WAYS[:1]


def carrier_of(folder: Path, baseline: Build, candidate: Build) -> Carrier:
    options = SimpleNamespace(record=folder, seed=1, baseline="a", candidate="b", profile="smoke")
    home = choose("process", [baseline])
    session = SimpleNamespace(
        options=options,
        builds=(baseline, candidate),
        worker=None,
        home=home,
        reproduce_test=lambda nodeid: f"again {nodeid}",
    )
    return Carrier.of(cast("Session", session))


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    build = real_build(QUICK)
    carrier = carrier_of(tmp_path_factory.mktemp("record"), build, build)
    yield carrier
    carrier.session.home.close()


@pytest.fixture
def honest(carrier: Carrier) -> Iterator[Carrier]:
    yield carrier
    carrier.meddle = carrier.spoil = None


def before_the_candidate_saves(*lines: str) -> Callable[[Stored], None]:
    def meddle(node: Stored) -> None:
        if node.spec.name.startswith("candidate"):
            with introduce(node, 2) as wire:
                wire.sendall(b"".join(parse(line).encode() for line in lines))
                read_replies(wire, len(lines))

    return meddle


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    """Rule, direction, and what the signature names."""
    parts = [finding.signature.split(" | ") for finding in found]
    return [(rule.removeprefix("persistence."), direction, what) for rule, _, direction, what in parts]


LOSSES = {
    "a key": ("DEL string:int", "silent-loss", "string.int"),
    "a value": ("SET string:int 12346", "silent-change", "string.int"),
    "a bit": ("SETBIT bitmap 7 0", "silent-change", "string.bitmap"),
    "a field": ("HDEL hash:small f", "silent-loss", "hash.listpack"),
    "a field of many": ("HDEL hash:many field-77", "silent-change", "hash.hashtable"),
    "an element": ("RPOP list:small", "silent-loss", "list.listpack"),
    "a member": ("SREM set:small a", "silent-loss", "set.listpack"),
    "a score": ("ZADD zset:scores 2 m2", "silent-change", "zset.listpack"),
    "an entry": ("XDEL stream:plain 2-1", "silent-loss", "stream.plain"),
    "a last id": ("XSETID stream:beyond 78-1", "silent-change", "stream.last-id-beyond"),
    "a counter": ("XSETID stream:counters 90-0 ENTRIESADDED 51 MAXDELETEDID 80-0", "silent-change", "stream.counters"),
    "a group": ("XGROUP DESTROY stream:groups none", "silent-loss", "stream.groups"),
    "a consumer": ('XGROUP DELCONSUMER stream:groups two "\\x00carol"', "silent-loss", "stream.groups"),
    "a delivery": ("XACK stream:groups one 3-1", "silent-loss", "stream.groups"),
    "an expiry": ("PERSIST expiry:list", "silent-change", "list.expiry"),
    "a time": ("PEXPIREAT expiry:near 1900000000000", "silent-change", "string.expiry-near"),
    "a function": ("FUNCTION DELETE first", "silent-loss", "function.library"),
    "a key too many": ("SET more 1", "silent-change", "?"),
    "an estimate": ("PFADD hll:sparse z", "silent-change", "string.hyperloglog-sparse"),
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_what_a_save_loses_is_found(loss: str, honest: Carrier) -> None:
    line, rule, piece = LOSSES[loss]
    honest.meddle = before_the_candidate_saves(line)
    assert told(carried(honest, "RDB", ways=SAVE)) == [(rule, ITSELF, piece)]


def test_a_lost_database_is_found(honest: Carrier) -> None:
    honest.meddle = before_the_candidate_saves("SELECT 9", "FLUSHDB")
    assert told(carried(honest, "RDB", ways=SAVE)) == [
        ("silent-loss", ITSELF, "hash.database string.database")
    ]


def test_an_empty_save_is_found(honest: Carrier) -> None:
    honest.meddle = before_the_candidate_saves("FLUSHALL", "FUNCTION FLUSH")
    assert told(carried(honest, "RDB", ways=SAVE)) == [("silent-loss", ITSELF, "everything")]


def test_an_aof_short_by_its_last_command_is_found(honest: Carrier) -> None:
    """Cut where a command ends, so that the file shows nothing of it."""

    def spoil(files: object) -> None:
        folder = files.folder  # type: ignore[attr-defined]  # the carrier's Files
        if files.writer.role == "candidate":  # type: ignore[attr-defined]
            (file,) = (folder / vault.AOF_FOLDER).glob("*.incr.aof")
            data = file.read_bytes()
            file.write_bytes(data[: data.index(b"*3\r\n$8\r\nFUNCTION")])

    honest.spoil = spoil
    ((rule, direction, what),) = told(carried(honest, "AOF", ways=AS_COMMANDS))
    assert (rule, direction) == ("silent-loss", ITSELF)
    assert "function.library" in what


def test_what_is_lost_on_the_way_between_servers_is_found(honest: Carrier) -> None:
    honest.meddle = before_the_candidate_saves("HDEL hash:small f")
    found = handed(honest)
    assert told(found) == [("silent-loss", ITSELF, "hash.listpack")] * 2
    assert {finding.subject for finding in found} == {"DUMP", "MIGRATE"}


def test_an_engine_with_itself_has_no_findings(honest: Carrier) -> None:
    assert [each for family in ("RDB", "AOF") for each in told(carried(honest, family))] == []
    assert told(handed(honest)) == []


def test_damaged_files_of_an_engine_with_itself_are_no_findings(honest: Carrier) -> None:
    assert [finding.signature for family in ("RDB", "AOF") for finding in damaged(honest, family)] == []


def behind(folder: Path, text: str) -> Build:
    """The true engine behind a script that does something first; `$dir` is where its data are."""
    real = real_build(QUICK)
    given = " ".join(f"{name}='{value}'" for name, value in real.env)
    words = " ".join(f"'{word}'" for word in real.argv)
    # FILE --port N --bind ADDRESS --dir DIR
    return script_build(folder, f'dir="$7"\n{text}\nexec env {given} {words} "$@"')


WRONG_STARTS = {
    "starts empty beside its data": ('rm -f "$dir/dump.rdb"', "silent-loss", "everything"),
    "dies of its data": ('[ -e "$dir/dump.rdb" ] && kill -SEGV $$', "crash", "(it ended with # and said nothing)"),
    "ends without a word": ('[ -e "$dir/dump.rdb" ] && exit 1', "refused", "(it ended with # and said nothing)"),
    "never answers": ('[ -e "$dir/dump.rdb" ] && exec sleep 1000', "hang", ""),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_STARTS)
def test_a_server_that_opens_files_wrongly_is_found(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, rule, what = WRONG_STARTS[wrong]
    monkeypatch.setattr(readiness, "TIMEOUT_S", 2.0)
    carrier = carrier_of(tmp_path / "record", real_build(QUICK), behind(tmp_path, text))
    try:
        found = told(carried(carrier, "RDB", ways=SAVE))
    finally:
        carrier.session.home.close()
    assert (rule, THERE, what) in found
    assert {each for each in found if each[1] == BACK} == set()


def test_a_refusal_that_spoils_the_files_says_so(tmp_path: Path) -> None:
    text = '[ -e "$dir/dump.rdb" ] && { echo >> "$dir/dump.rdb"; exit 1; }'
    carrier = carrier_of(tmp_path / "record", real_build(QUICK), behind(tmp_path, text))
    try:
        found = carried(carrier, "RDB", ways=SAVE)
    finally:
        carrier.session.home.close()
    assert found[0].evidence["changed although it refused"] == vault.RDB


def test_every_cell_is_written(honest: Carrier) -> None:
    carried(honest, "RDB", ways=SAVE)
    (file,) = honest.pen.directory.glob("matrix-*.jsonl")
    assert file.read_text().count(f'"outcome":"{WHOLE}"') >= 4


def test_an_acknowledged_write_that_a_kill_loses_is_found(honest: Carrier) -> None:
    """Two are cut off: the very last one may not have been acknowledged yet."""

    def spoil(files: object) -> None:
        if files.writer.role == "candidate" and "always" in files.way.name:  # type: ignore[attr-defined]  # Files
            (file,) = (files.folder / vault.AOF_FOLDER).glob("*.incr.aof")  # type: ignore[attr-defined]
            data = file.read_bytes()
            write = b"*3\r\n$3\r\nSET"
            file.write_bytes(data[: data.rindex(write, 0, data.rindex(write))])

    assert told(killed(honest)) == []
    honest.spoil = spoil
    assert told(killed(honest)) == [("silent-loss", ITSELF, "?")]
