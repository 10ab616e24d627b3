r"""Replies for people (as redis-cli shows them, with the wire type named) and for records (JSON), and back.

In JSON, bytes are text; what is not UTF-8 stands as `\xNN`, and so does the backslash of a text that happens
to look like that. Nothing is judged or shortened here unless the caller gives a limit.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from generators.command import quote
from topologies.reply import Kind, Reply

KEPT: Final = 4096  # elements of a reply, or bytes of a string, that are kept of a long one

Json: TypeAlias = "dict[str, object]"

_NAMES: Final = {
    Kind.NULL_BULK: ("null", "$-1"),
    Kind.NULL_ARRAY: ("null", "*-1"),
    Kind.NULL: ("null", "_"),
    Kind.BULK_ERROR: ("error", "!"),
}
_KINDS: Final[dict[tuple[object, object], Kind]] = {
    (kind.value, None): kind for kind in Kind if kind not in _NAMES
} | {name: kind for kind, name in _NAMES.items()}
_ESCAPED: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")


def to_json(reply: Reply, limit: int | None = None) -> Json:
    """The reply as a record holds it: `type`, `value`, and `wire` where one type has several forms.

    With a limit, strings are cut to so many bytes and aggregates to so many elements; a cut one has
    `cut`, its true size.
    """
    name, wire = _NAMES.get(reply.kind, (reply.kind.value, None))
    shape: Json = {"type": name, "value": _json_value(reply, limit)}
    if wire is not None:
        shape["wire"] = wire
    size = _cut_size(reply, limit)
    if size is not None:
        shape["cut"] = size
    return shape


def _cut_size(reply: Reply, limit: int | None) -> int | None:
    if limit is None or not isinstance(reply.value, bytes | tuple):
        return None
    size = len(reply.value) // (2 if reply.kind is Kind.MAP else 1)
    return size if size > limit else None


def _json_value(reply: Reply, limit: int | None) -> object:
    match reply.value:
        case bytes() as raw:
            return escape(raw[:limit])
        case tuple() as items if reply.kind is Kind.MAP:
            pairs = zip(items[::2], items[1::2], strict=True)
            return [[to_json(key, limit), to_json(value, limit)] for key, value in list(pairs)[:limit]]
        case tuple() as items:
            shown = items if reply.kind is Kind.ATTRIBUTE else items[:limit]
            return [to_json(item, limit) for item in shown]
        case plain:
            return plain


def from_json(shape: Json) -> Reply:
    """The reply that `to_json` was given (as far as it was not cut).

    Raises:
        ValueError: no reply has this shape.

    """
    name, wire = shape.get("type"), shape.get("wire")
    kind = _KINDS.get((name, wire))
    if kind is None:
        raise ValueError(f"no reply has the type {name!r} with the wire form {wire!r}")
    value = shape.get("value")
    match value:
        case None | bool() | int():
            return Reply(kind, value)
        case str():
            return Reply(kind, unescape(value))
        case list():
            flat = [part for pair in value for part in pair] if kind is Kind.MAP else value
            return Reply(kind, tuple(from_json(item) for item in flat))
        case _:
            raise ValueError(
                f"expected null, true, false, an integer, text or a list as value, got {value!r}"
            )


def escape(raw: bytes) -> str:
    r"""Bytes as text, `\xNN` for each byte that is not part of UTF-8; `unescape` is the inverse."""
    text = raw.decode("utf-8", "backslashreplace")
    if "\\x" not in text:
        return text
    pieces = _ESCAPED.split(raw)
    return "".join(
        piece.decode("utf-8", "backslashreplace") if index % 2 == 0 else f"\\x5cx{piece.decode()}"
        for index, piece in enumerate(pieces)
    )


def unescape(text: str) -> bytes:
    """The bytes that `escape` was given."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text.encode())


_EMPTY: Final = {Kind.ARRAY: "array", Kind.SET: "set", Kind.MAP: "map", Kind.PUSH: "push"}
_BULLET: Final = {Kind.ARRAY: ")", Kind.SET: "~", Kind.PUSH: ">"}


def show(reply: Reply, limit: int | None = None) -> str:
    """The reply as redis-cli would print it, on one line or several, with the wire type that redis-cli hides.

    With a limit, strings are cut to so many bytes and aggregates to so many elements.
    """
    return "\n".join(_lines(reply, limit))


def _lines(reply: Reply, limit: int | None) -> list[str]:
    kind, value = reply
    if not isinstance(value, tuple):
        return [_scalar(kind, value, limit)]
    if kind is Kind.ATTRIBUTE:
        attributes, described = value
        return ["(attribute)", *_indented("  ", _lines(attributes, limit)), *_lines(described, limit)]
    if not value:
        return [f"(empty {_EMPTY[kind]})"]
    return _map(value, limit) if kind is Kind.MAP else _list(kind, value, limit)


def _scalar(kind: Kind, value: object, limit: int | None) -> str:
    match value:
        case None:
            return {Kind.NULL_BULK: "(nil)", Kind.NULL_ARRAY: "(nil array)"}.get(kind, "(null)")
        case bool():
            return "(true)" if value else "(false)"
        case bytes() if kind is Kind.BULK:
            return _quoted(value, limit)
        case bytes() if kind is Kind.VERBATIM:
            return f"(verbatim {escape(value[:3])}) {_quoted(value[4:], limit)}"
        case bytes():
            name = {Kind.NONE: "no reply"}.get(kind, kind.value.replace("-", " "))
            return f"({name}) {escape(value[:limit])}{_rest(len(value), limit)}"
        case _:
            return f"({kind.value}) {value}"


def _quoted(value: bytes, limit: int | None) -> str:
    shown = quote(value[:limit])
    return (shown if shown.startswith('"') else f'"{shown}"') + _rest(len(value), limit)


def _rest(size: int, limit: int | None) -> str:
    return f"… ({size} bytes)" if limit is not None and size > limit else ""


def _list(kind: Kind, items: tuple[Reply, ...], limit: int | None) -> list[str]:
    width = len(str(len(items)))
    out = []
    for number, item in enumerate(items[:limit], 1):
        out += _indented(f"{number:>{width}}{_BULLET[kind]} ", _lines(item, limit))
    return out + _more(len(items), limit)


def _map(items: tuple[Reply, ...], limit: int | None) -> list[str]:
    pairs = list(zip(items[::2], items[1::2], strict=True))
    width = len(str(len(pairs)))
    out = []
    for number, (key, value) in enumerate(pairs[:limit], 1):
        *above, last = _indented(f"{number:>{width}}# ", _lines(key, limit))
        out += [*above, *_indented(f"{last} => ", _lines(value, limit))]
    return out + _more(len(pairs), limit)


def _more(size: int, limit: int | None) -> list[str]:
    return [f"… ({size} elements)"] if limit is not None and size > limit else []


def _indented(lead: str, lines: list[str]) -> list[str]:
    return [(lead if index == 0 else " " * len(lead)) + line for index, line in enumerate(lines)]
