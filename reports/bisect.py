"""Since which version an engine behaves how: a finding's program on every engine that can be had, grouped by answer.

An engine that dies, hangs or closes the connection has answered, too. Versions are compared within a product only.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from reports.replies import elements, masked, one_line, printable
from reports.reproducer import NotReproducible
from reports.solo import NotPlayedError, Played, Players
from reports.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reports.finding import WireReply
    from reports.reproducer import Reproducer
    from reports.solo import Way

PARALLEL = 2
_WIDTH = 100  # characters of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one engine did at the line that differs. `line` is an earlier one where it got no further."""

    engine: str
    product: str
    version: tuple[int, ...]
    package: str
    reply: WireReply
    line: int
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way to answer, with who answers so. `name` is a letter."""

    name: str
    text: str
    of: str  # "as Redis 7.2.4 in the run", where it is one of the two
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Versions of one product that stand next to each other, as far as they were asked, and answer alike."""

    product: str
    behaviour: str
    versions: tuple[str, ...]
    first: bool  # of its product
    last: bool

    @property
    def text(self) -> str:
        """As people say it: "up to 7.2.4", "since 7.4.1", "7.0.15 to 7.2.4", "all asked"."""
        if self.first and self.last:
            return "all that were asked"
        if self.first:
            return f"up to {self.versions[-1]}"
        if self.last:
            return f"since {self.versions[0]}"
        return " to ".join(dict.fromkeys((self.versions[0], self.versions[-1])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """Everything that was seen."""

    behaviours: tuple[Behaviour, ...]
    stretches: tuple[Stretch, ...]
    not_asked: tuple[tuple[str, str], ...]  # engine, why


def bisect(
    of: Reproducer,
    specs: Sequence[str],
    way: Way,
    *,
    not_asked: dict[str, str] | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Bisection:
    """Plays the program on each engine, two at a time.

    Raises:
        NotReproducible: what differs is no reply to a line.

    """
    if of.told:
        raise NotReproducible(
            f"{of.finding.id} is about what connections are told without asking: "
            "only two engines side by side show it; try reports reproduce"
        )
    answers: list[Answer] = []
    missing = dict(not_asked or {})
    # Ctrl-C leaves the inner block first: what plays is ended, and what has not begun does not begin.
    with ThreadPoolExecutor(PARALLEL) as pool, Players() as players:
        jobs = {spec: pool.submit(players.play, of, spec, way) for spec in specs}
        for spec, job in jobs.items():
            try:
                answers.append(answer_of(of, job.result()))
            except NotPlayedError as error:
                missing[spec] = str(error)
            told(spec)
    return grouped(of, answers, missing)


def answer_of(of: Reproducer, played: Played) -> Answer:
    """What counts of what an engine did: the reply to the line that differs, or how it ended before."""
    product, _, version = played.engine.partition(":")
    at = min(of.finding.step, len(played.heard) - 1)
    return Answer(
        engine=played.engine,
        product=product,
        version=tuple(int(part) for part in re.findall(r"\d+", version)),
        package=played.package,
        reply=played.heard[at].reply,
        line=at,
        log=played.log,
    )


def grouped(of: Reproducer, answers: Sequence[Answer], not_asked: dict[str, str]) -> Bisection:
    """Who behaves alike. Pure. The baseline's behaviour is the first, the candidate's the second."""
    order = of.finding.rule == "agreement.order"
    by_text: dict[str, list[Answer]] = {}
    for side in (of.finding.baseline, of.finding.candidate):
        by_text.setdefault(_key(side, order=order), [])
    for answer in sorted(answers, key=lambda each: (each.product, each.version)):
        by_text.setdefault(_key_of(of, answer, order=order), []).append(answer)
    found = [(key, group) for key, group in by_text.items() if group]
    behaviours = tuple(
        Behaviour(
            name=_letter(number),
            text=_text(group[0], of),
            of=_whose(of, key, order=order),
            answers=tuple(group),
        )
        for number, (key, group) in enumerate(found)
    )
    names = {answer.engine: each.name for each in behaviours for answer in each.answers}
    return Bisection(
        behaviours=behaviours,
        stretches=tuple(_stretches(answers, names)),
        not_asked=tuple(sorted(not_asked.items())),
    )


def _stretches(answers: Sequence[Answer], names: dict[str, str]) -> Iterator[Stretch]:
    for product in sorted({answer.product for answer in answers}):
        own = sorted((each for each in answers if each.product == product), key=lambda each: each.version)
        runs: list[list[Answer]] = []
        for answer in own:
            if runs and names[runs[-1][-1].engine] == names[answer.engine]:
                runs[-1].append(answer)
            else:
                runs.append([answer])
        for number, run in enumerate(runs):
            yield Stretch(
                product=product,
                behaviour=names[run[0].engine],
                versions=tuple(answer.engine.partition(":")[2] for answer in run),
                first=number == 0,
                last=number == len(runs) - 1,
            )


_SCRIPT_PLACE = re.compile(r" script: .*on @?\w+(:\d+)?\.$", re.DOTALL)


_SILENT = ("no reply", "waits")  # as a hang, where one engine is asked alone


def _key(reply: WireReply, *, order: bool) -> str:
    """Equal for replies that say the same: without ids and times, and where order means nothing, without it."""
    if reply.type == "none":
        value = str(reply.value).split(":")[0]
        return f"none {'timeout' if value in _SILENT else value}"
    if reply.type == "error":
        return f"error {_SCRIPT_PLACE.sub('', masked(reply))}"
    parts = elements(reply)
    if parts and not order:
        keys = [_key(part, order=order) for part in parts]
        pairs = list(zip(keys[::2], keys[1::2], strict=False)) if reply.type == "map" else keys
        return f"{reply.type} {sorted(pairs)}"
    return f"{reply.type} {reply.wire} {masked(reply)}"


def _key_of(of: Reproducer, answer: Answer, *, order: bool) -> str:
    """The same of an answer. Where the run kept one element of what EXEC answered, or only that there was a reply, an
    answer that fits counts as that.
    """
    key = _key(answer.reply, order=order)
    if answer.line < of.finding.step:
        return f"line {answer.line} {key}"
    for side in (of.finding.baseline, of.finding.candidate):
        own = _key(side, order=order)
        if side.value == "a reply" and side.type == "none" and answer.reply.type != "none":
            return own
        if of.lines[answer.line].name == "EXEC" and own in [
            _key(part, order=order) for part in elements(answer.reply)
        ]:
            return own
    return key


def _whose(of: Reproducer, key: str, *, order: bool) -> str:
    sides = ((of.finding.baseline, of.baseline), (of.finding.candidate, of.candidate))
    own = [name for reply, name in sides if _key(reply, order=order) == key]
    return f"as {' and '.join(own)} in the run" if own else ""


def _text(answer: Answer, of: Reproducer) -> str:
    reply = answer.reply
    said = (
        _NONE.get(str(reply.value).split(":")[0], one_line(reply))
        if reply.type == "none"
        else one_line(reply)
    )
    shown = printable(said)
    shown = shown if len(shown) <= _WIDTH else shown[: _WIDTH - 1] + "…"
    if answer.line < of.finding.step:
        return f"{shown} at line {answer.line + 1}, {of.lines[answer.line].text[:60]}"
    return shown


_NONE = {
    "died": "the server ends",
    "closed": "the server closes the connection",
    "timeout": "no reply in time: it hangs",
    "no reply": "no reply, although later commands are answered",
    "garbled": "what is no RESP",
}


_FRAME = re.compile(r"\((\w+)\+0x[0-9a-f]+\)")
_FRAMES = 4


def stack(log: str) -> tuple[str, ...]:
    """The functions that a server died in, from its log: below `call`, which carries a command out, outermost first."""
    names = _FRAME.findall(log)
    below = names[: names.index("call")] if "call" in names else names
    return tuple(reversed(below[-_FRAMES:]))


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else f"A{number}"


def as_text(of: Reproducer, found: Bisection) -> str:
    """For people, in 80 columns where answers are short."""
    return "\n".join(_lines(of, found))


def _lines(of: Reproducer, found: Bisection) -> Iterator[str]:
    finding = of.finding
    yield f"{finding.id}  {printable(of.title)} (RESP{finding.protocol})"
    yield from (
        f"  {'▸' if at == finding.step else ' '} {printable(line)}" for at, line in enumerate(finding.program)
    )
    yield ""
    for each in found.behaviours:
        yield f"{each.name}  {each.text}"
        yield f"   {counted(len(each.answers), 'engine')}{', ' + each.of if each.of else ''}"
        if frames := stack(each.answers[0].log):
            yield f"   in {' > '.join(frames)}"
    yield ""
    product = ""
    for stretch in found.stretches:
        name = stretch.product if stretch.product != product else ""
        product = stretch.product
        yield f"{name:<8} {stretch.behaviour}  {stretch.text:<20} {', '.join(stretch.versions)}"
    if found.not_asked:
        yield ""
    for why, engines in _by_reason(found.not_asked).items():
        yield f"Not asked: {', '.join(engines)}: {why}"


def _by_reason(not_asked: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for engine, why in not_asked:
        reasons.setdefault(why.splitlines()[0] if why else "no reason told", []).append(engine)
    return reasons


def as_json(of: Reproducer, found: Bisection) -> str:
    """For programs."""
    letters = {answer.engine: each.name for each in found.behaviours for answer in each.answers}
    told = {
        "id": of.finding.id,
        "signature": of.finding.signature,
        "protocol": of.finding.protocol,
        "program": of.finding.program,
        "step": of.finding.step,
        "behaviours": {each.name: {"text": each.text, "of": each.of} for each in found.behaviours},
        "engines": [
            {
                "engine": answer.engine,
                "package": answer.package,
                "behaviour": letters[answer.engine],
                "line": answer.line,
                "reply": answer.reply,
                "log": answer.log,
            }
            for each in found.behaviours
            for answer in each.answers
        ],
        "stretches": [
            {
                "product": each.product,
                "behaviour": each.behaviour,
                "versions": each.versions,
                "text": each.text,
            }
            for each in found.stretches
        ],
        "not_asked": [{"engine": engine, "why": why} for engine, why in found.not_asked],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1).decode()
