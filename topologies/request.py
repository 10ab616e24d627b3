"""Requests from a stream, as a server reads them: arrays of bulk strings, and lines typed by hand.

Clients of Rekey send what `Command.encode` makes; this reader serves the fakes that play a server in tests.
"""

from __future__ import annotations

from typing import Final

from generators.command import Command, CommandSyntaxError, parse
from topologies.resp import ProtocolError
from topologies.resp_grammar import CRLF, DEFAULT_LIMITS, Limits

_EXCERPT: Final = 40


class RequestDecoder:
    """Commands from a stream in any pieces. Empty lines and empty arrays are skipped, as servers do."""

    __slots__ = ("_args", "_at", "_buffer", "_dropped", "_limits", "_scanned", "_size", "_want")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._at = 0
        self._scanned = 0  # no line feed between _at and here
        self._dropped = 0
        self._want = 0  # arguments of the request that are still to come
        self._size: int | None = None  # of the argument whose bytes are awaited
        self._args: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""
        self._buffer += data

    def next(self) -> Command | None:
        """The next whole request, or None until more is fed.

        Raises:
            ProtocolError: the client speaks something else.

        """
        while True:
            if self._want:
                if not self._read_argument():
                    break
                if not self._want:
                    args, self._args = tuple(self._args), []
                    return Command(args)
                continue
            line = self._line()
            if line is None:
                break
            if line.startswith(b"*"):
                self._want = max(0, self._number(line[1:], -1, self._limits.elements))
            elif line.strip():
                return self._typed(line)
        del self._buffer[: self._at]
        self._dropped += self._at
        self._scanned = max(0, self._scanned - self._at)
        self._at = 0
        return None

    def _read_argument(self) -> bool:
        if self._size is None:
            line = self._line()
            if line is None:
                return False
            if not line.startswith(b"$"):
                raise self._refuse(f"expected '$', got {line[:1]!r}")
            self._size = self._number(line[1:], 0, self._limits.bulk)
        end = self._at + self._size
        if len(self._buffer) < end + 2:
            return False
        if self._buffer[end : end + 2] != CRLF:
            raise self._refuse(f"an argument of {self._size} bytes without CRLF behind it")
        self._args.append(bytes(self._buffer[self._at : end]))
        self._at = self._scanned = end + 2
        self._size = None
        self._want -= 1
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        if (end if end >= 0 else len(self._buffer)) - self._at > self._limits.line:
            raise self._refuse(f"a line of more than {self._limits.line} bytes")
        if end < 0:
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[self._at : end])
        self._at = self._scanned = end + 1
        return line.removesuffix(b"\r")

    def _number(self, text: bytes, least: int, most: int) -> int:
        if text.removeprefix(b"-").isdigit() and len(text) < 20 and least <= int(text) <= most:
            return int(text)
        raise self._refuse(f"expected a length from {least} to {most}, got {text[:_EXCERPT]!r}")

    def _typed(self, line: bytes) -> Command:
        try:
            return parse(line.decode())
        except (UnicodeDecodeError, CommandSyntaxError) as error:
            raise self._refuse(f"a line that is no command: {error}") from None

    def _refuse(self, reason: str) -> ProtocolError:
        excerpt = bytes(self._buffer[self._at : self._at + _EXCERPT])
        return ProtocolError(reason, offset=self._dropped + self._at, excerpt=excerpt)
