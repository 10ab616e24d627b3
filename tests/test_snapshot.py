"""What a server holds is read the same from any engine, in any order; and the smallest loss is seen and named."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from generators.command import command, parse
from generators.dataset import bulk_pieces, odd_pieces
from tests.sample_builds import real_build
from topologies.comparison import Comparison, Deviant, Deviation, compare
from topologies.filling import fill
from topologies.homes import choose
from topologies.lockstep import ask_node, introduce, read_replies
from topologies.node import Auth, Node, NodeSpec
from topologies.snapshot import Item, Snapshot, commands_of, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.node import Home

KEY = (0, b"k")


def held(*items: Item, exact: bool = True) -> Snapshot:
    return Snapshot({(0, b"k%d" % number): item for number, item in enumerate(items)}, exact_times=exact)


def one(before: Item, after: Item, *, exact: bool = True) -> Deviant:
    (found,) = compare(held(before, exact=exact), held(after, exact=exact)).samples
    return found


def test_equal_snapshots_are_whole() -> None:
    items = [Item(b"string", b"v", 5), Item(b"hash", (b"a", b"b"), None, (("n", b"1"),))]
    found = compare(held(*items), held(*items))
    assert found.whole
    assert str(found) == "all 2 keys are the same"


def test_a_missing_key_is_named_and_counted() -> None:
    found = compare(
        held(Item(b"string", b"v", None), Item(b"list", (b"a",), None)), held(Item(b"string", b"v", None))
    )
    assert found.counts == {Deviation.MISSING: 1}
    assert found.loses
    assert str(found.samples[0]) == "list 'k1': missing"


def test_a_key_too_many_is_no_loss() -> None:
    found = compare(held(), held(Item(b"string", b"v", None)))
    assert found.counts == {Deviation.EXTRA: 1}
    assert not found.loses


def test_a_lost_part_is_told() -> None:
    found = one(Item(b"hash", (b"a", b"b"), None), Item(b"hash", (b"a",), None))
    assert (found.deviation, found.lost, found.found) == (Deviation.LESS, (b"b",), ())


def test_a_changed_part_is_told_with_what_is_there_instead() -> None:
    found = one(Item(b"string", b"old", None), Item(b"string", b"new", None))
    assert (found.deviation, found.lost, found.found) == (Deviation.DIFFERENT, (b"old",), (b"new",))


def test_the_order_of_a_list_counts() -> None:
    found = one(Item(b"list", (b"a", b"b"), None), Item(b"list", (b"b", b"a"), None))
    assert found.deviation is Deviation.DIFFERENT


def test_another_type_is_a_difference() -> None:
    assert one(Item(b"set", (b"a",), None), Item(b"list", (b"a",), None)).lost == (b"set",)


@pytest.mark.parametrize(("before", "after"), [(None, 5), (5, None), (1000, 1001)])
def test_times_are_compared_to_the_millisecond(before: int | None, after: int | None) -> None:
    assert one(Item(b"string", b"v", before), Item(b"string", b"v", after)).deviation is Deviation.TIME


def test_times_that_were_reckoned_have_some_slack() -> None:
    near, far = Item(b"string", b"v", 1100), Item(b"string", b"v", 9000)
    assert compare(held(Item(b"string", b"v", 1000), exact=False), held(near)).whole
    assert one(Item(b"string", b"v", 1000), far, exact=False).deviation is Deviation.TIME


def test_what_only_one_engine_tells_is_not_compared() -> None:
    told, silent = Item(b"stream", (b"a",), None, (("entries-added", b"3"),)), Item(b"stream", (b"a",), None)
    assert compare(held(told), held(silent)).whole
    other = Item(b"stream", (b"a",), None, (("entries-added", b"4"),))
    assert one(told, other).lost == (b"entries-added 3",)


ENGINES = ("redis:6.2", "redis:8.6", "valkey:9.1")


@pytest.fixture(scope="module", params=ENGINES)
def twins(request: pytest.FixtureRequest) -> Iterator[tuple[Node, Node]]:
    """Two servers that were given the same, in another order; the second one is changed by tests, and put back."""
    build = real_build(request.param)
    home: Home = choose("process", [build])
    nodes = [home.start(NodeSpec(name=name, build=build, auth=Auth.PASSWORD)) for name in ("one", "two")]
    known = commands_of(nodes[0])
    given = [piece for piece in odd_pieces(int(time.time() * 1000), Random(1)) if piece.fits(known)]
    fill(nodes[0], given)
    fill(nodes[1], reversed(given))
    yield nodes[0], nodes[1]
    home.close()


def changed(twins: tuple[Node, Node], *lines: str) -> Comparison:
    """The comparison after these lines; what they are about is restored from a dump of the first."""
    before, other = twins
    with introduce(other, 2) as wire:
        wire.sendall(b"".join(parse(line).encode() for line in lines))
        replies = read_replies(wire, len(lines))
    assert not [reply for reply in replies if reply.kind.value == "error"], replies
    return compare(snapshot(before), snapshot(other))


def restored(twins: tuple[Node, Node]) -> None:
    for item in (command("FLUSHALL"),):
        ask_node(twins[1], item)
    known = commands_of(twins[0])
    given = [piece for piece in odd_pieces(int(time.time() * 1000), Random(1)) if piece.fits(known)]
    ask_node(twins[0], command("FLUSHALL"))
    for node in twins:
        if "FUNCTION" in known:
            ask_node(node, command("FUNCTION", "FLUSH"))
        fill(node, given)


LOSSES = {
    "key": ("DEL string:int", Deviation.MISSING, "string"),
    "hash-field": ("HDEL hash:many field-77", Deviation.DIFFERENT, "hash"),
    "small-hash-field": ("HDEL hash:small f", Deviation.LESS, "hash"),
    "list-element": ("RPOP list:small", Deviation.LESS, "list"),
    "list-order": ("LMOVE list:small list:small LEFT RIGHT", Deviation.DIFFERENT, "list"),
    "set-member": ("SREM set:small a", Deviation.LESS, "set"),
    "score": ("ZADD zset:scores 2 m2", Deviation.DIFFERENT, "zset"),
    "entry": ("XDEL stream:plain 2-1", Deviation.LESS, "stream"),
    "last-id": ("XSETID stream:beyond 78-1", Deviation.DIFFERENT, "stream"),
    "group": ("XGROUP DESTROY stream:groups none", Deviation.LESS, "stream"),
    "consumer": ('XGROUP DELCONSUMER stream:groups two "\\x00carol"', Deviation.LESS, "stream"),
    "pending": ("XACK stream:groups one 3-1", Deviation.LESS, "stream"),
    "expiry": ("PERSIST expiry:string", Deviation.TIME, "string"),
    "expiry-of-list": ("PEXPIRE expiry:list 99999", Deviation.TIME, "list"),
    "bit": ("SETBIT bitmap 7 0", Deviation.DIFFERENT, "string"),
}  # fmt: skip


@pytest.mark.engines
def test_two_servers_that_were_given_the_same_are_the_same(twins: tuple[Node, Node]) -> None:
    restored(twins)
    found = compare(snapshot(twins[0]), snapshot(twins[1]))
    assert found.whole, [str(each) for each in found.samples]


@pytest.mark.engines
@pytest.mark.parametrize("loss", LOSSES)
def test_the_smallest_loss_is_seen(loss: str, twins: tuple[Node, Node]) -> None:
    line, deviation, kind = LOSSES[loss]
    restored(twins)
    found = changed(twins, line)
    assert [(each.deviation, each.type) for each in found.samples] == [(deviation, kind)], found


@pytest.mark.engines
def test_a_lost_function_and_a_lost_field_expiry_are_seen(twins: tuple[Node, Node]) -> None:
    known = commands_of(twins[0])
    restored(twins)
    if "FUNCTION" in known:
        assert [str(each) for each in changed(twins, "FUNCTION DELETE first").samples] == [
            "function 'first': missing"
        ]
    restored(twins)
    if "HPERSIST" in known:
        (found,) = changed(twins, "HPERSIST fields:small FIELDS 1 a").samples
        assert found.deviation is Deviation.LESS
        assert found.lost[0].startswith(b"12:field-expiry 1:a ")


@pytest.mark.engines
def test_many_small_keys_are_read_like_few(twins: tuple[Node, Node]) -> None:
    """By script and by plain commands alike, in several pages."""
    node = twins[0]
    ask_node(node, command("FLUSHALL"))
    fill(node, bulk_pieces(3500, int(time.time() * 1000), Random(3)))
    known = commands_of(node)
    by_script = snapshot(node)
    plainly = snapshot(node, known=known, scripts=False)
    assert len([db for db, _ in by_script.items if db >= 0]) == 3500
    assert compare(by_script, plainly).whole
