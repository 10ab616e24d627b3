"""The catalogue that comes with Rekey is whole, and one that is not is refused with the row's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from topologies.catalogue import (
    CATALOGUE,
    Deb,
    Docker,
    Wheel,
    engine_of,
    full_name,
    read_catalogue,
    the_catalogue,
)
from topologies.engine import HarnessError
from topologies.spec import parse_spec

if TYPE_CHECKING:
    from pathlib import Path


def test_every_row_has_a_name_in_the_grammar() -> None:
    for row in the_catalogue().engine:
        assert str(parse_spec(full_name(row))) == full_name(row)


def test_no_package_is_listed_twice() -> None:
    keys = [
        (full_name(row), row.image if isinstance(row, Docker) else row.package)
        for row in the_catalogue().engine
    ]
    assert len(keys) == len(set(keys))


def test_the_engines_of_the_default_gate_come_as_wheels() -> None:
    wheels = {str(engine_of(row)) for row in the_catalogue().engine if isinstance(row, Wheel)}
    assert {"redis:7.2.4", "valkey:8.1.8", "valkey:9.1.2"} <= wheels


def test_debian_rows_bring_their_own_c_library() -> None:
    for row in the_catalogue().engine:
        if isinstance(row, Deb):
            names = [deb.path.rpartition("/")[2].partition("_")[0] for deb in row.debs]
            assert names[0] == f"{row.product}-tools", full_name(row)
            assert "libc6" in names, full_name(row)


def test_no_host_is_named() -> None:
    assert not re.search(r"https?:|\w\.(org|com|net|io)\b", CATALOGUE.read_text("utf-8"))


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ('product = "redis"', 'product = "radish"', "radish"),
        ('version = "6.2.5"', 'version = "6.2"', "not three numbers"),
        ("e5e2cb7273183d19", "E5E2", "not 64 hexadecimal digits"),
        ('libraries = "openssl-1.1"', 'libraries = "openssl-9"', "openssl-9"),
        ('"pool/main/r/redis/redis-tools_7', '"/r/redis/redis-tools_7', "not below pool/"),
        ('glibc = "2.28"', 'glib = "2.28"', "glib"),
        ('source = "wheel"', 'source = "snap"', "snap"),
        ("[[engine]]", "[[engine", "no catalogue"),
    ],
)
def test_a_wrong_row_is_refused_with_what_is_wrong(tmp_path: Path, good: str, bad: str, message: str) -> None:
    text = CATALOGUE.read_text("utf-8")
    assert good in text
    (tmp_path / "engines.toml").write_text(text.replace(good, bad, 1), "utf-8")
    with pytest.raises(HarnessError, match=re.escape(message)):
        read_catalogue(tmp_path / "engines.toml")


def test_a_missing_file_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"none\.toml is no catalogue"):
        read_catalogue(tmp_path / "none.toml")
