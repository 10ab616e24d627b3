r"""Bytes that are no command: what a program can send below the commands, and the line that stands for them.

A line of a program is a redis-cli line, or `!` and bytes in double quotes, which are written as they are:

    !"*-2\r\n"
    !"ECHO " "x"*65536 "\r\n"

A piece with `*N` behind its quotes is sent N times. `parse_line` and `str` are inverse. No command's text begins
with `!"`: an argument with a quote in it stands in quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from generators.command import Command, CommandSyntaxError, Program, parse, quote

MOST_BYTES = 64 * 1024 * 1024

_PIECE = re.compile(r'\s*("(?:[^"\\]|\\.)*")(?:\*([0-9]{1,9}))?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Raw:
    """What one line writes at once: each piece as often as its number says."""

    pieces: tuple[tuple[bytes, int], ...]

    def __str__(self) -> str:
        return "!" + " ".join(_piece(text, times) for text, times in self.pieces)

    @property
    def full_name(self) -> str:
        """In the place of a command's name, for messages."""
        return "raw bytes"

    def encode(self) -> bytes:
        """The bytes themselves."""
        return b"".join(text * times for text, times in self.pieces)


Line: TypeAlias = Command | Raw
Lines: TypeAlias = tuple[Line, ...]


def raw(*pieces: bytes | tuple[bytes, int]) -> Raw:
    """Bytes as they are; a pair is bytes and how often."""
    return Raw(tuple((piece, 1) if isinstance(piece, bytes) else piece for piece in pieces))


def is_raw(line: str) -> bool:
    """Whether this text is a line of raw bytes."""
    return line.startswith('!"')


def parse_line(line: str) -> Line:
    """The line of a program that this text stands for.

    Raises:
        CommandSyntaxError: an open quote, text between pieces, too many bytes; or what `parse` refuses.

    """
    return _parse_raw(line) if is_raw(line) else parse(line)


def commands_only(lines: Lines) -> Program | None:
    """The same as a program of commands; None where some line is none."""
    program = tuple(each for each in lines if isinstance(each, Command))
    return program if len(program) == len(lines) else None


def _piece(text: bytes, times: int) -> str:
    quoted = quote(text)
    whole = quoted if quoted.startswith('"') else f'"{quoted}"'
    return whole if times == 1 else f"{whole}*{times}"


def _parse_raw(line: str) -> Raw:
    pieces: list[tuple[bytes, int]] = []
    at = 1
    while found := _PIECE.match(line, at):
        pieces.append((parse(found[1]).args[0], int(found[2] or 1)))
        at = found.end()
    if line[at:].strip():
        raise CommandSyntaxError(f'expected "bytes" or "bytes"*N at {line[at : at + 40]!r} in {line[:80]!r}')
    if sum(len(text) * times for text, times in pieces) > MOST_BYTES:
        raise CommandSyntaxError(f"more than {MOST_BYTES} bytes in {line[:80]!r}")
    return Raw(tuple(pieces))
