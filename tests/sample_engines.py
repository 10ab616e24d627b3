"""Small engines for tests: wheels and Debian packages of shell scripts, and a mirror on loopback.

A script answers `--version` as a server does; a Debian root's loader is a script that runs what it is given.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import os
import tarfile
import threading
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from topologies.catalogue import Catalogue, Deb, DebFile, ImageBase, Libraries, Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOADER = b'#!/bin/sh\nshift 2\nexec "$@"\n'


def script(product: str = "Redis", version: str = "7.2.4") -> bytes:
    """A program that says it is a server."""
    line = f"{product} server v={version} sha=00000000:0 malloc=libc bits=64 build=abc"
    return f'#!/bin/sh\necho "{line}"\n'.encode()


def program(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel_bytes(server: bytes, product: str = "redis") -> bytes:
    """A wheel `tiny-1.0` with that server in `tiny/bin/`."""
    info = "tiny-1.0.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        members = {
            f"tiny/bin/{product}-server": server,
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def wheel_row(content: bytes, **changes: str) -> Wheel:
    row = Wheel(
        product="redis",
        version="7.2.4",
        package="tiny==1.0",
        sha256=sha256(content),
        python="3.11",
        server="tiny/bin/redis-server",
        glibc="2.0",
        machine=os.uname().machine,
    )
    return msgspec.structs.replace(row, **changes)


def deb_bytes(files: dict[str, bytes], links: dict[str, str] | None = None, packing: str = "xz") -> bytes:
    """A Debian package: an ar archive with the files in `data.tar.xz`."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", f"data.tar.{packing}": data.getvalue()}
    return b"!<arch>\n" + b"".join(_ar_member(name, content) for name, content in parts.items())


def _ar_member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode("ascii")
    return header + content + b"\n" * (len(content) % 2)


@dataclass
class Mirror:
    """A Debian mirror on loopback: what it has, what it was asked, and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stall: bool = False  # send half of a file and then nothing until `go_on` is set
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def add(self, path: str, content: bytes) -> DebFile:
        self.files[path] = content
        return DebFile(path, sha256(content))


@contextlib.contextmanager
def mirror_on_loopback() -> Iterator[Mirror]:
    mirror = Mirror()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("/debian/")
            mirror.asked.append(path)
            content = mirror.files.get(path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self._send(content or b"")

        def _send(self, content: bytes) -> None:
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            if mirror.stall:
                mirror.stalled.set()
                mirror.go_on.wait(30)
            self.wfile.write(content[half:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_address[1]}/debian"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mirror
    finally:
        mirror.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


def deb_row(mirror: Mirror, version: str = "7.0.15", reports: str | None = None) -> Deb:
    """A row of two packages, and the mirror that has them."""
    server = deb_bytes(
        {"usr/bin/redis-check-rdb": script(version=reports or version), "usr/share/doc/x": b"text"}
    )
    libc = deb_bytes({"lib64/ld-linux-x86-64.so.2": LOADER}, {"lib/ld.so": "/lib64/ld-linux-x86-64.so.2"})
    files = (
        mirror.add(f"pool/main/r/redis/redis-tools_{version}.deb", server),
        mirror.add("pool/main/g/glibc/libc6_1.deb", libc),
    )
    return Deb(
        product="redis",
        version=version,
        package=f"redis-tools {version}-1",
        suite="bookworm",
        debs=files,
        machine=os.uname().machine,
    )


def a_catalogue(*rows: Wheel | Deb, libraries: tuple[Libraries, ...] = ()) -> Catalogue:
    return Catalogue(
        images={"redis": "redis"}, engine=rows, image_base=ImageBase(debs=()), libraries=libraries
    )
