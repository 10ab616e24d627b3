"""The place on this machine where fetched engines live. It knows files and locks, not what an engine is.

    artefacts/<sha256>-<name>   what was downloaded; the name holds the sha256 that its content has
    trees/<key>/                what was unpacked and is ready to run, with `manifest.json`
    answers/<key>               short texts that stay true, such as what an image's server reports
    tmp/<key>.<random>/         work in progress
    locks/<key>.lock            held while that key is being made

A thing appears under its final name by a rename, whole or not at all. Whoever holds a key's lock owns every
`tmp/<key>.*`: what is found there was left by a process that died, and is removed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import msgspec
import platformdirs

from topologies.engine import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOCK_TIMEOUT_S = 600.0
_CHUNK = 1 << 20


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tree held when it was made."""

    server: str  # path inside the tree
    sha256: str  # of the server
    reported: str  # what `--version` printed
    sizes: dict[str, int]  # every regular file of the tree


def cache_dir() -> Path:
    """`REKEY_CACHE`, or where this system keeps caches."""
    chosen = os.environ.get("REKEY_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("rekey")


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Cache:
    """Everything below one folder. Safe for many threads and processes at once."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or cache_dir()).absolute()

    def artefact(self, sha256: str, name: str, download: Callable[[Path], object]) -> Path:
        """The file with this content. Where it is not here, `download` writes it to the path it is given.

        Raises:
            FetchError: what was downloaded is not what was expected, or can't be stored.

        """
        place = self.root / "artefacts" / f"{sha256}-{name}"
        if place.exists() and sha256_of(place) == sha256:
            return place
        with self._making(f"artefact-{sha256}") as work:
            if place.exists() and sha256_of(place) == sha256:
                return place
            download(work / name)
            _verify(work / name, sha256)
            (work / name).replace(place)
        return place

    def tree(self, key: str, make: Callable[[Path], Manifest]) -> tuple[Path, Manifest]:
        """The tree `key` and its manifest. Where it is not here, `make` fills the folder it is given.

        Raises:
            FetchError: it can't be stored.

        """
        if found := self.find_tree(key):
            return found
        place = self.root / "trees" / key
        with self._making(key) as work:
            if found := self.find_tree(key):
                return found
            (work / "tree").mkdir()
            manifest = make(work / "tree")
            manifest = msgspec.structs.replace(manifest, sizes=_sizes(work / "tree"))
            (work / "tree" / "manifest.json").write_bytes(msgspec.json.encode(manifest))
            if place.exists():
                place.replace(work / "broken")
            (work / "tree").replace(place)
        return place, manifest

    def find_tree(self, key: str) -> tuple[Path, Manifest] | None:
        """The tree `key` if it is here and whole: every file at its size, the server with its content."""
        place = self.root / "trees" / key
        try:
            manifest = msgspec.json.decode((place / "manifest.json").read_bytes(), type=Manifest)
            whole = all((place / name).stat().st_size == size for name, size in manifest.sizes.items())
            if not whole or sha256_of(place / manifest.server) != manifest.sha256:
                return None
        except (OSError, msgspec.MsgspecError):
            return None
        return place, manifest

    def answer(self, key: str, ask: Callable[[], str]) -> str:
        """A short text that stays true for its key, asked for once. A blank answer is not kept."""
        place = self.root / "answers" / key.replace(":", "-")
        with contextlib.suppress(FileNotFoundError):
            return place.read_text("utf-8")
        text = ask()
        if not text.strip():
            return text
        with self._making(place.name) as work:
            (work / "answer").write_text(text, "utf-8")
            (work / "answer").replace(place)
        return text

    def has_artefact(self, sha256: str, name: str) -> bool:
        """Whether the file is here, without looking at its content."""
        return (self.root / "artefacts" / f"{sha256}-{name}").exists()

    def has_tree(self, key: str) -> bool:
        """Whether the tree is here, without looking at its content."""
        return (self.root / "trees" / key / "manifest.json").exists()

    @contextlib.contextmanager
    def _making(self, key: str) -> Iterator[Path]:
        """An empty folder to work in, under the lock of `key`; removed afterwards."""
        with self._storage_errors():
            for folder in ("artefacts", "trees", "answers", "tmp", "locks"):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            try:
                with filelock.FileLock(self.root / "locks" / f"{key}.lock", timeout=LOCK_TIMEOUT_S):
                    for left in (self.root / "tmp").glob(f"{key}.*"):
                        shutil.rmtree(left, ignore_errors=True)
                    work = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=self.root / "tmp"))
                    try:
                        yield work
                    finally:
                        shutil.rmtree(work, ignore_errors=True)
            except filelock.Timeout as error:
                message = f"another process has held {error.lock_file} for {LOCK_TIMEOUT_S:.0f} s"
                raise FetchError(f"{message}. Try again when it has ended.") from None

    @contextlib.contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                message = f"the disk is full while writing to {self.root}: {error}"
                raise FetchError(
                    f"{message}. Make room, or set REKEY_CACHE to a folder that has some."
                ) from error
            message = f"the cache {self.root} can't be used: {error}"
            raise FetchError(f"{message}. Set REKEY_CACHE to a folder that can be written.") from error


def _verify(path: Path, sha256: str) -> None:
    if not path.exists():
        raise FetchError(f"nothing was downloaded as {path.name}")
    got = sha256_of(path)
    if got != sha256:
        message = f"{path.name} is not what the catalogue pins: expected sha256 {sha256}, got {got}"
        raise FetchError(
            f"{message} ({path.stat().st_size} bytes). A proxy or mirror may have changed it; try again."
        )


def _sizes(tree: Path) -> dict[str, int]:
    files = (path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(tree)): path.stat().st_size for path in files}
