"""Runs one given program on the pair, as it stands: what `--program` does, and what keeps the ledger honest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from generators.command import parse
from generators.vocabulary import areas
from suites.conformance.campaign import Outcome
from suites.conformance.hunt import Hunt
from suites.conformance.probe import keys_in, probe
from topologies.cluster import CLUSTER
from topologies.lockstep import script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suites.conformance.pair import Pair


REPLAYS = "replays"  # what no area hunted: programs that were given


def replay(pair: Pair, lines: Sequence[str], *, rule: str | None = None, shrinks: bool = False) -> bool:
    """Runs the program in both protocols; findings go where the pair's findings go, as it stands or shrunk.

    Returns whether it differs: at all, or by `rule`.
    """
    program = tuple(parse(line) for line in lines)
    keys = keys_in(program)
    here = (area for area in areas().values() if pair.topology in (area.topology, CLUSTER))
    resets = tuple(each for area in here for each in area.reset)
    hunt = Hunt(locksteps=pair.locksteps, rules=pair.rules, keys=keys, found=pair.discovered, shrinks=shrinks)
    before = len(pair.found)
    pair.area = REPLAYS
    outcome = Outcome(REPLAYS)
    for lockstep in pair.locksteps.values():
        lockstep.arrange(reset=resets, probe=probe(keys, pair.digest))
    for protocol, lockstep in pair.locksteps.items():
        encoded = script(program)
        outcome.count(encoded)
        exchange = lockstep.run(encoded)
        if exchange is not None:
            hunt.examine(program, exchange, protocol)
    outcome.sent = Counter(each.full_name for each in program)
    pair.told = Outcome(REPLAYS)
    pair.work_done(outcome)
    return any(rule in (None, finding.rule) for finding in pair.found[before:])
