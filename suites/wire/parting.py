"""Where two engines part that got the same bytes: the first line and the first reply to it that are not the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import command
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
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


def parts(talks: tuple[Talk, Talk], rules: Tolerances) -> Parting | None:
    """The first line to which they say something else, but for what a rule forgives."""
    cause: int | None = None
    last = len(talks[0].heard) - 1
    for line, (a, b) in enumerate(zip(talks[0].heard, talks[1].heard, strict=True)):
        apart = _apart(a, b, rules)
        if apart is None and a.end != b.end and (cause is not None or line == last or _both_ended(a, b)):
            apart = len(a.replies), _nothing(a), _nothing(b)
        if apart is not None:
            place, one, other = apart
            return Parting(line, line if cause is None else cause, place, *innermost(one, other, rules))
        if a.end != b.end:
            cause = line  # one is open still: the next line shows it
        elif a.end:
            return None
    return None


def _both_ended(a: Heard, b: Heard) -> bool:
    return {a.end, b.end} != {b"", b"closed"}


def _apart(a: Heard, b: Heard, rules: Tolerances) -> tuple[int, Reply, Reply] | None:
    """The first replies that differ, and their place; a reply and none where one of them is left out."""
    pairs = list(zip(a.replies, b.replies, strict=False))
    at = next((at for at, pair in enumerate(pairs) if not same(*pair, rules)), len(pairs))
    if at == len(pairs) and len(a.replies) == len(b.replies):
        return None
    if _left_out(a.replies[at:], b.replies[at:], rules):
        return at, Reply(Kind.NONE, b"no reply"), b.replies[at]
    if _left_out(b.replies[at:], a.replies[at:], rules):
        return at, a.replies[at], Reply(Kind.NONE, b"no reply")
    return at, _reply(a, at), _reply(b, at)


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
