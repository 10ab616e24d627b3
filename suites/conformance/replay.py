"""Runs one given program on the pair, as it stands: what `--program` does, and what keeps the ledger honest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from generators.command import Program, parse
from generators.vocabulary import areas
from suites.conformance.campaign import Outcome
from suites.conformance.hunt import Hunt
from suites.conformance.probe import probe
from topologies.lockstep import script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suites.conformance.pair import Pair


def replay(pair: Pair, lines: Sequence[str], *, rule: str | None = None) -> bool:
    """Runs the program in both protocols; findings go where the pair's findings go.

    Returns whether it differs: at all, or by `rule`.
    """
    program = tuple(parse(line) for line in lines)
    keys = _keys_in(program)
    resets = tuple(each for area in areas().values() for each in area.reset)
    hunt = Hunt(locksteps=pair.locksteps, rules=pair.rules, keys=keys, found=pair.discovered, shrinks=False)
    before = len(pair.found)
    outcome = Outcome("replays")
    for lockstep in pair.locksteps.values():
        lockstep.arrange(reset=resets, probe=probe(keys, pair.digest))
    for protocol, lockstep in pair.locksteps.items():
        exchange = lockstep.run(script(program))
        outcome.programs += 1
        outcome.compared += len(program)
        if exchange is not None:
            hunt.examine(program, exchange, protocol)
    outcome.sent = Counter(each.full_name for each in program)
    pair.told = Outcome("replays")
    pair.work_done(outcome)
    return any(rule in (None, finding.rule) for finding in pair.found[before:])


def _keys_in(program: Program) -> tuple[bytes, ...]:
    """Arguments that could be keys: the probe asks about them, and asking about others does no harm."""
    words = {arg for each in program for arg in each.args[1:] if 0 < len(arg) <= 64}
    return tuple(sorted(words))[:64]
