"""A command is what one client asks for in one request: a non-empty tuple of bytes.

Its text form is the line that redis-cli would take: `parse` and `str` are inverse for every command.
This file knows quoting and the request's wire form, and nothing about what any command means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ON_ANOTHER = re.compile(r"@([0-9]+)\s+(?=\S)")
_PLAIN = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:;,/+*@#$%^&()[]{}<>=!?|~`"
)
_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x08: "\\b", 0x07: "\\a", 0x22: '\\"', 0x5C: "\\\\"}
_UNESCAPES = {ord(text[1]): byte for byte, text in _ESCAPES.items()}
_HEX = frozenset(b"0123456789abcdefABCDEF")
MOST_CONNECTIONS = 9


CONTAINERS = frozenset(
    (
        *("ACL", "CLIENT", "CLUSTER", "COMMAND", "COMMANDLOG", "CONFIG", "DEBUG", "FUNCTION", "HOTKEYS"),
        *("LATENCY",),
        *("MEMORY", "MODULE", "OBJECT", "PUBSUB", "SCRIPT", "SENTINEL", "SLOWLOG", "XGROUP", "XINFO"),
    )
)  # commands whose first argument is the name of a sub-command


class CommandSyntaxError(ValueError):
    """A line that redis-cli would refuse, too: an open quote, or text glued to a closing one."""


@dataclass(frozen=True, slots=True)
class Command:
    """One request. `args[0]` is the command's name as sent, in any case; `connection` which of a client's
    connections sends it, from 1: `@2 BLPOP l 0`.
    """

    args: tuple[bytes, ...]
    connection: int = 1

    def __post_init__(self) -> None:
        if not self.args:
            raise CommandSyntaxError("a command needs at least a name, got no arguments")

    def __str__(self) -> str:
        words = " ".join(map(quote, self.args))
        if self.connection != 1:
            return f"@{self.connection} {words}"
        return f'"{self.args[0].decode()}"{words[len(self.args[0]) :]}' if _ON_ANOTHER.match(words) else words

    @property
    def name(self) -> str:
        """The command's name in upper case, for messages and look-ups."""
        return self.args[0].upper().decode("utf-8", "backslashreplace")

    @property
    def full_name(self) -> str:
        """`GET`; container and sub-command: `OBJECT ENCODING`."""
        name = self.name
        if name in CONTAINERS and len(self.args) > 1:
            return f"{name} {self.args[1].upper().decode('utf-8', 'backslashreplace')}"
        return name

    def encode(self) -> bytes:
        """The request as a RESP array of bulk strings."""
        parts = [b"*%d\r\n" % len(self.args)]
        parts += [b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in self.args]
        return b"".join(parts)


Program = tuple[Command, ...]


def command(*args: bytes | str | int) -> Command:
    """A command from mixed arguments: text is encoded as UTF-8, integers as decimal."""
    return Command(tuple(arg if isinstance(arg, bytes) else str(arg).encode() for arg in args))


def quote(arg: bytes) -> str:
    """One argument as redis-cli takes it: bare where nothing in it is special, else in double quotes."""
    if arg and all(byte in _PLAIN for byte in arg):
        return arg.decode("ascii")
    return '"' + "".join(_ESCAPES.get(byte) or _printable(byte) for byte in arg) + '"'


def _printable(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def parse(line: str) -> Command:
    """The command that redis-cli would send for this line. Bytes above 127 may stand as UTF-8.

    `@2 ` before it names the connection that sends it; a command that is called `@2` stands in quotes.

    Raises:
        CommandSyntaxError: an open quote, text behind a closing quote, or nothing at all.

    """
    other = _ON_ANOTHER.match(line.lstrip())
    if other is None:
        return Command(tuple(_split(line.encode("utf-8"))))
    if not 1 <= int(other[1]) <= MOST_CONNECTIONS:
        raise CommandSyntaxError(f"connections are @1 to @{MOST_CONNECTIONS}, got {line!r}")
    return Command(tuple(_split(line.lstrip()[other.end() :].encode("utf-8"))), int(other[1]))


def _split(line: bytes) -> list[bytes]:
    args: list[bytes] = []
    at = 0
    while True:
        while at < len(line) and line[at : at + 1].isspace():
            at += 1
        if at == len(line):
            return args
        arg, at = _argument(line, at)
        args.append(arg)


def _argument(line: bytes, at: int) -> tuple[bytes, int]:
    opening = line[at]
    if opening == ord('"'):
        return _double_quoted(line, at + 1)
    if opening == ord("'"):
        return _single_quoted(line, at + 1)
    end = at
    while end < len(line) and not line[end : end + 1].isspace():
        end += 1
    return line[at:end], end


def _double_quoted(line: bytes, at: int) -> tuple[bytes, int]:
    out = bytearray()
    while at < len(line):
        byte = line[at]
        if byte == ord('"'):
            return bytes(out), _closed(line, at)
        if byte == ord("\\") and at + 1 < len(line):
            value, at = _escape(line, at + 1)
            out.append(value)
            continue
        out.append(byte)
        at += 1
    raise CommandSyntaxError(f"unbalanced double quotes in {line!r}")


def _escape(line: bytes, at: int) -> tuple[int, int]:
    if line[at] == ord("x") and len(line) > at + 2 and line[at + 1] in _HEX and line[at + 2] in _HEX:
        return int(line[at + 1 : at + 3], 16), at + 3
    return _UNESCAPES.get(line[at], line[at]), at + 1


def _single_quoted(line: bytes, at: int) -> tuple[bytes, int]:
    out = bytearray()
    while at < len(line):
        byte = line[at]
        if byte == ord("'"):
            return bytes(out), _closed(line, at)
        if line[at : at + 2] == b"\\'":
            at += 1
            byte = line[at]
        out.append(byte)
        at += 1
    raise CommandSyntaxError(f"unbalanced single quotes in {line!r}")


def _closed(line: bytes, quote_at: int) -> int:
    after = line[quote_at + 1 : quote_at + 2]
    if after and not after.isspace():
        raise CommandSyntaxError(f"text behind a closing quote in {line!r}")
    return quote_at + 1
