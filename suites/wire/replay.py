"""Runs cases below the commands on the pair, and one given program with raw bytes: `--program`, and the ledger's."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from generators.command import Command
from generators.raw import parse_line
from suites.conformance.campaign import Outcome
from suites.wire.judge import Judge
from topologies.lockstep import Script
from topologies.raw import RawPair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.raw import Lines
    from suites.conformance.pair import Pair


def run_cases(pair: Pair, cases: Sequence[Lines], *, area: str, shrinks: bool = True) -> None:
    """Each on a connection of its own; findings go where the pair's findings go."""
    started = time.monotonic()
    pair.area = area
    raw = RawPair(*(side.node for side in pair.locksteps[2].sides))

    def died() -> None:
        for lockstep in pair.locksteps.values():
            lockstep.close()

    judge = Judge(pair=raw, rules=pair.rules, found=pair.discovered, died=died, shrinks=shrinks)
    try:
        judge.examine_all(cases)
    finally:
        raw.close()
    if judge.skipped:
        why = f"servers ended {judge.deaths} times: {judge.skipped} cases beside one that does it were not told apart"
        pair.pen.observation({"kind": "ended-early", "area": area, "why": why})
    outcome = Outcome(area)
    for lines in cases:
        outcome.count(Script(len(lines), b"".join(each.encode() for each in lines)))
    outcome.sent = Counter(each.full_name for lines in cases for each in lines if isinstance(each, Command))
    outcome.seconds = time.monotonic() - started
    pair.told = Outcome(area)
    pair.work_done(outcome)
    pair.counted(judge.counts)


def replay_raw(pair: Pair, lines: Sequence[str], *, area: str, rule: str | None, shrinks: bool) -> bool:
    """Runs the program; says whether it differs: at all, or by `rule`."""
    before = len(pair.found)
    run_cases(pair, [tuple(map(parse_line, lines))], area=area, shrinks=shrinks)
    return any(rule in (None, finding.rule) for finding in pair.found[before:])
