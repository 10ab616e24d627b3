"""Which engines a sentence is about: `redis >=7.0,<7.3`. Versions compare within a product only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from topologies.engine import Engine

if TYPE_CHECKING:
    from reports.run import BuildRecord, Run

_RANGE = re.compile(r"(?P<product>[a-z][a-z0-9_-]*)\s*(?P<versions>[<>=!~].*)?", re.DOTALL)


class BadRange(ValueError):  # noqa: N818  (reads as the sentence it is)
    """A range that can't be read; the message shows it and how one looks."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two engines that were compared."""

    baseline: Engine
    candidate: Engine

    def __str__(self) -> str:
        return f"{self.baseline} → {self.candidate}"

    @property
    def reversed(self) -> Pair:
        """The same two, the other way round."""
        return Pair(self.candidate, self.baseline)


@dataclass(frozen=True, slots=True)
class EngineRange:
    """A product and which of its versions; no versions means all of them."""

    product: str
    versions: str = ""

    def __contains__(self, engine: Engine) -> bool:
        if engine.product != self.product:
            return False
        return SpecifierSet(self.versions).contains(".".join(map(str, engine.version)), prereleases=True)


def engine_range(text: str) -> EngineRange:
    """Read `product`, or `product` and comparisons: "redis", "valkey >=8.1", "redis >=7.0,<7.3".

    Raises BadRange where it is neither.
    """
    found = _RANGE.fullmatch(text.strip())
    if not found:
        raise BadRange(
            f"{text!r} is no range of engines: write a product and versions, like 'redis >=7.0,<7.3'"
        )
    versions = (found["versions"] or "").strip()
    try:
        SpecifierSet(versions)
    except InvalidSpecifier as error:
        raise BadRange(
            f"{text!r} is no range of engines: {error}: write versions like '>=7.0,<7.3'"
        ) from error
    return EngineRange(found["product"], versions)


def pair_of(run: Run) -> Pair:
    """The pair that a run compared."""
    return Pair(_engine(run.baseline), _engine(run.candidate))


def _engine(build: BuildRecord) -> Engine:
    """Digits only: what a path or an image reports may end in "-rc1", which ranks with its release."""
    numbers = re.findall(r"\d+", build.version.split("-")[0])
    return Engine(build.product, tuple(map(int, numbers)))
