"""Removes containers whose owner is dead. Those of a run that lives, or might live elsewhere, are left
alone.
"""

from __future__ import annotations

import contextlib

import docker
import docker.errors

from topologies import docker_engine
from topologies.engine import EngineNotAvailable
from topologies.owner import Owner

LABEL = "org.rekey.run"  # its value is the owner


def labels() -> dict[str, str]:
    """What marks a container as this process's own."""
    return {LABEL: str(Owner.me())}


def sweep(client: docker.DockerClient) -> list[str]:
    """Remove them; their names."""
    swept = []
    for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        owner = Owner.parse(container.labels.get(LABEL, ""))
        if owner is not None and owner.is_dead():
            with contextlib.suppress(
                docker.errors.NotFound, docker.errors.APIError
            ):  # another sweep was faster
                container.remove(force=True, v=True)
                swept.append(str(container.name))
    return swept


def main() -> None:
    """What the watchdog does when its owner is gone."""
    with contextlib.suppress(EngineNotAvailable), contextlib.closing(docker_engine.connect()) as client:
        sweep(client)
