"""A fact: one thing that an engine says of itself, without what changes from moment to moment.

Names that carry a number or a command (`db0`, `cmdstat_get`) are masked, and so are values: of them the form is kept.
This file knows texts. It asks nobody, and judges nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

Words = frozenset[str]
Key: TypeAlias = "tuple[str, str]"  # rule, subject


@dataclass(frozen=True, slots=True)
class Fact:
    """A text, or words of which each counts on its own, and the redis-cli line that shows it.

    `part_of` names wholes (an INFO section, a command): where one side has not even one, that is the difference.
    What `raw` was said, and is not compared, is forgiven by the rule named `tolerance`, and counted.
    """

    value: str | Words
    line: str
    part_of: tuple[Key, ...] = ()
    raw: str = ""
    tolerance: str = ""


Facts: TypeAlias = "dict[Key, Fact]"
THERE = "there"  # the value of a fact that has no other

# What is not compared of what engines say of themselves, by name, as the report tells it.
TOLERANCES = {
    "moment": "a value of INFO or CLIENT LIST is of the moment, machine or build: its form is compared, not the value",
    "build": "a parameter is there only where the engine was built with TLS, and one of the two was not",
    "set-by-rekey": "a parameter that Rekey sets, or that the machine decides: its value at the start is no default",
}

_FORMS = (
    ("empty", re.compile(r"")),
    ("integer", re.compile(r"-?\d+")),
    ("float", re.compile(r"-?(\d+\.\d+|nan|inf)", re.IGNORECASE)),
    ("percentage", re.compile(r"-?(\d+(\.\d+)?|nan|inf)%", re.IGNORECASE)),
    ("size", re.compile(r"-?\d+(\.\d+)?[BKMGTP]B?")),
)
_PAIRS = re.compile(r"[\w.%-]+=[^,=]*(,[\w.%-]+=[^,=]*)*")
_MASKS = (
    (re.compile(r"^(cmdstat|errorstat|latency_percentiles_usec)_.*"), r"\1_*"),
    (re.compile(r"^(db|db\.|io_thread_|listener|slave|replica)\d+"), r"\1*"),
    (re.compile(r"^p\d+(\.\d+)?$"), "p*"),
)


def masked(name: str) -> str:
    """A field's name without the number or the command in it."""
    for pattern, instead in _MASKS:
        name = pattern.sub(instead, name)
    return name


def form_of(text: str) -> str:
    """What a value looks like to whoever parses it: `integer`, `size`, `calls=integer,usec=integer`."""
    for name, pattern in _FORMS:
        if pattern.fullmatch(text):
            return name
    if _PAIRS.fullmatch(text):
        pairs = (pair.partition("=") for pair in text.split(","))
        return ",".join(dict.fromkeys(f"{masked(name)}={form_of(value)}" for name, _, value in pairs))
    return "text"


def text_of(reply: Reply) -> str:
    """A reply's bytes as text, without the format of a verbatim string; empty where it has none."""
    if not isinstance(reply.value, bytes):
        return ""
    text = reply.value.decode("utf-8", "backslashreplace")
    return text[4:] if reply.kind is Kind.VERBATIM else text


def parts(reply: Reply) -> tuple[Reply, ...]:
    """The elements of an aggregate; none of what is none."""
    return reply.value if isinstance(reply.value, tuple) else ()


def words(reply: Reply) -> Words:
    """The texts in an aggregate."""
    return frozenset(text_of(each) for each in parts(reply))


def pairs(reply: Reply) -> Iterator[tuple[str, Reply]]:
    """The fields of a map, or of an array of names and values by turns."""
    items = parts(reply)
    for name, value in zip(items[::2], items[1::2], strict=False):
        yield text_of(name), value


def is_error(reply: Reply) -> bool:
    return reply.kind in (Kind.ERROR, Kind.BULK_ERROR, Kind.NONE)


def shape_of(reply: Reply) -> str:
    """The wire types of a reply: `array(bulk integer)`; equal elements stand once."""
    if not isinstance(reply.value, tuple):
        return reply.kind.value
    inside = dict.fromkeys(map(shape_of, reply.value))
    return f"{reply.kind.value}({' '.join(inside)})"
