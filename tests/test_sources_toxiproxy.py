"""Toxiproxy is built from the module that is pinned, once, or is the program that the user has. A script plays Go."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.sample_engines import program, sha256
from topologies.cache import Cache
from topologies.catalogue import Toolchain, Toxiproxy, the_catalogue
from topologies.engine import EngineNotAvailable, FetchError
from topologies.sources import toxiproxy
from topologies.sources.step import silent

ROOT = Path(__file__).parent.parent
SERVER = b"#!/bin/sh\necho toxiproxy-server version 2.12.0\n"
SUM = "h1:abc="
ROW = Toxiproxy(
    version="2.12.0",
    sum=SUM,
    go="1.23",
    toolchain=Toolchain(package="no-go==1.0", python="3.11", go="go/bin/go", sha256="0" * 64),
)


def fake_go(folder: Path, *, version: str = "1.26.8", module_sum: str = SUM, built: bytes = SERVER) -> Path:
    """A `go` that says its version, brings a module of that sum, and builds that program; it counts its builds."""
    packed = base64.b64encode(built).decode()
    said = f'{{"Dir": "%s", "Sum": "{module_sum}"}}'
    text = f"""#!/bin/sh
case "$1" in
version) echo go version go{version} linux/amd64 ;;
mod) mkdir -p "$GOMODCACHE/src"; printf '{said}' "$GOMODCACHE/src" ;;
build) echo built >> {folder}/builds
  while [ "$1" != -o ]; do shift; done; echo {packed} | base64 -d > "$2"; chmod +x "$2" ;;
esac
"""
    folder.mkdir(exist_ok=True)
    return program(folder / "go", text.encode())


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only Go of this machine."""
    monkeypatch.delenv(toxiproxy.ENV, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}:/usr/bin:/bin")
    return fake_go(tmp_path / "go")


def test_it_is_built_once_and_then_needs_no_network(cache: Cache, go: Path) -> None:
    build = toxiproxy.find(ROW, cache, silent)
    assert str(build.engine) == "toxiproxy:2.12.0"
    assert build.sha256 == sha256(SERVER)
    assert subprocess.check_output([*build.argv, "--version"]) == b"toxiproxy-server version 2.12.0\n"
    assert toxiproxy.find(ROW, cache, silent, offline=True) == build
    assert go.with_name("builds").read_text() == "built\n"
    assert list((cache.root / "tmp").iterdir()) == []


def test_a_module_that_is_not_the_pinned_one_is_not_built(cache: Cache, go: Path) -> None:
    fake_go(go.parent, module_sum="h1:other=")
    with pytest.raises(FetchError, match=r"expected h1:abc=, got h1:other="):
        toxiproxy.find(ROW, cache, silent)
    assert not go.with_name("builds").exists()
    assert list((cache.root / "tmp").iterdir()) == []


def test_what_does_not_start_is_not_kept(cache: Cache, go: Path) -> None:
    fake_go(go.parent, built=b"#!/bin/sh\nexit 1\n")
    with pytest.raises(FetchError, match="does not start here"):
        toxiproxy.find(ROW, cache, silent)
    assert not toxiproxy.is_cached(ROW, cache)


def test_a_go_that_is_too_old_is_not_taken(cache: Cache, go: Path) -> None:
    fake_go(go.parent, version="1.19.8")
    with pytest.raises(FetchError, match=r"no-go==1\.0"):
        toxiproxy.find(ROW, cache, silent)


def test_the_users_own_program_comes_first(cache: Cache, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program(go.with_name("mine"), b"#!/bin/sh\necho toxiproxy-server version git\n")
    monkeypatch.setenv(toxiproxy.ENV, str(mine))
    build = toxiproxy.find(ROW, cache, silent)
    assert (build.source, build.argv) == ("path", (str(mine),))
    assert not go.with_name("builds").exists()


def test_a_program_that_is_none_is_refused(cache: Cache, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(toxiproxy.ENV, str(program(go.with_name("mine"), b"#!/bin/sh\necho hello\n")))
    with pytest.raises(EngineNotAvailable, match="printed 'hello'"):
        toxiproxy.find(ROW, cache, silent)


@pytest.mark.parametrize(("version", "source"), [("2.12.0", "path"), ("2.1.4", "go")])
def test_one_in_path_is_taken_if_it_is_the_pinned_version(
    cache: Cache, go: Path, version: str, source: str
) -> None:
    text = f"#!/bin/sh\necho toxiproxy-server version {version}\n"
    program(go.with_name("toxiproxy-server"), text.encode())
    assert toxiproxy.find(ROW, cache, silent).source == source


def test_without_network_what_is_not_here_says_what_to_do(cache: Cache, go: Path) -> None:
    with pytest.raises(EngineNotAvailable, match="topologies fetch toxiproxy"):
        toxiproxy.find(ROW, cache, silent, offline=True)
    assert not go.with_name("builds").exists()


CHILD = """
import sys
from pathlib import Path
import msgspec
from topologies.cache import Cache
from topologies.catalogue import Toxiproxy
from topologies.sources import toxiproxy
from topologies.sources.step import silent
row = msgspec.json.decode(sys.argv[2], type=Toxiproxy)
print(toxiproxy.find(row, Cache(Path(sys.argv[1])), silent).sha256)
"""


def test_two_at_once_get_the_same_and_build_once(cache: Cache, go: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(cache.root), msgspec.json.encode(ROW).decode()]
    both = [
        subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [each.communicate()[0].strip() for each in both] == [sha256(SERVER)] * 2
    assert go.with_name("builds").read_text() == "built\n"


def test_the_catalogue_pins_it() -> None:
    pinned = the_catalogue().toxiproxy
    assert pinned is not None
    assert pinned.sum.startswith("h1:")
