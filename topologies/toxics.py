"""What can be wrong with a link, as values. Each is one of Toxiproxy's toxics; nothing here speaks to it.

What they do not say: `Stall` drops what arrives and closes the connection when it is taken away again, so it is
no pause; `Reset` acts on connections that are there and on new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Stream(Enum):
    """Which way: from whoever connected to the server behind the proxy, or back."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Everything comes so much later."""

    ms: int
    jitter_ms: int = 0

    kind = "latency"

    def attributes(self) -> dict[str, int]:
        return {"latency": self.ms, "jitter": self.jitter_ms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth:
    """So many kilobytes a second; 0 lets nothing through and keeps the connection."""

    kb_s: int

    kind = "bandwidth"

    def attributes(self) -> dict[str, int]:
        return {"rate": self.kb_s}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Nothing comes through, and the connection is closed after that time; 0: not before the toxic is gone."""

    close_after_ms: int = 0

    kind = "timeout"

    def attributes(self) -> dict[str, int]:
        return {"timeout": self.close_after_ms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is reset (RST) after that time."""

    after_ms: int = 0

    kind = "reset_peer"

    def attributes(self) -> dict[str, int]:
        return {"timeout": self.after_ms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """What comes, comes in small pieces."""

    bytes_each: int
    spread_bytes: int = 0
    delay_us: int = 0

    kind = "slicer"

    def attributes(self) -> dict[str, int]:
        return {
            "average_size": self.bytes_each,
            "size_variation": self.spread_bytes,
            "delay": self.delay_us,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The connection is closed after so many bytes."""

    bytes_all: int

    kind = "limit_data"

    def attributes(self) -> dict[str, int]:
        return {"bytes": self.bytes_all}


Toxic = Latency | Bandwidth | Stall | Reset | Sliced | Limit
