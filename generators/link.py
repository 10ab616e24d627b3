"""What is sent to a primary to see whether its replica has it too: every command that writes, from the walk, and what
a walk does not know (scripts, transactions, what is large).

Each program works in a database of its own, so that many of them are sent at once and what each left is told apart
afterwards. What touches other databases, or the server, is sent alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generators.command import Command, Program, command, parse
from generators.corpus import read
from generators.walk import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from generators.tree import Syntax, Tree

_FOLDER = Path(__file__).parent / "links"
# Their effects go to replicas although they are not flagged as writes.
_LIKE_WRITES = frozenset(
    ("EVAL", "EVALSHA", "FCALL", "PFCOUNT", "PUBLISH", "SPUBLISH", "SCRIPT LOAD", "SCRIPT FLUSH")
)
# What reaches beyond a database, or decides where the next command goes.
_BEYOND = frozenset(
    (
        *(
            "FLUSHALL",
            "SWAPDB",
            "MOVE",
            "SELECT",
            "FUNCTION",
            "SCRIPT",
            "FCALL",
            "FCALL_RO",
            "EVALSHA",
            "RESET",
        ),
        *("HELLO", "AUTH", "QUIT", "WAIT", "WAITAOF"),
    )
)
_NEVER = frozenset(
    ("MIGRATE", "PFDEBUG", "PFSELFTEST", "DEBUG", "SHUTDOWN", "REPLICAOF", "SLAVEOF", "FAILOVER")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One program, and the command that it is about."""

    subject: str
    program: Program
    alone: bool  # it can't share the server with others


def subjects(tree: Tree) -> tuple[str, ...]:
    """What programs there are about, in order, each once."""
    walked = (syntax.name for syntax in tree.values() if _writes(syntax))
    return tuple(sorted({*walked, *(subject for subject, _ in _others())}))


def writings(tree: Tree, most: int, wanted: Collection[str]) -> Iterator[Writing]:
    """About `most` programs for each command that writes, then what a walk does not know: those about what is wanted.
    No chance is in it.
    """
    for syntax in tree.values():
        if syntax.name in wanted and _writes(syntax):
            for program in walk(syntax, most):
                yield Writing(subject=syntax.name, program=program, alone=_is_beyond(program))
    for subject, program in _others():
        if subject in wanted:
            yield Writing(subject=subject, program=program, alone=_is_beyond(program))


def _writes(syntax: Syntax) -> bool:
    if syntax.container or syntax.words[0].decode() in _NEVER:
        return False
    return "write" in syntax.flags or syntax.name in _LIKE_WRITES


def _is_beyond(program: Program) -> bool:
    return any(each.name in _BEYOND or (each.name == "COPY" and _names_a_database(each)) for each in program)


def _names_a_database(copy: Command) -> bool:
    return any(arg.upper() == b"DB" for arg in copy.args[3:])


def _others() -> Iterator[tuple[str, Program]]:
    for seen in read("writes", _FOLDER):
        yield seen.name, tuple(map(parse, seen.lines))
    large = b"x" * 8_000_000
    yield "SET of 8 MB", (command("SET", "k", large), command("APPEND", "k", "y"))
    yield "RPUSH of 2,000 elements", (command("RPUSH", "k", *range(2000)),)
    yield "SET of odd bytes", (command("SET", bytes(range(256)), b"\r\n*1\r\n$4\r\nQUIT\r\n\x00\xff"),)
