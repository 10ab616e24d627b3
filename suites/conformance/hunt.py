"""Finds every difference between two engines: takes a program apart that shows some, names each, shrinks the new ones.

A difference that is known by its signature is counted and passed over: its line is taken out of the program and the
rest runs again, so that one difference hides no other. What a difference does to later replies is not a difference of
its own: before a new one is believed, all that differed before it is taken out, and the state that it started from is
compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from generators.command import Command, Program, command
from generators.shrink import PLAIN_KEYS, shrink
from suites.conformance.difference import Difference, name_difference, of_script, subject_of, with_tokens
from suites.conformance.probe import elsewhere, is_digest, left_behind, readings
from suites.conformance.steps import Step, steps
from suites.conformance.tolerance import Tolerances
from topologies.lockstep import Exchange, Lockstep, script
from topologies.reply import Kind, Reply

_LOOKS = 5  # how often a program is looked at again without the lines that differed
_TRIES = 4  # to see a difference without those before it, per signature
_REPLAYS = 3  # before a difference counts as reproducible
_PATIENCE = 9  # further replays of one that does not show every time
_HANG_ATTEMPTS = 40  # each costs a time-out


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A new difference with its shortest program."""

    difference: Difference
    program: Program
    protocol: int
    shown: int  # replays that showed it
    replays: int
    first_seen: Program  # as it was found, up to the line that differed
    writer: Command | None = None  # of a difference in state


@dataclass(slots=True)
class Hunt:
    """One worker's hunt in one area. `found` gets each discovery once; `counts` how often each was met."""

    locksteps: Mapping[int, Lockstep]
    rules: Tolerances
    keys: tuple[bytes, ...]
    found: Callable[[Discovery], None]
    counts: Counter[str] = field(default_factory=Counter)  # by final signature
    aliases: dict[str, str] = field(default_factory=dict)  # signature before shrinking: after
    gave_up: Counter[str] = field(default_factory=Counter)
    differing_lines: list[Command] = field(default_factory=list)
    shrinks: bool = True  # False: programs are reported as they were given

    def examine(self, program: Program, exchange: Exchange, protocol: int) -> None:
        """Everything that differs in one run of a program."""
        for _ in range(_LOOKS):
            exchange = self._certain(program, exchange, protocol)
            differences = self._differences(program, exchange)
            if exchange.misaligned:
                rest = self._examine_silence(program, protocol)
            elif not differences:
                rest = self._examine_state(program, exchange, protocol)
            else:
                self._note_all(program, differences, protocol)
                lines = {each.step.line for each in differences}
                self.differing_lines += [program[line] for line in lines]
                rest = tuple(each for line, each in enumerate(program) if line not in lines)
            if not rest:
                return
            program = rest
            again = self.locksteps[protocol].run(script(program))
            if again is None:
                return
            exchange = again

    def _certain(self, program: Program, exchange: Exchange, protocol: int) -> Exchange:
        """After an incident the same again, one command at a time: which command was it?"""
        if not exchange.incident:
            return exchange
        return self.locksteps[protocol].run_stepwise(program)

    def _differences(self, program: Program, exchange: Exchange) -> list[Difference]:
        if exchange.misaligned:
            return []
        return [
            name_difference(step)
            for step in steps(program, exchange)
            if not self.rules.same(step.asked, step.baseline, step.candidate)
        ]

    def _run(self, program: Program, protocol: int) -> tuple[list[Difference], Exchange | None]:
        exchange = self.locksteps[protocol].run(script(program))
        if exchange is None:
            return [], None
        exchange = self._certain(program, exchange, protocol)
        return self._differences(program, exchange), exchange

    # --- differences between replies ---

    def _note_all(self, program: Program, differences: list[Difference], protocol: int) -> None:
        before: set[int] = set()
        for each in differences:
            if not self._known(each):
                self._note(program, each, before, protocol)
            before.add(each.step.line)

    def _known(self, difference: Difference) -> bool:
        final = self.aliases.get(difference.signature) or self._simpler(difference)
        if final is None:
            return False
        self.counts[final] += 1
        return True

    def _simpler(self, difference: Difference) -> str | None:
        """A known difference of the same kind whose tokens all stand in this command, too."""
        for alias, final in self._finals.items():
            loose, tokens = alias
            if loose == difference.loose and tokens <= difference.tokens:
                self.aliases[difference.signature] = final
                return final
        return None

    _finals: dict[tuple[str, frozenset[str]], str] = field(default_factory=dict)

    def _note(self, program: Program, difference: Difference, before: set[int], protocol: int) -> None:
        if self.gave_up[difference.loose] >= _TRIES:
            return
        line = difference.step.line
        alone = tuple(each for at, each in enumerate(program[: line + 1]) if at not in before)
        if before and not self._shows(alone, difference.loose, protocol):
            self.gave_up[difference.loose] += 1
            return
        self._investigate(alone, difference, protocol)

    def _shows(self, program: Program, loose: str, protocol: int) -> bool:
        """Whether the first difference of this program is the one that is looked for."""
        differences, _ = self._run(program, protocol)
        return bool(differences) and differences[0].loose == loose

    def _investigate(self, program: Program, difference: Difference, protocol: int) -> None:
        def shows(candidate: Program) -> bool:
            return self._shows(candidate, difference.loose, protocol)

        shown, replays = _replayed(shows, program)
        if not shown:
            self._report(difference, program, protocol, 0, replays, program)
            return
        reliably = shows if shown == replays else _patient(shows)
        shortest = self._shrunk(
            program, reliably, most=_HANG_ATTEMPTS if difference.rule == "agreement.hang" else 600
        )
        if self._explained_by_state(shortest, difference, protocol):
            return
        least, shortest, protocol = self._plainest(shortest, difference, protocol)
        least = of_script(least)
        self.aliases[difference.signature] = least.signature
        self._report(least, shortest, protocol, shown, replays, program)

    def _shrunk(self, program: Program, shows: Callable[[Program], bool], *, most: int = 600) -> Program:
        return shrink(program, shows, most=most) if self.shrinks else program

    def _explained_by_state(self, program: Program, difference: Difference, protocol: int) -> bool:
        """Whether the engines held different data before the line that differs; then that is the finding."""
        before = program[:-1]
        if not before or difference.rule in ("agreement.hang", "agreement.crash", "agreement.closed"):
            return False
        differences, exchange = self._run(before, protocol)
        if differences or exchange is None:
            return False
        kind = self._state_kind(before, exchange)
        if kind is None:
            return False
        final = self._investigate_state(before, kind, protocol)
        if final is None:
            return False
        self.aliases[difference.signature] = final
        return True

    def _plainest(
        self, program: Program, difference: Difference, protocol: int
    ) -> tuple[Difference, Program, int]:
        """The difference as its shortest program shows it; in RESP2 where that shows it, too."""
        for each in (2, protocol) if protocol == 3 else (protocol,):
            for _ in range(_PATIENCE):
                differences, _exchange = self._run(program, each)
                if differences and (differences[0].rule, differences[0].subject) == (
                    difference.rule,
                    difference.subject,
                ):
                    return differences[0], program, each
                if each != protocol:
                    break
        return difference, program, protocol

    def _report(
        self, difference: Difference, program: Program, protocol: int, shown: int, replays: int, first: Program,
        writer: Command | None = None, alias: str | None = None,
    ) -> None:  # fmt: skip
        signature = difference.signature
        self.aliases[alias or signature] = signature
        self.aliases[signature] = signature
        self.counts[signature] += 1
        if signature in self._reported:
            return
        self._reported.add(signature)
        self._finals[difference.loose, difference.tokens] = signature
        self.found(
            Discovery(
                difference=difference, program=program, protocol=protocol, shown=shown, replays=replays,
                first_seen=first, writer=writer,
            )
        )  # fmt: skip

    _reported: set[str] = field(default_factory=set)

    # --- commands that got no reply ---

    def _examine_silence(self, program: Program, protocol: int) -> Program:
        """Finds the first line that a side left without a reply; what is left to look at is the rest."""
        end = _first_prefix(program, lambda prefix: self._missing(prefix, protocol) != (0, 0))
        missing = self._missing(program[:end], protocol)
        if missing[0] != missing[1]:
            difference = _silence(program[:end], missing)
            if not self._known(difference) and self.gave_up[difference.loose] < _TRIES:
                self._investigate_silence(program[:end], difference, protocol)
        return (*program[: end - 1], *program[end:])

    def _missing(self, program: Program, protocol: int) -> tuple[int, int]:
        exchange = self.locksteps[protocol].run(script(program))
        if exchange is None or exchange.incident:
            return 0, 0
        return exchange.baseline.missing, exchange.candidate.missing

    def _investigate_silence(self, program: Program, difference: Difference, protocol: int) -> None:
        def shows(candidate: Program) -> bool:
            missing = self._missing(candidate, protocol)
            return missing[0] != missing[1] and _silence(candidate, missing).loose == difference.loose

        shown, replays = _replayed(shows, program)
        if not shown:
            self.gave_up[difference.loose] += 1
            return
        shortest = self._shrunk(program, shows if shown == replays else _patient(shows))
        least = _silence(shortest, self._missing(shortest, protocol))
        self.aliases[difference.signature] = least.signature
        self._report(least, shortest, protocol, shown, replays, program)

    # --- differences between what programs leave behind ---

    def _examine_state(self, program: Program, exchange: Exchange, protocol: int) -> Program:
        """Looks at a program whose replies agree. What is left to look at: the program without a writer known to differ."""
        for step in self._left(program, exchange):
            if step.asked.name == "OBJECT":
                difference = name_difference(step)
                if not self._known(difference):
                    self._investigate((*program, step.asked), difference, protocol)
        kind = self._state_kind(program, exchange)
        if kind is None:
            return ()
        end = _first_prefix(program, lambda prefix: self._differs(prefix, kind, protocol))
        writer = program[end - 1]
        name = f"agreement.state | {with_tokens(writer)} | {kind}"
        if name in self.aliases:
            self.counts[self.aliases[name]] += 1
        elif self.gave_up[name] < _TRIES and self._investigate_state(program[:end], kind, protocol) is None:
            self.gave_up[name] += 1
        return (*program[: end - 1], *program[end:])

    def _left(self, program: Program, exchange: Exchange) -> Iterator[Step]:
        probe = self.locksteps[2].probe
        for step in left_behind(probe, exchange, len(program)):
            if not self.rules.same(step.asked, step.baseline, step.candidate):
                yield step

    def _state_kind(self, program: Program, exchange: Exchange) -> str | None:
        """ "content" where the digests differ, "ttl" where only a key's time to live does, else None."""
        kinds = {
            "content" if is_digest(step) else "ttl"
            for step in self._left(program, exchange)
            if step.asked.name != "OBJECT"
        }
        return min(kinds, default=None)

    def _differs(self, program: Program, kind: str, protocol: int) -> bool:
        differences, exchange = self._run(program, protocol)
        return not differences and exchange is not None and self._state_kind(program, exchange) == kind

    def _investigate_state(self, program: Program, kind: str, protocol: int) -> str | None:
        """Shrinks a difference in state and reports it. The signature, or None where no reading shows it."""

        def shows(candidate: Program) -> bool:
            return self._differs(candidate, kind, protocol)

        shown, replays = _replayed(shows, program)
        if not shown:
            return None
        end = _first_prefix(program, lambda prefix: self._differs(prefix, kind, protocol))
        reliably = shows if shown == replays else _patient(shows)
        shortest = self._shrunk(program[:end], reliably)
        if _leaves_open(shortest):
            shortest = (*shortest, command("DISCARD"))  # what is sent behind every program; here it matters
        writer = shortest[-1]
        alias = f"agreement.state | {with_tokens(program[end - 1])} | {kind}"
        readers = list(self._readings(shortest, kind, protocol))
        if not readers:
            self.rules.applied["digest"] += 1
            return None
        if len(readers) == 1 and readers[0][1].step.asked.name in ("TTL", "EXISTS", "TYPE") and kind == "ttl":
            lines, read = readers[
                0
            ]  # one command tells another time than its kin: it is that command that differs
            self._report(read, (*shortest, *lines), protocol, shown, replays, program, alias=alias)
            return read.signature
        lines, read = readers[0]
        step = Step(len(shortest) + len(lines) - 1, read.step.asked, read.step.baseline, read.step.candidate)
        tokens = with_tokens(writer)
        difference = Difference(
            step=step,
            rule="agreement.state",
            subject=subject_of(writer),
            signature=f"agreement.state | {tokens} | {kind}",
            loose=f"agreement.state | {subject_of(writer)} | {kind}",
            tokens=frozenset(tokens.split()),
        )
        self._report(difference, (*shortest, *lines), protocol, shown, replays, program, writer, alias)
        return difference.signature

    def _readings(self, program: Program, kind: str, protocol: int) -> Iterator[tuple[Program, Difference]]:
        """Lines that read the difference, with what they show; two at most."""
        shown = 0
        for reading in _first(kind, self._touched(program)):
            for lines in elsewhere(reading):
                differences, _ = self._run((*program, *lines), protocol)
                if differences:
                    shown += 1
                    yield lines, differences[0]
                    break
            if shown == 2:
                return

    def _touched(self, program: Program) -> tuple[bytes, ...]:
        """Keys of the vocabulary that the program names; all of them where it names none."""
        words = {arg for each in program for arg in each.args}
        return tuple(key for key in (*self.keys, *PLAIN_KEYS, b"one") if key in words) or self.keys


def _first_prefix(program: Program, shows: Callable[[Program], bool]) -> int:
    """The length of a prefix that shows it, while one line less does not. The whole program must show it."""
    low, high = 0, len(program)
    while high - low > 1:
        middle = (low + high) // 2
        if shows(program[:middle]):
            high = middle
        else:
            low = middle
    return high


def _silence(program: Program, missing: tuple[int, int]) -> Difference:
    """The last line of the program, which one side left without a reply."""
    silent, spoke = Reply(Kind.NONE, b"no reply"), Reply(Kind.NONE, b"a reply")
    replies = (silent, spoke) if missing[0] > missing[1] else (spoke, silent)
    return name_difference(Step(len(program) - 1, program[-1], *replies))


def _leaves_open(program: Program) -> bool:
    """Whether the program ends inside a transaction."""
    names = [each.name for each in program if each.name in ("MULTI", "EXEC", "DISCARD")]
    return bool(names) and names[-1] == "MULTI"


def _first(kind: str, keys: tuple[bytes, ...]) -> Iterator[Command]:
    if kind == "ttl":
        for key in keys:
            yield command("TTL", key)
            yield command("PTTL", key)
        return
    yield from readings(keys)


def _replayed(shows: Callable[[Program], bool], program: Program) -> tuple[int, int]:
    """How often the program showed it, in how many replays: few where it always does, more where it does not."""
    shown = sum(shows(program) for _ in range(_REPLAYS))
    if shown == _REPLAYS:
        return shown, _REPLAYS
    return shown + sum(shows(program) for _ in range(_PATIENCE)), _REPLAYS + _PATIENCE


def _patient(shows: Callable[[Program], bool]) -> Callable[[Program], bool]:
    """For what shows only now and then: several chances for each candidate."""
    return lambda program: any(shows(program) for _ in range(_PATIENCE))
