"""What can happen to a file: cut off, a bit flipped, another version, another product.

Bytes to bytes: nothing is written here.
Every damage is the same whatever the seed. Places are shares of a file, so that files of any size are damaged alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAGIC_BYTES = 9  # REDIS0011, VALKEY080
CHECKSUM_BYTES = 8
_FLIPS = 16  # places in a file


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that happens to the bytes of a file."""

    name: str
    do: Callable[[bytes], bytes]


def rdb_damages() -> Iterator[Damage]:
    """Of a dump: its ends, its head, its checksum, and bits all over it."""
    yield Damage("emptied", lambda _: b"")
    yield Damage("cut behind the magic", lambda data: data[:5])
    yield Damage("cut behind the version", lambda data: data[:MAGIC_BYTES])
    yield Damage("cut in the middle", lambda data: data[: len(data) // 2])
    yield Damage("cut before the checksum", lambda data: data[:-CHECKSUM_BYTES])
    yield Damage("cut by a byte", lambda data: data[:-1])
    yield Damage("of another product", _of_another_product)
    yield Damage(
        "of version 999",
        lambda data: data[: _digits(data)] + b"9999"[: MAGIC_BYTES - _digits(data)] + data[MAGIC_BYTES:],
    )
    yield Damage("no dump at all", lambda _: b"hello, this is no dump\n" * 10)
    yield Damage("with a wrong checksum", lambda data: flipped(data, len(data) - 1))
    yield Damage("without a checksum", lambda data: data[:-CHECKSUM_BYTES] + bytes(CHECKSUM_BYTES))
    yield Damage("with something behind its end", lambda data: data + b"behind the end")
    for number in range(1, _FLIPS):
        share = number / _FLIPS
        yield Damage(f"with a bit flipped at {number}/{_FLIPS}", _flip_at(share))


def aof_damages() -> Iterator[Damage]:
    """Of the file that commands are appended to."""
    yield Damage("emptied", lambda _: b"")
    yield Damage("cut by a byte", lambda data: data[:-1])
    yield Damage("cut in its last command", lambda data: data[: data.rindex(b"*") + 9])
    yield Damage("cut in the middle", lambda data: data[: len(data) // 2])
    yield Damage("with zeros behind its end", lambda data: data + bytes(64))
    yield Damage("with text behind its end", lambda data: data + b"this is no command\r\n")
    yield Damage("with an open transaction at its end", lambda data: data + _MULTI)
    yield Damage("with an unknown command at its end", lambda data: data + b"*1\r\n$7\r\nUNKNOWN\r\n")
    yield Damage("with a wrong length in the middle", _wrong_length)
    yield Damage(
        "with a hole in the middle", lambda data: data[: len(data) // 2] + data[len(data) // 2 + 100 :]
    )
    yield Damage("with a bit flipped in the middle", _flip_at(0.5))


def flipped(data: bytes, at: int) -> bytes:
    """With the lowest bit of this byte the other way round."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if data else data


_MULTI = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nopen\r\n$1\r\nv\r\n"


def _flip_at(share: float) -> Callable[[bytes], bytes]:
    return lambda data: flipped(data, int(len(data) * share))


def _digits(data: bytes) -> int:
    """Where the version begins."""
    return 6 if data.startswith(b"VALKEY") else 5


def _of_another_product(data: bytes) -> bytes:
    """The same in the other product's name: each has a magic of its own since Valkey 9."""
    if data.startswith(b"VALKEY"):
        return b"REDIS0" + data[6:]
    return b"VALKEY" + data[6:]


def _wrong_length(data: bytes) -> bytes:
    """The length of an argument in the middle is one more than it is."""
    at = data.index(b"\r\n$", len(data) // 2) + 3
    end = data.index(b"\r\n", at)
    return data[:at] + b"%d" % (int(data[at:end]) + 1) + data[end:]
