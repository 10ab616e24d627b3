"""How many commands a worker compares in a second: generation, both engines, comparison and state check included.

    python benchmarks/bench_campaign.py [--baseline redis:7.2] [--candidate redis:7.2] [--commands 100000]

Runs every area with one worker, then with two at once, and prints both rates and their ratio. Ratios of one run
are worth more than absolute figures: machines differ, and a busy one is slower.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

from generators.command import command
from generators.vocabulary import areas
from suites.conformance.campaign import Budget, Campaign
from suites.conformance.probe import DIGEST
from suites.conformance.tolerance import tolerances
from topologies.fetch import obtain
from topologies.homes import choose
from topologies.lockstep import Lockstep, ask_node
from topologies.node import NodeSpec

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier


def work(worker: int, specs: tuple[str, str], commands: int, start: Barrier, rates: dict[str, float]) -> None:
    """One worker: its own pair of engines, every area once. Leaves its rates (commands/s) under `worker/area`."""
    builds = obtain(specs, progress=False)
    home = choose("process", builds, worker=worker)
    baseline, candidate = (home.start(NodeSpec(name=f"b{n}", build=build)) for n, build in enumerate(builds))
    rules = tolerances(*(ask_node(node, command("COMMAND")) for node in (baseline, candidate)))
    locksteps = {protocol: Lockstep(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
    start.wait()
    for area in areas().values():
        campaign = Campaign(
            area=area, seed=1, locksteps=locksteps, rules=rules, digest=DIGEST, found=lambda _: None
        )
        began = time.monotonic()
        outcome = campaign.run(Budget(commands=commands, seconds=600))
        rates[f"{worker}/{area.name}"] = outcome.compared / (time.monotonic() - began)
    home.close()


def measure(workers: int, specs: tuple[str, str], commands: int) -> dict[str, float]:
    """Rates per worker and area with so many workers at once."""
    with multiprocessing.Manager() as manager:
        rates = manager.dict()
        start = manager.Barrier(workers)
        processes = [
            multiprocessing.Process(target=work, args=(each, specs, commands, start, rates))
            for each in range(workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        return dict(rates)


def overall(rates: dict[str, float], worker: int) -> float:
    """One worker's rate over all areas: each area had the same number of commands."""
    mine = [rate for name, rate in rates.items() if name.startswith(f"{worker}/")]
    return len(mine) / sum(1 / rate for rate in mine)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--baseline", default="redis:7.2")
    parser.add_argument("--candidate", default="redis:7.2")
    parser.add_argument("--commands", type=int, default=100_000, help="per area and worker")
    args = parser.parse_args()
    specs = (args.baseline, args.candidate)
    one = measure(1, specs, args.commands)
    for name, rate in sorted(one.items(), key=lambda item: item[1]):
        print(f"{name.split('/')[1]:14} {rate:9,.0f} commands/s")
    two = measure(2, specs, args.commands)
    alone, together = overall(one, 0), overall(two, 0) + overall(two, 1)
    print(f"{'one worker':14} {alone:9,.0f} commands/s")
    print(f"{'two workers':14} {together:9,.0f} commands/s, {together / alone:.2f} times one")


if __name__ == "__main__":
    main()
