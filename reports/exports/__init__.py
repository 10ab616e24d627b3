"""A finding in a form that leaves this project: a script, a test, a text. Each is a function of the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exports.cli import cli_script
from reports.exports.issue import issue_text
from reports.exports.pytest_file import pytest_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.reproducer import Reproducer

FORMS: Mapping[str, Callable[[Reproducer], str]] = {
    "cli": cli_script,
    "pytest": pytest_file,
    "issue": issue_text,
}
