"""How many replies a second the two readers of RESP take in, and the writer gives out."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

from topologies.resp import Decoder, decode_all, encode_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from topologies.reply import Reply

CASES = {
    "+OK": b"+OK\r\n",
    ":1": b":1\r\n",
    ":123456": b":123456\r\n",
    "$-1": b"$-1\r\n",
    "bulk of 10": b"$10\r\n0123456789\r\n",
    "bulk of 10 with CRLF": b"$10\r\n0123\r\n6789\r\n",
    "error": b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    "array of 3 bulks": b"*3\r\n" + b"$5\r\nhello\r\n" * 3,
    "array of 100 bulks": b"*100\r\n" + b"$5\r\nhello\r\n" * 100,
    "scan": b"*2\r\n$1\r\n0\r\n*10\r\n" + b"$5\r\nhello\r\n" * 10,
    "map of 10": b"%10\r\n" + b"$5\r\nhello\r\n:77\r\n" * 10,
}
MIX = b"".join(
    CASES[name] for name in ("+OK", ":1", "$-1", "bulk of 10", ":123456", "array of 3 bulks", "error", "+OK")
)


def streamed(buffer: bytes) -> int:
    decoder = Decoder()
    count = 0
    for at in range(0, len(buffer), 65536):
        decoder.feed(buffer[at : at + 65536])
        while decoder.next() is not None:
            count += 1
    return count


def encoded(replies: list[Reply], _: bytes) -> list[bytes]:
    return [encode_reply(reply) for reply in replies]


def rate(work: Callable[[bytes], object], buffer: bytes, replies: int) -> float:
    best = min(_seconds(work, buffer) for _ in range(3))
    return replies / best


def _seconds(work: Callable[[bytes], object], buffer: bytes) -> float:
    start = time.perf_counter()
    work(buffer)
    return time.perf_counter() - start


def main() -> None:
    print(f"{'replies/s':22} {'decode_all':>12} {'Decoder':>12} {'encode_reply':>12}")
    for name, unit in {**CASES, "mix of 8": MIX}.items():
        per_unit = len(decode_all(unit))
        times = max(1, 2_000_000 // len(unit))
        buffer = unit * times
        replies = decode_all(buffer)
        fast = rate(decode_all, buffer, per_unit * times)
        slow = rate(streamed, buffer, per_unit * times)
        written = rate(partial(encoded, replies), buffer, len(replies))
        print(f"{name:22} {fast:12,.0f} {slow:12,.0f} {written:12,.0f}")


if __name__ == "__main__":
    main()
