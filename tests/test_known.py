"""What a side refuses because it does not know a token is one difference, whatever else stands in the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import parse
from generators.tree import Said, union
from suites.conformance import difference
from suites.conformance.difference import learn, name_difference
from suites.conformance.discovery import Discovery, Known, Replays
from suites.conformance.steps import Step
from tests.sample_replies import OK, error, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.conformance.difference import Difference
    from topologies.reply import Reply

SYNTAX = error("ERR syntax error")


@pytest.fixture(autouse=True)
def _only_the_second_engine_knows_ifeq() -> Iterator[None]:
    value = (b"name", b"value", b"type", b"string")
    ifeq = (b"name", b"ifeq-value", b"type", b"string", b"token", b"IFEQ", b"flags", (b"optional",))
    engines = [
        Said(
            command=((b"set", -3, (), 1, 1, 1),),
            docs=(b"set", (b"group", b"string", b"arguments", arguments)),
        )
        for arguments in ((value,), (value, ifeq))
    ]
    learn(union(*engines))
    yield
    difference._ONE_SIDED.clear()


def named(line: str, baseline: Reply, candidate: Reply) -> Difference:
    return name_difference(Step(0, parse(line), baseline, candidate))


def known(found: Difference) -> Known:
    book = Known(lambda _: None)
    program = (found.step.asked,)
    discovery = Discovery(
        difference=found, program=program, protocol=2, replays=Replays(shown=3, of=3), first_seen=program
    )
    book.report(discovery, as_found=found.signature)
    return book


def test_what_the_other_side_says_of_the_rest_is_no_difference_of_its_own() -> None:
    first = named("SET k 0 IFEQ 0", SYNTAX, OK)
    assert first.signature == "agreement.unknown-argument | SET IFEQ | (error) ERR syntax error | taken"
    book = known(first)
    assert book.met(named("SET k 0 IFEQ 0 EX a", SYNTAX, error("ERR value is not an integer")))
    assert book.met(named("SET k 0 ifeq 0 GET", SYNTAX, error("WRONGTYPE Operation against a key")))
    assert book.counts[first.signature] == 3


def test_even_where_it_is_refused_in_other_words() -> None:
    book = known(named("SET k 0 IFEQ 0", error("ERR invalid id"), OK))
    assert book.met(named("SET k 0 IFEQ 0 EX a", error("ERR invalid id"), error("ERR no integer")))


def test_the_same_refusal_of_another_token_is_another() -> None:
    book = known(named("SET k 0 IFEQ 0", SYNTAX, OK))
    assert not book.met(named("SET k 0 KEEPTTL", SYNTAX, OK))
    assert not book.met(named("SET k 0 KEEPTTL", SYNTAX, error("WRONGTYPE Operation against a key")))


def test_a_value_that_differs_is_another() -> None:
    book = known(named("SET k 0 IFEQ 0", SYNTAX, OK))
    assert not book.met(named("SET k 0 IFEQ 0", one("a"), one("b")))
