"""Where two engines part that got the same bytes: the lines, and the replies to them, that are not the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import command
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.conformance.tolerance import Tolerances
    from topologies.raw import Heard, Talk

HELLO = command("HELLO")


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two engines part: the line, the line that made it so, and both replies."""

    line: int
    cause: int
    place: int  # of the replies in what was said to the line
    baseline: Reply
    candidate: Reply

    @property
    def harmless(self) -> bool:
        """Whether both are in one state behind it: both refused by the same code, or only named themselves."""
        both = self.baseline, self.candidate
        texts = [reply.value for reply in both if reply.kind is Kind.ERROR and isinstance(reply.value, bytes)]
        alike = len(texts) == 2 and texts[0].split(b" ")[0] == texts[1].split(b" ")[0]
        return all(map(greets, both)) or (alike and not any(map(breaks_off, both)))


def partings(talks: tuple[Talk, Talk], rules: Tolerances) -> Iterator[Parting]:
    """Where they say something else, but for what a rule forgives: every reply as long as there are as many on both
    sides, and then the first that one side lacks, or the end of one connection.
    """
    cause: int | None = None
    last = len(talks[0].heard) - 1
    for line, (a, b) in enumerate(zip(talks[0].heard, talks[1].heard, strict=True)):
        for place, one, other in _apart(a, b, rules):
            yield Parting(line, line if cause is None else cause, place, *innermost(one, other, rules))
        if len(a.replies) != len(b.replies):
            return
        if a.end != b.end and (cause is not None or line == last or _both_ended(a, b)):
            yield Parting(line, line if cause is None else cause, len(a.replies), _nothing(a), _nothing(b))
            return
        if a.end == b.end != b"":
            return
        if a.end != b.end:
            cause = line  # one is open still: the next line shows it


def _both_ended(a: Heard, b: Heard) -> bool:
    return {a.end, b.end} != {b"", b"closed"}


def _apart(a: Heard, b: Heard, rules: Tolerances) -> Iterator[tuple[int, Reply, Reply]]:
    """The replies that differ, and their places; where one side has fewer, the first place only: a reply and none
    where it is left out and those behind it are there.
    """
    pairs = list(zip(a.replies, b.replies, strict=False))
    places = [at for at, pair in enumerate(pairs) if not same(*pair, rules)]
    if len(a.replies) == len(b.replies):
        yield from ((at, *pairs[at]) for at in places)
        return
    at = places[0] if places else len(pairs)
    if _left_out(a.replies[at:], b.replies[at:], rules):
        yield at, Reply(Kind.NONE, b"no reply"), b.replies[at]
    elif _left_out(b.replies[at:], a.replies[at:], rules):
        yield at, a.replies[at], Reply(Kind.NONE, b"no reply")
    else:
        yield at, _reply(a, at), _reply(b, at)


def _left_out(fewer: tuple[Reply, ...], more: tuple[Reply, ...], rules: Tolerances) -> bool:
    """Whether one reply is missing, and those behind it are there."""
    rest = more[1:]
    return bool(fewer) and len(fewer) == len(rest) and all(map(lambda x, y: same(x, y, rules), fewer, rest))


def _reply(heard: Heard, at: int) -> Reply:
    return heard.replies[at] if at < len(heard.replies) else _nothing(heard)


def _nothing(heard: Heard) -> Reply:
    return Reply(Kind.NONE, heard.end or b"no reply")


def greets(reply: Reply) -> bool:
    """Whether this is what HELLO says, wherever it stands."""
    return isinstance(reply.value, tuple) and bool(reply.value) and reply.value[0].value == b"server"


def breaks_off(reply: Reply) -> bool:
    """Whether a server says that it can't go on with what it got; it closes the connection then."""
    return (
        reply.kind is Kind.ERROR
        and isinstance(reply.value, bytes)
        and reply.value.startswith(b"ERR Protocol error")
    )


def same(baseline: Reply, candidate: Reply, rules: Tolerances) -> bool:
    """Equal, but for who the server is in what HELLO says."""
    if baseline == candidate:
        return True
    a, b = baseline.value, candidate.value
    if not isinstance(a, tuple) or not isinstance(b, tuple) or baseline.kind is not candidate.kind:
        return False
    if greets(baseline):
        return rules.same(HELLO, baseline, candidate)
    return len(a) == len(b) and all(same(one, other, rules) for one, other in zip(a, b, strict=True))


def innermost(baseline: Reply, candidate: Reply, rules: Tolerances) -> tuple[Reply, Reply]:
    """What HELLO says within an EXEC, where that is what differs; else the replies themselves."""
    a, b = baseline.value, candidate.value
    if greets(baseline) or not isinstance(a, tuple) or not isinstance(b, tuple) or len(a) != len(b):
        return baseline, candidate
    pairs = (innermost(*pair, rules) for pair in zip(a, b, strict=True) if not same(*pair, rules))
    inner = next(pairs, (baseline, candidate))
    return inner if all(map(greets, inner)) else (baseline, candidate)
