"""Which home the nodes of this run live in, and what that home can't do. The only place that knows all homes.

Engines that are images need Docker; everything else takes a cell, or plain processes where there is no cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from topologies import cell
from topologies.addresses import Addresses
from topologies.engine import HomeError
from topologies.homes.process import ProcessHome
from topologies.node import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topologies.engine import Build
    from topologies.node import Home

_NEEDS_A_CELL = "no partitions, no packet loss, no full disk, no wrong clock"


def wants_docker(provider: str, builds: Sequence[Build]) -> bool:
    """Whether this run is Docker's: known before a cell is entered, which Docker's run must not."""
    return provider == "docker" or (provider == "auto" and any(build.image for build in builds))


def choose(provider: str, builds: Sequence[Build], *, worker: int = 0) -> Home:
    """The home for these builds; `worker` (from 0) keeps the addresses of parallel workers apart.

    A cell is not entered here (see `topologies.cell`): "cell" asks to be inside of one already.

    Raises:
        HomeError: what was asked for can't be had here, and why.

    """
    if provider not in PROVIDERS:
        raise HomeError(f"unknown provider {provider!r}; choose one of {', '.join(PROVIDERS)}")
    if wants_docker(provider, builds):
        return _docker(builds, worker)
    _refuse_images(provider, builds)
    if provider != "process" and cell.inside():
        return ProcessHome(
            kind="cell", addresses=Addresses(worker=worker, fixed=True), parent=cell.directory()
        )
    if provider == "cell":
        raise HomeError(f"no cell: {cell.why_not() or 'the run did not enter one'}; try --provider process")
    return ProcessHome(
        cannot=(_why_only_processes(provider),), addresses=Addresses(worker=worker, fixed=False)
    )


def _docker(builds: Sequence[Build], worker: int) -> Home:
    if without := [build.spec for build in builds if not build.image]:
        raise HomeError(f"Docker needs an image of every engine, {', '.join(without)} has none; try @docker")
    if cell.inside():
        raise HomeError("Docker's containers can't be reached from inside a cell")
    from topologies.homes.docker import DockerHome  # noqa: PLC0415  (testcontainers takes long to import)

    return DockerHome(addresses=Addresses(worker=worker, fixed=False))


def _refuse_images(provider: str, builds: Sequence[Build]) -> None:
    if images := [build.spec for build in builds if build.image]:
        raise HomeError(f"{', '.join(images)} can only run in Docker, not with --provider {provider}")


def _why_only_processes(provider: str) -> str:
    if provider == "process":
        return f"{_NEEDS_A_CELL}: plain processes were asked for"
    return f"{_NEEDS_A_CELL}: {cell.why_not() or 'the run did not enter a cell'}"
