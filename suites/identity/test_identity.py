"""Two engines are asked about themselves: which fields, commands, flags, categories and parameters there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import Command
from suites.identity.twins import SETTINGS, TOPICS, shows_something
from suites.subtests import fail_for

if TYPE_CHECKING:
    from suites.identity.twins import Twins
    from suites.session import Session


@pytest.mark.parametrize("topic", list(TOPICS))
def test_identity(topic: str, twins: Twins, session: Session, subtests: pytest.Subtests) -> None:
    """The structure of what both say of themselves, never what is of the moment."""
    fail_for(twins.compare(topic), session, subtests)


def test_program(request: pytest.FixtureRequest, session: Session, subtests: pytest.Subtests) -> None:
    """The line given by --program, where it is one that shows what engines say of themselves."""
    program = session.options.program
    line = program[0] if len(program) == 1 else None
    if isinstance(line, Command) and shows_something(line):
        twins: Twins = request.getfixturevalue("twins")
        fail_for(twins.compare_line(line), session, subtests)


def test_settings(twins: Twins, session: Session, subtests: pytest.Subtests) -> None:
    """CONFIG SET of every parameter that both know, to values of its kind, and CONFIG GET after it."""
    fail_for(twins.compare(SETTINGS), session, subtests)
