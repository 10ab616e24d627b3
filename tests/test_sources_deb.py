"""Debian packages are unpacked without dpkg, and mirrors are read from where the machine names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sample_engines import deb_bytes, mirror_on_loopback, sha256
from topologies.engine import FetchError, HarnessError
from topologies.sources import debian_mirror, debian_package
from topologies.sources.debian_index import Index, parse_packages
from topologies.sources.gone import GoneError

if TYPE_CHECKING:
    from pathlib import Path

DEB822 = """\
# a comment
Types: deb deb-src
# another inside
URIs: http://mirror.example/debian/ http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://other.example/node
Suites: nodistro
Components: main
"""
ONE_LINE = """\
deb [arch=amd64 signed-by=/x] https://old.example/debian/ trixie main non-free # here
# deb http://commented.example/debian trixie main
deb-src http://source.example/debian trixie main
deb http://vendor.example/linux/debian bookworm stable
deb http://ubuntu.example/ubuntu noble main
deb cdrom:[Debian]/ bookworm main
"""


@pytest.fixture(autouse=True)
def _no_mirror_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REKEY_DEBIAN_MIRROR", raising=False)


def test_mirrors_are_read_from_both_formats_of_apt(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(ONE_LINE, "utf-8")
    (tmp_path / "sources.list.d/debian.sources").write_text(DEB822, "utf-8")
    assert debian_mirror.mirrors(tmp_path) == (
        "https://old.example/debian",
        "http://mirror.example/debian",
        "http://second.example/debian",
        "http://mirror.example/debian-security",
    )


def test_a_list_of_mirrors_in_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(
        "http://a.example/debian priority:1\n# no\nhttp://b.example/debian\n", "utf-8"
    )
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{tmp_path}/list/debian trixie main\n", "utf-8")
    assert debian_mirror.mirrors(tmp_path) == ()
    (tmp_path / "debian.list").write_text((tmp_path / "list").read_text("utf-8"), "utf-8")
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{tmp_path}/debian.list trixie main\n", "utf-8")
    assert debian_mirror.mirrors(tmp_path) == ("http://a.example/debian", "http://b.example/debian")


def test_a_chosen_mirror_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources.list").write_text(ONE_LINE, "utf-8")
    monkeypatch.setenv("REKEY_DEBIAN_MIRROR", "http://mine.example/debian/  https://more.example/d")
    assert debian_mirror.mirrors(tmp_path) == ("http://mine.example/debian", "https://more.example/d")


def test_a_chosen_mirror_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKEY_DEBIAN_MIRROR", "/srv/debian")
    with pytest.raises(HarnessError, match=r"REKEY_DEBIAN_MIRROR holds '/srv/debian'"):
        debian_mirror.mirrors()


def test_a_machine_without_apt_knows_no_mirror(tmp_path: Path) -> None:
    assert debian_mirror.mirrors(tmp_path / "none") == ()
    with pytest.raises(FetchError, match="set REKEY_DEBIAN_MIRROR"):
        debian_mirror.download("pool/x", tmp_path / "x", ())


def test_the_next_mirror_is_asked_for_what_the_first_does_not_have(tmp_path: Path) -> None:
    with mirror_on_loopback() as empty, mirror_on_loopback() as full:
        full.files["pool/a+b.deb"] = b"content"
        full.files["pool/a%2Bb.deb"] = b"content"
        debian_mirror.download("pool/a+b.deb", tmp_path / "x", (empty.url, full.url))
        assert (tmp_path / "x").read_bytes() == b"content"
        with pytest.raises(GoneError, match=r"none\.deb is no longer on the Debian mirror"):
            debian_mirror.download("pool/none.deb", tmp_path / "x", (empty.url, full.url))


def test_security_updates_have_their_own_archive(tmp_path: Path) -> None:
    with mirror_on_loopback() as mirror:
        mirror.files["/debian-security/pool/updates/x"] = b"fix"
        debian_mirror.download("pool/updates/x", tmp_path / "x", (mirror.url,))
        assert (tmp_path / "x").read_bytes() == b"fix"


def test_a_mirror_that_does_not_answer_is_no_missing_file(tmp_path: Path) -> None:
    with mirror_on_loopback() as mirror:
        gone = mirror.url
    with pytest.raises(FetchError, match="can't be reached") as caught:
        debian_mirror.download("pool/x", tmp_path / "x", (gone,))
    assert not isinstance(caught.value, GoneError)


def test_a_package_becomes_a_root_with_merged_directories(tmp_path: Path) -> None:
    deb = tmp_path / "libc.deb"
    files = {
        "lib/x86_64-linux-gnu/libc.so.6": b"c",
        "usr/bin/tool": b"t",
        "etc/passwd": b"p",
        "usr/share/doc/d": b"d",
    }
    deb.write_bytes(
        deb_bytes(files, {"lib64/ld.so": "/lib/x86_64-linux-gnu/libc.so.6", "usr/lib/libc.so": "libc.so.6"})
    )
    root = tmp_path / "root"
    debian_package.empty_root(root)
    debian_package.unpack(deb, root)
    assert (root / "usr/lib/x86_64-linux-gnu/libc.so.6").read_bytes() == b"c"
    assert (root / "lib64/ld.so").resolve() == root / "usr/lib/x86_64-linux-gnu/libc.so.6"
    assert (root / "usr/bin/tool").stat().st_mode & 0o111
    assert not (root / "etc").exists()
    assert not (root / "usr/share").exists()


@pytest.mark.parametrize(("name", "link"), [("../out", None), ("usr/lib/out", "../../../../etc/passwd")])
def test_a_package_can_write_nothing_outside_its_root(tmp_path: Path, name: str, link: str | None) -> None:
    deb = tmp_path / "evil.deb"
    deb.write_bytes(deb_bytes({} if link else {name: b"x"}, {name: link} if link else {}))
    debian_package.empty_root(tmp_path / "root")
    with pytest.raises(FetchError, match=r"evil\.deb can't be unpacked"):
        debian_package.unpack(deb, tmp_path / "root")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"!<arch>\n", deb_bytes({}, packing="lzma"), deb_bytes({"x": b"y"})[:-40]]
)
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.deb").write_bytes(content)
    debian_package.empty_root(tmp_path / "root")
    with pytest.raises(FetchError, match=r"x\.deb can't be unpacked as a Debian package"):
        debian_package.unpack(tmp_path / "x.deb", tmp_path / "root")


def test_the_index_of_a_suite_gives_a_package_and_all_that_it_needs() -> None:
    text = "\n\n".join(
        f"Package: {name}\nVersion: 1\nFilename: pool/{name}.deb\nSHA256: {sha256(name.encode())}\n{more}"
        for name, more in {
            "redis-tools": "Pre-Depends: libc6 (>= 2)\nDepends: libssl3 | libssl1, liblua:any",
            "libc6": "Provides: libc-api (= 1)",
            "libssl1": "Depends: libc-api",
            "lua": "Provides: liblua (= 5.1), other",
        }.items()
    )
    index = Index(parse_packages(text))
    top = index.find("redis-tools")
    assert top is not None
    assert [package.name for package in index.needs(top)] == ["redis-tools", "libc6", "libssl1", "lua"]
    lone = Index(one for one in parse_packages(text) if one.name == "redis-tools")
    with pytest.raises(FetchError, match="needs libc6, which the suite does not have"):
        lone.needs(top)
