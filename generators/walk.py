"""A walk through all that a command's arguments can be, as short programs: set-up lines, then the call.

No chance is in it: the same tree gives the same programs in the same order, the most telling first, so that a small
budget takes the beginning of what a large one takes. What is walked: the plain call on a key of its type, on none and
on one of another type; every optional argument and every alternative alone; the edges of each value; arguments
missing, one too many, in other case, twice; pairs of options, in both orders.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING

from generators.calls import Leaf, Selection, Writer, leaves
from generators.careful import MISTAKES, is_barred, only_mistaken
from generators.command import Command, Program, parse
from generators.edges import BINARY, edges
from generators.setups import LARGE, OF_ANOTHER_TYPE, SETUPS, SETUPS_OF, kind_of
from generators.tree import BRANCHES, PURE_TOKEN, Syntax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def walk(syntax: Syntax, budget: int, foreign: tuple[bytes, ...] = ()) -> tuple[Program, ...]:
    """About `budget` programs for this command, the most telling first; each once.

    The plain calls and each optional argument alone are always among them, and so are words that only relatives of
    the command know (`foreign`).
    """
    if is_barred(syntax.name):
        return ()
    if only_mistaken(syntax.name):
        return _once(_mistaken_only(syntax))
    if syntax.container:
        return _once((each,) for each in _of_container(syntax))
    core, rest = _all(syntax, foreign)
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
    return made and (call.args[1] != b"k" or program[0] != SETUPS_OF["XADD"][0])


def _mistaken_only(syntax: Syntax) -> Iterator[Program]:
    """Calls that no server can carry out: too few words, or one that nobody knows."""
    name = Command(syntax.words)
    yield from ((parse(line),) for line in MISTAKES.get(syntax.name, ()))
    if abs(syntax.arity) > len(syntax.words):
        yield (name,)
    if syntax.arity > 0:
        yield (Command((*syntax.words, *[b"no such word"] * syntax.arity)),)


def _all(syntax: Syntax, foreign: tuple[bytes, ...]) -> tuple[Iterable[Program], Iterable[Program]]:
    """The plain calls and the options; and of each other kind of case the next, by turns."""
    kind = kind_of(syntax)
    setup = SETUPS_OF.get(syntax.name, SETUPS[kind])
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
    alone = chain(_options(writer, everything), _foreign(writer, foreign))
    core = chain(_plain(syntax, writer, kind, setup), ((*setup, call) for call in alone))
    return core, (each for row in zip_longest(*sections) for each in row if each is not None)


def _of_container(syntax: Syntax) -> Iterator[Command]:
    yield Command(syntax.words)
    yield Command((*syntax.words, b"nosuch"))
    yield Command((*syntax.words, b""))
    yield Command((*syntax.words, b"nosuch", b"a", b"b"))
    yield Command((*syntax.words, BINARY))


def _plain(syntax: Syntax, writer: Writer, kind: str, setup: Program) -> Iterator[Program]:
    call = writer.call(Selection())
    yield (*setup, call)
    if not syntax.keys:
        return
    yield (call,)
    other = SETUPS[OF_ANOTHER_TYPE.get(kind, "string")]
    yield (*other, call)
    if len(SETUPS[kind]) > 1 and b"k2" in call.args:
        yield (*(each for each in SETUPS[kind] if each.args[1] == b"k"), other[-1], call)
        yield (other[0], *(each for each in SETUPS[kind] if each.args[1] == b"k2"), call)
    for large in () if syntax.name in SETUPS_OF else LARGE.get(kind, ()):
        yield (*large, call)


def _options(writer: Writer, everything: tuple[Leaf, ...]) -> Iterator[Command]:
    """Each optional argument and each alternative, alone."""
    for leaf in everything:
        if leaf.optional or leaf.argument.token:
            yield writer.call(leaf.selection)


def _foreign(writer: Writer, words: tuple[bytes, ...]) -> Iterator[Command]:
    """A word that only relatives of the command know, behind its arguments."""
    call = writer.call(Selection())
    for word in words:
        yield Command((*call.args, word))
    for word in words:
        yield Command((*call.args, word, b"1"))


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
    other = SETUPS[OF_ANOTHER_TYPE.get(kind, "string")]
    large = () if syntax.name in SETUPS_OF else LARGE.get(kind, ())
    for leaf in everything:
        if leaf.optional:
            call = writer.call(leaf.selection)
            yield (call,)
            yield (*other, call)
            yield from ((*each, call) for each in large)
