"""The walk through everything that the commands of a pair take: which programs, and what they may differ in."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from generators.careful import protocols
from generators.command import command, parse
from generators.relatives import words_of_relatives
from generators.tree import Said, union
from generators.vocabulary import Area, areas
from generators.walk import walk
from topologies.lockstep import ask_node
from topologies.reply import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generators.command import Program
    from generators.tree import Plain, Tree
    from suites.conformance.tolerance import Tolerances
    from topologies.node import Node
    from topologies.reply import Reply

GROUPS = (
    *("bitmap", "cluster", "connection", "generic", "geo", "hash", "hyperloglog", "list", "pubsub"),
    *("scripting", "server", "set", "sorted-set", "stream", "string", "transactions"),
)
OTHERS = "others"  # groups that modules make, and commands that no docs describe
KEYS = (b"k", b"k2")  # that the walk's programs use
_RESETS = ("CLIENT TRACKING OFF", "HOTKEYS STOP", "HOTKEYS RESET", "LATENCY RESET")


def said(node: Node) -> Said:
    """What this engine says of its commands."""
    table, docs = (ask_node(node, command(*words)) for words in (("COMMAND",), ("COMMAND", "DOCS")))
    return Said(command=plain(table), docs=plain(docs) if docs.kind is Kind.ARRAY else ())


def plain(reply: Reply) -> Plain:
    """A reply without its wire types."""
    value = reply.value
    return tuple(map(plain, value)) if isinstance(value, tuple) else value


def tree_of(*nodes: Node) -> Tree:
    """The commands of all of them, united."""
    return union(*map(said, nodes))


def area_of(group: str) -> Area:
    """The area in which findings of this group's walk are told."""
    resets = tuple(each for area in areas().values() for each in area.reset)
    return Area(name=f"walk-{group}", prefix="", forms=(), reset=(*resets, *map(parse, _RESETS)))


def programs(
    tree: Tree, group: str, most: int, *, in_both: int | None = None
) -> Iterator[tuple[Program, int]]:
    """The programs of a group, about `most` for each command, each with its protocol.

    The first `in_both` of each command are played in both protocols, the rest in RESP2 only; None: all in both.
    """
    for syntax in tree.values():
        if (syntax.group if syntax.group in GROUPS else OTHERS) == group:
            spoken = protocols(syntax.name)
            foreign = words_of_relatives(syntax, tree.values())
            for number, program in enumerate(walk(syntax, most, foreign)):
                for protocol in spoken if in_both is None or number < in_both else spoken[:1]:
                    yield program, protocol


@contextmanager
def quick_clock(*nodes: Node) -> Iterator[None]:
    """Time-outs of some milliseconds are over in some: a server looks at them as often as `hz` says."""
    _set_hz(nodes, 500)
    try:
        yield
    finally:
        _set_hz(nodes, 10)


def _set_hz(nodes: Iterable[Node], times: int) -> None:
    for node in nodes:
        with suppress(OSError):  # one that a program has ended is started again as it was
            ask_node(node, command("CONFIG", "SET", "hz", times))


def rules_of(rules: Tolerances) -> Tolerances:
    """The pair's rules; what tells of the server itself is compared by type."""
    return replace(rules, reports=True)
