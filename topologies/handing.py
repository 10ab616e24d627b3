"""Keys handed from a running server to another: DUMP and RESTORE key by key, MIGRATE, and functions as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.command import Command, command
from topologies.batches import Batches
from topologies.lockstep import introduce
from topologies.reply import Kind, Reply
from topologies.snapshot import FUNCTIONS_DB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from topologies.node import Node
    from topologies.snapshot import Key, Snapshot

_TIMEOUT_MS = 20_000


@dataclass(frozen=True, slots=True)
class Handed:
    """What was refused, by key, in the servers' words; all else was taken."""

    refused: dict[Key, str] = field(default_factory=dict)


def dump_and_restore(source: Node, target: Node, held: Snapshot) -> Handed:
    """Every key of the snapshot, with its time."""
    refused: dict[Key, str] = {}
    for db, keys in _by_database(held).items():
        payloads = _ask(source, db, [command("DUMP", key) for key in keys])
        asked = [
            command("RESTORE", key, held.items[db, key].expires_ms or 0, _bytes(payload), "ABSTTL", "REPLACE")
            for key, payload in zip(keys, payloads, strict=True)
        ]
        for key, reply in zip(keys, _ask(target, db, asked), strict=True):
            if reply.kind is Kind.ERROR:
                refused[db, key] = _text(reply)
    return Handed(refused)


def migrate(source: Node, target: Node, held: Snapshot, *options: str) -> Handed:
    """MIGRATE of each database at once. Its answer is one for all of its keys."""
    refused: dict[Key, str] = {}
    for db, keys in _by_database(held).items():
        asked = command("MIGRATE", target.host, target.port, "", db, _TIMEOUT_MS, *options, "KEYS", *keys)
        (reply,) = _ask(source, db, [asked])
        if reply.kind is Kind.ERROR:
            refused |= {(db, key): _text(reply) for key in keys}
    return Handed(refused)


def hand_functions(source: Node, target: Node, held: Snapshot) -> Handed:
    """FUNCTION DUMP and RESTORE."""
    names = [key for key in held.items if key[0] == FUNCTIONS_DB]
    (payload,) = _ask(source, 0, [command("FUNCTION", "DUMP")])
    (reply,) = _ask(target, 0, [command("FUNCTION", "RESTORE", _bytes(payload))])
    return Handed({key: _text(reply) for key in names} if reply.kind is Kind.ERROR else {})


def _ask(node: Node, db: int, asked: list[Command]) -> list[Reply]:
    with introduce(node, 2) as wire:
        batches = Batches(wire)
        batches.ask([command("SELECT", db)])
        return batches.ask(asked)


def _by_database(held: Snapshot) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for db, key in _in_order(held.items):
        if db != FUNCTIONS_DB:
            found.setdefault(db, []).append(key)
    return found


def _in_order(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys)


def _bytes(reply: Reply) -> bytes:
    return reply.value if isinstance(reply.value, bytes) else b""


def _text(reply: Reply) -> str:
    return _bytes(reply).decode("utf-8", "replace")
