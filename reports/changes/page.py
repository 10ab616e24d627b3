"""docs/changes.md, made of the files of changes and of what runs of pairs showed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.changes.change import Change
    from reports.changes.shelf import Shown, Sight

_HEAD = """\
# Documented changes, and what shows them

What release notes, changelogs and the history of commands say that changed for clients, in our own words; and the
finding by which a run of Rekey shows it: no program was written for it, generated ones found it. Made by
`python -m reports.changes > docs/changes.md` of `reports/changes/`; `python -m reports changes RUN` compares any
run with it ([reproducing.md](reproducing.md#documented-changes)).
"""
_NOT_SHOWN = "no run of these pairs showed it"
_LINES = 4
_WIDE = 160


def page(changes: Mapping[str, Sequence[Change]], runs: Sequence[Shown]) -> str:
    """The whole page."""
    parts = [_HEAD, "\n".join(_pairs(changes, runs))]
    parts += ["\n".join(_version(name, each, runs)) for name, each in changes.items()]
    return "\n".join(parts)


def _pairs(changes: Mapping[str, Sequence[Change]], runs: Sequence[Shown]) -> Iterator[str]:
    yield "## By pair"
    yield ""
    yield "| pair | found | of | not found |"
    yield "|---|---|---|---|"
    for run in runs:
        missed = ", ".join(f"`{each}`" for each in run.missed)
        every = len(run.shown) + len(run.missed)
        yield f"| {run.baseline} → {run.candidate} | {len(run.shown)} | {every} | {missed} |"
    unseen = sum(bool(change.unseen) for each in changes.values() for change in each)
    yield ""
    yield f"Not counted: {unseen} changes that no run can show yet; each says why."
    yield ""


def _version(name: str, changes: Sequence[Change], runs: Sequence[Shown]) -> Iterator[str]:
    yield f"## {name.capitalize()}"
    yield ""
    yield "| change | shown by |"
    yield "|---|---|"
    for change in changes:
        yield f"| [{_cell(change.text)}]({change.source}) | {_how(change, runs)} |"
    yield ""


def _how(change: Change, runs: Sequence[Shown]) -> str:
    sights = [run.shown[change.id] for run in runs if change.id in run.shown]
    if sights:
        return _sight(min(sights, key=lambda sight: sum(map(len, sight.program))))
    return f"not shown: {_cell(change.unseen)}" if change.unseen else _NOT_SHOWN


def _sight(sight: Sight) -> str:
    told = f"`{sight.rule}` {_cell(sight.subject)}"
    if not sight.program:
        return told
    lines = " ⏎ ".join(sight.program[:_LINES]) + (" …" if len(sight.program) > _LINES else "")
    shown = lines if len(lines) <= _WIDE else lines[: _WIDE - 1] + "…"
    return f"{told}: `{_cell(shown).replace('`', chr(39))}`"


def _cell(text: str) -> str:
    """Text for one cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
