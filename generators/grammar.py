"""The one-line language in which command forms are written, and how a form is drawn.

    SET {key} {value} [NX|XX] [GET] [EX {seconds}|KEEPTTL]     a choice in brackets may be left out
    (LEFT|RIGHT)                                               a choice in parentheses may not
    SADD {key} {member}+                                       one to three times
    RPUSH {key} {item}*130                                     exactly 130 times
    MULTI ; INCR {key@a} ; GET {key@a} ; EXEC                  several commands in a row; one label, one value
    EVAL "return redis.call('GET', KEYS[1])" 1 {key}           text in double quotes as redis-cli takes it

    = CLUSTER KEYSLOT {tagged}                                 sent in every run, with every value and choice

This file knows the language. What a slot such as `{key}` can be is the caller's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from generators.command import Command, parse

_TOKEN = re.compile(
    r'\s*(?:(\{[^{}]*\})|([\[\]()|;])|(\+|\*\d+)(?=[\s\])|;]|$)|("(?:[^"\\]|\\.)*")|([^\s\[\](){}|;"]+))'
)

Draw = Callable[[Random], bytes]


class FormSyntaxError(ValueError):
    """A form that does not follow the language above; the message shows the form and the place."""


@dataclass(frozen=True, slots=True)
class Literal:
    text: bytes


@dataclass(frozen=True, slots=True)
class Slot:
    name: str
    label: str  # "" where every draw is a new value


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Sequence, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    part: Part
    most: int
    exactly: bool


@dataclass(frozen=True, slots=True)
class Next:
    """The border between two commands of one form."""


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Part, ...]


Part = Literal | Slot | Choice | Repeat | Next


@dataclass(frozen=True, slots=True)
class Form:
    """One line of a vocabulary."""

    text: str
    area: str
    weight: float
    exact: bool  # drawn as it stands: never turned into a mistaken call
    whole: bool  # all of its draws are sent in every run, beside those that chance picks
    body: Sequence

    @property
    def commands(self) -> tuple[str, ...]:
        """The names of the commands in it, containers with their first word: `OBJECT ENCODING`."""
        heads: list[list[str]] = [[]]
        for part in self.body.parts:
            if isinstance(part, Next):
                heads.append([])
            elif isinstance(part, Literal):
                heads[-1].append(part.text.decode("utf-8", "backslashreplace").upper())
        return tuple(head[0] for head in heads if head)


def compile_form(line: str, area: str) -> Form:
    """A form from its line: `[weight x] [!|=] body`. `!` marks a form that must be drawn exactly, `=` one that is sent
    as a whole, too.

    Raises:
        FormSyntaxError: unknown characters, a bracket without its partner, or a command without a name.

    """
    weight = 1.0
    text = line.strip()
    counted = re.match(r"(\d*\.?\d+)x\s+", text)
    if counted:
        weight, text = float(counted[1]), text[counted.end() :]
    whole = text.startswith("=")
    exact = whole or text.startswith("!")
    text = text.removeprefix("=" if whole else "!").strip()
    tokens = _tokens(text)
    body, at = _sequence(tokens, 0, text)
    if at != len(tokens):
        raise FormSyntaxError(f"{tokens[at]!r} closes nothing in the form {text!r}")
    if not all(map(_says_something, commands_of(body))):
        raise FormSyntaxError(f"no command, or one that can be drawn as nothing, in the form {text!r}")
    return Form(text=text, area=area, weight=weight, exact=exact, whole=whole, body=body)


def commands_of(body: Sequence) -> list[Sequence]:
    """The body cut where one command ends and the next begins."""
    cuts = [at for at, part in enumerate(body.parts) if isinstance(part, Next)]
    starts, ends = [0, *(at + 1 for at in cuts)], [*cuts, len(body.parts)]
    return [Sequence(body.parts[start:end]) for start, end in zip(starts, ends, strict=True)]


def _says_something(body: Sequence) -> bool:
    """Whether every draw of it has an argument."""
    return any(
        isinstance(part, Literal | Slot)
        or (isinstance(part, Choice) and not part.optional and all(map(_says_something, part.options)))
        or (isinstance(part, Repeat) and part.most > 0 and _says_something(Sequence((part.part,))))
        for part in body.parts
    )


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or match.end() == at:
            raise FormSyntaxError(f"can't read {text[at:]!r} in the form {text!r}")
        tokens.append(match[0].strip())
        at = match.end()
    return tokens


def _sequence(tokens: list[str], at: int, text: str) -> tuple[Sequence, int]:
    parts: list[Part] = []
    while at < len(tokens) and tokens[at] not in ("]", ")", "|"):
        piece = tokens[at]
        if piece in ("[", "("):
            choice, at = _choice(tokens, at, text)
            parts.append(choice)
            continue
        at += 1
        if piece == "+" or re.fullmatch(r"\*\d+", piece):
            if not parts or isinstance(parts[-1], Next):
                raise FormSyntaxError(f"{piece!r} repeats nothing in the form {text!r}")
            parts.append(_repeat(parts.pop(), piece))
        else:
            parts.append(_leaf(piece))
    return Sequence(tuple(parts)), at


def _repeat(part: Part, piece: str) -> Repeat:
    if piece == "+":
        return Repeat(part, most=3, exactly=False)
    return Repeat(part, most=int(piece[1:]), exactly=True)


def _leaf(piece: str) -> Part:
    if piece == ";":
        return Next()
    if piece.startswith("{"):
        name, _, label = piece[1:-1].partition("@")
        return Slot(name, label)
    return Literal(parse(piece).args[0])


def _choice(tokens: list[str], at: int, text: str) -> tuple[Choice, int]:
    closing = {"[": "]", "(": ")"}[tokens[at]]
    optional = closing == "]"
    options: list[Sequence] = []
    while True:
        option, at = _sequence(tokens, at + 1, text)
        options.append(option)
        if any(isinstance(part, Next) for part in option.parts):
            raise FormSyntaxError(f"';' stands inside brackets in the form {text!r}")
        if at == len(tokens):
            raise FormSyntaxError(f"{closing!r} is missing in the form {text!r}")
        if tokens[at] == closing:
            return Choice(tuple(options), optional), at + 1
        if tokens[at] != "|":
            raise FormSyntaxError(f"{tokens[at]!r} closes nothing in the form {text!r}")


_BIG = Slot("big", "")


def is_large(form: Form) -> bool:
    """Whether it makes a value of a hundred elements or more, or of large ones."""
    return any(
        (isinstance(part, Repeat) and (part.most >= 100 or part.part == _BIG)) or part == _BIG
        for part in form.body.parts
    )


def words_of(body: Sequence) -> Iterator[bytes]:
    """Every literal word in it."""
    for part in body.parts:
        if isinstance(part, Literal):
            yield part.text
        elif isinstance(part, Choice):
            for option in part.options:
                yield from words_of(option)
        elif isinstance(part, Repeat):
            yield from words_of(Sequence((part.part,)))


def draw(form: Form, slots: Mapping[str, Draw], rng: Random) -> tuple[Command, ...]:
    """The commands of one draw.

    Raises:
        KeyError: the form names a slot that `slots` lacks.

    """
    commands: list[list[bytes]] = [[]]
    _draw(form.body.parts, slots, rng, {}, commands)
    return tuple(Command(tuple(args)) for args in commands)


def _draw(
    parts: tuple[Part, ...],
    slots: Mapping[str, Draw],
    rng: Random,
    labels: dict[tuple[str, str], bytes],
    out: list[list[bytes]],
) -> None:
    for part in parts:
        if isinstance(part, Literal):
            out[-1].append(part.text)
        elif isinstance(part, Slot):
            out[-1].append(_value(part, slots, rng, labels))
        elif isinstance(part, Choice):
            if not part.optional or rng.random() < 0.4:
                _draw(rng.choice(part.options).parts, slots, rng, labels, out)
        elif isinstance(part, Repeat):
            for _ in range(part.most if part.exactly else rng.randint(1, part.most)):
                _draw((part.part,), slots, rng, labels, out)
        else:
            out.append([])


def _value(slot: Slot, slots: Mapping[str, Draw], rng: Random, labels: dict[tuple[str, str], bytes]) -> bytes:
    if not slot.label:
        return slots[slot.name](rng)
    key = (slot.name, slot.label)
    if key not in labels:
        labels[key] = slots[slot.name](rng)
    return labels[key]


def every(form: Form, values: Mapping[str, tuple[bytes, ...]]) -> Iterator[tuple[Command, ...]]:
    """All draws of a form: each choice made and left out, each value of each slot, repeats once and twice.

    Raises:
        KeyError: the form names a slot that `values` lacks.

    """
    for commands, _ in _every(form.body.parts, values, {}):
        yield tuple(Command(args) for args in commands)


_Commands = tuple[tuple[bytes, ...], ...]
_Labels = Mapping[tuple[str, str], bytes]


def _every(
    parts: tuple[Part, ...], values: Mapping[str, tuple[bytes, ...]], labels: _Labels
) -> Iterator[tuple[_Commands, _Labels]]:
    if not parts:
        yield ((),), labels
        return
    for first, known in _every_part(parts[0], values, labels):
        for rest, learned in _every(parts[1:], values, known):
            yield (*first[:-1], (*first[-1], *rest[0]), *rest[1:]), learned


def _every_part(
    part: Part, values: Mapping[str, tuple[bytes, ...]], labels: _Labels
) -> Iterator[tuple[_Commands, _Labels]]:
    if isinstance(part, Literal):
        yield ((part.text,),), labels
    elif isinstance(part, Next):
        yield ((), ()), labels
    elif isinstance(part, Slot):
        key = (part.name, part.label)
        fixed = (labels[key],) if part.label and key in labels else dict.fromkeys(values[part.name])
        for value in fixed:
            yield ((value,),), {**labels, key: value} if part.label else labels
    elif isinstance(part, Choice):
        nothing = (Sequence(()),) if part.optional else ()
        for option in (*nothing, *part.options):
            yield from _every(option.parts, values, labels)
    else:
        for times in (part.most,) if part.exactly else (1, 2):
            yield from _every((part.part,) * times, values, labels)
