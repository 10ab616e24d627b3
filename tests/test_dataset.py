"""The data set: every piece is of its own, the seed fills in bytes only, and what an engine is given it can hold."""

from __future__ import annotations

import time
from random import Random

import pytest

from generators.command import command
from generators.dataset import Piece, bulk_pieces, odd_pieces, past_pieces, split
from tests.sample_builds import real_build
from topologies.filling import fill
from topologies.homes import choose
from topologies.lockstep import ask_node
from topologies.node import NodeSpec
from topologies.snapshot import commands_of, snapshot

NOW = 1_800_000_000_000


def pieces(seed: int = 1) -> tuple[Piece, ...]:
    return odd_pieces(NOW, Random(seed))


def test_no_two_pieces_share_a_key() -> None:
    keys = [(piece.db, key) for piece in (*pieces(), *past_pieces()) for key in piece.keys]
    assert len(keys) == len(set(keys)) > 90


def test_the_seed_draws_bytes_and_no_pieces() -> None:
    one, other = pieces(1), pieces(2)
    assert [(piece.name, piece.keys) for piece in one] == [(piece.name, piece.keys) for piece in other]
    assert one != other
    assert one == pieces(1)


def test_small_keys_are_as_many_as_asked_for_and_of_several_types() -> None:
    bulk = list(bulk_pieces(1000, NOW, Random(1)))
    assert len({piece.keys for piece in bulk}) == 1000
    assert {piece.kind for piece in bulk} == {"string", "hash", "list", "set", "zset"}
    assert len({piece.db for piece in bulk}) == 4


def test_what_only_one_engine_knows_is_apart() -> None:
    every = {each.name for piece in pieces() for each in piece.commands}
    common, own = split(pieces(), every, every - {"HPEXPIREAT", "FUNCTION"})
    assert {piece.kind for piece in own} == {"hash", "function", "stream"}
    assert not [piece for piece in common if piece.name.startswith("hash.field-expiry")]
    assert len(common) + len(own) == len(pieces())


ENCODINGS = {
    "redis:6.2": {"int", "embstr", "raw", "quicklist", "intset", "hashtable", "ziplist", "skiplist", "stream"},
    "redis:8.6": {
        "int", "embstr", "raw", "quicklist", "listpack", "intset", "hashtable", "skiplist", "stream", "listpackex",
    },
    "valkey:9.1": {"int", "embstr", "raw", "quicklist", "listpack", "intset", "hashtable", "skiplist", "stream"},
}  # fmt: skip


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENCODINGS)
def test_every_encoding_is_there(engine: str) -> None:
    """And all that the engine was given it can be read from."""
    build = real_build(engine)
    home = choose("process", [build])
    try:
        node = home.start(NodeSpec(name="full", build=build))
        known = commands_of(node)
        given = [piece for piece in odd_pieces(int(time.time() * 1000), Random(1)) if piece.fits(known)]
        fill(node, given)
        held = snapshot(node)
        keys = [key for piece in given if piece.db == 0 for key in piece.keys]
        said = {ask_node(node, command("OBJECT", "ENCODING", key)).value for key in keys}
    finally:
        home.close()
    assert {each.decode() for each in said if isinstance(each, bytes)} >= ENCODINGS[engine]
    assert {(piece.db, key) for piece in given for key in piece.keys} <= set(held.items)
    assert {item.type for item in held.items.values()} >= {
        b"string",
        b"list",
        b"set",
        b"zset",
        b"hash",
        b"stream",
    }
