"""Coverage as shares: done out of all, with what is missing and why. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.careful import why_not
from reports.run import NotRun, Share

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from reports.run import Work

_NO_PROGRAM = "no program of this run used it"
_ONLY_REFUSED = "each call of this run was refused by both engines"
# All that some engine's OBJECT ENCODING says.
ENCODINGS = (
    *("embstr", "hashtable", "int", "intset", "linkedlist", "listpack", "listpackex", "quicklist", "raw"),
    *("skiplist", "stream", "vectorset", "ziplist", "zipmap"),
)
_GONE = frozenset(("linkedlist", "zipmap"))  # from before Redis 6; nothing makes them


def shares_of(
    work: Iterable[Work], sent: Collection[str], commands: Sequence[str], tokens: Sequence[str]
) -> tuple[Share, ...]:
    """The shares of a run that knows these commands and tokens; none where nothing was walked."""
    reached: dict[str, set[str]] = {}
    for piece in work:
        for kind, words in piece.reached.items():
            reached.setdefault(kind, set()).update(words)
    if not reached:
        return ()
    served = {word.rpartition(" ")[0] for word in reached["replies"] if not word.endswith(" error")}
    return (
        _share("commands", commands, sent, _NO_PROGRAM),
        _share("commands that some engine carried out", commands, served, _ONLY_REFUSED),
        _share("tokens", tokens, reached["tokens"], _NO_PROGRAM),
        _share(
            "tokens of calls that some engine carried out", tokens, reached["tokens served"], _ONLY_REFUSED
        ),
        _listed("types of reply, by command", reached["replies"]),
        _listed("error replies, without what varies", reached["errors"]),
        Share(
            what="encodings",
            done=len(reached["encodings"]),
            all=len([each for each in ENCODINGS if each not in _GONE]),
            reached=tuple(sorted(reached["encodings"])),
            missing=tuple(_missing_encodings(reached["encodings"])),
        ),
    )


def _share(what: str, everything: Sequence[str], done: Collection[str], why: str) -> Share:
    missing = [name for name in everything if name not in done]
    return Share(
        what=what,
        done=len(everything) - len(missing),
        all=len(everything),
        missing=tuple(NotRun(what=name, why=_reason(name) or why) for name in missing),
    )


def _reason(name: str) -> str:
    """Why a command, or the command of a token, is not sent as it should be."""
    words = name.split(" ")
    return next(filter(None, (why_not(" ".join(words[:length])) for length in (2, 1))), "")


def _listed(what: str, reached: Collection[str]) -> Share:
    return Share(what=what, done=len(reached), reached=tuple(sorted(reached)))


def _missing_encodings(reached: Collection[str]) -> Iterator[NotRun]:
    for name in ENCODINGS:
        if name not in reached and name not in _GONE:
            yield NotRun(what=name, why="no key of the walk had it: perhaps neither engine has it")
