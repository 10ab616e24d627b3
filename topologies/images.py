"""Makes container images of Debian roots and wheels, under the official names, where there is no registry.

Such an image has the server, its tools and libraries and nothing else: no shell, no default configuration.
It is made only where no image of that name is there, and is labelled as Rekey's own.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from topologies.catalogue import Deb, Wheel, engine_of, full_name
from topologies.engine import EngineNotAvailable, HarnessError
from topologies.sources import deb, debian_package, docker_image
from topologies.sources.docker_image import BUILT_LABEL, PACKAGE_LABEL
from topologies.spec import Named, parse_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topologies.fetch import Fetcher
    from topologies.sources.step import Step

_LIBRARIES = "usr/local/lib"


def buildable(specs: Sequence[str], fetcher: Fetcher) -> list[Wheel | Deb]:
    """The row to make an image of for each spec: the newest covered, Debian before wheel. All for no spec.

    Raises:
        SpecError: a text names no engine.
        EngineNotAvailable: no image can be made of what it names.

    """
    rows = [row for row in fetcher.catalogue.engine if isinstance(row, Wheel | Deb) and tag_of(row, fetcher)]
    rows = [row for row in rows if fetcher.why_not(row) is None]
    rows.sort(key=lambda row: (engine_of(row), isinstance(row, Deb)), reverse=True)
    if not specs:
        return list({engine_of(row): row for row in reversed(rows)}.values())
    return [_covered(text, rows) for text in specs]


def tag_of(row: Wheel | Deb, fetcher: Fetcher) -> str | None:
    """The official name of the row's engine, if its product has official images."""
    repository = fetcher.catalogue.images.get(row.product)
    return f"{repository}:{row.version}" if repository else None


def make(row: Wheel | Deb, fetcher: Fetcher, step: Step) -> str:
    """Make the image under its official name if there is none of that name; what was done, in words.

    Raises:
        EngineNotAvailable: no Docker engine answers.
        FetchError: the row can't be fetched.

    """
    tag = tag_of(row, fetcher)
    if tag is None:
        raise HarnessError(f"{full_name(row)} has no official name for an image")
    if docker_image.is_local(tag):
        return f"{tag}: already here"
    packed = _packed(row, fetcher, step)
    step(f"docker import {tag}", None)
    docker_image.load(packed, tag, _changes(row))
    return f"{tag}: made of {row.package}"


def _covered(text: str, rows: list[Wheel | Deb]) -> Wheel | Deb:
    spec = parse_spec(text)
    for row in rows:
        if isinstance(spec, Named) and spec.covers(row.product, engine_of(row).version):
            return row
    can = ", ".join(full_name(row) for row in reversed(rows)) or "nothing here"
    raise EngineNotAvailable(f"no image can be made of {text}. Images can be made of: {can}")


def _changes(row: Wheel | Deb) -> list[str]:
    changes = [f'LABEL {BUILT_LABEL}="1"', f'LABEL {PACKAGE_LABEL}="{row.package}"']
    changes += ["ENV PATH=/usr/local/bin:/usr/bin", "WORKDIR /data", f'CMD ["{row.product}-server"]']
    return [*changes, f"ENV LD_LIBRARY_PATH=/{_LIBRARIES}"] if isinstance(row, Wheel) else changes


def _packed(row: Wheel | Deb, fetcher: Fetcher, step: Step) -> bytes:
    """The image's root as a tar archive."""
    tree, _ = fetcher.install(row, step)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive, tempfile.TemporaryDirectory() as folder:
        for name in ("data", "tmp"):
            member = tarfile.TarInfo(name)
            member.type, member.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(member)
        if isinstance(row, Wheel):
            _add(archive, _base(Path(folder), fetcher))
            _add(archive, tree / "bin", into="usr/bin/")
            _add(archive, tree / "lib", into=f"{_LIBRARIES}/")
        else:
            _add(archive, tree)
    return buffer.getvalue()


def _base(root: Path, fetcher: Fetcher) -> Path:
    debian_package.empty_root(root)
    for file in fetcher.catalogue.image_base.debs:
        debian_package.unpack(deb.fetch(file, fetcher.cache), root)
    return root


def _add(archive: tarfile.TarFile, root: Path, into: str = "") -> None:
    """Add what is in `root`, owned by root whoever fetched it."""

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    for path in sorted(root.glob("*")):
        if path.name != "manifest.json":
            archive.add(path, arcname=into + path.name, filter=owned)
