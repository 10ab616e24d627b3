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
from pathlib import Path

from topologies.engine import FetchError

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
            for member in archive:
                _place(archive, member, root)
    except (tarfile.TarError, lzma.LZMAError, ValueError, EOFError) as error:
        raise FetchError(f"{deb.name} can't be unpacked as a Debian package: {error}") from error


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    """One file, folder or link. Not by `extractall`: its safe filter is not in Python 3.11.2 (Debian 12)."""
    name = os.path.normpath(member.name)
    if name == "." or _SKIPPED.match(f"{name}/"):
        return
    to = _inside(root, name)
    if member.isdir():
        to.mkdir(parents=True, exist_ok=True)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    if member.issym():
        target = _target(name, member.linkname)
        _inside(root, f"{name}/../{target}")
        to.symlink_to(target)
    elif member.islnk():
        to.hardlink_to(_inside(root, os.path.normpath(member.linkname)))
    elif content := archive.extractfile(member):
        to.write_bytes(content.read())
        to.chmod(0o755 if member.mode & 0o111 else 0o644)


def _inside(root: Path, name: str) -> Path:
    """Where the name is below the root; its last part may be a link, what is before it is followed."""
    to = root / name
    place = Path(os.path.normpath(to.parent.resolve() / to.name))
    if not place.is_relative_to(root.resolve()):
        raise ValueError(f"it has {name!r}, which is outside of it")
    return place


def _target(name: str, target: str) -> str:
    """A link's target; one that is absolute is meant from the package's root, so it is made relative."""
    if not target.startswith("/"):
        return target
    return "../" * _merged(name).count("/") + _merged(target.lstrip("/"))


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
