"""A finding: one guarantee that broke, or one difference between two engines, with its evidence.

The keys of `Finding` are the keys of a line of `findings.jsonl`; others rely on them, so they only grow with
the record's schema number.
"""

from __future__ import annotations

import hashlib
from enum import Enum, IntEnum

import msgspec

SCHEMA = 1  # of the whole run record; raised when a reader of the old one would misread the new one
ID_DIGITS = 8


class Severity(Enum):
    """Who would notice.

    Breaking: a client that worked may stop working. Additive: only new things. Cosmetic: text nobody should
    parse.
    """

    BREAKING = "breaking"
    ADDITIVE = "additive"
    COSMETIC = "cosmetic"


class Verdict(IntEnum):
    """How a finding, or a run, is to be taken; the worst of the findings is the run's."""

    AGREES = 0
    KNOWN = 1
    INCONCLUSIVE = 2
    DIVERGES = 3


class WireReply(msgspec.Struct, frozen=True):
    """A reply in a record: `type` `value` as JSON; `wire` tells nulls: "$-1", "*-1", "_"."""

    type: str
    value: object = None
    wire: str | None = None
    cut: int | None = None  # true size of a value that was cut short


def id_of(signature: str) -> str:
    """The first hex digits of the signature's sha256."""
    return hashlib.sha256(signature.encode()).hexdigest()[:ID_DIGITS]


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Another program that showed the same: what a finding's signature stands for, beside its shortest program."""

    program: tuple[str, ...]
    step: int = 0
    protocol: int = 2
    baseline: WireReply
    candidate: WireReply


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `findings.jsonl`."""

    rule: str  # dotted, public, stable: "agreement.value"
    severity: str  # Severity's values
    verdict: str  # "known", "inconclusive", "diverges"
    known: str | None = None  # id of the ledger entry or acceptance that explains it
    subject: str  # upper case, container and sub-command with a blank: "OBJECT ENCODING"
    topology: str = "standalone"
    signature: str  # equal signatures are one finding
    message: str  # one sentence for a human
    protocol: int = 2
    program: tuple[str, ...] = ()  # redis-cli lines, the shortest that shows it
    step: int = 0  # index into program of the line that differs
    baseline: WireReply
    candidate: WireReply
    evidence: dict[str, object] = msgspec.field(default_factory=dict)
    reproduce: str = ""  # the command that shows it again
    count: int = 1  # how often it was seen in the run
    examples: tuple[Example, ...] = ()  # other programs that showed it
    caused_by: str | None = None  # id of the finding that this one follows from

    @property
    def id(self) -> str:
        """Short to type, and one difference has one id in every run."""
        return id_of(self.signature)

    @property
    def certain(self) -> bool:
        """Whether the suite could show it again; where it could not, the evidence says why."""
        return "inconclusive" not in self.evidence
