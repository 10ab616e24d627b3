"""What came of one way to replicate, on one deployment: a kind, facts by name, and the servers' own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from reports import matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from topologies.reply import Reply


class Side(Enum):
    """Which engine is the primary, and which follow it. The first one says what is to be expected."""

    BASELINE = "baseline alone"
    ONWARD = "baseline to candidate"
    BACK = "candidate to baseline"
    CANDIDATE = "candidate alone"


class Kind(Enum):
    """How a way ended, in the words of the matrix of moves."""

    WHOLE = matrix.WHOLE
    REFUSED = matrix.REFUSED  # a server says why, and nothing is lost
    PARTIAL = matrix.PARTIAL  # something is lost, and a server says so
    LOSS = matrix.LOSS  # links are up, offsets equal, and data is missing
    CRASH = matrix.CRASH
    HANG = matrix.HANG  # it never ends, or begins again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The name of something that was seen: under which rule it is told, of what, and what about it."""

    rule: str
    subject: str
    what: str


OUTCOME = "outcome"  # the fact that every way has


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was seen. Facts with equal names are compared between sides."""

    kind: Kind
    facts: Mapping[Fact, str]
    words: tuple[str, ...] = ()  # of the servers, where it went wrong
    detail: str = ""
    compared: int = 0  # keys
    deviations: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[str, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)  # for the record only

    @classmethod
    def refused(cls, fact: Fact, reply: Reply) -> Outcome:
        """A command that the way begins with is refused."""
        text = reply.value.decode("utf-8", "replace") if isinstance(reply.value, bytes) else str(reply.value)
        return cls(kind=Kind.REFUSED, facts={fact: Kind.REFUSED.value}, words=(text,))

    @classmethod
    def hang(cls, fact: Fact, detail: str, words: tuple[str, ...]) -> Outcome:
        """It does not end."""
        return cls(kind=Kind.HANG, facts={fact: Kind.HANG.value}, detail=detail, words=words)
