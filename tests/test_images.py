"""Images made of wheels and Debian roots: looked at as archives and, where Docker answers, as images."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from typing import TYPE_CHECKING

import docker
import docker.errors
import msgspec
import pytest

from tests.sample_engines import (
    LOADER,
    a_catalogue,
    deb_bytes,
    deb_row,
    mirror_on_loopback,
    script,
    wheel_bytes,
    wheel_row,
)
from topologies import images
from topologies.cache import Cache
from topologies.catalogue import Catalogue, Docker, ImageBase
from topologies.engine import EngineNotAvailable, FetchError
from topologies.fetch import Fetcher
from topologies.sources import docker_image
from topologies.sources.step import silent
from topologies.spec import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHEEL = wheel_bytes(script())
REPOSITORY = f"rekey-test-{os.getpid()}"


@pytest.fixture
def fetcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetcher]:
    """A wheel of 7.2.4 and Debian packages of 7.2.4 and 7.0.15, all of shell scripts."""
    (tmp_path / "tiny-1.0-py3-none-any.whl").write_bytes(WHEEL)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with mirror_on_loopback() as mirror:
        monkeypatch.setenv("REKEY_DEBIAN_MIRROR", mirror.url)
        rows = a_catalogue(wheel_row(WHEEL, version="7.2.4"), deb_row(mirror), deb_row(mirror, "7.2.4"))
        base = mirror.add("pool/base.deb", deb_bytes({"lib64/ld-linux-x86-64.so.2": LOADER}))
        catalogue = Catalogue(
            images={"redis": REPOSITORY}, engine=rows.engine, image_base=ImageBase(debs=(base,))
        )
        yield Fetcher(Cache(tmp_path / "cache"), catalogue)


def names(packed: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert {(member.uid, member.uname) for member in archive} <= {(0, "root"), (0, "")}
        return set(archive.getnames())


def test_one_image_for_each_engine_and_debian_before_wheel(fetcher: Fetcher) -> None:
    rows = images.buildable([], fetcher)
    assert [(row.version, type(row).__name__) for row in rows] == [("7.0.15", "Deb"), ("7.2.4", "Deb")]
    assert [row.version for row in images.buildable(["redis:7", "redis:7.0"], fetcher)] == ["7.2.4", "7.0.15"]
    with pytest.raises(
        EngineNotAvailable, match=r"no image can be made of redis:8\. Images can be made of: redis:7"
    ):
        images.buildable(["redis:8"], fetcher)


def test_a_debian_image_is_the_root_of_the_engine(fetcher: Fetcher) -> None:
    found = names(images._packed(images.buildable(["redis:7.0"], fetcher)[0], fetcher, silent))
    assert {"usr/bin/redis-server", "usr/lib64/ld-linux-x86-64.so.2", "lib64", "data", "tmp"} <= found
    assert "manifest.json" not in found


def test_the_image_of_a_wheel_has_a_c_library_beside_the_server(fetcher: Fetcher) -> None:
    row = fetcher.catalogue.engine[0]
    assert not isinstance(row, Docker)
    found = names(images._packed(row, fetcher, silent))
    assert {"usr/bin/redis-server", "usr/bin/redis-sentinel", "usr/lib64/ld-linux-x86-64.so.2"} <= found


@pytest.mark.docker
def test_an_image_is_made_once_and_labelled(fetcher: Fetcher) -> None:
    if reason := docker_image.why_not():
        pytest.skip(reason)
    row = images.buildable(["redis:7.2"], fetcher)[0]
    tag = f"{REPOSITORY}:7.2.4"
    try:
        assert images.make(row, fetcher, silent) == f"{tag}: made of redis-tools 7.2.4-1"
        assert images.make(row, fetcher, silent) == f"{tag}: already here"
        build = docker_image.find_image(Image(tag), fetcher.cache, silent)
        assert build.image == tag
        assert build.package == "redis-tools 7.2.4-1"
        assert build.notes == (docker_image.BUILT_NOTE, docker_image.SILENT_NOTE), (
            "a script has no shell in there"
        )
        official = Docker(product="redis", version="7.2.4", image=tag)
        with pytest.raises(FetchError, match="its server says 'nothing'"):
            docker_image.find_row(official, "redis:7.2@docker", fetcher.cache, silent)
        pinned = msgspec.structs.replace(official, digest="sha256:" + "0" * 64)
        with pytest.raises(FetchError, match="expected digest sha256:000"):
            docker_image.find_row(pinned, "redis:7.2@docker", fetcher.cache, silent)
    finally:
        with (
            contextlib.closing(docker.from_env()) as client,
            contextlib.suppress(docker.errors.ImageNotFound),
        ):
            client.images.remove(tag, force=True)
