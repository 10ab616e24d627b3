"""What differs between two performances of a scene, each difference named.

| rule | the two engines |
|---|---|
| those of `suites.conformance.difference` | answer a line differently, at whatever line the answer came |
| agreement.waits | one answers a line (by then), and one lets it wait |
| agreement.push | tell connections something that they did not ask for just then, and not the same |
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from suites.conformance.difference import Difference, name_difference, subject_of
from suites.conformance.steps import Step, steps
from topologies.lockstep import Exchange, Transcript
from topologies.messages import MONITORED
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.command import Program
    from suites.conformance.tolerance import Tolerances
    from topologies.stage import Frame, Performance

WAITS = Reply(Kind.NONE, b"waits")
PUSH = "agreement.push"
_EVENT = re.compile(rb"__key(event|space)@\d+__:")


class Seen(NamedTuple):
    """A difference, and the line behind which it was seen; `len(program)` is the time behind the last line."""

    difference: Difference
    line: int


def differences(
    program: Program, baseline: Performance, candidate: Performance, rules: Tolerances
) -> list[Seen]:
    """All of them, in the order in which they were seen."""
    baseline, candidate = _in_one_order(program, baseline, candidate, rules)
    seen = [*_answers(program, baseline, candidate, rules), *_pushes(program, baseline, candidate, rules)]
    return sorted(seen, key=lambda each: each.line)


_LEAVES_ALL = ("UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE")


def _in_one_order(
    program: Program, baseline: Performance, candidate: Performance, rules: Tolerances
) -> tuple[Performance, Performance]:
    """Whoever leaves all channels is told of each, in the order of a hash table: no two servers have the same."""
    heard: tuple[list[tuple[Frame, ...]], list[tuple[Frame, ...]]] = ([], [])
    for line, both in enumerate(zip(baseline.heard, candidate.heard, strict=True)):
        before, after = both
        asked = program[line] if line < len(program) else None
        if asked and asked.name in _LEAVES_ALL and len(asked.args) == 1 and before != after:
            before, after = (_by_channel(side, asked.connection) for side in both)
            rules.applied["unordered"] += before == after
        heard[0].append(before)
        heard[1].append(after)
    return baseline._replace(heard=tuple(heard[0])), candidate._replace(heard=tuple(heard[1]))


def _by_channel(frames: tuple[Frame, ...], connection: int) -> tuple[Frame, ...]:
    """The frames with the names of the channels in one order: how many are left, says each for itself."""
    channels = iter(sorted((_channel(each) for each in frames if _leaves(each, connection)), key=repr))
    return tuple(_on(each, next(channels)) if _leaves(each, connection) else each for each in frames)


def _leaves(frame: Frame, connection: int) -> bool:
    """Whether it says which channel this connection left, and how many are left."""
    value = frame.reply.value
    return frame.connection == connection and isinstance(value, tuple) and len(value) == 3


def _channel(frame: Frame) -> Reply:
    return _parts(frame)[1]


def _on(frame: Frame, channel: Reply) -> Frame:
    kind, _, left = _parts(frame)
    return frame._replace(reply=Reply(frame.reply.kind, (kind, channel, left)))


def _parts(frame: Frame) -> tuple[Reply, ...]:
    value = frame.reply.value
    assert isinstance(value, tuple), "a message has parts"
    return value


class _Answer(NamedTuple):
    line: int  # behind which it came
    reply: Reply


def _answers_of(performance: Performance) -> dict[int, _Answer]:
    return {
        frame.answers: _Answer(line, frame.reply)
        for line, frames in enumerate(performance.heard)
        for frame in frames
        if frame.answers is not None
    }


def _answers(
    program: Program, baseline: Performance, candidate: Performance, rules: Tolerances
) -> Iterator[Seen]:
    """What is answered differently, connection by connection, so that what EXEC says is taken apart."""
    first, second = _answers_of(baseline), _answers_of(candidate)
    never = _Answer(len(program) + 1, WAITS)
    for connection in dict.fromkeys(each.connection for each in program):
        lines = [line for line, each in enumerate(program) if each.connection == connection]
        pairs = [_by_time(first.get(line, never), second.get(line, never)) for line in lines]
        before, after = (
            tuple(replies) for replies in ([one for _, one, _ in pairs], [two for _, _, two in pairs])
        )
        exchange = Exchange(Transcript(before, ()), Transcript(after, ()))
        for step in steps(tuple(program[line] for line in lines), exchange):
            if step.asked.full_name in _SAYS_IDS and _without_ids(step.baseline) == _without_ids(
                step.candidate
            ):
                rules.applied["identity"] += step.baseline != step.candidate
            elif not rules.same(step.asked, step.baseline, step.candidate):
                placed = step._replace(line=lines[step.line])
                yield Seen(name_difference(placed), min(pairs[step.line][0], len(program)))


_SAYS_IDS = ("CLIENT GETREDIR", "CLIENT TRACKINGINFO", "CLIENT ID")


def _without_ids(reply: Reply) -> Reply:
    """With one id for all clients: each engine counts its own. 0 and -1 mean that there is none."""
    if isinstance(reply.value, tuple):
        return Reply(reply.kind, tuple(map(_without_ids, reply.value)))
    is_id = reply.kind is Kind.INTEGER and isinstance(reply.value, int) and reply.value > 0
    return Reply(reply.kind, 1) if is_id else reply


def _by_time(first: _Answer, second: _Answer) -> tuple[int, Reply, Reply]:
    """When it shows, and what each had said by then: one that comes later has not come yet."""
    line = min(first.line, second.line)
    before, after = (each.reply if each.line == line else WAITS for each in (first, second))
    return line, before, after


def _pushes(
    program: Program, baseline: Performance, candidate: Performance, rules: Tolerances
) -> Iterator[Seen]:
    for line, (before, after) in enumerate(zip(baseline.heard, candidate.heard, strict=True)):
        for connection in sorted({each.connection for each in (*before, *after)}):
            told = [
                [
                    _masked(each.reply)
                    for each in side
                    if each.connection == connection and each.answers is None
                ]
                for side in (before, after)
            ]
            if told[0] != told[1] and _by_pattern(told[0]) == _by_pattern(told[1]):
                rules.applied["unordered"] += 1
            elif told[0] != told[1]:
                yield Seen(_of_pushes(program, line, *told), line)


def _by_pattern(told: list[Reply]) -> list[Reply]:
    """With the messages by pattern in one order: an engine looks its patterns up in a hash table."""
    patterns = iter(sorted((each for each in told if _label(each) == "pmessage"), key=repr))
    return [next(patterns) if _label(each) == "pmessage" else each for each in told]


def _masked(reply: Reply) -> Reply:
    """Without what no two servers share: the clock, a client's port, and its id."""
    if _label(reply) == "tracking-redir-broken":
        return _without_ids(reply)
    if reply.kind is Kind.SIMPLE and isinstance(reply.value, bytes):
        return Reply(reply.kind, MONITORED.sub(rb"TIME [\1 CLIENT]", reply.value))
    return reply


def _of_pushes(program: Program, line: int, before: list[Reply], after: list[Reply]) -> Difference:
    asked = program[min(line, len(program) - 1)]
    labels = [Counter(map(_label, side)) for side in (before, after)]
    missing, extra = labels[0] - labels[1], labels[1] - labels[0]
    if missing or extra:
        rule, what = PUSH, f"{_listed(missing)} | {_listed(extra)}"
    elif sorted(map(repr, before)) == sorted(map(repr, after)):
        rule, what = "agreement.order", "pushes"
    else:
        changed = next(one for one, other in zip(before, after, strict=True) if one != other)
        rule, what = PUSH, f"other content of {_label(changed)}"
    if _closes(missing) or _closes(extra):
        rule = "agreement.closed"
    name = f"{rule} | {subject_of(asked)} | {what}"
    step = Step(min(line, len(program) - 1), asked, _list(before), _list(after))
    return Difference(step=step, rule=rule, subject=subject_of(asked), signature=name, loose=name)


def _list(replies: list[Reply]) -> Reply:
    return Reply(Kind.ARRAY, tuple(replies))


def _closes(labels: Counter[str]) -> bool:
    return any(each in ("closed", "died") for each in labels)


def _listed(labels: Counter[str]) -> str:
    return ", ".join(sorted(labels)) or "nothing"


def _label(reply: Reply) -> str:
    """What kind of message it is: `pmessage keyevent hset`, `invalidate`, `closed`."""
    if reply.kind is Kind.NONE and isinstance(reply.value, bytes):
        return _text(reply.value.split(b":")[0])
    if reply.kind is Kind.SIMPLE:
        return "monitor"
    words: list[object] = [each.value for each in reply.value] if isinstance(reply.value, tuple) else []
    if not words or not isinstance(words[0], bytes):
        return str(reply.kind.value)
    name = _text(words[0])
    if name == "invalidate" and words[-1] is None:
        return "invalidate all"
    channel, payload = words[-2:] if len(words) > 2 else (b"", b"")
    event = _EVENT.match(channel) if isinstance(channel, bytes) and isinstance(payload, bytes) else None
    if event is None:
        return name
    said = _text(channel).split(":", 1)[1] if event[1] == b"event" else _text(payload)
    return f"{name} key{_text(event[1])} {said}"


def _text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else ""
