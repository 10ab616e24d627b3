"""Replies for tests, in few letters: `said("a", 1, None)` is what a RESP2 server says with an array of these."""

from __future__ import annotations

from topologies.reply import Kind, Reply

OK = Reply(Kind.SIMPLE, b"OK")
QUEUED = Reply(Kind.SIMPLE, b"QUEUED")
NULL = Reply(Kind.NULL_BULK, None)
NULL_ARRAY = Reply(Kind.NULL_ARRAY, None)


def one(value: str | bytes | int | Reply | list[object] | tuple[object, ...] | None) -> Reply:
    """A bulk string, an integer, a null, an array of these; a reply stays as it is."""
    if isinstance(value, Reply):
        return value
    if isinstance(value, str):
        return Reply(Kind.BULK, value.encode())
    if isinstance(value, bytes):
        return Reply(Kind.BULK, value)
    if isinstance(value, int):
        return Reply(Kind.INTEGER, value)
    if value is None:
        return NULL
    return Reply(Kind.ARRAY, tuple(one(each) for each in value))  # type: ignore[arg-type]


def said(*values: object, kind: Kind = Kind.ARRAY) -> Reply:
    """An aggregate of these."""
    return Reply(kind, tuple(one(each) for each in values))  # type: ignore[arg-type]


def error(text: str) -> Reply:
    return Reply(Kind.ERROR, text.encode())
