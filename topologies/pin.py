"""Prints a fresh row of `engines.toml` for a Debian package: for maintainers, when a suite has moved on.

The row names the package, and of its dependencies only those whose libraries the server is linked to, as the
root's own loader tells. What is printed was started here once.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from topologies.catalogue import Catalogue, Deb, DebFile, engine_of, full_name
from topologies.engine import EngineNotAvailable, FetchError
from topologies.sources import deb as deb_source
from topologies.sources import debian_package
from topologies.sources.debian_index import Package, read_suites
from topologies.sources.reported import NoServerError, ask
from topologies.spec import PRODUCTS, Named, parse_spec

if TYPE_CHECKING:
    from topologies.cache import Cache

# experimental only adds to sid; backports only adds to its stable suite. Libraries come from the suite below.
BELOW = {"experimental": "sid", "bookworm-backports": "bookworm", "trixie-backports": "trixie"}


@dataclass(frozen=True, slots=True)
class Want:
    """What to pin: a product's package in a suite."""

    product: str
    suite: str


def read_want(text: str, catalogue: Catalogue) -> Want:
    """`redis@bookworm` names a suite; `redis:7.0@deb` names the suite of the row that it covers.

    Raises:
        SpecError: it is neither.
        EngineNotAvailable: no row is covered.

    """
    product, _, suite = text.partition("@")
    if product in PRODUCTS and suite:
        return Want(product, suite)
    spec = parse_spec(text)
    for row in catalogue.engine:
        if (
            isinstance(row, Deb)
            and isinstance(spec, Named)
            and spec.covers(row.product, engine_of(row).version)
        ):
            return Want(row.product, row.suite)
    known = ", ".join(full_name(row) for row in catalogue.engine if isinstance(row, Deb))
    raise EngineNotAvailable(
        f"{text} is no Debian row ({known}); a new one is named by its suite: redis@bookworm"
    )


def pin(wanted: Want, cache: Cache) -> str:
    """The row for what the suite has now, as TOML.

    Raises:
        FetchError: the mirror can't be reached, the package is not there, or its server does not start.

    """
    tools = f"{wanted.product}-tools"
    top = read_suites([wanted.suite]).find(tools)
    if top is None:
        raise FetchError(f"Debian {wanted.suite} has no package {tools}")
    below = [BELOW[wanted.suite]] if wanted.suite in BELOW else []
    packages = read_suites([*below, wanted.suite]).needs(top)
    with tempfile.TemporaryDirectory() as folder:
        return _row(wanted, packages, Path(folder), cache)


def _row(wanted: Want, packages: list[Package], root: Path, cache: Cache) -> str:
    top = packages[0]
    row = Deb(product=wanted.product, version="0.0.0", package=top.name, suite=wanted.suite, debs=())
    owners = _unpack_all(packages, root, cache)
    program = deb_source.place_server(row, root)
    command = deb_source.start(row, root)
    try:
        version = ".".join(map(str, ask(command).engine.version))
    except NoServerError as error:
        raise FetchError(f"{top.name} {top.version} does not start: {error}") from error
    linked = _linked(command, program) | _linked(command, program.with_name(f"{wanted.product}-cli"))
    loader = deb_source.LOADER.rpartition("/")[2]
    kept = {owners[name].name: owners[name] for name in [loader, *sorted(linked)] if name in owners}
    return _toml(row, f"{top.name} {top.version}", version, [top, *kept.values()])


def _unpack_all(packages: list[Package], root: Path, cache: Cache) -> dict[str, Package]:
    """Unpack them, and say which package each library came from."""
    debian_package.empty_root(root)
    owners: dict[str, Package] = {}
    for package in packages:
        before = set(root.rglob("*.so*"))
        debian_package.unpack(deb_source.fetch(DebFile(package.path, package.sha256), cache), root)
        owners |= {path.name: package for path in set(root.rglob("*.so*")) - before}
    return owners


def _linked(command: tuple[str, ...], program: Path) -> set[str]:
    """Names of the libraries that the loader finds for the program."""
    ran = subprocess.run(
        [command[0], "--list", *command[1:3], str(program)], capture_output=True, text=True, check=True
    )
    return {line.split()[0].rpartition("/")[2] for line in ran.stdout.splitlines() if line.strip()}


def _toml(row: Deb, package: str, version: str, files: list[Package]) -> str:
    lines = ["[[engine]]", 'source = "deb"', f'product = "{row.product}"', f'version = "{version}"']
    lines += [f'package = "{package}"', f'suite = "{row.suite}"', "debs = ["]
    lines += [f'  {{ path = "{file.path}", sha256 = "{file.sha256}" }},' for file in files]
    return "\n".join([*lines, "]"])
