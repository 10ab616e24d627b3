"""A pytest file that shows a finding on two servers. It needs redis-py and nothing of this project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import msgspec

from reports.replies import printable
from reports.reproducer import NotReproducible
from topologies.reply import Kind, Reply
from topologies.show import KEPT, from_json

if TYPE_CHECKING:
    from generators.lines import Line
    from reports.finding import WireReply
    from reports.reproducer import Reproducer

_TEMPLATES = Path(__file__).parents[1] / "templates"
_IN_SCRIPTS = ("EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO")


def pytest_file(of: Reproducer) -> str:
    """The file's text.

    Raises:
        NotReproducible: what differs is no reply to a line.

    """
    if of.told:
        raise NotReproducible(
            f"{of.finding.id} is about what connections are told without asking, which a test of replies does not see; "
            "reports reproduce does"
        )
    environment = jinja2.Environment(  # noqa: S701  (Python, not HTML: values stand in it by their repr)
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    finding = of.finding
    step = of.lines[finding.step]
    return environment.get_template("reproducer.py.j2").render(
        title=_in_docstring(of.title),
        id=finding.id,
        signature=_in_docstring(finding.signature),
        baseline=of.baseline,
        candidate=of.candidate,
        names=f"{_text(of.baseline)}, {_text(of.candidate)}",
        needs_debug=of.needs_debug,
        protocol=finding.protocol,
        pipelined=of.pipelined,
        program=[_sent(line) for line in of.lines],
        step=finding.step,
        inside=step.name == "EXEC",
        scripted=step.name in _IN_SCRIPTS,
        ordered=finding.rule == "agreement.order",
        kept=KEPT,
        recorded=[_literal(finding.baseline), _literal(finding.candidate)],
    )


def _sent(line: Line) -> tuple[str, int, str]:
    """The line as a comment shows it, its connection, and what it sends: arguments, or raw bytes."""
    return line.text, line.connection, repr(list(line.command.args) if line.command else line.wire)


def _literal(reply: WireReply) -> str:
    return repr(_plain(from_json(msgspec.to_builtins(reply))))


def _plain(reply: Reply) -> tuple[str, object]:
    """The wire type's name and the value, as the file's own reader makes them."""
    kind, value = reply
    if kind is Kind.NONE and isinstance(value, bytes):
        return kind.value, value.decode("utf-8", "backslashreplace")
    return kind.value, tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _text(text: str) -> str:
    """A text in Python, in double quotes as all others of the file."""
    return '"' + _in_docstring(text) + '"'


def _in_docstring(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')
