"""What a server program says of itself when asked for `--version`. It starts that one process only."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from topologies.engine import Engine
from topologies.watchdog import kill_session

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_S = 5.0
_LINE = re.compile(r"^(\w+) server v=(\d+(?:\.\d+){0,3})", re.MULTILINE)


class NoServerError(Exception):
    """The program is no Redis-like server; the message says what it did instead."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The engine that the program says it is, and the line where it says so."""

    engine: Engine
    line: str


def read_reported(output: str) -> Reported | None:
    """The engine in the output of `--version`, if there is one: `Redis server v=7.2.4 sha=…`."""
    found = _LINE.search(output)
    if not found:
        return None
    line = output[found.start() :].splitlines()[0].strip()
    return Reported(Engine(found[1].lower(), tuple(map(int, found[2].split(".")))), line)


def ask(argv: Sequence[str], env: Sequence[tuple[str, str]] = ()) -> Reported:
    """Run the program with `--version`.

    Raises:
        NoServerError: it can't be started, does not end in 5 s, or says something else.

    """
    try:
        asked = subprocess.Popen(
            [*argv, "--version"],
            env={**os.environ, **dict(env)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that whatever a script has started ends with it
        )
    except OSError as error:
        raise NoServerError(f"it can't be started: {error.strerror}") from error
    with asked:
        output = _output(asked)
    reported = read_reported(output)
    if asked.returncode == 0 and reported:
        return reported
    raise NoServerError(f"`--version` {_ended(asked.returncode)} and printed {_short(output)}")


def _output(asked: subprocess.Popen[bytes]) -> str:
    """All that it prints. Where it does not end by itself, it and all that it started is ended."""
    try:
        return asked.communicate(timeout=TIMEOUT_S)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        raise NoServerError(f"`--version` did not end within {TIMEOUT_S:.0f} s") from None
    finally:
        if asked.returncode is None:
            kill_session(asked.pid)


def _ended(code: int) -> str:
    return f"ended with code {code}" if code >= 0 else f"was killed by signal {-code}"


def _short(output: str) -> str:
    text = output.strip().partition("\n")[0]
    return repr(text[:120]) if text else "nothing"
