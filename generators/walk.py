"""A walk through all that a command's arguments can be, as short programs: set-up lines, then the call.

No chance is in it: the same tree gives the same programs in the same order, the most telling first, so that a small
budget takes the beginning of what a large one takes. What is walked: the plain call on a key of its type, on none and
on one of another type; every optional argument and every alternative alone; the edges of each value; arguments
missing, one too many, in other case, twice; pairs of options, in both orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING

from generators.careful import MISTAKES, is_barred, only_mistaken
from generators.command import Command, Program, parse
from generators.edges import edges, plain
from generators.tree import BRANCHES, PURE_TOKEN, Argument, Syntax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KEYS = (b"k", b"k2", b"k3")
Path = tuple[int, ...]

# What `k` and `k2` hold, by what a command works on.
SETUPS: dict[str, Program] = {
    kind: tuple(map(parse, lines))
    for kind, lines in {
        "string": ("SET k 5", "SET k2 abc"),
        "list": ("RPUSH k a b c 1", "RPUSH k2 b 2"),
        "set": ("SADD k a b 1", "SADD k2 b 2"),
        "sorted-set": ("ZADD k 1 a 2 b 3.5 c", "ZADD k2 2 b 5 d"),
        "hash": ("HSET k f 1 g a", "HSET k2 f 2"),
        "stream": (
            "XADD k 1-1 f v",
            "XADD k 2-1 g w",
            "XGROUP CREATE k red 0",
            "XREADGROUP GROUP red alice COUNT 1 STREAMS k >",
            "XADD k2 1-1 f v",
        ),
        "hyperloglog": ("PFADD k a b", "PFADD k2 c"),
        "geo": ("GEOADD k 13.361389 38.115556 a 15.087269 37.502669 b", "GEOADD k2 13.4 38.1 c 13.5 38.2 a"),
        "scripting": (
            "SET k 5",
            "SCRIPT LOAD \"return 1\"",
            "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function{function_name='f1', "
            "callback=function(keys, args) return keys[1] end, flags={'no-writes'}}\"",
        ),
    }.items()
}
SETUPS["bitmap"] = SETUPS["string"]
# What it takes is left to chance where there is a choice.
_SETUPS_OF: dict[str, Program] = {"SPOP": (parse("SADD k a"),)}
# The clock makes an entry's id, but where the last one lies in the future.
_SETUPS_OF["XADD"] = (parse("XADD k 4102444800000-1 f v"), parse("XADD k2 1-1 f v"))
# A small number is one object for all keys that hold it, and is as old as the server.
_SETUPS_OF["OBJECT IDLETIME"] = (parse("SET k abc"), parse("SET k2 abc"))
_SETUPS_OF["SORT"] = _SETUPS_OF["SORT_RO"] = (parse("RPUSH k 3 1 2"), parse("RPUSH k2 2 1"))
_SETUPS_OF["RESTORE"] = _SETUPS_OF["RESTORE-ASKING"] = (parse("SET k2 1"),)
_SETUPS_OF["CLIENT CACHING"] = (parse("CLIENT TRACKING ON OPTIN"),)
_SETUPS_OF["EXEC"] = _SETUPS_OF["DISCARD"] = (parse("MULTI"), parse("SET k 1"))
_OF_ANOTHER_TYPE = {"string": "list", "bitmap": "list", "generic": "hash"}
# The same in other encodings: what is large, and what is numbers only.
_LARGE: dict[str, tuple[Program, ...]] = {
    kind: tuple((parse(line),) for line in lines)
    for kind, lines in {
        "string": (f"SET k {'x' * 70}",),
        "list": (f"RPUSH k {' '.join(f'i{n}' for n in range(140))} {'x' * 9000}",),
        "set": (f"SADD k {' '.join(f'i{n}' for n in range(140))}", "SADD k 1 2 3"),
        "sorted-set": (f"ZADD k {' '.join(f'{n} i{n}' for n in range(140))}",),
        "hash": (f"HSET k f {'x' * 70} g 1",),
    }.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of a command's optional arguments a call has, which alternatives, and which values."""

    with_: frozenset[Path] = frozenset()
    alternatives: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)
    values: Mapping[Path, bytes] = field(default_factory=dict)
    times: Mapping[Path, int] = field(default_factory=dict)

    def merged(self, other: Selection) -> Selection:
        alternatives = dict(self.alternatives)
        for path, chosen in other.alternatives.items():
            alternatives[path] = tuple(dict.fromkeys((*alternatives.get(path, ()), *chosen)))
        return Selection(
            with_=self.with_ | other.with_,
            alternatives=alternatives,
            values={**self.values, **other.values},
            times={**self.times, **other.times},
        )


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in the tree that a call can have, and what must be selected for it."""

    path: Path
    argument: Argument
    selection: Selection
    optional: bool  # it, or something that it stands in, may be left out or be another alternative


def leaves(arguments: tuple[Argument, ...]) -> tuple[Leaf, ...]:
    """Every argument, in the order of the tree, each with the selection that reaches it."""
    return tuple(_leaves(arguments, (), Selection(), optional=False))


def _leaves(
    arguments: tuple[Argument, ...], above: Path, selection: Selection, *, optional: bool
) -> Iterator[Leaf]:
    for at, argument in enumerate(arguments):
        path = (*above, at)
        chosen = selection
        if argument.optional:
            chosen = replace(chosen, with_=chosen.with_ | {path})
        may_lack = optional or argument.optional
        yield Leaf(path, argument, chosen, may_lack)
        if argument.kind == "block":
            yield from _leaves(argument.parts, path, chosen, optional=may_lack)
        elif argument.kind == "oneof":
            for number, part in enumerate(argument.parts):
                one = replace(chosen, alternatives={**chosen.alternatives, path: (number,)})
                inner = (*path, number)
                yield Leaf(inner, part, one, may_lack or number > 0)
                if part.kind in BRANCHES:
                    yield from _inside(part, inner, one, optional=may_lack or number > 0)


def _inside(part: Argument, path: Path, selection: Selection, *, optional: bool) -> Iterator[Leaf]:
    if part.kind == "block":
        yield from _leaves(part.parts, path, selection, optional=optional)
        return
    for number, each in enumerate(part.parts):
        one = replace(selection, alternatives={**selection.alternatives, path: (number,)})
        inner = (*path, number)
        yield Leaf(inner, each, one, optional or number > 0)
        if each.kind in BRANCHES:
            yield from _inside(each, inner, one, optional=optional or number > 0)


class Writer:
    """Writes calls of one command."""

    def __init__(self, syntax: Syntax) -> None:
        self.syntax = syntax

    def call(self, selection: Selection) -> Command:
        return Command((*self.syntax.words, *chain.from_iterable(self.pieces(selection))))

    def pieces(self, selection: Selection) -> list[list[bytes]]:
        """The words of each argument of the first level; empty for what is left out."""
        keys = iter((*KEYS[:2], *KEYS[:1] * 20))
        return [
            self._argument(argument, (at,), selection, keys, self.syntax.arguments)
            for at, argument in enumerate(self.syntax.arguments)
        ]

    def _argument(
        self,
        argument: Argument,
        path: Path,
        selection: Selection,
        keys: Iterator[bytes],
        siblings: tuple[Argument, ...],
    ) -> list[bytes]:
        if argument.optional and path not in selection.with_:
            return []
        times = selection.times.get(path, 1)
        out: list[bytes] = []
        for number in range(times):
            if argument.token and (number == 0 or argument.multiple_token or not argument.multiple):
                out.append(argument.token)
            out += self._body(argument, path, selection, keys, siblings)
        return out

    def _body(
        self,
        argument: Argument,
        path: Path,
        selection: Selection,
        keys: Iterator[bytes],
        siblings: tuple[Argument, ...],
    ) -> list[bytes]:
        out: list[bytes] = []
        if argument.kind == "block":
            for at, part in enumerate(argument.parts):
                out += self._argument(part, (*path, at), selection, keys, argument.parts)
        elif argument.kind == "oneof":
            for number in selection.alternatives.get(path, (_plainest(argument),)):
                part = replace(argument.parts[number], optional=False)
                out += self._argument(part, (*path, number), selection, keys, ())
        elif argument.kind == PURE_TOKEN:
            if not argument.token:
                out.append(b"")
        elif path in selection.values:
            out.append(selection.values[path])
        elif argument.kind == "key":
            out.append(next(keys))
        elif _counts(argument):
            out.append(b"%d" % self._counted(argument, path, selection, siblings))
        else:
            out.append(plain(self.syntax.name, argument))
        return out

    def _counted(
        self, argument: Argument, path: Path, selection: Selection, siblings: tuple[Argument, ...]
    ) -> int:
        at = siblings.index(argument) if argument in siblings else 0
        for later, each in enumerate(siblings[at + 1 :], at + 1):
            if each.multiple and not each.token:
                if each.optional and (*path[:-1], later) not in selection.with_:
                    return 0
                return selection.times.get((*path[:-1], later), 1)
        return 1


def _plainest(argument: Argument) -> int:
    """The alternative that a plain call has: the first, but for `*`, which asks the clock."""
    return 1 if argument.parts[0].token == b"*" and len(argument.parts) > 1 else 0


def _counts(argument: Argument) -> bool:
    return argument.name in ("numkeys", "numfields", "numids")


def kind_of(syntax: Syntax) -> str:
    """What the keys of a command hold when its calls are to succeed."""
    for category, kind in _KINDS:
        if category in syntax.categories and syntax.keys:
            return kind
    return syntax.group if syntax.group in SETUPS else "string"


_KINDS = (
    ("@geo", "geo"),
    ("@hyperloglog", "hyperloglog"),
    ("@stream", "stream"),
    ("@list", "list"),
    ("@hash", "hash"),
    ("@sortedset", "sorted-set"),
    ("@set", "set"),
    ("@bitmap", "string"),
    ("@string", "string"),
)


def walk(syntax: Syntax, budget: int) -> tuple[Program, ...]:
    """About `budget` programs for this command, the most telling first; each once.

    The plain calls and each optional argument alone are always among them.
    """
    if is_barred(syntax.name):
        return ()
    if only_mistaken(syntax.name):
        return _once(_mistaken_only(syntax))
    if syntax.container:
        return _once((each,) for each in _of_container(syntax))
    core, rest = _all(syntax)
    first = _once(core)
    return _once(chain(first, islice(_once(rest), max(0, budget - len(first)))))


def _once(programs: Iterable[Program]) -> tuple[Program, ...]:
    kept = (
        each for each in programs if not _left_to_chance(each) and not any(map(_is_the_whole_table, each))
    )
    return tuple(dict.fromkeys(kept))


def _is_the_whole_table(call: Command) -> bool:
    """Half a megabyte each time, in which every two engines differ."""
    return len(call.args) == 2 and call.full_name in ("COMMAND DOCS", "COMMAND INFO")


def _left_to_chance(program: Program) -> bool:
    """Whether the clock decides what is stored, or the allocator whether so much can be had."""
    call = program[-1]
    if call.name == "XAUTOCLAIM" and any(arg.isdigit() and 1 << 30 < int(arg) < 1 << 60 for arg in call.args):
        return True
    made = call.name == "XADD" and b"*" in call.args[2:]
    return made and (call.args[1] != b"k" or program[0] != _SETUPS_OF["XADD"][0])


def _mistaken_only(syntax: Syntax) -> Iterator[Program]:
    """Calls that no server can carry out: too few words, or one that nobody knows."""
    name = Command(syntax.words)
    yield from ((parse(line),) for line in MISTAKES.get(syntax.name, ()))
    if abs(syntax.arity) > len(syntax.words):
        yield (name,)
    if syntax.arity > 0:
        yield (Command((*syntax.words, *[b"no such word"] * syntax.arity)),)


def _all(syntax: Syntax) -> tuple[Iterable[Program], Iterable[Program]]:
    """The plain calls and the options; and of each other kind of case the next, by turns."""
    kind = kind_of(syntax)
    setup = _SETUPS_OF.get(syntax.name, SETUPS[kind])
    writer = Writer(syntax)
    everything = leaves(syntax.arguments)
    kinds_of_case = (
        _arity(syntax, writer, everything),
        _edges(syntax, writer, everything),
        _repeated(writer, everything),
        _pairs(writer, everything),
        _cases(syntax, writer, everything),
    )
    sections = (
        *(((*setup, call) for call in calls) for calls in kinds_of_case),
        _elsewhere(syntax, writer, everything, kind, setup),
    )
    core = chain(
        _plain(syntax, writer, kind, setup), ((*setup, call) for call in _options(writer, everything))
    )
    return core, (each for row in zip_longest(*sections) for each in row if each is not None)


def _of_container(syntax: Syntax) -> Iterator[Command]:
    yield Command(syntax.words)
    yield Command((*syntax.words, b"nosuch"))
    yield Command((*syntax.words, b""))
    yield Command((*syntax.words, b"nosuch", b"a", b"b"))
    yield Command((*syntax.words, BINARY_WORD))


BINARY_WORD = b"\xff\x00"


def _plain(syntax: Syntax, writer: Writer, kind: str, setup: Program) -> Iterator[Program]:
    call = writer.call(Selection())
    yield (*setup, call)
    if not syntax.keys:
        return
    yield (call,)
    other = SETUPS[_OF_ANOTHER_TYPE.get(kind, "string")]
    yield (*other, call)
    if len(SETUPS[kind]) > 1 and b"k2" in call.args:
        yield (*(each for each in SETUPS[kind] if each.args[1] == b"k"), other[-1], call)
        yield (other[0], *(each for each in SETUPS[kind] if each.args[1] == b"k2"), call)
    for large in () if syntax.name in _SETUPS_OF else _LARGE.get(kind, ()):
        yield (*large, call)


def _options(writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """Each optional argument and each alternative, alone."""
    for leaf in everything:
        if leaf.optional or leaf.argument.token:
            yield writer.call(leaf.selection)


def _arity(syntax: Syntax, writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """One argument too many, none, each one missing; a token without what it needs."""
    call = writer.call(Selection())
    yield Command((*call.args, b"x"))
    head = len(syntax.words)
    for at in range(len(call.args) - 1, head - 1, -1):
        yield Command(call.args[:at])
    for leaf in everything:
        if leaf.argument.token and leaf.argument.kind != PURE_TOKEN:
            words = writer.call(leaf.selection).args
            yield Command(words[:-1])
    for at in range(head, len(call.args)):
        yield Command((*call.args[:at], *call.args[at + 1 :]))
    yield Command((*call.args, b"x", b"y"))
    yield Command((*call.args, b""))


def _edges(syntax: Syntax, writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """The edges of each value: the first of each, then the second of each …"""
    columns = [
        [
            writer.call(replace(leaf.selection, values={leaf.path: value}))
            for value in edges(syntax.name, leaf.argument)
        ]
        for leaf in everything
        if leaf.argument.kind not in (*BRANCHES, PURE_TOKEN)
    ]
    for row in zip_longest(*columns):
        yield from (each for each in row if each is not None)


def _repeated(writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """What may stand several times, twice; and what may not, too."""
    for multiple in (True, False):
        for leaf in everything:
            if leaf.argument.multiple is multiple and (multiple or leaf.optional):
                yield writer.call(replace(leaf.selection, times={leaf.path: 2}))
                if multiple:
                    yield writer.call(replace(leaf.selection, times={leaf.path: 3}))


def _pairs(writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """Two options together, in the order of the tree and in the other."""
    options = [
        leaf
        for leaf in everything
        if leaf.optional and (leaf.argument.token or leaf.argument.kind not in BRANCHES)
    ]
    for at, one in enumerate(options):
        for other in options[at + 1 :]:
            if other.path[: len(one.path)] == one.path:
                continue
            both = one.selection.merged(other.selection)
            yield writer.call(both)
            if one.path[0] != other.path[0]:
                pieces = writer.pieces(both)
                first, second = one.path[0], other.path[0]
                pieces[first], pieces[second] = pieces[second], pieces[first]
                yield Command((*writer.syntax.words, *chain.from_iterable(pieces)))
            else:
                chosen = {path: way[::-1] for path, way in both.alternatives.items()}
                yield writer.call(replace(both, alternatives=chosen))


def _cases(syntax: Syntax, writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """Names and tokens in lower and in mixed case."""
    call = writer.call(Selection())
    head = len(syntax.words)
    for change in (bytes.lower, bytes.title):
        yield Command((*map(change, call.args[:head]), *call.args[head:]))
        for leaf in everything:
            if leaf.argument.token:
                words = writer.call(leaf.selection).args
                token = leaf.argument.token
                yield Command(tuple(change(word) if word == token else word for word in words))


def _elsewhere(
    syntax: Syntax, writer: Writer, everything: tuple[Leaf, ...], kind: str, setup: Program
) -> Iterator[Program]:
    """Options on keys that are missing, or hold another type; the plain call in a transaction."""
    yield (
        *setup,
        Command((b"MULTI",)),
        writer.call(Selection()),
        Command((b"EXEC",)),
    )
    if not syntax.keys:
        return
    other = SETUPS[_OF_ANOTHER_TYPE.get(kind, "string")]
    large = () if syntax.name in _SETUPS_OF else _LARGE.get(kind, ())
    for leaf in everything:
        if leaf.optional:
            call = writer.call(leaf.selection)
            yield (call,)
            yield (*other, call)
            yield from ((*each, call) for each in large)
