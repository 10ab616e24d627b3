"""Gives a server a data set."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from generators.command import Command, command
from topologies.batches import Batches
from topologies.engine import HarnessError
from topologies.lockstep import introduce
from topologies.reply import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generators.dataset import Piece
    from topologies.node import Node

_BATCH = 500  # commands of one round trip


def fill(node: Node, pieces: Iterable[Piece]) -> int:
    """Sends the pieces' commands, whatever there is already; returns how many commands that were.

    Raises:
        HarnessError: the server refuses one: it can't hold what its own commands were to make.

    """
    sent = 0
    rest = iter(_commands(pieces))
    with introduce(node, 2) as wire:
        batches = Batches(wire)
        while some := list(islice(rest, _BATCH)):
            for asked, reply in zip(some, batches.ask(some), strict=True):
                if reply.kind is Kind.ERROR:
                    raise HarnessError(f"{node.spec.build.engine} refuses {asked!s:.200}: {reply.value!r}")
            sent += len(some)
    return sent


def _commands(pieces: Iterable[Piece]) -> Iterator[Command]:
    db = 0
    for piece in pieces:
        if piece.db != db:
            db = piece.db
            yield command("SELECT", db)
        yield from piece.commands
