"""One grammar names engines everywhere; what it refuses is refused with the value and the grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.spec import (
    PRODUCTS,
    SOURCES,
    Endpoint,
    EngineSpec,
    Image,
    Named,
    Program,
    SpecError,
    parse_spec,
)

_numbers = st.lists(st.integers(0, 9999), min_size=1, max_size=3).map(tuple)
_named = st.builds(Named, st.sampled_from(PRODUCTS), _numbers, st.none() | st.sampled_from(SOURCES))
_names = st.from_regex(r"[a-z0-9]{1,9}(/[a-z0-9]{1,9}){0,2}", fullmatch=True)
_tags = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,9}", fullmatch=True).filter(lambda tag: tag != "latest")
_images = st.builds("{}:{}".format, _names, _tags).map(Image)
_programs = st.from_regex(r"[a-z/.][a-z0-9/. @:-]{0,20}[a-z]", fullmatch=True).map(Program)
_endpoints = st.builds(
    "{}://{}:{}".format, st.sampled_from(["redis", "rediss"]), _names, st.integers(1, 65535)
).map(Endpoint)


@given(_named | _images | _programs | _endpoints)
def test_a_spec_is_read_back_from_its_text(spec: EngineSpec) -> None:
    assert parse_spec(str(spec)) == spec


@given(st.text())
def test_any_text_is_a_spec_or_an_error_that_shows_it(text: str) -> None:
    try:
        read = str(parse_spec(text))
    except SpecError as error:
        read = str(error)
        text = f"{text!r} names no engine"
    assert text in read


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("redis:7.2", Named("redis", (7, 2))),
        ("valkey:8.1.1", Named("valkey", (8, 1, 1))),
        ("valkey:9@wheel", Named("valkey", (9,), "wheel")),
        ("redict:7.3", Named("redict", (7, 3))),
        ("image:registry:5000/name:tag", Image("registry:5000/name:tag")),
        ("image:valkey/valkey@sha256:" + "a" * 64, Image("valkey/valkey@sha256:" + "a" * 64)),
        ("path:/opt/x/valkey-server", Program("/opt/x/valkey-server")),
        ("redis://localhost:6379", Endpoint("redis://localhost:6379")),
        ("rediss://user:word@host", Endpoint("rediss://user:word@host")),
        ("unix:///run/redis.sock", Endpoint("unix:///run/redis.sock")),
    ],
)
def test_each_form_is_read(text: str, spec: EngineSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" redis:7", "blanks"),
        ("redis", "no ':'"),
        ("redis:latest", "another engine tomorrow"),
        ("redis:", "is no version"),
        ("redis:7.2.4.1", "is no version"),
        ("redis:07", "is no version"),
        ("keydb:6", "no product that Rekey knows (redis, valkey, redict)"),
        ("redis:7@snap", "is no source (wheel, deb, docker)"),
        ("image:redis", "no image with a tag"),
        ("image:redis:latest", "another image tomorrow"),
        ("path:", "no path"),
        ("redis://", "names no host"),
        ("redis://host:0", "port 0"),
        ("redis://host:99999", "no address"),
        ("unix://", "no path of a socket"),
    ],
)
def test_what_is_no_spec_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(text)
    assert why in str(caught.value)


def test_a_version_covers_what_begins_with_it_and_nothing_else() -> None:
    assert Named("redis", (7,)).covers("redis", (7, 2, 4))
    assert Named("redis", (7, 2)).covers("redis", (7, 2, 4))
    assert not Named("redis", (7, 2)).covers("redis", (7, 20, 1))
    assert not Named("redis", (7, 2)).covers("valkey", (7, 2, 4))
