"""Lies about the server itself are found, each under its rule and subject, and nothing else is.

Both engines are the same build behind the same proxy (docs/lies.md); one of the proxies changes one thing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from suites.identity.interview import Interview
from suites.identity.twins import SETTINGS, TOPICS, compared
from tests.liar.description_lies import DESCRIPTIONS
from tests.liar.engine import make_liar
from tests.sample_builds import QUICK, real_build
from topologies.fetch import obtain
from topologies.node import NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suites.identity.contrast import Contrast
    from tests.liar.lie import Lie
    from topologies.homes.process import ProcessHome

pytestmark = pytest.mark.engines


def interview(home: ProcessHome, directory: Path, lie: str) -> Interview:
    """An engine behind a proxy that lies so."""
    build = obtain([f"path:{make_liar(directory, real_build(QUICK), lie)}"], progress=False)[0]
    engine = Interview(home.start(NodeSpec(name=lie, build=build)))
    engine.live()
    return engine


@pytest.fixture(scope="module")
def honest(home: ProcessHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interview]:
    engine = interview(home, tmp_path_factory.mktemp("honest"), "honest")
    yield engine
    engine.close()


def found(topic: str, *sides: Interview) -> list[Contrast]:
    baseline, candidate = sides
    return compared(topic, (baseline, candidate), Counter())


@pytest.mark.parametrize("lie", DESCRIPTIONS, ids=lambda lie: lie.name)
def test_lie_is_found(lie: Lie, home: ProcessHome, honest: Interview, tmp_path: Path) -> None:
    liar = interview(home, tmp_path, lie.name)
    try:
        seen = {(each.rule, each.subject) for each in found(lie.area, honest, liar)}
    finally:
        liar.close()
        liar.node.stop()
    assert (lie.rule, lie.subject) in seen
    assert len(seen) <= 4  # another name is a field that is gone and one that is new


def test_the_truth_stays_green(home: ProcessHome, honest: Interview, tmp_path: Path) -> None:
    """The proxy alone, with no lie in it, is not a difference in any topic."""
    proxy = interview(home, tmp_path, "honest")
    try:
        assert [each for topic in (*TOPICS, SETTINGS) for each in found(topic, honest, proxy)] == []
    finally:
        proxy.close()
        proxy.node.stop()
