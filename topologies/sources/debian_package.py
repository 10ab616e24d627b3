"""Unpacks Debian packages into a folder that looks like the root of a small Debian system. No dpkg, no root.

The folder has merged directories (`lib` is a link to `usr/lib`) whatever the suite, and links that point into
the package's own root are made relative, so that it works both where it lies and as the root of a container.
"""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

from topologies.engine import FetchError

if TYPE_CHECKING:
    from pathlib import Path

MERGED = ("bin", "sbin", "lib", "lib64")
_AR_MAGIC = b"!<arch>\n"
_SKIPPED = re.compile(r"usr/share/|usr/lib/x86_64-linux-gnu/gconv/|usr/lib/systemd/|etc/|var/|lib/systemd/")


def empty_root(root: Path) -> None:
    """The merged directories, before anything is unpacked."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")


def unpack(deb: Path, root: Path) -> None:
    """The files of the package, without documentation and configuration.

    Raises:
        FetchError: it is no Debian package, or is compressed in a way that nothing here can read.

    """
    try:
        name, packed = _data(deb.read_bytes())
        with tarfile.open(fileobj=io.BytesIO(_decompressed(name, packed, deb)), mode="r:") as archive:
            archive.extractall(root, filter=_inside)  # noqa: S202  (the filter is data_filter)
    except (tarfile.TarError, lzma.LZMAError, ValueError, EOFError) as error:
        raise FetchError(f"{deb.name} can't be unpacked as a Debian package: {error}") from error


def _inside(member: tarfile.TarInfo, root: str) -> tarfile.TarInfo | None:
    name = os.path.normpath(member.name)
    if _SKIPPED.match(f"{name}/"):
        return None
    if member.issym() and member.linkname.startswith("/"):
        depth = _merged(name).count("/")
        member = member.replace(linkname="../" * depth + _merged(member.linkname.lstrip("/")), deep=False)
    return tarfile.data_filter(member, root)


def _merged(name: str) -> str:
    return f"usr/{name}" if name.split("/", maxsplit=1)[0] in MERGED else name


def _data(deb: bytes) -> tuple[str, bytes]:
    """The package's `data.tar.*`: a .deb is an `ar` archive of three members (deb(5))."""
    if not deb.startswith(_AR_MAGIC):
        raise ValueError("it does not begin as an ar archive does")
    at = len(_AR_MAGIC)
    while at + 60 <= len(deb):
        name = deb[at : at + 16].decode("ascii").rstrip(" /")
        size = int(deb[at + 48 : at + 58])
        if name.startswith("data.tar"):
            return name, deb[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise ValueError("it has no data.tar")


def _decompressed(name: str, packed: bytes, deb: Path) -> bytes:
    if name.endswith(".xz"):
        return lzma.decompress(packed)
    if name.endswith(".zst"):
        return _zstd(packed, deb)
    raise ValueError(f"{name} is compressed in a way that Rekey does not read (xz and zst)")


def _zstd(packed: bytes, deb: Path) -> bytes:
    program = shutil.which("zstd")
    if not program:
        raise FetchError(f"{deb.name} is compressed with zstd. Install the program zstd and try again")
    ran = subprocess.run([program, "-dc"], input=packed, capture_output=True, check=False)
    if ran.returncode:
        raise ValueError(f"zstd said: {ran.stderr.decode('utf-8', 'replace').strip()}")
    return ran.stdout
