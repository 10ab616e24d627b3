"""Engines out of Debian packages, on any Linux and without root.

A package and its libraries become a root of their own, and the server is started through that root's loader,
so that nothing of the machine's own libraries is used.
"""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from topologies.catalogue import full_name
from topologies.sources import debian_mirror, debian_package
from topologies.sources.gone import GoneError
from topologies.sources.server_tree import finish

if TYPE_CHECKING:
    from pathlib import Path

    from topologies.cache import Cache, Manifest
    from topologies.catalogue import Deb, DebFile
    from topologies.sources.step import Step

LOADER = "usr/lib64/ld-linux-x86-64.so.2"
LIBRARY_PATH = ("usr/lib/x86_64-linux-gnu", "usr/lib")


def why_not(row: Deb, cache: Cache) -> str | None:
    """Why this machine can't have the package's server, or None. Asks no network."""
    if sys.platform != "linux":
        return f"the package holds a Linux program, this is {sys.platform}"
    if platform.machine() != row.machine:
        return f"the package is for {row.machine}, this machine is {platform.machine()}"
    if debian_mirror.mirrors() or all(cache.has_artefact(deb.sha256, _name(deb.path)) for deb in row.debs):
        return None
    return debian_mirror.NO_MIRROR


def install(row: Deb, tree: Path, cache: Cache, step: Step) -> Manifest:
    """Fill `tree` with the root of a small Debian system that has the server in it.

    Raises:
        GoneError: the mirror no longer has one of the packages.
        FetchError: it can't be reached, or a package is not the one that is pinned.

    """
    debian_package.empty_root(tree)
    for at, deb in enumerate(row.debs):
        step(f"Debian {row.suite}: {row.package} and its libraries", at / len(row.debs))
        try:
            package = fetch(deb, cache)
        except GoneError as error:
            again = f"maintainers print a fresh row with: python -m topologies pin {full_name(row)}"
            raise GoneError(f"{error}; {again}") from error
        debian_package.unpack(package, tree)
    step("starting it once", 1.0)
    place_server(row, tree)
    manifest = finish(row, tree, server(row), start(row, tree), ())
    step("ready", 1.0)
    return manifest


def fetch(deb: DebFile, cache: Cache) -> Path:
    """The package file, from the cache or the mirror."""
    return cache.artefact(deb.sha256, _name(deb.path), lambda to: debian_mirror.download(deb.path, to))


def place_server(row: Deb, tree: Path) -> Path:
    """Give the server its name: Debian calls the program a checker, and links to it in another package."""
    program = tree / server(row)
    return program.with_name(f"{row.product}-check-rdb").replace(program)


def server(row: Deb) -> str:
    """Where the server is inside the root."""
    return f"usr/bin/{row.product}-server"


def start(row: Deb, tree: Path) -> tuple[str, ...]:
    """The command that starts the server of an installed root: its loader, its libraries, the program."""
    libraries = ":".join(str(tree / folder) for folder in LIBRARY_PATH)
    return str(tree / LOADER), "--library-path", libraries, str(tree / server(row))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
