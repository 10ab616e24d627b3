"""What a lie is: one change to what a server is asked or answers, and what a comparison must call it.

A lie never sees a socket. It gets one command with what the connection was told before (`Talk`), and may send
something else to the true server (`ask`) or answer something else to the client (`answer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from generators.command import Command  # noqa: TC001  (the aliases need it when they are read)
from topologies.reply import Kind, Reply

ERRORS = (Kind.ERROR, Kind.BULK_ERROR)


@dataclass(slots=True)
class Talk:
    """What one connection was told so far. FLUSHALL ends memory: a program is lied to the same twice."""

    db: int = 0
    protocol: int = 2
    in_multi: bool = False
    memory: dict[str, list[bytes]] = field(default_factory=dict)

    def remember(self, topic: str, what: bytes = b"") -> list[bytes]:
        """Everything that was remembered under the topic, this included."""
        known = self.memory.setdefault(topic, [])
        known.append(what)
        return known


@dataclass(frozen=True, slots=True)
class Asked:
    """One command, as the client sent it."""

    args: tuple[bytes, ...]
    talk: Talk
    others: tuple[Reply, ...] = ()  # replies to what the lie sent beside the command

    def has(self, word: bytes) -> bool:
        return word in (arg.upper() for arg in self.args[1:])


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes to the true server for one command: `main` gives the reply, the rest is not shown."""

    main: Command
    before: tuple[Command, ...] = ()
    after: tuple[Command, ...] = ()


Ask = Callable[[Asked], Sent | None]  # None: as the client sent it
Answer = Callable[[Asked, Reply], Reply]


def as_sent(_: Asked) -> None:
    return None


def as_answered(_: Asked, reply: Reply) -> Reply:
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One lie. `commands` are those that it looks at; where it needs only one, that is the subject."""

    name: str
    area: str  # of the forms whose programs can show it, or walk-GROUP
    rule: str  # what a comparison must call the difference
    subject: str  # the command that it must name
    says: str  # what is wrong, in one sentence
    ask: Ask = as_sent
    answer: Answer = as_answered
    commands: frozenset[str] = frozenset()
    protocol: int | None = None  # where only one can show it
    signature: str = ""  # what the finding's signature must say, too

    @property
    def clustered(self) -> bool:
        """Whether it is told by a node of a cluster."""
        return self.area.startswith("cluster-")

    def touches(self, command: Command) -> bool:
        """Whether the lie wants to see this command."""
        commands = self.commands or {self.subject}
        return command.name in commands or " ".join(_words(command)) in commands


def _words(command: Command) -> Iterable[str]:
    return (arg.upper().decode("utf-8", "replace") for arg in command.args[:2])


HONEST = Lie(name="honest", area="", rule="", subject="", says="nothing is wrong: the proxy alone")
