"""Engines as container images: local ones, or pulled by the Docker engine that answers.

It starts one short container to ask `--version`, and remembers the answer by the image's id.
"""

from __future__ import annotations

import contextlib
import functools
import re
from typing import TYPE_CHECKING

import docker.errors
import requests

from topologies import docker_engine
from topologies.catalogue import Docker, engine_of
from topologies.engine import Build, Engine, EngineNotAvailable, FetchError, HarnessError
from topologies.sources.gone import GoneError
from topologies.sources.reported import TIMEOUT_S, Reported, read_reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.images import Image as LocalImage

    from topologies.cache import Cache
    from topologies.sources.step import Step
    from topologies.spec import Image

SERVERS = ("valkey-server", "redis-server", "keydb-server", "redict-server")
BUILT_LABEL = "org.rekey.built"  # on images that Rekey made itself
PACKAGE_LABEL = "org.rekey.package"
BUILT_NOTE = "the image was built on this machine by Rekey, it is not the official one"
SILENT_NOTE = "its server did not say its version; product and version are from the image's name"
_ANSWER_S = 3


@functools.cache
def why_not() -> str | None:
    """Why no image can be had here, or None. Asks the local engine only, once a process."""
    try:
        with _client(_ANSWER_S) as client:
            client.ping()
    except EngineNotAvailable as error:
        return str(error)
    return None


def find_row(row: Docker, spec: str, cache: Cache, step: Step) -> Build:
    """The build of an official image.

    Raises:
        GoneError: it is not local and can't be pulled.
        FetchError: it is another image than the one pinned, or holds another engine.

    """
    with _client() as client:
        image = _local_or_pulled(client, row.image, step)
        digests = _digests(image)
        if row.digest and row.digest not in digests:
            raise FetchError(f"image {row.image}: expected digest {row.digest}, got {digests or image.id}")
        answer = cache.answer(_key(image), lambda: _first_answer(client, image, (f"{row.product}-server",)))
        build = _build(image, row.image, spec, answer)
    if build.engine != engine_of(row) or not build.reported:
        said = build.reported or "nothing"
        raise FetchError(f"image {row.image} should be {engine_of(row)}, but its server says {said!r}")
    return build


def find_image(spec: Image, cache: Cache, step: Step) -> Build:
    """The build of any image; product and version are what its server reports, else what its name says.

    Raises:
        EngineNotAvailable: no Docker engine answers, or the image can't be had.

    """
    if reason := why_not():
        raise EngineNotAvailable(f"{spec}: {reason}")
    try:
        with _client() as client:
            image = _local_or_pulled(client, spec.name, step)
            answer = cache.answer(_key(image), lambda: _first_answer(client, image, SERVERS))
            return _build(image, spec.name, str(spec), answer)
    except GoneError as error:
        raise EngineNotAvailable(f"{spec}: {error}") from error


def is_local(name: str) -> bool:
    """Whether the engine that answers has the image."""
    with _client() as client, contextlib.suppress(docker.errors.ImageNotFound):
        return bool(client.images.get(name))
    return False


def load(root: bytes, name: str, changes: list[str]) -> None:
    """Make an image of a root that is a tar archive."""
    repository, _, tag = name.rpartition(":")
    with _client() as client:
        answer = client.api.import_image_from_data(root, repository=repository, tag=tag, changes=changes)
        if "error" in str(answer):
            raise HarnessError(f"Docker can't import {name}: {answer}")


@contextlib.contextmanager
def _client(timeout_s: int = 60) -> Iterator[DockerClient]:
    """A client of the engine that the environment names.

    Raises:
        EngineNotAvailable: no engine answers.

    """
    with contextlib.closing(docker_engine.connect(timeout_s=timeout_s)) as client:
        try:
            yield client
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            raise EngineNotAvailable(f"the Docker engine stopped answering: {error}") from error


def _local_or_pulled(client: DockerClient, name: str, step: Step) -> LocalImage:
    with contextlib.suppress(docker.errors.ImageNotFound):
        return client.images.get(name)
    step(f"docker pull {name}", None)
    try:
        return client.images.pull(name)
    except docker.errors.APIError as error:
        raise GoneError(
            f"image {name} is not here and can't be pulled: {error.explanation or error}"
        ) from error


def _digests(image: LocalImage) -> list[str]:
    return [one.rpartition("@")[2] for one in image.attrs.get("RepoDigests") or []]


def _key(image: LocalImage) -> str:
    return f"image-{image.id}"


def _build(image: LocalImage, name: str, spec: str, answer: str) -> Build:
    server, _, line = answer.partition("\n")
    reported = read_reported(line) or Reported(_by_name(name), "")
    notes = [BUILT_NOTE] if image.labels.get(BUILT_LABEL) == "1" else []
    notes += [] if server else [SILENT_NOTE]
    return Build(
        engine=reported.engine,
        source="docker" if not spec.startswith("image:") else "image",
        spec=spec,
        argv=(server,) if server else (),
        image=name,
        package=image.labels.get(PACKAGE_LABEL, "") or f"image {name}",
        sha256=(_digests(image) or [str(image.id)])[0].removeprefix("sha256:"),
        reported=reported.line,
        notes=tuple(notes),
    )


def _first_answer(client: DockerClient, image: LocalImage, servers: tuple[str, ...]) -> str:
    """The first of these programs that says which server it is, and its line; else two empty lines."""
    for server in servers:
        if reported := read_reported(_output(client, image, server)):
            return f"{server}\n{reported.line}"
    return "\n"


def _output(client: DockerClient, image: LocalImage, server: str) -> str:
    container = client.containers.create(
        str(image.id), [server, "--version"], network_mode="none", labels={"org.rekey": "version"}
    )
    try:
        container.start()
        container.wait(timeout=TIMEOUT_S)
        return container.logs().decode("utf-8", "replace")
    except (docker.errors.APIError, requests.exceptions.RequestException):
        return ""  # no such program in the image, or one that goes on running
    finally:
        container.remove(force=True, v=True)


def _by_name(name: str) -> Engine:
    repository, _, tag = name.partition("@")[0].rpartition(":")
    numbers = re.findall(r"\d+", tag)[:3]
    return Engine((repository or name).rpartition("/")[2], tuple(map(int, numbers)))
