"""What it takes to see a finding again: its program in parts, and what must be so for it to show. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import CommandSyntaxError
from generators.lines import read_line
from reports.record import RecordError

if TYPE_CHECKING:
    from generators.lines import Line
    from reports.finding import Finding
    from reports.run import Run

PIPELINE = "| the rest of the pipeline"  # how the signature ends of what hangs in a pipeline only
NO_REPLY = "agreement.no-reply"
PUSH = "agreement.push"


class NotReproducible(RecordError):  # noqa: N818  (reads as the sentence it is)
    """The finding has no program that could be sent, or not in the form asked for; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproducer:
    """One finding of one run, ready to be shown again."""

    run: Run
    finding: Finding
    lines: tuple[Line, ...]

    @property
    def pipelined(self) -> bool:
        """Whether it was seen with all lines in one write only: replies that get lost, and hangs, of pipelines."""
        alone = len(self.connections) == 1
        return alone and (self.finding.rule == NO_REPLY or self.finding.signature.endswith(PIPELINE))

    @property
    def told(self) -> bool:
        """Whether what differs is no reply to a line, but what connections are told without asking."""
        return self.finding.rule == PUSH

    @property
    def connections(self) -> tuple[int, ...]:
        return tuple(sorted({line.connection for line in self.lines}))

    @property
    def raw(self) -> bool:
        """Whether some line is bytes that no client can be told to send."""
        return any(line.command is None for line in self.lines)

    @property
    def needs_debug(self) -> bool:
        """Whether servers must be started with DEBUG open."""
        return any(line.name == "DEBUG" for line in self.lines)

    @property
    def title(self) -> str:
        """What differs, with the engines by name: for people who don't know which was the baseline."""
        finding = self.finding
        silent = self._silent()
        if silent and finding.rule in _STRIKES:
            return f"{finding.subject} {_STRIKES[finding.rule].format(silent)}"
        names = {"the baseline": self.baseline, "the candidate": self.candidate}
        if finding.rule in ("agreement.unknown-command", "agreement.unknown-argument"):
            names |= {"on one side": f"with {self._served()}", "to one side": f"to {self._served()}"}
        named = finding.message
        for side, name in names.items():
            named = named.replace(side, name)
        return named if named != finding.message else f"{named}: {self.baseline} and {self.candidate} differ"

    @property
    def baseline(self) -> str:
        return self.run.baseline.title

    @property
    def candidate(self) -> str:
        return self.run.candidate.title

    def _silent(self) -> str:
        """The side that gave no reply, where one did; empty where both did, or neither."""
        sides = (self.baseline, self.finding.baseline), (self.candidate, self.finding.candidate)
        silent = [name for name, reply in sides if reply.type == "none" and reply.value != "a reply"]
        return silent[0] if len(silent) == 1 else ""

    def _served(self) -> str:
        """The side that knows the command, or takes the argument, where the signature says that one does not."""
        what = self.finding.signature.rsplit(" | ", 1)[-1]
        known_to_candidate = what == "taken" if self.finding.rule.endswith("argument") else what == "baseline"
        return self.candidate if known_to_candidate else self.baseline


_STRIKES = {
    NO_REPLY: "gets no reply from {}",
    "agreement.hang": "is not answered in time by {}",
    "agreement.closed": "makes {} close the connection",
    "agreement.crash": "ends {}",
    "agreement.garbled": "is answered by {} with what is no RESP",
}


def reproducer(run: Run, finding: Finding) -> Reproducer:
    """The finding in parts.

    Raises:
        NotReproducible: it has no program, or one that can't be read.

    """
    if not finding.program:
        raise NotReproducible(
            f"{finding.id} ({finding.subject}) has no program: its evidence is all that there is"
        )
    try:
        lines = tuple(map(read_line, finding.program))
    except CommandSyntaxError as error:
        raise NotReproducible(f"the program of {finding.id} can't be read: {error}") from error
    return Reproducer(run=run, finding=finding, lines=lines)
