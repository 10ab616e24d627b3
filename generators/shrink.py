"""Makes a program shorter and plainer while it still shows what it showed.

Long programs find, short ones explain. Hypothesis draws a program as one block of bytes, so its own shrinker knows
nothing of commands; this one knows lines and arguments and nothing else. `shows` is asked about every candidate, and
a candidate is taken as soon as it shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from generators.command import Command, Program

T = TypeVar("T")
Shows = Callable[[Program], bool]

_PLAIN = (b"0", b"1", b"a", b"")
PLAIN_KEYS = tuple(f"k{n}".encode() if n > 1 else b"k" for n in range(1, 100))
_KEY = re.compile(
    rb"[bghlpstxyz][1-3]"
)  # what areas call their keys, and nothing else is called; tests hold it
# With another time-out these could wait for ever, so their arguments stay as they were drawn.
MAY_BLOCK = frozenset(
    ["BLPOP", "BRPOP", "BLMOVE", "BLMPOP", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF"]
)
_EXEC_PAIR = 12  # programs up to this length also try to lose any two lines at once
_SMALL_ARGS = 24
_MAKE_EXPIRE = ("SETEX", "PSETEX")
_TIMES = (b"EX", b"PX", b"EXAT", b"PXAT")
_LIVES = 100  # in the vocabulary, what is less is long past or an edge
_KEPT_FOR_NAMES = 12  # attempts: a program on plain keys is worth more than one argument less


class Attempts:
    """Counts the candidates that were tried, and says no to all when they are used up."""

    def __init__(self, shows: Shows, most: int) -> None:
        self._shows = shows
        self.left = most

    def __call__(self, program: Program) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return self._shows(program)


def shrink(program: Program, shows: Shows, *, most: int = 600) -> Program:
    """The shortest program found that `shows` agrees to, in at most `most` attempts. `program` itself must show."""
    kept = min(most // 4, _KEPT_FOR_NAMES)
    attempts = Attempts(shows, most - kept)
    before: Program = ()
    while program != before and attempts.left > 0:
        before = program
        program = tuple(_without_chunks(program, attempts))
        if 2 < len(program) <= _EXEC_PAIR:
            program = _without_pairs(program, attempts)
            program = _moved_up(program, attempts)
        program = _merged(_on_fewer_keys(program, attempts), attempts)
        program = _unwrapped(_made_to_expire(program, attempts), attempts)
        program = _shorter_lines(program, attempts)
        program = _plainer_lines(program, attempts)
    return _renamed(program, Attempts(shows, attempts.left + kept))


def without_lines(program: Program, shows: Shows) -> Program:
    """The program without every line that it can do without; the lines that stay, stay as they are."""
    return _without_chunks(program, shows)


def _without_chunks(
    items: Sequence[T], keeps: Callable[[tuple[T, ...]], bool], *, least: int = 1
) -> tuple[T, ...]:
    """Drops chunks of falling size, from the front: what comes first matters least. `least` items stay."""
    kept = tuple(items)
    size = max(1, len(kept) // 2)
    while True:
        at = 0
        while at < len(kept):
            candidate = kept[:at] + kept[at + size :]
            if len(candidate) >= least and keeps(candidate):
                kept = candidate
            else:
                at += size
        if size == 1:
            return kept
        size = size // 2 if size > 4 else size - 1  # options are pairs and triples: try those sizes, too


def _without_pairs(program: Program, shows: Shows) -> Program:
    for first in range(len(program)):
        for second in range(first + 1, len(program)):
            candidate = program[:first] + program[first + 1 : second] + program[second + 1 :]
            if candidate and shows(candidate):
                return candidate
    return program


def _moved_up(program: Program, shows: Shows) -> Program:
    """A later line in the place of one that only prepared for others, where it prepares as well."""
    for first in range(len(program)):
        for second in range(first + 1, len(program) - 1):
            between, rest = program[first + 1 : second], program[second + 1 :]
            candidate = (*program[:first], program[second], *between, *rest)
            if shows(candidate):
                return candidate
    return program


def _made_to_expire(program: Program, shows: Shows) -> Program:
    """One line of two that make a key and let it expire."""
    for at in range(len(program) - 1):
        first, second = program[at].args, program[at + 1].args
        if "EXPIRE" in program[at + 1].name and first[1:2] == second[1:2] != ():
            made = Command((b"SETEX", second[1], b"100000", b"1"))
            candidate = (*program[:at], made, *program[at + 2 :])
            if shows(candidate):
                return candidate
    return program


def _merged(program: Program, shows: Shows) -> Program:
    """One line of two that work on one key: `RPUSH k a`, `RPUSH k b` is `RPUSH k a b`."""
    at = 0
    while at + 1 < len(program):
        shorter = next(filter(shows, _with_one_of_two(program, at)), None)
        if shorter is None:
            at += 1
        else:
            program = shorter
    return program


def _with_one_of_two(program: Program, at: int) -> Iterator[Program]:
    """The line with what a later one adds, in the place of either; for long programs only the line behind it."""
    first = program[at].args
    reach = len(program) if len(program) <= _EXEC_PAIR else at + 2
    for later in range(at + 1, reach):
        second = program[later].args
        between, rest = program[at + 1 : later], program[later + 1 :]
        if first[:2] == second[:2] and len(second) > 2:
            one = Command((*first, *second[2:]))
            yield (*program[:at], one, *between, *rest)
            if between:
                yield (*program[:at], *between, one, *rest)
        elif len(first) > 2 and first[1:2] == second[1:2] and len(program) <= _EXEC_PAIR:
            yield (*program[:at], *between, Command((*second, *first[2:])), *rest)


def _unwrapped(program: Program, shows: Shows) -> Program:
    """Takes a command out of the script that only calls it."""
    for at, each in enumerate(program):
        if each.args[0] == b"EVAL" and len(each.args) > 3 and b"unpack(ARGV)" in each.args[1]:
            candidate = (*program[:at], Command(each.args[3:]), *program[at + 1 :])
            if shows(candidate):
                program = candidate
    return program


def _shorter_lines(program: Program, shows: Shows) -> Program:
    for at in range(len(program)):
        if program[at].name not in MAY_BLOCK and not _kills_nobody(program[at]):
            program = _shorter_line(program, at, shows)
    return program


def _kills_nobody(line: Command) -> bool:
    """CLIENT KILL with several filters: with one filter less it would end the connections that compare."""
    return line.full_name == "CLIENT KILL" and len(line.args) > 4


def _shorter_line(program: Program, at: int, shows: Shows) -> Program:
    name, *rest = program[at].args

    def with_rest(args: tuple[bytes, ...]) -> Program:
        return (*program[:at], Command((name, *args)), *program[at + 1 :])

    # from the back: a command's key stands in front of what is done with it
    kept = _without_chunks(rest[::-1], lambda args: shows(with_rest(args[::-1])), least=0)[::-1]
    if len(kept) <= _SMALL_ARGS:
        kept = _without_neighbours(kept, lambda args: shows(with_rest(args)))
    return with_rest(kept)


def _without_neighbours(
    args: tuple[bytes, ...], keeps: Callable[[tuple[bytes, ...]], bool]
) -> tuple[bytes, ...]:
    """Without two that stand together, at any place: an option and its value can only go at once."""
    at = len(args) - 2
    while at >= 0:
        candidate = args[:at] + args[at + 2 :]
        if keeps(candidate):
            args = candidate
        at = min(at - 1, len(args) - 2)
    return args


def _plainer_lines(program: Program, shows: Shows) -> Program:
    program = _in_upper_case(program, shows)
    for at in range(len(program)):
        if len(program[at].args) > _SMALL_ARGS or program[at].name in MAY_BLOCK:
            continue
        for place in range(1, len(program[at].args)):
            if _is_time(program[at], place):
                continue
            for plainer in _plainer(program[at].args[place]):
                args = program[at].args
                changed = Command((*args[:place], plainer, *args[place + 1 :]))
                candidate = (*program[:at], changed, *program[at + 1 :])
                if shows(candidate):
                    program = candidate
                    break
    return program


def _in_upper_case(program: Program, shows: Shows) -> Program:
    """Commands as people write them, all lines at once: names in another case are drawn on purpose."""
    upper = tuple(Command((each.args[0].upper(), *each.args[1:])) for each in program)
    return upper if upper != program and shows(upper) else program


def _is_time(command: Command, place: int) -> bool:
    """Whether a lower number would let a key expire before anybody looks at it."""
    arg, before = command.args[place], command.args[place - 1].upper()
    alone = place == 2 and ("EXPIRE" in command.name or command.name in _MAKE_EXPIRE)
    return (alone or before in _TIMES) and arg.isdigit() and int(arg) >= _LIVES


def _keys_of(program: Program) -> list[bytes]:
    """Keys of the vocabulary in the order in which they appear."""
    return list(dict.fromkeys(arg for each in program for arg in each.args[1:] if _KEY.fullmatch(arg)))


def _with_key(program: Program, old: bytes, new: bytes) -> Program:
    return tuple(Command(tuple(new if arg == old else arg for arg in each.args)) for each in program)


def _on_fewer_keys(program: Program, shows: Shows) -> Program:
    """One key everywhere where two are not needed: then what only carried data from one to the other can go."""
    keys = _keys_of(program)
    for at, kept in enumerate(keys):
        for lost in keys[at + 1 :]:
            candidate = _with_key(program, lost, kept)
            if candidate != program and shows(candidate):
                program = candidate
    return program


def _renamed(program: Program, shows: Shows) -> Program:
    """Keys of the vocabulary become `k`, `k2`, `k3` in the order in which they appear."""
    for old in _keys_of(program):
        taken = {arg for each in program for arg in each.args}
        new = next(name for name in PLAIN_KEYS if name not in taken)
        candidate = _with_key(program, old, new)
        if shows(candidate):
            program = candidate
    return program


def _plainer(arg: bytes) -> Iterator[bytes]:
    """Values that a reader would find plainer, the plainest first: shorter, then lower."""
    if arg.isalpha() and arg.isupper():
        return  # a token: it goes or it stays
    if b"call(" in arg or b"return" in arg:
        return  # a script has no halves
    if _KEY.fullmatch(arg) or arg in PLAIN_KEYS:
        return  # keys are renamed everywhere at once
    for each in (*_PLAIN, arg[: len(arg) // 2], arg[:-1]):
        if (len(each) or 2, each) < (len(arg) or 2, arg):
            yield each
