"""How lies change replies. Each function makes an `Answer`; `when` and `every_third` narrow one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.liar.lie import ERRORS, Answer, Asked
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    When = Callable[[Asked], bool]
    Items = tuple[Reply, ...]

OK = Reply(Kind.SIMPLE, b"OK")


def integer(reply: Reply) -> int:
    """The value; of what is no integer a number below every answer."""
    return reply.value if isinstance(reply.value, int) else -9


def plus(step: int, *, least: int = -(2**62)) -> Answer:
    """Integers (from `least` on) are `step` more than they are."""

    def answer(_: Asked, reply: Reply) -> Reply:
        if reply.kind is not Kind.INTEGER or integer(reply) < least:
            return reply
        return Reply(Kind.INTEGER, integer(reply) + step)

    return answer


def as_kind(old: Kind, new: Kind) -> Answer:
    """Replies of one type come as another with the same value."""
    return lambda _, reply: _with_kind(reply, new) if reply.kind is old else reply


def _with_kind(reply: Reply, kind: Kind) -> Reply:
    value = reply.value
    if kind is Kind.BULK and isinstance(value, int):
        return Reply(kind, b"%d" % value)
    if kind in (Kind.INTEGER, Kind.BOOLEAN) and isinstance(value, int):
        return Reply(kind, int(value) if kind is Kind.INTEGER else bool(value))
    if reply.kind is Kind.VERBATIM and isinstance(value, bytes):
        return Reply(kind, value[4:])
    return Reply(kind, value)


def inside(change: Answer) -> Answer:
    """The elements of aggregates are changed, not the whole."""

    def answer(asked: Asked, reply: Reply) -> Reply:
        if not isinstance(reply.value, tuple):
            return reply
        return Reply(reply.kind, tuple(change(asked, each) for each in reply.value))

    return answer


def text(change: Callable[[bytes], bytes], *, beyond: int = 0) -> Answer:
    """Strings and doubles longer than `beyond` are changed."""

    def answer(_: Asked, reply: Reply) -> Reply:
        if reply.kind not in (Kind.BULK, Kind.DOUBLE, Kind.SIMPLE) or not isinstance(reply.value, bytes):
            return reply
        return Reply(reply.kind, change(reply.value)) if len(reply.value) > beyond else reply

    return answer


def named(old: bytes, new: bytes) -> Answer:
    """One name comes as another."""
    return text(lambda value: new if value == old else value)


def items(change: Callable[[Items], Items], *, beyond: int = 0) -> Answer:
    """Arrays of more than `beyond` elements are changed."""

    def answer(_: Asked, reply: Reply) -> Reply:
        if isinstance(reply.value, tuple) and len(reply.value) > beyond:
            return Reply(reply.kind, change(reply.value))
        return reply

    return answer


def error(old: bytes, new: bytes) -> Answer:
    """Errors have `new` where they had `old`."""

    def answer(_: Asked, reply: Reply) -> Reply:
        if reply.kind in ERRORS and isinstance(reply.value, bytes):
            return Reply(reply.kind, reply.value.replace(old, new))
        return reply

    return answer


def forgives(start: bytes) -> Answer:
    """Errors that begin so are answered with OK."""

    def answer(_: Asked, reply: Reply) -> Reply:
        failed = reply.kind in ERRORS and isinstance(reply.value, bytes) and reply.value.startswith(start)
        return OK if failed else reply

    return answer


def instead(reply: Reply) -> Answer:
    """Whatever the reply is, but for errors, it is this one."""
    return lambda _, said: said if said.kind in ERRORS else reply


def when(condition: When, change: Answer) -> Answer:
    """Lie only then."""
    return lambda asked, reply: change(asked, reply) if condition(asked) else reply


def every_third(change: Answer) -> Answer:
    """Lie about every third call since the last FLUSHALL."""

    def answer(asked: Asked, reply: Reply) -> Reply:
        calls = len(asked.talk.remember("calls"))
        return change(asked, reply) if calls % 3 == 0 else reply

    return answer


def spied_over(size: int, change: Answer) -> Answer:
    """Lie where what a lie asked beside the command is an integer larger than `size`."""
    return when(lambda asked: bool(asked.others) and integer(asked.others[0]) > size, change)


def spied_as(value: bytes, change: Answer) -> Answer:
    """Lie where what a lie asked beside the command is this."""
    return when(lambda asked: bool(asked.others) and asked.others[0].value == value, change)


def at_place(place: int, change: Answer) -> Answer:
    """One element of an array is changed."""

    def answer(asked: Asked, reply: Reply) -> Reply:
        if not isinstance(reply.value, tuple) or len(reply.value) <= place:
            return reply
        parts = reply.value
        return Reply(reply.kind, (*parts[:place], change(asked, parts[place]), *parts[place + 1 :]))

    return answer


# Single values and their like.


def last_byte(value: bytes) -> bytes:
    """The value with another last byte, a digit if that was one."""
    return value[:-1] + (b"1" if value[-1:] == b"0" else b"0")


def first_swapped(replies: Items) -> Items:
    return (*reversed(replies[:2]), *replies[2:])


def last_swapped(replies: Items) -> Items:
    return (*replies[:-2], *reversed(replies[-2:]))


def rotated(replies: Items) -> Items:
    return (*replies[1:], *replies[:1])


def backwards(replies: Items) -> Items:
    return tuple(reversed(replies))


def flat(replies: Items) -> Items:
    return tuple(
        part for each in replies for part in (each.value if isinstance(each.value, tuple) else (each,))
    )


def scores_with_point(replies: Items) -> Items:
    """member, 1, member, 2 with 1.0 and 2.0."""
    return tuple(
        Reply(Kind.BULK, each.value + b".0") if at % 2 and isinstance(each.value, bytes) else each
        for at, each in enumerate(replies)
    )


def second_group_pending(replies: Items) -> Items:
    """XINFO GROUPS with one more pending entry in its second group."""
    first, second, *others = replies
    parts = list(second.value) if isinstance(second.value, tuple) else []
    at = [part.value for part in parts].index(b"pending") + 1
    parts[at] = Reply(Kind.INTEGER, integer(parts[at]) + 1)
    return (first, Reply(second.kind, tuple(parts)), *others)


# Replies to what was never done (`rewrites.py`), as if it had been.


def as_if_added(asked: Asked, reply: Reply) -> Reply:
    """HSET of one field, with HEXISTS of the second beside it."""
    if not asked.others or reply.kind is not Kind.INTEGER:
        return reply
    return Reply(Kind.INTEGER, integer(reply) + 1 - integer(asked.others[0]))


def as_if_appended(asked: Asked, reply: Reply) -> Reply:
    """STRLEN in place of APPEND."""
    if reply.kind is not Kind.INTEGER or len(asked.args) != 3:
        return reply
    return Reply(Kind.INTEGER, integer(reply) + len(asked.args[2]))


def as_if_renamed(_: Asked, reply: Reply) -> Reply:
    """COPY in place of RENAME."""
    if reply.kind is not Kind.INTEGER:
        return reply
    return OK if reply.value == 1 else Reply(Kind.ERROR, b"ERR no such key")


def as_if_persisted(_: Asked, reply: Reply) -> Reply:
    """TTL in place of PERSIST."""
    return Reply(Kind.INTEGER, int(integer(reply) >= 0)) if reply.kind is Kind.INTEGER else reply


def as_if_discarded(_: Asked, reply: Reply) -> Reply:
    """EXEC in place of DISCARD, which never fails in a transaction."""
    done = reply.kind is Kind.ARRAY or reply.value is None
    aborted = (
        reply.kind is Kind.ERROR and isinstance(reply.value, bytes) and reply.value.startswith(b"EXECABORT")
    )
    return OK if done or aborted else reply


def named_again(asked: Asked, reply: Reply) -> Reply:
    """The unknown command's own name in the error."""
    for word in asked.args[:2]:
        reply = error(b"no" + word, word)(asked, reply)
    return reply


def type_forgotten(asked: Asked, reply: Reply) -> Reply:
    """TYPE of a key that RENAME made is none."""
    if asked.args[0].upper() == b"RENAME":
        if reply == OK:
            asked.talk.remember("renamed", asked.args[2])
        return reply
    known = asked.talk.memory.get("renamed", [])
    return Reply(reply.kind, b"none") if len(asked.args) == 2 and asked.args[1] in known else reply
