"""How an engine is named, on every command line and in every record. It reads names and knows no catalogue.

| form | means |
|---|---|
| `redis:7.2` | the newest 7.2.x of Redis that this machine can have, from any source |
| `valkey:8.1.1` | exactly this version |
| `valkey:9@wheel` | the newest 9.x, from this source only: `wheel`, `deb` or `docker` |
| `image:registry/name:tag` | a container image |
| `path:/opt/x/valkey-server` | a server program on this machine |
| `redis://host:port`, `rediss://…`, `unix://…` | a server that already runs |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from topologies.engine import HarnessError

PRODUCTS = ("redis", "valkey", "redict")
SOURCES = ("wheel", "deb", "docker")
SCHEMES = ("redis", "rediss", "unix")

GRAMMAR = """\
  redis:7.2                    the newest 7.2.x that this machine can have (products: redis, valkey, redict)
  valkey:8.1.1                 exactly this version
  valkey:9@wheel               from this source only: wheel, deb or docker
  image:registry/name:tag      a container image
  path:/opt/x/valkey-server    a server program on this machine"""

_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.(?:0|[1-9][0-9]{0,3})){0,2}")
_IMAGE = re.compile(r"[^\s@]+(?::[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})", re.ASCII)


class SpecError(HarnessError, ValueError):
    """The text names no engine; the message holds the text and the grammar."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text!r} names no engine: {why}. An engine is named like this:\n{GRAMMAR}")


@dataclass(frozen=True, slots=True)
class Named:
    """A product at a version or at the beginning of one, maybe from one source only."""

    product: str
    version: tuple[int, ...]
    source: str | None = None

    def __str__(self) -> str:
        text = f"{self.product}:{'.'.join(map(str, self.version))}"
        return f"{text}@{self.source}" if self.source else text

    def covers(self, product: str, version: tuple[int, ...]) -> bool:
        """Whether that engine is one of those named."""
        return product == self.product and version[: len(self.version)] == self.version


@dataclass(frozen=True, slots=True)
class Image:
    """A container image by its full name, tag or digest included."""

    name: str

    def __str__(self) -> str:
        return f"image:{self.name}"


@dataclass(frozen=True, slots=True)
class Program:
    """A server program on this machine."""

    path: str

    def __str__(self) -> str:
        return f"path:{self.path}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that already runs somewhere."""

    url: str

    def __str__(self) -> str:
        return self.url


EngineSpec = Named | Image | Program | Endpoint


def parse_spec(text: str) -> EngineSpec:
    """The engine that `text` names; `str()` of the result is `text` again.

    Raises:
        SpecError: it follows none of the forms.

    """
    if text != text.strip() or not text.isprintable() or not text:
        raise SpecError(text, "it is empty, or has blanks around it or unprintable characters in it")
    kind, colon, rest = text.partition(":")
    if not colon:
        raise SpecError(text, "it has no ':'")
    if kind in SCHEMES and rest.startswith("//"):
        return _endpoint(text)
    if kind == "image":
        return _image(text, rest)
    if kind == "path":
        return _program(text, rest)
    return _named(text, kind, rest)


def _named(text: str, product: str, rest: str) -> Named:
    if product not in PRODUCTS:
        raise SpecError(text, f"{product!r} is no product that Rekey knows ({', '.join(PRODUCTS)})")
    version, at, source = rest.partition("@")
    if at and source not in SOURCES:
        raise SpecError(text, f"{source!r} is no source ({', '.join(SOURCES)})")
    if version == "latest":
        why = "'latest' is another engine tomorrow, so that runs can't be compared; name a version"
        raise SpecError(text, why)
    if not _VERSION.fullmatch(version):
        raise SpecError(text, f"{version!r} is no version of one to three numbers, such as 7, 7.2 or 7.2.4")
    return Named(product, tuple(map(int, version.split("."))), source or None)


def _image(text: str, name: str) -> Image:
    if name.endswith(":latest"):
        raise SpecError(text, "the tag 'latest' is another image tomorrow; name a version's tag or a digest")
    if not _IMAGE.fullmatch(name):
        raise SpecError(text, f"{name!r} is no image with a tag or digest, such as valkey/valkey:8.1.1")
    return Image(name)


def _program(text: str, path: str) -> Program:
    if not path:
        raise SpecError(text, "no path stands after 'path:'")
    return Program(path)


def _endpoint(text: str) -> Endpoint:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SpecError(text, f"it is no address: {error}") from None
    if parts.scheme == "unix":
        if not parts.path:
            raise SpecError(text, "no path of a socket stands after 'unix://'")
    elif not parts.hostname or port == 0:
        raise SpecError(text, "it names no host, or port 0")
    return Endpoint(text)
