"""Runs one given program on the pair, as it stands: what `--program` does, and what keeps the ledger honest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from generators.command import parse
from generators.raw import is_raw
from generators.scenes import Kind
from generators.vocabulary import areas
from suites.conformance.campaign import Outcome
from suites.conformance.hunt import Hunt
from suites.conformance.probe import keys_in, probe
from suites.connections.play import Play, needs_stage
from suites.wire.replay import replay_raw
from topologies.cluster import CLUSTER
from topologies.lockstep import script
from topologies.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.command import Program
    from suites.conformance.pair import Pair


REPLAYS = "replays"  # what no area hunted: programs that were given


def replay(pair: Pair, lines: Sequence[str], *, rule: str | None = None, shrinks: bool = False) -> bool:
    """Runs the program in both protocols; findings go where the pair's findings go, as it stands or shrunk.

    Returns whether it differs: at all, or by `rule`. A program with raw bytes goes below the commands instead.
    """
    if any(map(is_raw, lines)):
        return replay_raw(pair, lines, area=REPLAYS, rule=rule, shrinks=shrinks)
    program = tuple(parse(line) for line in lines)
    here = (area for area in areas().values() if pair.topology in (area.topology, CLUSTER))
    resets = tuple(each for area in here for each in area.reset)
    before = len(pair.found)
    if needs_stage(program):
        _on_stage(pair, program, resets, shrinks=shrinks)
    else:
        _in_lockstep(pair, program, resets, shrinks=shrinks)
    return any(rule in (None, finding.rule) for finding in pair.found[before:])


def _on_stage(pair: Pair, program: Program, resets: Program, *, shrinks: bool) -> None:
    nodes = [side.node for side in pair.locksteps[2].sides]
    stages = {protocol: Stage(*nodes, protocol=protocol, reset=resets) for protocol in (2, 3)}
    pair.area = REPLAYS
    pair.told = Outcome(REPLAYS)
    play = Play(stages=stages, rules=pair.rules, digest=pair.digest, found=pair.discovered, shrinks=shrinks)
    try:
        play.play(REPLAYS, Kind((program,)), pair.work_done)
    finally:
        for stage in stages.values():
            stage.close()


def _in_lockstep(pair: Pair, program: Program, resets: Program, *, shrinks: bool) -> None:
    keys = keys_in(program)
    hunt = Hunt(locksteps=pair.locksteps, rules=pair.rules, keys=keys, found=pair.discovered, shrinks=shrinks)
    pair.area = REPLAYS
    outcome = Outcome(REPLAYS)
    for lockstep in pair.locksteps.values():
        lockstep.arrange(reset=resets, probe=probe(keys, pair.digest))
    for protocol, lockstep in pair.locksteps.items():
        encoded = script(program)
        outcome.count(encoded)
        exchange = lockstep.run(encoded)
        if (
            exchange is not None and exchange.in_reset
        ):  # of what ran before: a server ended, or was started anew
            exchange = lockstep.run(encoded)
        if exchange is not None:
            hunt.examine(program, exchange, protocol)
    outcome.sent = Counter(each.full_name for each in program)
    pair.told = Outcome(REPLAYS)
    pair.work_done(outcome)
