r"""A program's line as a record holds it: a redis-cli line, maybe with the connection that it is sent over.

`@2 GET k` is `GET k` over the second connection; `!"GET k\r\n"` is these bytes as they are, which no client can be
told to send. This file reads lines and sends nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from generators.command import Command
from generators.raw import parse_line

FIRST = 1  # the connection of a line that names none
_NAMED = re.compile(r"@([1-9][0-9]?) (.+)", re.DOTALL)
OTHER_ID = re.compile(rb"id@([1-9])")  # an argument that stands for what CLIENT ID says to that connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line sends, and over which connection. `command` is None where the line is raw bytes."""

    text: str  # without the connection
    connection: int
    wire: bytes
    command: Command | None

    @property
    def names_another(self) -> bool:
        """Whether an argument stands for the id of a connection, which only a running server can tell."""
        return self.command is not None and any(map(OTHER_ID.fullmatch, self.command.args))

    @property
    def name(self) -> str:
        """The command's name in upper case; empty for raw bytes."""
        return self.command.name if self.command else ""


def read_line(text: str) -> Line:
    """The line in parts.

    Raises:
        CommandSyntaxError: redis-cli would refuse it, too.

    """
    named = _NAMED.fullmatch(text)
    connection, rest = (int(named[1]), named[2]) if named else (FIRST, text)
    asked = parse_line(rest)
    command = asked if isinstance(asked, Command) else None
    return Line(text=str(asked), connection=connection, wire=asked.encode(), command=command)
