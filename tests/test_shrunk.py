"""Known hard differences between two engines, each lost in a hundred lines, shrink to their shortest program.

What is in the way: other data on the same keys, lines that set up what later ones need, transactions, sorted sets with
equal scores, streams with histories, scripts, times. Whoever makes the shrinker worse sees it here first.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from generators.command import command, parse
from generators.vocabulary import areas
from suites.conformance.hunt import Hunt
from suites.conformance.probe import READ_ALL, keys_in, probe
from suites.conformance.tolerance import Tolerances, tolerances
from tests.sample_builds import QUICK, WITH_TLS, real_build
from topologies.homes import choose
from topologies.lockstep import Lockstep, ask_node, script
from topologies.node import NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.command import Program
    from suites.conformance.discovery import Discovery

LINES = 100
# Lines on the keys of the hard differences that no two engines answer differently.
NOISE = tuple(
    map(
        parse,
        (
            *("SET s1 5", "APPEND s1 7", "GETRANGE s1 0 -1", "INCR s2", "STRLEN s2", "DEL s1", "TYPE s1"),
            *("RPUSH l1 a b c", "LRANGE l1 0 -1", "LPOP l1", "DEL l1", "LLEN l1", "SADD t1 a b", "SCARD t1"),
            *("ZADD z1 1 a 2 b", "ZSCORE z1 a", "ZREM z1 a b", "DEL z1", "EXISTS x1 s1 z1", "PERSIST s2"),
            *(
                "XLEN x1",
                "HSET h1 f v",
                "HGET h1 f",
                "HDEL h1 f",
                "EXPIRE s2 1000",
                "MULTI",
                "INCR s3",
                "EXEC",
            ),
        ),
    )
)
HARD = {
    "an argument": (("SET s1 7", "SET s1 9 KEEPTTL IFEQ 7 GET"), ("SET k 0 IFEQ 0",)),
    "an option left out": (("APPEND s1 abc", "BITCOUNT s1 1"), ("APPEND k 0", "BITCOUNT k 0")),
    "which check comes first": (
        ("DEL t1", "SADD t1 a b", "BITCOUNT t1 x y BIT"),
        ("SADD k 0", "BITCOUNT k a"),
    ),
    "a transaction": (("MULTI", "INCR s3", "WATCH s1 s2", "EXEC"), ("MULTI", "WATCH k")),
    "what a key past its time leaves": (
        ("SET s1 abc", "SET s1 def EXAT 99", "DBSIZE"),
        ("SET k 0 EXAT 1", "DBSIZE"),
    ),
    "a stream": (("XADD x1 5-1 f v g w", "XREAD COUNT 3 STREAMS x1 +"), ("XREAD STREAMS k +",)),
    "a cursor": (("HSET h1 f v g w", 'HSCAN h1 "" COUNT 10'), ('HSCAN k ""',)),
    "a script": (
        ("SET s1 a", "EVAL \"local v = redis.call('GET', KEYS[1]) return redis.call('GET')\" 1 s1"),
        ("EVAL \"local v = redis.call('GET', KEYS[1]) return redis.call('GET')\" 1 k",),
    ),
    "an error in words": (("EVALSHA ffffffffffffffffffffffffffffffffffffffff 1 s1 a b",), ("EVALSHA 0 k",)),
    "an unknown command": (("SCRIPT SHOW a b c",), ("SCRIPT SHOW",)),
}

pytestmark = pytest.mark.engines


class Pair:
    """Both engines, and what a campaign knows of them."""

    def __init__(self, steps: dict[int, Lockstep], rules: Tolerances) -> None:
        self.steps = steps
        self.rules = rules

    def hunt(self, program: Program) -> list[Discovery]:
        found: list[Discovery] = []
        keys = keys_in(program)
        resets = tuple(
            each for area in areas().values() if area.topology == "standalone" for each in area.reset
        )
        hunt = Hunt(locksteps=self.steps, rules=self.rules, keys=keys, found=found.append)
        for each in self.steps.values():
            each.arrange(reset=resets, probe=probe(keys, READ_ALL))
        exchange = self.steps[2].run(script(program))
        assert exchange is not None
        hunt.examine(program, exchange, 2)
        return [each for each in found if each.cause is None]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    builds = [real_build(WITH_TLS), real_build(QUICK)]
    home = choose("process", builds)
    try:
        one, other = (home.start(NodeSpec(name=f"s{at}", build=build)) for at, build in enumerate(builds))
        steps = {protocol: Lockstep(one, other, protocol=protocol) for protocol in (2, 3)}
        yield Pair(steps, tolerances(*(ask_node(node, command("COMMAND")) for node in (one, other))))
        for each in steps.values():
            each.close()
    finally:
        home.close()


def lost_in(lines: tuple[str, ...], seed: int) -> Program:
    """The lines in their order, somewhere in the noise; what must stand together does."""
    rng = Random(seed)
    noise = [rng.choice(NOISE[:-3]) for _ in range(LINES)]
    at = rng.randrange(LINES // 2, LINES)
    return (*noise[:at], *map(parse, lines), *noise[at:])


def test_the_noise_alone_is_answered_alike(pair: Pair) -> None:
    exchange = pair.steps[2].run(script(lost_in((), 1)))
    assert exchange is None or not exchange.misaligned


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", HARD)
def test_a_hard_difference_shrinks_to_its_shortest_program(name: str, seed: int, pair: Pair) -> None:
    lines, shortest = HARD[name]
    programs = [tuple(map(str, each.program)) for each in pair.hunt(lost_in(lines, seed))]
    assert programs == [shortest]
