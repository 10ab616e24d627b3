"""One area's campaign: the corpus and what every run sends first, then batches of programs, until the budget of
compared commands is spent.

Each batch has a new table. Protocol, length and table change from batch to batch in a fixed order that only the seed
decides, so that one seed gives the same programs. The clock can end a campaign early; it never changes what comes next.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from generators.command import command
from generators.corpus import corpus
from generators.programs import Batch, Drawn, draw_programs
from generators.scripts import deadly_scripts, scripts
from generators.table import Row, build_table
from generators.whole import whole_programs
from suites import interrupt
from suites.conformance.canary import Canary, PoisonedError
from suites.conformance.discovery import Discovery, Replays
from suites.conformance.examples import Examples
from suites.conformance.hunt import Hunt
from suites.conformance.probe import keys_in, probe
from suites.conformance.runs import Runs
from suites.conformance.tolerance import hands_nothing_on
from topologies.lockstep import Exchange, Lockstep, Script, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from generators.command import Command, Program
    from generators.vocabulary import Area
    from suites.conformance.tolerance import Tolerances

BATCH_COMMANDS = 10_000
BULK_FROM = 10  # batches: each table has brought every form by then, and what differs often is known
BULK_COMMANDS = 40_000
SCRIPTED = "scripting"  # the area in which the grammar of scripts is played out
LENGTHS = (100, 200, 50, 400, 25)  # lines a program, batch after batch
BULK_LENGTHS = (400, 200, 800)  # in bulk, where what goes before and after a program would cost more than it
_DAMP_FROM = 8  # lines of a form that differed before it is drawn less
_LEAST = 0.1  # of its weight that a form keeps
_ALWAYS = 0.8  # of a form's lines differ: a command that one side does not know, mostly
_LEAST_OF_ALWAYS = 0.02
_DEADLY_S = 2.0  # for an answer to what may end a server: its log has its last words by then
_COLLECT_AFTER = 100_000  # more objects made than freed
_DEATHS = (
    2  # each costs seconds: a form that ends servers is left out of the rest of its batch, then drawn less
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When a campaign ends: after so many compared commands, or (early, and said so) after so many seconds."""

    commands: int
    seconds: float

    def of(self, share: float) -> Budget:
        """A part of it."""
        return Budget(commands=int(self.commands * share), seconds=self.seconds * share)


@dataclass(slots=True)
class Outcome:
    """What one campaign did."""

    area: str
    compared: int = 0
    programs: int = 0
    seconds: float = 0.0
    sent: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)  # findings' signatures
    examples: Examples = field(default_factory=Examples)
    ended_early: bool = False

    digest: hashlib._Hash = field(default_factory=hashlib.sha256)  # of the programs: equal for equal seeds

    def count(self, program: Script) -> None:
        """One more program."""
        self.programs += 1
        self.compared += program.size
        self.digest.update(program.wire)


@dataclass(slots=True)
class Campaign:
    """Hunts one area of a pair. `told` is called after each batch with what it added."""

    area: Area
    seed: int
    locksteps: Mapping[int, Lockstep]
    rules: Tolerances
    digest: Command
    found: Callable[[Discovery], None]
    told: Callable[[Outcome], None] = lambda _: None
    hands_on: bool = True  # whether scripts may hand on commands of any kind
    enough: Callable[[], bool] = lambda: False  # asked before each program: ends the campaign
    _last: Callable[[], Program] = tuple  # what ran before
    _canary: Canary = field(init=False)
    _poisoned: int = 0  # how often servers were broken for all programs

    def __post_init__(self) -> None:
        self._canary = Canary(self.locksteps)

    def run(self, budget: Budget) -> Outcome:
        """Spends the budget."""
        outcome = Outcome(self.area.name)
        started = time.monotonic()
        damped: dict[str, float] = {}
        hunt = Hunt(locksteps=self.locksteps, rules=self.rules, keys=(), found=self._believe)
        self._play_corpus(hunt, outcome)
        if self.area.name == SCRIPTED:
            self._play_scripts(hunt, outcome)
        drawing = time.monotonic()  # what every run sends takes nothing from what is drawn
        number = 0
        while outcome.compared < budget.commands and not self.enough():
            before = outcome.compared
            self._batch(number, hunt, outcome, damped)
            number += 1
            outcome.seconds = time.monotonic() - started
            outcome.counts, outcome.examples = hunt.known.counts, hunt.examples
            self.told(outcome)
            if time.monotonic() - drawing > budget.seconds and outcome.compared < budget.commands:
                outcome.ended_early = True
                break
            assert outcome.compared > before or self.enough(), "a batch that compares nothing would never end"
        return outcome

    def play(
        self,
        programs: Iterable[tuple[Program, int]],
        keys: tuple[bytes, ...],
        seconds: float,
        ran: Callable[[Program, Lockstep], None] = lambda *_: None,
    ) -> Outcome:
        """Plays these programs, each in the protocol beside it, and nothing else; `keys` are what they are about.

        `ran` is called after each, before its differences are looked into.
        """
        outcome = Outcome(self.area.name)
        started = time.monotonic()
        hunt = Hunt(locksteps=self.locksteps, rules=self.rules, keys=keys, found=self._believe)
        for lockstep in self.locksteps.values():
            lockstep.arrange(reset=self.area.reset, probe=probe(keys, self.digest))
        for program, protocol in programs:
            interrupt.raise_again()
            if self.enough():
                break
            if time.monotonic() - started > seconds:
                outcome.ended_early = True
                break
            self._play(hunt, outcome, program, protocol, ran)
        outcome.seconds = time.monotonic() - started
        outcome.counts, outcome.examples = hunt.known.counts, hunt.examples
        self.told(outcome)
        return outcome

    def _play_corpus(self, hunt: Hunt, outcome: Outcome) -> None:
        """What once differed between some two engines, and what every run sends, in both protocols."""
        for program in (*corpus(self.area.name), *whole_programs(self.area.name)):
            if self.hands_on or hands_nothing_on(program):
                self._play_in(self.locksteps, program, hunt, outcome)

    def _play_scripts(self, hunt: Hunt, outcome: Outcome) -> None:
        """Every script of the grammar, in both protocols; those that end servers once."""
        for program in scripts(rewritten=self.hands_on):
            self._play_in(self.locksteps, program, hunt, outcome)
        for program in deadly_scripts():
            if not self.enough():
                self._play_deadly(program, hunt, outcome)

    def _play_deadly(self, program: Program, hunt: Hunt, outcome: Outcome) -> None:
        """One line that ends some server, as it stands: a death costs seconds, and there is nothing to shrink."""
        runs = Runs(self.locksteps, self.rules, 2, shrinks=False)
        outcome.count(script(program))
        outcome.sent.update(each.full_name for each in program)
        seen = self._died(program, runs)
        if seen is None:
            self._play_in(self.locksteps, program, hunt, outcome)
            return
        for found in runs.differences(program, seen):
            if not hunt.known.met(found):
                again = runs.differences(program, self._died(program, runs))
                shown = found.loose in [each.loose for each in again]
                discovery = Discovery(
                    difference=found,
                    program=program,
                    protocol=runs.protocol,
                    replays=Replays(shown=int(shown), of=1),
                    first_seen=program,
                )
                hunt.known.report(discovery, as_found=found.signature)

    def _died(self, program: Program, runs: Runs) -> Exchange | None:
        """The exchange, where a server ended: it gets time to write its last words, so that it is none that hangs."""
        lockstep = self.locksteps[runs.protocol]
        lockstep.arrange(reset=self.area.reset, probe=())
        seen = lockstep.run_stepwise(program, timeout_s=_DEADLY_S)
        if not seen.incident:
            return None
        for each in self.locksteps.values():
            each.close()
        return seen

    def _play_in(self, protocols: Iterable[int], program: Program, hunt: Hunt, outcome: Outcome) -> None:
        hunt.keys = keys_in(program)
        for protocol in protocols:
            if self.enough():
                return
            self.locksteps[protocol].arrange(reset=self.area.reset, probe=probe(hunt.keys, self.digest))
            poisoned = self._poisoned
            self._play(hunt, outcome, program, protocol)
            if self._poisoned > poisoned:
                return  # it would break them in the other protocol, too, and each time they start again

    def _play(
        self,
        hunt: Hunt,
        outcome: Outcome,
        program: Program,
        protocol: int,
        ran: Callable[[Program, Lockstep], None] = lambda *_: None,
    ) -> None:
        encoded = script(program)
        outcome.count(encoded)
        outcome.sent.update(each.full_name for each in program)
        exchange = self._run(encoded, hunt, protocol)
        ran(program, self.locksteps[protocol])
        self._ran(partial(tuple, program))
        if exchange is not None:
            self._examine(hunt, program, exchange, protocol)

    def _ran(self, program: Callable[[], Program]) -> None:
        self._last = program
        self._canary.remember(program)

    def _believe(self, discovery: Discovery) -> None:
        if self._canary.silent(discovery.protocol):
            raise PoisonedError
        self.found(discovery)

    def _examine(self, hunt: Hunt, program: Program, exchange: Exchange, protocol: int) -> None:
        """The hunt; where servers turn out to be broken for all programs, the one that breaks them is the finding."""
        try:
            hunt.examine(program, exchange, protocol)
        except PoisonedError:
            self._poisoned += 1
            discovery = self._canary.culprit(protocol)
            if discovery is not None:
                hunt.known.report(discovery, as_found=discovery.difference.signature)

    def _run(self, program: Script, hunt: Hunt, protocol: int) -> Exchange | None:
        """Both transcripts; where a server ended in the reset before it, what ran before is examined first."""
        lockstep = self.locksteps[protocol]
        exchange = lockstep.run(program)
        if exchange is None or not exchange.in_reset:
            return exchange
        deaths = len(hunt.deadly_lines)
        ending = (*self._last(), command("FLUSHALL"), *self.area.reset)
        seen = lockstep.run(script(ending))
        if seen is not None:
            self._examine(hunt, ending, seen, protocol)
        if len(hunt.deadly_lines) == deaths:
            return exchange  # a server that ends has often not sent what it had answered: it was this program
        exchange = lockstep.run(program)
        if exchange is not None and exchange.in_reset:  # of what the hunt left
            exchange = lockstep.run(program)
        return exchange

    def _batch(self, number: int, hunt: Hunt, outcome: Outcome, damped: dict[str, float]) -> None:
        rng = Random(f"{self.seed}/{self.area.name}/{number}")
        table = build_table(self.area, rng, damped=damped, hands_on=self.hands_on)
        lengths, commands = (LENGTHS, BATCH_COMMANDS) if number < BULK_FROM else (BULK_LENGTHS, BULK_COMMANDS)
        lines = lengths[number % len(lengths)]
        protocol = 2 + number % 2
        for lockstep in self.locksteps.values():
            lockstep.arrange(reset=self.area.reset, probe=probe(table.keys, self.digest))
        hunt.keys = table.keys
        batch = Batch(table, rng.getrandbits(64), max(1, commands // lines), lines)
        differed: Counter[str] = Counter()
        deadly: Counter[str] = Counter()

        def run(drawn: Drawn) -> None:
            interrupt.raise_again()
            if self.enough():
                return
            drawn = drawn.without({form for form, times in deadly.items() if times >= _DEATHS})
            encoded = Script(drawn.size, drawn.wire)
            outcome.count(encoded)
            exchange = self._run(encoded, hunt, protocol)
            self._ran(lambda: drawn.program)
            if exchange is not None:
                hunt.differing_lines.clear()
                hunt.deadly_lines.clear()
                self._examine(hunt, drawn.program, exchange, protocol)
                differed.update(_forms_of(drawn.rows, hunt.differing_lines))
                deadly.update(_forms_of(drawn.rows, hunt.deadly_lines))

        with interrupt.heard(), _rarely_collecting():
            rows = draw_programs(batch, run)
        outcome.sent.update(_times_sent(rows))
        _damp(damped, differed, rows)
        damped.update(dict.fromkeys(deadly, _LEAST_OF_ALWAYS))


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Replies hold no cycles: looking for some after every few hundred of them takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _times_sent(rows: list[tuple[Row, int]]) -> Counter[str]:
    sent: Counter[str] = Counter()
    for row, times in rows:
        for each in row.commands:
            sent[each.full_name] += times
    return sent


def _forms_of(rows: tuple[Row, ...], lines: list[Command]) -> list[str]:
    differing = set(lines)
    return [row.form.text for row in rows if not differing.isdisjoint(row.commands)] if lines else []


def _damp(damped: dict[str, float], differed: Counter[str], rows: list[tuple[Row, int]]) -> None:
    """Forms that often differ are drawn less from now on: what they show is known, and hides the rest."""
    drawn: Counter[str] = Counter()
    for row, times in rows:
        drawn[row.form.text] += times
    for form, times in differed.items():
        if times >= _DAMP_FROM:
            share = times / drawn[form]
            least = _LEAST_OF_ALWAYS if share > _ALWAYS else _LEAST
            damped[form] = max(damped.get(form, 1.0) * (1 - share) * 0.5, least)
