"""What a walk has reached: tokens, replies, errors and encodings, as coverage counts them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suites.conformance.masks import mask
from topologies.reply import Kind

if TYPE_CHECKING:
    from generators.command import Command, Program
    from generators.tree import Tree
    from topologies.lockstep import Lockstep
    from topologies.reply import Reply

_ERRORS = (Kind.ERROR, Kind.BULK_ERROR)


@dataclass(slots=True)
class Reached:
    """Sets of words: `SET NX`, `SET simple`, `ERR syntax error`, `listpack`."""

    tree: Tree
    sent: set[str] = field(default_factory=set)  # tokens that were sent
    served: set[str] = field(default_factory=set)  # tokens of calls that some engine carried out
    replies: set[str] = field(default_factory=set)  # commands with types of reply
    errors: set[str] = field(default_factory=set)
    encodings: set[str] = field(default_factory=set)

    def note(self, program: Program, lockstep: Lockstep) -> None:
        """Looks at what the last run of this program said; the call is its last line."""
        call = program[-1]
        tokens = self._tokens(call)
        self.sent |= tokens
        for transcript in lockstep.heard():
            if len(transcript.replies) >= len(program):
                self._note_reply(call, transcript.replies[len(program) - 1], tokens)
            self._note_encodings(lockstep.probe, transcript.probe)

    def _tokens(self, call: Command) -> set[str]:
        syntax = self.tree.get(call.full_name)
        if syntax is None:
            return set()
        words = {arg.upper() for arg in call.args[len(syntax.words) :]}
        return {f"{syntax.name} {token}" for token in syntax.tokens if token.encode() in words}

    def _note_reply(self, call: Command, reply: Reply, tokens: set[str]) -> None:
        if reply.kind in _ERRORS:
            self.errors.add(mask(reply).removeprefix("(error) "))
            self.replies.add(f"{call.full_name} error")
        else:
            self.replies.add(f"{call.full_name} {reply.kind.value}")
            self.served |= tokens

    def _note_encodings(self, asked: Program, replies: tuple[Reply, ...]) -> None:
        for each, reply in zip(asked, replies, strict=False):
            if each.name == "OBJECT" and reply.kind is Kind.BULK and isinstance(reply.value, bytes):
                self.encodings.add(reply.value.decode("utf-8", "backslashreplace"))

    def words(self) -> dict[str, tuple[str, ...]]:
        """All of it, as the record keeps it."""
        return {
            "tokens": tuple(sorted(self.sent)),
            "tokens served": tuple(sorted(self.served)),
            "replies": tuple(sorted(self.replies)),
            "errors": tuple(sorted(self.errors)),
            "encodings": tuple(sorted(self.encodings)),
        }
