"""How many small keys a second a snapshot reads, with scripts and without, and how many a comparison compares."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from generators.dataset import bulk_pieces
from topologies.comparison import compare
from topologies.fetch import obtain
from topologies.filling import fill
from topologies.homes import choose
from topologies.node import NodeSpec
from topologies.snapshot import commands_of, snapshot

KEYS = 100_000
ENGINES = ("redis:7.2", "valkey:8.1")


def main() -> None:
    builds = obtain(ENGINES)
    for build in builds:
        with closing(choose("process", builds)) as home:
            node = home.start(NodeSpec(name="bench", build=build))
            known = commands_of(node)
            start = time.perf_counter()
            fill(node, bulk_pieces(KEYS, int(time.time() * 1000), Random(1)))
            filled = time.perf_counter() - start
            taken = []
            for scripts in (True, False):
                start = time.perf_counter()
                held = snapshot(node, known=known, scripts=scripts)
                taken.append((held, time.perf_counter() - start))
            start = time.perf_counter()
            found = compare(taken[0][0], taken[1][0])
            compared = time.perf_counter() - start
        rates = (KEYS / seconds for seconds in (filled, taken[0][1], taken[1][1], compared))
        told = "{:,.0f} filled, {:,.0f} read by script, {:,.0f} plainly, {:,.0f} compared, keys/s".format(
            *rates
        )
        print(f"{build.engine}: {told}; {found}")


if __name__ == "__main__":
    main()
