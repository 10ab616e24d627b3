"""Rekey tells a liar from the truth: each planted lie is found, named rightly, and shown in four lines at most.

Both engines are the same build; one of them stands behind a proxy that changes one thing (docs/lies.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import command
from generators.vocabulary import areas
from suites.conformance.campaign import Budget, Campaign
from suites.conformance.probe import DIGEST
from suites.conformance.tolerance import tolerances
from suites.conformance.walking import KEYS, area_of, programs, rules_of, tree_of
from tests.liar.engine import make_liar
from tests.liar.lie import Lie
from tests.liar.lies import LIES
from topologies.fetch import obtain
from topologies.lockstep import Lockstep, ask_node
from topologies.mending import mending_locksteps
from topologies.node import Home, Node, NodeSpec

if TYPE_CHECKING:
    from pathlib import Path

    from suites.conformance.discovery import Discovery
    from topologies.engine import Build

SEED = 20241
BUDGET = Budget(commands=200_000, seconds=120.0)  # the gate gives every area five times as many
WALKED = 100  # programs for each command
MOST_LINES = 4

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def honest(home: Home, build: Build) -> Node:
    return home.start(NodeSpec(name="honest", build=build))


@pytest.fixture(scope="module")
def honest_cluster(home: Home, build: Build) -> Node:
    return home.start(NodeSpec(name="honest-cluster", build=build, cluster=True))


def discoveries(lie: Lie, baseline: Node, candidate: Node) -> list[Discovery]:
    """What a campaign in the lie's area discovers, up to the lie."""
    locksteps = (
        mending_locksteps(baseline, candidate)
        if candidate.spec.cluster
        else {protocol: Lockstep(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
    )
    found: list[Discovery] = []

    def told() -> bool:
        return any(_named(each, lie) for each in found)

    rules = tolerances(ask_node(baseline, command("COMMAND")))
    group = lie.area.removeprefix("walk-")
    walks = group != lie.area
    campaign = Campaign(
        area=area_of(group) if walks else areas()[lie.area],
        seed=SEED,
        locksteps=locksteps,
        rules=rules_of(rules) if walks else rules,
        digest=DIGEST,
        found=found.append,
        enough=told,
    )
    try:
        if walks:
            campaign.play(programs(tree_of(baseline), group, WALKED), KEYS, BUDGET.seconds)
        else:
            campaign.run(BUDGET)
    finally:
        for lockstep in locksteps.values():
            lockstep.close()
    return found


def _named(discovery: Discovery, lie: Lie) -> bool:
    found = discovery.difference
    return (found.rule, found.subject) == (lie.rule, lie.subject) and lie.signature in found.signature


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_lie_is_found(
    lie: Lie, home: Home, request: pytest.FixtureRequest, build: Build, tmp_path: Path
) -> None:
    liar = obtain([f"path:{make_liar(tmp_path, build, lie.name)}"], progress=False)[0]
    node = home.start(NodeSpec(name="liar", build=liar, cluster=lie.clustered))
    try:
        found = discoveries(
            lie, request.getfixturevalue("honest_cluster" if lie.clustered else "honest"), node
        )
    finally:
        node.stop()
    shown = [each.program for each in found if _named(each, lie)]
    assert shown, f"found instead: {[each.difference.signature for each in found]}"
    assert min(map(len, shown)) <= MOST_LINES, [str(line) for line in shown[0]]


def test_the_truth_stays_green(home: Home, honest: Node, build: Build, tmp_path: Path) -> None:
    """The proxy alone, with no lie in it, is not a difference."""
    proxy = obtain([f"path:{make_liar(tmp_path, build, 'honest')}"], progress=False)[0]
    node = home.start(NodeSpec(name="proxy", build=proxy))
    try:
        for area in ("strings", "hashes", "transactions", "walk-string", "walk-transactions"):
            lie = Lie(name="none", area=area, rule="none", subject="none", says="nothing")
            assert discoveries(lie, honest, node) == []
    finally:
        node.stop()
