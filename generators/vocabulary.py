"""The command forms of every area, read from `forms/*.forms`: one line per command form, one file per area.

A file opens with `# keys: s`, the prefix of the keys that its type lives under (`*`: keys of every type).
`# reset: A ; B` names commands that undo what its programs leave outside the keyspace; they run before each
program. `# private: why` keeps other areas' commands away from its keys, and its own commands with them.
`# fresh: A ; B` begins each draw of several commands that is sent in every run (`=`): none sees what another left.
`# topology: cluster` is for what a server says only as a cluster node; `# share: 0.5` spends half of an area's budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generators.command import CONTAINERS, Program, parse
from generators.grammar import Form, Literal, Sequence, commands_of, compile_form, words_of

_FORMS = Path(__file__).parent / "forms"
KEYS_PER_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the command set that is tested together."""

    name: str
    prefix: str  # "" where its commands work on keys of every type
    forms: tuple[Form, ...]
    reset: Program = ()
    private: bool = False  # its keys are its own: no other area's commands touch them
    fresh: Program = ()  # before each draw of several commands that every run sends
    topology: str = "standalone"  # or "cluster": what its programs run on
    share: float = 1.0  # of the budget of an area

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys that its own type lives under; none for an area of every type."""
        return (
            tuple(f"{self.prefix}{n}".encode() for n in range(1, KEYS_PER_PREFIX + 1)) if self.prefix else ()
        )


@cache
def areas() -> dict[str, Area]:
    """Every area by name, in the order of their names."""
    return {path.stem: _read(path) for path in sorted(_FORMS.glob("*.forms"))}


def _read(path: Path) -> Area:
    lines = path.read_text(encoding="utf-8").splitlines()
    head, body = lines[0], lines[1:]
    if not head.startswith("# keys:"):
        raise ValueError(f"{path.name} must open with a line like '# keys: s', got {head!r}")
    prefix = head.removeprefix("# keys:").strip()
    forms = tuple(compile_form(line, path.stem) for line in body if line.strip() and not line.startswith("#"))
    return Area(
        name=path.stem,
        prefix="" if prefix == "*" else prefix,
        forms=forms,
        reset=_commands(body, "reset"),
        fresh=_commands(body, "fresh"),
        private=any(line.startswith("# private") for line in body),
        topology=_said(body, "topology", "standalone"),
        share=float(_said(body, "share", "1")),
    )


def _commands(body: list[str], what: str) -> Program:
    lines = (line.removeprefix(f"# {what}:") for line in body if line.startswith(f"# {what}:"))
    return tuple(parse(each) for line in lines for each in line.split(";"))


def _said(body: list[str], what: str, otherwise: str) -> str:
    lines = (line.removeprefix(f"# {what}:") for line in body if line.startswith(f"# {what}:"))
    return next(lines, otherwise).strip()


@cache
def tokens() -> frozenset[bytes]:
    """The words that forms write out behind a command's name: `EX`, `KEEPTTL`, `WITHSCORES` …, in upper case."""
    return frozenset(
        word for form in _forms() for word in words_of(form.body) if word.isupper() and len(word) > 1
    )


@cache
def subcommands() -> frozenset[str]:
    """The sub-commands that forms name: `XINFO STREAM`, `CONFIG SET` …"""
    beginnings = (each.parts[:2] for form in _forms() for each in commands_of(form.body))
    return frozenset(
        f"{head.text.decode()} {word.decode()}"
        for head, *rest in beginnings
        if isinstance(head, Literal) and head.text.decode() in CONTAINERS
        for word in words_of(Sequence(tuple(rest)))
    )


def _forms() -> tuple[Form, ...]:
    return tuple(form for area in areas().values() for form in area.forms)


def typed_areas() -> tuple[Area, ...]:
    """The areas whose commands make keys of one type of their own."""
    return tuple(area for area in areas().values() if area.prefix)
