"""Lies about the server itself: what it says it is, what it lists, which settings it takes.

`area` is the topic of `suites/identity` that must find the lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.liar.changes import OK, integer, items, text, when
from tests.liar.lie import Lie
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.liar.lie import Answer, Asked

_BULKS = (Kind.BULK, Kind.SIMPLE)


def _lie(name: str, topic: str, found: str, says: str, answer: Answer, *commands: str) -> Lie:
    rule, _, subject = found.partition(" ")
    asked = frozenset(commands or {topic})
    return Lie(name=name, area=topic, rule=rule, subject=subject, says=says, answer=answer, commands=asked)


def _replaced(old: bytes, new: bytes) -> Answer:
    """A long text with something else in it."""
    return text(lambda value: value.replace(old, new))


def _in_row(name: bytes, change: Callable[[Reply], Reply], at: int) -> Answer:
    """COMMAND and COMMAND INFO with one element of one command's row changed."""

    def row(reply: Reply) -> Reply:
        parts = reply.value
        if not isinstance(parts, tuple) or not parts or parts[0].value != name:
            return reply
        return Reply(reply.kind, (*parts[:at], change(parts[at]), *parts[at + 1 :]))

    return items(lambda rows: tuple(map(row, rows)))


def _without(word: bytes) -> Callable[[Reply], Reply]:
    """A list of words with one less."""

    def change(reply: Reply) -> Reply:
        assert isinstance(reply.value, tuple)
        return Reply(reply.kind, tuple(each for each in reply.value if each.value != word))

    return change


def _in_tree(old: bytes, new: bytes) -> Answer:
    """One text anywhere in a reply comes as another."""

    def change(reply: Reply) -> Reply:
        if isinstance(reply.value, tuple):
            return Reply(reply.kind, tuple(map(change, reply.value)))
        return Reply(reply.kind, new) if reply.kind in _BULKS and reply.value == old else reply

    return lambda _, reply: change(reply)


def _without_pair(name: bytes) -> Answer:
    """Names and values by turns, without one name and its value."""

    def change(replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
        names = [each.value for each in replies[::2]]
        at = 2 * names.index(name) if name in names else len(replies)
        return (*replies[:at], *replies[at + 2 :])

    return items(change)


def _value_of(name: bytes, change: Callable[[bytes], bytes]) -> Answer:
    """Names and values by turns, with another value behind one name."""

    def changed(replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
        before = (None, *(each.value for each in replies))
        return tuple(
            Reply(each.kind, change(each.value)) if above == name and isinstance(each.value, bytes) else each
            for above, each in zip(before, replies, strict=False)
        )

    return items(changed)


def _sets(name: bytes, *values: bytes) -> Callable[[Asked], bool]:
    """CONFIG SET of this parameter, to one of these values or to any."""

    def asked(asked: Asked) -> bool:
        return asked.has(b"SET") and asked.args[2:3] == (name,) and (not values or asked.args[3] in values)

    return asked


def _says(reply: Reply) -> Answer:
    return lambda _, __: reply


_REFUSED = Reply(
    Kind.ERROR, b"ERR CONFIG SET failed (possibly related to argument 'x') - can't set immutable config"
)
_TOO_MUCH = Reply(Kind.ERROR, b"ERR CONFIG SET failed (possibly related to argument 'x') - too much")

DESCRIPTIONS = (
    _lie("hello-modules", "HELLO", "identity.hello modules", "the field is gone", _without_pair(b"modules")),
    _lie(
        "hello-mode",
        "HELLO",
        "identity.value mode",
        "a standalone server says cluster",
        _value_of(b"mode", lambda _: b"cluster"),
    ),
    _lie(
        "info-field",
        "INFO",
        "identity.info used_memory_rss",
        "the field has another name",
        _replaced(b"used_memory_rss:", b"memory_rss:"),
    ),
    _lie(
        "info-unit",
        "INFO",
        "identity.form uptime_in_days",
        "days come with a unit",
        _replaced(b"uptime_in_days:", b"uptime_in_days:d"),
    ),
    _lie(
        "info-section",
        "INFO",
        "identity.section Replication",
        "the section has another name",
        _replaced(b"# Replication", b"# Replicas"),
    ),
    _lie(
        "info-section-alone",
        "INFO",
        "identity.info-alone INFO memory",
        "INFO memory lacks a field that INFO everything has",
        when(lambda asked: asked.has(b"MEMORY"), _replaced(b"mem_allocator:", b"mem_alloc:")),
    ),
    _lie(
        "command-flag",
        "COMMAND",
        "identity.flags GET",
        "it is not readonly",
        _in_row(b"get", _without(b"readonly"), 2),
    ),
    _lie(
        "command-arity",
        "COMMAND",
        "identity.arity SET",
        "it takes three arguments at least",
        _in_row(b"set", lambda reply: Reply(reply.kind, integer(reply) - 1), 1),
    ),
    _lie(
        "command-key",
        "COMMAND",
        "identity.keys INCR",
        "the key is the second argument",
        _in_row(b"incr", lambda reply: Reply(reply.kind, integer(reply) + 1), 3),
    ),
    _lie(
        "command-category",
        "COMMAND",
        "identity.categories KEYS",
        "it is not dangerous",
        _in_row(b"keys", _without(b"@dangerous"), 6),
    ),
    _lie(
        "command-tip",
        "COMMAND",
        "identity.tips DBSIZE",
        "replies of several nodes are not to be added up",
        _in_row(b"dbsize", _without(b"response_policy:agg_sum"), 7),
    ),
    _lie(
        "command-lost",
        "COMMAND",
        "identity.command GETDEL",
        "the command has another name",
        _in_tree(b"getdel", b"getgone"),
    ),
    _lie(
        "command-list-short",
        "COMMAND",
        "identity.says-otherwise COMMAND LIST",
        "COMMAND LIST leaves a command out",
        when(lambda asked: asked.has(b"LIST"), _in_tree(b"append", b"prepend")),
    ),
    _lie(
        "docs-replaced",
        "COMMAND DOCS",
        "identity.documents RPOPLPUSH",
        "another command is said to replace it",
        _in_tree(b"`LMOVE` with the `RIGHT` and `LEFT` arguments", b"`LMOVE`"),
    ),
    _lie(
        "docs-token",
        "COMMAND DOCS",
        "identity.arguments XTRIM",
        "MAXLEN is spelt otherwise",
        _in_tree(b"MAXLEN", b"MAXLENGTH"),
    ),
    _lie(
        "acl-category",
        "ACL CAT",
        "identity.category geo",
        "the category is gone",
        _in_tree(b"geo", b"places"),
    ),
    _lie(
        "acl-cat-short",
        "ACL CAT",
        "identity.says-otherwise ACL CAT string",
        "a command of the category is another one",
        when(lambda asked: asked.has(b"STRING"), _in_tree(b"append", b"lpush")),
    ),
    _lie(
        "client-field",
        "CLIENT",
        "identity.client tot-mem",
        "the field has another name",
        _replaced(b" tot-mem=", b" memory="),
    ),
    _lie(
        "memory-field",
        "MEMORY",
        "identity.memory keys.count",
        "the field is gone",
        _without_pair(b"keys.count"),
    ),
    _lie(
        "slowlog-entry",
        "SLOWLOG",
        "identity.row SLOWLOG GET",
        "an entry has no client's name",
        items(lambda rows: tuple(_shorter(row) for row in rows)),
    ),
    _lie(
        "acl-user-field", "ACL", "identity.user selectors", "the field is gone", _without_pair(b"selectors")
    ),
    _lie(
        "config-default",
        "CONFIG GET",
        "config.default hash-max-listpack-entries",
        "the default is another one",
        _value_of(b"hash-max-listpack-entries", lambda _: b"7"),
        "CONFIG",
    ),
    _lie(
        "config-lost",
        "CONFIG GET",
        "config.parameter lfu-decay-time",
        "the parameter is not there",
        _without_pair(b"lfu-decay-time"),
        "CONFIG",
    ),
    _lie(
        "config-word-refused",
        "CONFIG SET",
        "config.values maxmemory-policy",
        "a policy is refused",
        when(_sets(b"maxmemory-policy", b"volatile-ttl"), _says(_TOO_MUCH)),
        "CONFIG",
    ),
    _lie(
        "config-bound-lower",
        "CONFIG SET",
        "config.values maxmemory-samples",
        "the greatest value is refused",
        when(_sets(b"maxmemory-samples", b"64"), _says(_TOO_MUCH)),
        "CONFIG",
    ),
    _lie(
        "config-all-taken",
        "CONFIG SET",
        "config.values lfu-log-factor",
        "negative numbers are taken",
        when(_sets(b"lfu-log-factor", b"-1"), _says(OK)),
        "CONFIG",
    ),
    _lie(
        "config-read-only",
        "CONFIG SET",
        "config.read-only slowlog-max-len",
        "it can't be set at run time",
        when(_sets(b"slowlog-max-len"), _says(_REFUSED)),
        "CONFIG",
    ),
    _lie(
        "config-reads-otherwise",
        "CONFIG SET",
        "config.reads maxmemory",
        "1kb reads 1000",
        _value_of(b"maxmemory", lambda value: b"1000" if value == b"1024" else value),
        "CONFIG",
    ),
    _lie(
        "config-refusal",
        "CONFIG SET",
        "config.refusal CONFIG SET",
        "it is said in other words that a value is out of range",
        lambda _, reply: (
            Reply(reply.kind, reply.value.replace(b"must be between", b"has to be between"))
            if reply.kind is Kind.ERROR and isinstance(reply.value, bytes)
            else reply
        ),
        "CONFIG",
    ),
)


def _shorter(reply: Reply) -> Reply:
    return Reply(reply.kind, reply.value[:-1]) if isinstance(reply.value, tuple) else reply
