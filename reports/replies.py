"""How a reply in a record reads: as redis-cli would show it, but with every wire type kept apart.

`(nil $-1)`, `(nil *-1)` and `(nil _)` are three replies here, and so are `OK` and `"OK"`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from reports.finding import WireReply

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEQUENCES = frozenset({"array", "set", "push", "attribute"})
_MARKS = {"array": ")", "set": "~", "push": ">", "attribute": "|"}
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NAMES = {"big-number": "big number", "none": "no reply"}
_MANY_LINES = 3  # a text with as many line ends is shown as lines

# What differs from run to run and says nothing: ids in hex, and numbers of five digits or more.
_HEX_ID = re.compile(r"\b[0-9a-f]{40}\b")
_LONG_NUMBER = re.compile(r"\d{5,}")


def is_error(reply: WireReply) -> bool:
    """Whether the server refused."""
    return reply.type == "error"


def is_null(reply: WireReply) -> bool:
    """Any of the three nulls."""
    return reply.type == "null"


def text_of(reply: WireReply) -> bytes:
    """The text of a reply that is one; empty for all others."""
    return reply.value.encode() if isinstance(reply.value, str) else b""


def elements(reply: WireReply) -> tuple[WireReply, ...]:
    """The parts of an array, set, push or map, as sent; a map gives key, value, key, value."""
    return tuple(_parts(reply.value)) if reply.type in _SEQUENCES or reply.type == "map" else ()


def canonical(reply: WireReply) -> bytes:
    """Equal for equal replies: something to count and to compare by."""
    return msgspec.json.encode(reply, order="sorted")


def one_line(reply: WireReply, limit: int = 0) -> str:
    """A reply on one line; with `limit`, cut to so many characters."""
    text = " ".join(line.strip() for line in _flat(reply).split("\n"))
    return text if not limit or len(text) <= limit else text[: limit - 1] + "…"


def lines(reply: WireReply) -> list[str]:
    """A reply as redis-cli shows it, line by line; nested replies are indented."""
    if isinstance(reply.value, str) and reply.value.count("\n") >= _MANY_LINES:
        return _text_lines(reply)
    parts = elements(reply)
    if not parts:
        return [_scalar(reply)]
    more = [_rest(reply).strip()] if reply.cut else []
    if reply.type == "map":
        return [*_map_lines(parts), *more]
    mark = _MARKS[reply.type]
    width = len(str(len(parts)))
    shown: list[str] = []
    for number, part in enumerate(parts, start=1):
        shown += _indented(f"{number:>{width}}{mark} ", lines(part))
    return shown + more


def masked(reply: WireReply) -> str:
    """One line with what changes from run to run replaced: `<id>` for hex ids, `<n>` for long numbers."""
    return _LONG_NUMBER.sub("<n>", _HEX_ID.sub("<id>", one_line(reply)))


def printable(text: str) -> str:
    """Control and format characters written out: a page or terminal would swallow or obey them."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    return _ESCAPES.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 0x80 else f"\\u{ord(char):04x}")


def _parts(value: object) -> Iterator[WireReply]:
    """A map may come as pairs, flat or as an object: all three read the same."""
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    for item in value if isinstance(value, list | tuple) else ():
        if isinstance(item, list | tuple):
            yield from _parts(item)
        else:
            yield _part(item)


def _part(item: object) -> WireReply:
    if isinstance(item, WireReply):
        return item
    if isinstance(item, dict) and "type" in item:
        return msgspec.convert(item, WireReply)
    return WireReply("bulk" if isinstance(item, str) else "integer", item)


def _flat(reply: WireReply) -> str:
    parts = elements(reply)
    if not parts:
        return _scalar(reply)
    if reply.type == "map":
        pairs = zip(parts[::2], parts[1::2], strict=False)
        return f"{{{', '.join(f'{_flat(key)} => {_flat(value)}' for key, value in pairs)}{_rest(reply)}}}"
    mark = _MARKS[reply.type].replace(")", "")
    return f"{mark}[{', '.join(map(_flat, parts))}{_rest(reply)}]"


def _map_lines(parts: tuple[WireReply, ...]) -> Iterator[str]:
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    width = len(str(len(pairs)))
    for number, (key, value) in enumerate(pairs, start=1):
        yield from _indented(f"{number:>{width}}# {_flat(key)} => ", lines(value))


def _indented(head: str, rest: list[str]) -> list[str]:
    pad = " " * len(head)
    return [(head if number == 0 else pad) + line for number, line in enumerate(rest)]


def _text_lines(reply: WireReply) -> list[str]:
    body = [printable(line) for line in str(reply.value).replace("\r\n", "\n").rstrip("\n").split("\n")]
    return [f"({_name(reply)}, as text)", *body]


def _scalar(reply: WireReply) -> str:
    kind, value = reply.type, reply.value
    if kind in _SEQUENCES or kind == "map":
        return f"(empty {kind})"
    if is_null(reply):
        return f"(nil {reply.wire})" if reply.wire else "(nil)"
    if kind in {"bulk", "verbatim"}:
        value = _quoted(str(value)) + _rest(reply)
    if kind == "boolean":
        value = "true" if value else "false"
    if kind not in {"bulk", "verbatim"} and isinstance(value, str):
        value = printable(value)
    return value if kind in {"simple", "bulk"} and isinstance(value, str) else f"({_name(reply)}) {value}"


def _name(reply: WireReply) -> str:
    return "bulk error" if reply.wire == "!" else _NAMES.get(reply.type, reply.type)


def _rest(reply: WireReply) -> str:
    return f" … ({reply.cut} in all)" if reply.cut else ""


def _quoted(text: str) -> str:
    return '"' + printable(text.replace('"', '\\"')) + '"'
