"""What engines say of their commands, as one tree: the union of their replies to COMMAND and COMMAND DOCS.

An engine that has no COMMAND DOCS (6.x) says names, arity, flags and keys; what arguments its commands take, another
engine says, or the tree that is stored in `tree.json`. Replies come as plain values: bytes, numbers, and tuples
of such, maps as tuples of keys and values by turns. This file asks nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Plain: TypeAlias = "bytes | int | float | bool | tuple[Plain, ...] | None"

BRANCHES = ("oneof", "block")
PURE_TOKEN = "pure-token"  # noqa: S105  (a word of COMMAND DOCS)
STORED = Path(__file__).parent / "tree.json"
_FLAGS = ("optional", "multiple", "multiple_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument as COMMAND DOCS describes it."""

    name: str
    kind: str  # oneof, block, pure-token, key, string, integer, double, unix-time, pattern
    token: bytes = b""  # what is sent in front of it; of a pure token all that is sent
    optional: bool = False
    multiple: bool = False
    multiple_token: bool = False  # the token stands in front of each of several
    parts: tuple[Argument, ...] = ()  # of a block, or the alternatives of a oneof
    known_by: frozenset[int] = frozenset()  # which of the engines describe it, by their place

    def walk(self) -> Iterator[Argument]:
        """Itself and all in it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """One command or sub-command, with all that its engines know of its arguments."""

    words: tuple[bytes, ...]  # `SET`; `OBJECT`, `ENCODING`
    group: str = ""  # string, list … as the docs group commands
    arity: int = 0  # with the name; negative: at least so many
    flags: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    keys: int = 0  # key specs
    arguments: tuple[Argument, ...] = ()
    container: bool = False
    known_by: frozenset[int] = frozenset()  # which of the engines, by their place

    @property
    def name(self) -> str:
        """As findings name it: `OBJECT ENCODING`."""
        return b" ".join(self.words).decode()

    @property
    def tokens(self) -> frozenset[str]:
        """Every token that its arguments know."""
        return frozenset(
            each.token.decode() for argument in self.arguments for each in argument.walk() if each.token
        )

    @property
    def one_sided(self) -> Mapping[str, frozenset[int]]:
        """The tokens that only some of several engines describe, with those engines; none where only one describes
        anything.
        """
        everything = [each for argument in self.arguments for each in argument.walk()]
        if not any(len(each.known_by) > 1 for each in everything):
            return {}
        return {
            each.token.decode(): each.known_by
            for each in everything
            if each.token and len(each.known_by) == 1
        }


Tree = dict[str, Syntax]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one engine answered to COMMAND and to COMMAND DOCS (an empty tuple where it does not know that)."""

    command: Plain = ()
    docs: Plain = ()


def union(*engines: Said) -> Tree:
    """The commands and sub-commands of all engines by name, arguments united; in the order of names."""
    tree: Tree = {}
    for place, said in enumerate(engines):
        for syntax in _commands(said.command, place):
            other = tree.get(syntax.name)
            tree[syntax.name] = _both(other, syntax) if other else syntax
    documented = [_documented(said.docs, place) for place, said in enumerate(engines) if said.docs]
    for docs in documented or [stored()]:
        for name, described in docs.items():
            if name in tree:
                tree[name] = _described(tree[name], described)
    return dict(sorted(tree.items()))


def _both(one: Syntax, other: Syntax) -> Syntax:
    return replace(
        one,
        flags=one.flags | other.flags,
        categories=one.categories | other.categories,
        keys=max(one.keys, other.keys),
        container=one.container or other.container,
        known_by=one.known_by | other.known_by,
    )


def _described(known: Syntax, docs: Syntax) -> Syntax:
    return replace(known, group=known.group or docs.group, arguments=united(known.arguments, docs.arguments))


def _commands(table: Plain, place: int) -> Iterator[Syntax]:
    """The entries of a COMMAND reply, sub-commands behind their container."""
    for entry in _items(table):
        parts = _items(entry)
        if len(parts) < 6 or not isinstance(parts[0], bytes):
            continue
        subcommands = parts[9] if len(parts) > 9 else ()
        yield Syntax(
            words=_words(parts[0]),
            arity=parts[1] if isinstance(parts[1], int) else 0,
            flags=_texts(parts[2]),
            categories=_texts(parts[6]) if len(parts) > 6 else frozenset(),
            keys=len(_items(parts[8])) if len(parts) > 8 else int(parts[3] != 0),
            container=bool(subcommands),
            known_by=frozenset([place]),
        )
        yield from _commands(subcommands, place)


def _documented(docs: Plain, place: int) -> Mapping[str, Syntax]:
    """Group and arguments of each command in a reply to COMMAND DOCS."""
    found: dict[str, Syntax] = {}
    for name, about in _pairs(docs):
        if not isinstance(name, bytes):
            continue
        fields = {key: value for key, value in _pairs(about) if isinstance(key, bytes)}
        syntax = Syntax(
            words=_words(name),
            group=_text(fields.get(b"group")),
            arguments=tuple(_argument(each, place) for each in _items(fields.get(b"arguments"))),
        )
        found[syntax.name] = syntax
        found.update(_documented(fields.get(b"subcommands"), place))
    return found


def _argument(said: Plain, place: int) -> Argument:
    fields = {key: value for key, value in _pairs(said) if isinstance(key, bytes)}
    token, flags = fields.get(b"token"), _texts(fields.get(b"flags"))
    kind = _text(fields.get(b"type"))
    return Argument(
        name=_text(fields.get(b"name")),
        kind=kind,
        token=token.upper() if isinstance(token, bytes) and token != b'""' else b"",
        optional="optional" in flags,
        multiple="multiple" in flags,
        multiple_token="multiple_token" in flags,
        parts=tuple(_argument(each, place) for each in _items(fields.get(b"arguments")) if kind in BRANCHES),
        known_by=frozenset([place]),
    )


def united(one: Sequence[Argument], other: Sequence[Argument]) -> tuple[Argument, ...]:
    """The arguments of both, in an order that holds for both: what only one has stands behind what it followed."""
    if not one or not other:
        return tuple(one or other)
    merged = list(one)
    at = 0
    for argument in other:
        same = next((n for n, each in enumerate(merged) if _is_same(each, argument)), None)
        if same is None:
            merged.insert(at, argument)
            at += 1
        else:
            merged[same] = _united(merged[same], argument)
            at = same + 1
    return tuple(merged)


def _is_same(one: Argument, other: Argument) -> bool:
    """Whether two engines speak of one argument: by its token, else by its name."""
    if one.token or other.token:
        return one.token == other.token
    return one.name == other.name


def _united(one: Argument, other: Argument) -> Argument:
    optional = one.optional or other.optional
    one = replace(one, known_by=one.known_by | other.known_by)
    if one.kind == other.kind:
        parts = united(one.parts, other.parts)
        return replace(one, optional=optional, multiple=one.multiple or other.multiple, parts=parts)
    if "oneof" in (one.kind, other.kind):
        choice, single = (one, other) if one.kind == "oneof" else (other, one)
        single = replace(single, optional=False)
        parts = united(choice.parts, (single,))
        return replace(choice, optional=optional, parts=parts, known_by=one.known_by)
    return replace(
        one, optional=optional
    )  # a value is a value: `string` in one release, `integer` in the next


def _items(said: Plain) -> tuple[Plain, ...]:
    return said if isinstance(said, tuple) else ()


def _pairs(said: Plain) -> Iterable[tuple[Plain, Plain]]:
    items = _items(said)
    return zip(items[::2], items[1::2], strict=False)


def _texts(said: Plain) -> frozenset[str]:
    """Flags and categories; they are simple strings, some with an `@` in front."""
    return frozenset(each.decode() for each in _items(said) if isinstance(each, bytes))


def _text(said: Plain) -> str:
    return said.decode() if isinstance(said, bytes) else ""


def _words(name: bytes) -> tuple[bytes, ...]:
    return tuple(name.upper().split(b"|"))


@cache
def stored() -> Mapping[str, Syntax]:
    """Groups and arguments as they are stored here, for engines none of which describes any."""
    return {
        name: _syntax(name, said) for name, said in json.loads(STORED.read_text(encoding="utf-8")).items()
    }


def written(tree: Tree) -> str:
    """A tree as it is stored: a command on each line."""
    lines = [f"{json.dumps(name)}: {json.dumps(_about(tree[name]))}" for name in sorted(tree)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _about(syntax: Syntax) -> dict[str, object]:
    return {"group": syntax.group, "arguments": [_fields(each) for each in syntax.arguments]}


def _fields(argument: Argument) -> dict[str, object]:
    """What is not as it mostly is."""
    said: dict[str, object] = {"name": argument.name, "kind": argument.kind}
    said |= {flag: True for flag in _FLAGS if getattr(argument, flag)}
    said |= {"token": argument.token.decode()} if argument.token else {}
    return said | ({"parts": [_fields(each) for each in argument.parts]} if argument.parts else {})


def _syntax(name: str, said: Mapping[str, Any]) -> Syntax:
    return Syntax(
        words=tuple(name.encode().split()),
        group=said["group"],
        arguments=tuple(map(_stored_argument, said["arguments"])),
    )


def _stored_argument(said: Mapping[str, Any]) -> Argument:
    return Argument(
        name=said["name"],
        kind=said["kind"],
        token=said.get("token", "").encode(),
        parts=tuple(map(_stored_argument, said.get("parts", ()))),
        **{flag: said.get(flag, False) for flag in _FLAGS},
    )
