"""Whether a long run grows: used_memory of both servers behind a reset, and the worker's resident set.

    python benchmarks/memory.py [--baseline redis:7.2] [--candidate valkey:8.1] [--minutes 3]

Plays the areas by turns, each time from another seed, and prints all three at the start (behind the first round of
areas, when what is made once is made), in the middle and at the end.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from generators.command import command
from generators.vocabulary import areas
from suites.conformance.campaign import Budget, Campaign
from suites.conformance.probe import DIGEST
from suites.conformance.tolerance import tolerances
from topologies.cluster import STANDALONE
from topologies.fetch import obtain
from topologies.homes import choose
from topologies.lockstep import Lockstep, ask_node
from topologies.node import NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.node import Node

A_TURN = Budget(commands=20_000, seconds=5.0)
MIB = 1 << 20


class Memory(NamedTuple):
    """Bytes, and the commands compared before."""

    compared: int
    baseline: int
    candidate: int
    worker: int


def used(node: Node) -> int:
    """The used_memory of a server that holds nothing."""
    for reset in (
        command("FLUSHALL", "SYNC"),
        command("SCRIPT", "FLUSH", "SYNC"),
        command("MEMORY", "PURGE"),
    ):
        ask_node(node, reset)
    said = ask_node(node, command("INFO", "memory")).value
    assert isinstance(said, bytes), said
    return next(int(line[12:]) for line in said.splitlines() if line.startswith(b"used_memory:"))


def resident() -> int:
    """Of this process, now; where that can't be read, the most that it ever was."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def rounds(baseline: Node, candidate: Node) -> Iterator[Memory]:
    """What is used behind each round through all areas, for ever."""
    rules = tolerances(*(ask_node(node, command("COMMAND")) for node in (baseline, candidate)))
    locksteps = {protocol: Lockstep(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
    compared = 0
    for seed in count(1):
        for area in areas().values():
            if area.topology == STANDALONE:
                campaign = Campaign(
                    area=area,
                    seed=seed,
                    locksteps=locksteps,
                    rules=rules,
                    digest=DIGEST,
                    found=lambda _: None,
                )
                compared += campaign.run(A_TURN).compared
        yield Memory(compared, used(baseline), used(candidate), resident())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baseline", default="redis:7.2")
    parser.add_argument("--candidate", default="valkey:8.1")
    parser.add_argument("--minutes", type=float, default=3.0)
    given = parser.parse_args()
    builds = obtain([given.baseline, given.candidate], progress=False)
    home = choose("process", builds)
    try:
        nodes = [home.start(NodeSpec(name=f"m{at}", build=build)) for at, build in enumerate(builds)]
        ends = time.monotonic() + given.minutes * 60
        seen: list[Memory] = []
        for memory in rounds(*nodes):
            seen.append(memory)
            if time.monotonic() > ends:
                break
    finally:
        home.close()
    print(f"{'':8}{'compared':>12}{'baseline':>12}{'candidate':>12}{'worker':>12}   (MiB)")
    for name, at in (("start", 0), ("middle", len(seen) // 2), ("end", -1)):
        each = seen[at]
        shown = "".join(f"{part / MIB:12.2f}" for part in each[1:])
        print(f"{name:8}{each.compared:12,}{shown}")


if __name__ == "__main__":
    main()
