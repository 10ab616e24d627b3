"""A table of commands, drawn and encoded beforehand, so that a program is a few table look-ups.

Making one command costs microseconds, looking one up a tenth of that; Hypothesis draws the numbers of the rows.
Each table knows a random half of the companion forms (swarm testing: what a program leaves out lets the rest show
itself), and turns a few of its commands into mistaken calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import Command
from generators.grammar import Draw, Form, draw, is_large
from generators.scripts import draw_script
from generators.slots import ALPHABETS, alphabet, counter
from generators.vocabulary import Area, areas, typed_areas

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

SIZE = 2048  # rows: two bytes of a draw pick one
OWN_SHARE = 0.72  # of the rows: the area's own forms; the rest are companions
MISTAKEN_SHARE = 0.06
WRAPPED_SHARE = 0.05  # MULTI … EXEC around, or called from a script
LARGE_SHARE = 0.4  # of the tables: with forms that make large values, which make every program slower
_STRAY_KEY = 0.12  # a key of another type


@dataclass(frozen=True, slots=True)
class Row:
    """One entry: the commands of one draw of one form."""

    commands: tuple[Command, ...]
    wire: bytes
    form: Form


@dataclass(frozen=True, slots=True)
class Table:
    """`SIZE` rows for one area, the keys that they touch, and what undoes what they leave beside the keyspace."""

    area: Area
    rows: tuple[Row, ...]
    keys: tuple[bytes, ...]


def build_table(
    area: Area,
    rng: Random,
    *,
    damped: Mapping[str, float] | None = None,
    hands_on: bool = True,
    size: int = SIZE,
) -> Table:
    """A table for `area`.

    `damped` lowers the weight of forms by their text: 0.1 draws one tenth as often. `hands_on`: some commands
    are called from a script that only hands them on.
    """
    companions = _companions(area, rng)
    keys = tuple(key for each in (area, *companions) for key in each.keys)
    shared = tuple(key for each in (area, *companions) if not each.private for key in each.keys)
    slots = {each.name: _slots(each, each.keys if each.private else shared) for each in (area, *companions)}
    large = rng.random() < LARGE_SHARE
    own = _weighted(_swarm(area.forms, rng, keep=0.8, large=large), damped)
    theirs = tuple(form for each in companions for form in each.forms)
    others = _weighted(_swarm(theirs, rng, keep=0.5, large=large), damped)
    rows = []
    for _ in range(size):
        forms, weights = own if rng.random() < OWN_SHARE else others
        form = rng.choices(forms, cum_weights=weights)[0]
        commands = _spoil(draw(form, slots[form.area], rng), form, rng, hands_on=hands_on)
        rows.append(Row(commands, b"".join(each.encode() for each in commands), form))
    return Table(area=area, rows=tuple(rows), keys=keys)


def _companions(area: Area, rng: Random) -> tuple[Area, ...]:
    everything = areas()
    others = [each for each in typed_areas() if each is not area and not each.private]
    mixed = rng.sample(others, 1 if area.prefix else 3)
    return (*mixed, *(everything[name] for name in ("keys",) if name != area.name))


def _swarm(forms: tuple[Form, ...], rng: Random, *, keep: float, large: bool) -> tuple[Form, ...]:
    kept = tuple(form for form in forms if rng.random() < keep and (large or not is_large(form)))
    return kept or forms


def _weighted(
    forms: tuple[Form, ...], damped: Mapping[str, float] | None
) -> tuple[tuple[Form, ...], list[float]]:
    total = 0.0
    cumulated = []
    for form in forms:
        total += form.weight * (damped or {}).get(form.text, 1.0)
        cumulated.append(total)
    return forms, cumulated


def _slots(area: Area, keys: tuple[bytes, ...]) -> dict[str, Draw]:
    own = area.keys or keys

    def key(rng: Random) -> bytes:
        return rng.choice(keys if rng.random() < _STRAY_KEY else own)

    fixed = {name: alphabet(values) for name, values in ALPHABETS.items()}
    return {**fixed, "key": key, "script": draw_script, "i": counter(b"i"), "n": counter(b"")}


_ODD = alphabet(ALPHABETS["odd"])
_CALL = b"return redis.call(unpack(ARGV))"


def _spoil(commands: tuple[Command, ...], form: Form, rng: Random, *, hands_on: bool) -> tuple[Command, ...]:
    chance = rng.random()
    if len(commands) > 1 or chance > MISTAKEN_SHARE + WRAPPED_SHARE:
        return commands
    if chance < MISTAKEN_SHARE:
        return commands if form.exact else (_mistaken(commands[0], rng),)
    if hands_on and chance < MISTAKEN_SHARE + WRAPPED_SHARE / 2:
        return (Command((b"EVAL", _CALL, b"0", *commands[0].args)),)
    return (Command((b"MULTI",)), commands[0], Command((b"EXEC",)))


def _has_time(right: Command) -> bool:
    """Whether arguments that change places could make a key expire while it is watched."""
    return any(b"EX" in arg.upper() or arg.upper().startswith(b"PX") for arg in right.args)


# With arguments missing or moved, an id such as `4` would be the milliseconds that an entry must have waited.
_IDLE = frozenset(["XCLAIM", "XAUTOCLAIM", "XPENDING"])


def _mistaken(right: Command, rng: Random) -> Command:
    args = list(right.args)
    at = rng.randrange(1, len(args)) if len(args) > 1 else 1
    slip = rng.randrange(6)
    if slip == 0 and len(args) > 1 and right.name not in _IDLE:
        del args[at]
    elif slip == 1:
        args.insert(at, args[at] if at < len(args) else _ODD(rng))
    elif slip == 2 and len(args) > 2 and right.name not in _IDLE and not _has_time(right):
        other = rng.randrange(1, len(args))
        args[at], args[other] = args[other], args[at]
    elif slip == 3 and len(args) > 1:
        args[at] = _ODD(rng)
    elif slip == 4:
        args = (
            [args[0], *(arg.swapcase() for arg in args[1:])]
            if rng.random() < 0.5
            else [args[0].lower(), *args[1:]]
        )
    else:
        args.append(_ODD(rng))
    return Command(tuple(args))
