"""CONFIG SET of every parameter that both engines know, to values that its kind suggests: what is taken, what is
refused and why, and what CONFIG GET says then. Each value is taken back at once.

The values are the same for both and for every seed: a few for all parameters, then the bounds and words that the
refusals of either engine name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from generators.command import command
from suites.identity.contrast import Contrast
from suites.identity.fact import is_error, pairs, text_of
from suites.identity.parameters import is_old_name, values
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from suites.identity.interview import Interview

# Parameters that are not tried, and why: the report shows it.
NOT_TRIED = {
    "port|bind|bind-source-addr|tls-.*|unixsocket.*|protected-mode|socket-mark-id|rdma-.*": "nobody could come in",
    "requirepass|masterauth|masteruser|primaryauth|primaryuser|aclfile": "they decide who may come in",
    "dir|dbfilename|logfile|pidfile|append.*": "they decide where files go, or begin to write some",
    "maxclients|oom-score-adj.*|disable-thp|.*cpulist": "what is taken depends on the machine",
    "activedefrag|jemalloc-bg-thread": "what is taken depends on how the engine was built",
    "io-threads|watchdog-period": "they start threads and timers",
    "maxmemory-clients": "a small value ends the connection that sets it",
}
# Of those, the ones that are set to what they are already: it shows whether they can be set at all.
_SET_AS_THEY_ARE = frozenset(("io-threads", "maxclients", "activedefrag", "oom-score-adj", "disable-thp"))
_VALUES = (
    "", "rekey", "yes", "no", "YES", "-1", "0", "1", "2", "100", "1.5", "50%", "101%", "1kb", "1Gb", " 1", "0x10",
    "9223372036854775807", "9223372036854775808",
)  # fmt: skip
_BY_NAME = {
    "save": ("1 1", "1 1 2", "a 1"),
    "notify-keyspace-events": ("KEA", "AKE", "Kn", "x", "nKEA"),
    "client-output-buffer-limit": (
        "normal 100mb 50mb 60",
        "replica 1gb 1gb 1",
        "nosuch 1 1 1",
        "normal 1gb 1gb",
    ),
    "latency-tracking-info-percentiles": ("50 99", "101", "a", "50.0 99.90"),
    "oom-score-adj-values": ("0 0 0", "1 2"),
}
_WORDS = re.compile(r"one of the following: (?P<words>[\w, -]+)")
_BOUNDS = re.compile(r"between (?P<least>-?\d+) and (?P<most>-?\d+) inclusive")
_READ_ONLY = re.compile(r"immutable|Unsupported CONFIG parameter|protected config")
_REFUSES = re.compile(
    r"(?P<how>ERR CONFIG SET failed|ERR Invalid argument|ERR Unsupported CONFIG parameter)"
    r"(?: \(possibly related to argument '[^']*'\)|.*? for CONFIG SET '[^']*'|: \S+)?(?: - )?(?P<why>.*)",
    re.DOTALL,
)
_LISTS = re.compile(r"(?<=of the following: ).*", re.DOTALL)
_MANY = 2  # parameters that refuse in other words in the same way: then it is CONFIG SET's difference


_NOTHING = Reply(Kind.NONE, b"")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one value came to: `reads` where it was taken, `reason` where it was refused."""

    taken: bool
    reads: str = ""
    reason: str = ""
    said: Reply = field(default=_NOTHING)

    @property
    def read_only(self) -> bool:
        return not self.taken and _READ_ONLY.search(self.reason) is not None


Outcomes = dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Trial:
    """One parameter, tried on both."""

    name: str
    baseline: Outcomes
    candidate: Outcomes


def tried(baseline: Interview, candidate: Interview) -> Iterator[Trial]:
    """Every parameter that both know, and that can be tried."""
    known = values(baseline), values(candidate)
    engines = tuple(zip((baseline, candidate), known, strict=True))
    for name in sorted(known[0].keys() & known[1].keys()):
        if any(is_old_name(name, each) for each in known):
            continue
        own = dict.fromkeys((known[0][name], known[1][name]))
        if why_not_tried(name):
            if name in _SET_AS_THEY_ARE and len(own) == 1:
                yield Trial(name, *(_try(each, name, said[name], own) for each, said in engines))
            continue
        first = own | dict.fromkeys((*_VALUES, *_BY_NAME.get(name, ())))
        sides = [_try(each, name, said[name], first) for each, said in engines]
        more = [value for value in _suggested(sides) if value not in first]
        if more:
            for (engine, said), outcomes in zip(engines, sides, strict=True):
                outcomes.update(_try(engine, name, said[name], more))
        yield Trial(name, *sides)


def why_not_tried(name: str) -> str | None:
    return next((why for pattern, why in NOT_TRIED.items() if re.fullmatch(pattern, name)), None)


def _try(engine: Interview, name: str, own: str, given: Iterable[str]) -> Outcomes:
    """Sets each value, reads it, and takes it back."""
    asked = list(given)
    steps = [
        step
        for value in asked
        for step in (
            command("CONFIG", "SET", name, value),
            command("CONFIG", "GET", name),
            command("CONFIG", "SET", name, own),
        )
    ]
    replies = engine.all(steps)
    outcomes = {
        value: _outcome(replies[at], replies[at + 1])
        for value, at in zip(asked, range(0, len(replies), 3), strict=True)
    }
    again = engine.all([command("CONFIG", "GET", name)])[0]
    if _read(again) != own:  # it could not be taken back, or the connection ended
        engine.start_again()
    return outcomes


def _outcome(said: Reply, read: Reply) -> Outcome:
    if is_error(said):
        return Outcome(taken=False, reason=text_of(said), said=said)
    return Outcome(taken=True, reads=_read(read), said=said)


def _read(reply: Reply) -> str:
    return " ".join(text_of(value) for _, value in pairs(reply))


def _suggested(sides: Sequence[Outcomes]) -> list[str]:
    """Words and bounds that either engine names in a refusal, and what lies just beyond the bounds."""
    more: dict[str, None] = {}
    for outcome in (each for outcomes in sides for each in outcomes.values()):
        if words := _WORDS.search(outcome.reason):
            more |= dict.fromkeys(word.strip() for word in words["words"].split(","))
        if bounds := _BOUNDS.search(outcome.reason):
            least, most = int(bounds["least"]), int(bounds["most"])
            more |= dict.fromkeys(map(str, (least, least - 1, most, most + 1)))
    return list(more)


def contrasts_of(trials: Iterable[Trial]) -> Iterator[Contrast]:
    """What differs: whether a parameter can be set, which values, what is read then; or the words of refusals."""
    refusals: dict[tuple[str, str], list[Contrast]] = {}
    for trial in trials:
        found = list(_of_settings(trial))
        yield from found
        for each in _of_refusals(trial) if not found else ():
            refusals.setdefault((each.rule, each.what), []).append(each)
    for alike in refusals.values():
        yield _one_for_all(alike)


def _one_for_all(alike: list[Contrast]) -> Contrast:
    """Parameters that refuse in other words in the same way are one difference, of CONFIG SET."""
    names = tuple(dict.fromkeys(each.subject for each in alike))
    if len(names) < _MANY:
        return alike[0]
    return replace(alike[0], subject="CONFIG SET", where=names)


def _of_settings(trial: Trial) -> Iterator[Contrast]:
    sides = (trial.baseline, trial.candidate)
    read_only = [all(outcome.read_only for outcome in each.values()) for each in sides]
    if read_only[0] != read_only[1]:
        value = next(iter(sides[0]))
        yield _contrast("config.read-only", trial, value, [each[value].said for each in sides])
    if any(read_only):
        return
    both = [value for value in sides[0] if value in sides[1]]
    unlike = [value for value in both if sides[0][value].taken != sides[1][value].taken]
    if unlike:
        taken = [[value for value in unlike if each[value].taken] for each in sides]
        yield _contrast("config.values", trial, unlike[0], list(map(_listed, taken)))
    other = [value for value in both if _reads_otherwise(sides[0][value], sides[1][value])]
    if other:
        read = [[f"{value} reads {each[value].reads}" for value in other] for each in sides]
        yield _contrast("config.reads", trial, other[0], list(map(_listed, read)))


def _reads_otherwise(one: Outcome, other: Outcome) -> bool:
    return one.taken and other.taken and one.reads != other.reads


def _of_refusals(trial: Trial) -> Iterator[Contrast]:
    """Other words for the same refusal."""
    for value, outcome in trial.baseline.items():
        other = trial.candidate.get(value)
        if other is None or outcome.taken or other.taken:
            continue
        said = [_said(each.reason, trial.name, value) for each in (outcome, other)]
        for before, after in zip(*said, strict=True):
            if before != after:
                what = f"{before} | {after}"
                yield _contrast("config.refusal", trial, value, (outcome.said, other.said), what)


def _said(text: str, name: str, value: str) -> tuple[str, str]:
    """How it says that it refuses, and why: without the value, the name, numbers and lists, which differ with these."""
    found = _REFUSES.fullmatch(text)
    how, why = (found["how"], found["why"]) if found else ("", text)
    if _READ_ONLY.search(text):
        return how, "it can't be set"
    for word in (value, name):
        why = why.replace(f"'{word}'", "'_'") if word else why
    return how, _LISTS.sub("_", re.sub(r"-?\d+", "N", why))


def _contrast(rule: str, trial: Trial, value: str, said: Sequence[Reply], what: str = "") -> Contrast:
    line = str(command("CONFIG", "SET", trial.name, value))
    baseline, candidate = said
    return Contrast(rule, trial.name, line, baseline, candidate, what=what)


def _listed(texts: Iterable[str]) -> Reply:
    return Reply(Kind.ARRAY, tuple(Reply(Kind.BULK, each.encode()) for each in texts))
