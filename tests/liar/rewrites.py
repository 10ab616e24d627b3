"""How lies change what the true server is asked. Each makes an `Ask`, which knows what to leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import Command, command
from tests.liar.lie import Ask, Asked, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Args = tuple[bytes, ...]

NO_OPERATION = command("PING")


def rewritten(change: Callable[[Args], Sequence[bytes] | None], *, size: int | None = None) -> Ask:
    """Something else is sent, if the command has so many words; None leaves it alone."""

    def ask(asked: Asked) -> Sent | None:
        fits = size is None or len(asked.args) == size
        changed = change(asked.args) if fits else None
        return Sent(Command(tuple(changed))) if changed else None

    return ask


def renamed(name: bytes, *, size: int | None = None, least: int = 0) -> Ask:
    """Another command with the same arguments is sent."""
    return rewritten(lambda args: (name, *args[1:]) if len(args) >= least else None, size=size)


def swallowed(*, size: int) -> Ask:
    """Nothing that matters is sent."""
    return lambda asked: Sent(NO_OPERATION) if len(asked.args) == size else None


def spies(*words: bytes, at: int = 1) -> Ask:
    """The command is sent as it is; `words` are asked about its key before."""

    def ask(asked: Asked) -> Sent | None:
        if len(asked.args) <= at:
            return None
        return Sent(Command(asked.args), before=(Command((*words, asked.args[at])),))

    return ask


def followed_by(*words: bytes, at: int, size: int) -> Ask:
    """The command is sent as it is; `words` are done to its key afterwards."""

    def ask(asked: Asked) -> Sent | None:
        if len(asked.args) != size:
            return None
        return Sent(Command(asked.args), after=(Command((*words, asked.args[at])),))

    return ask


def then(change: Callable[[Args], Sequence[bytes]], *, size: int) -> Ask:
    """The command is sent as it is, and something else made of its words after it."""

    def ask(asked: Asked) -> Sent | None:
        if len(asked.args) != size:
            return None
        return Sent(Command(asked.args), after=(Command(tuple(change(asked.args))),))

    return ask


def dropped(option: bytes) -> Ask:
    """An option gets lost on the way."""
    return rewritten(lambda args: [arg for arg in args if arg.upper() != option] if option in args else None)


def doubled_seconds(asked: Asked) -> Sent | None:
    """SETEX k 100 v becomes SETEX k 200 v."""
    if len(asked.args) != 4 or not plain_number(asked.args[2]):
        return None
    key, seconds, value = asked.args[1:]
    return Sent(command("SETEX", key, 2 * int(seconds), value))


def twice(asked: Asked) -> Sent:
    """The command is carried out two times."""
    return Sent(Command(asked.args), after=(Command(asked.args),))


def unknown(asked: Asked) -> Sent:
    """A name that the true server really doesn't know, so that transactions abort as they would."""
    return Sent(Command((b"no" + asked.args[0], *asked.args[1:])))


def unknown_subcommand(asked: Asked) -> Sent | None:
    """The same for the second word."""
    if len(asked.args) < 2:
        return None
    return Sent(Command((asked.args[0], b"no" + asked.args[1], *asked.args[2:])))


def without(option: bytes) -> Ask:
    """An option is misspelt on the way, and so refused by the true server."""

    def ask(asked: Asked) -> Sent | None:
        if not asked.has(option):
            return None
        return Sent(Command(tuple(b"no" + arg if arg.upper() == option else arg for arg in asked.args)))

    return ask


def only_in_multi(change: Ask) -> Ask:
    return lambda asked: change(asked) if asked.talk.in_multi else None


def plain_number(value: bytes) -> bool:
    """A number above 0 that no command refuses."""
    return value.isdigit() and not value.startswith(b"0") and len(value) < 8


def second_field_lost(asked: Asked) -> Sent | None:
    """HSET k f v g w loses g. Whether g was new is asked, to give the right answer."""
    if len(asked.args) != 6 or asked.args[2] == asked.args[4]:
        return None
    return Sent(Command(asked.args[:4]), before=(command("HEXISTS", asked.args[1], asked.args[4]),))


def last_pair_lost(args: Args) -> Args | None:
    """XADD k 1-1 f v g w loses its last pair."""
    plain = len(args) >= 7 and len(args) % 2 == 1 and args[2].replace(b"-", b"").isdigit()
    return args[:-2] if plain else None


def first_index(args: Args) -> Args | None:
    """LINDEX k -1 becomes LINDEX k 0."""
    return (*args[:2], b"0") if args[2][:1] == b"-" and args[2][1:].isdigit() else None
