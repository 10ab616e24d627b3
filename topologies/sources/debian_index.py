"""What a Debian suite has right now, read from its mirror. For maintainers who pin; no run asks this."""

from __future__ import annotations

import lzma
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from topologies.engine import FetchError
from topologies.sources import debian_mirror

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a suite."""

    name: str
    version: str
    path: str  # of the .deb, below the mirror
    sha256: str
    depends: tuple[tuple[str, ...], ...]  # all of these, each one of its alternatives
    provides: tuple[str, ...]


class Index:
    """The packages of one or more suites; the first suite that has a name wins."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self._named: dict[str, Package] = {}
        self._provided: dict[str, Package] = {}
        for package in packages:
            self._named.setdefault(package.name, package)
            for name in package.provides:
                self._provided.setdefault(name, package)

    def find(self, name: str) -> Package | None:
        return self._named.get(name) or self._provided.get(name)

    def needs(self, top: Package) -> list[Package]:
        """The package and everything it depends on, itself first.

        Raises:
            FetchError: none of the suites has one of them.

        """
        found = {top.name: top}
        waiting = list(top.depends)
        while waiting:
            alternatives = waiting.pop(0)
            package = next((hit for hit in map(self.find, alternatives) if hit), None)
            if package is None:
                raise FetchError(
                    f"{top.name} needs {' or '.join(alternatives)}, which the suite does not have"
                )
            if package.name not in found:
                found[package.name] = package
                waiting += package.depends
        return list(found.values())


def read_suites(suites: Sequence[str]) -> Index:
    """The packages of these suites, the first one wins."""
    return Index(package for suite in suites for package in _read_suite(suite))


def parse_packages(text: str) -> Iterable[Package]:
    """The packages in the text of a `Packages` file."""
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"(?m)^([\w-]+): (.*)$", stanza))
        if "Filename" in fields:
            depends = ", ".join(fields[key] for key in ("Pre-Depends", "Depends") if key in fields)
            yield Package(
                fields["Package"],
                fields["Version"],
                fields["Filename"],
                fields["SHA256"],
                tuple(tuple(_names(one, "|")) for one in depends.split(",") if one.strip()),
                tuple(_names(fields.get("Provides", ""), ",")),
            )


def _names(text: str, separator: str) -> list[str]:
    return [one.split()[0].partition(":")[0] for one in text.split(separator) if one.strip()]


def _read_suite(suite: str) -> Iterable[Package]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "Packages.xz")
        debian_mirror.download(f"dists/{suite}/main/binary-amd64/Packages.xz", file)
        return parse_packages(lzma.decompress(file.read_bytes()).decode("utf-8"))
