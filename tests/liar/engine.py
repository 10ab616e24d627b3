"""A liar as an engine: a script that Rekey can be given as `path:…` and starts as it starts any server."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topologies.engine import Build

_ROOT = Path(__file__).resolve().parents[2]
_MAIN = (
    f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from tests.liar.__main__ import main; sys.exit(main())"
)


def make_liar(directory: Path, build: Build, lie: str) -> Path:
    """Write `directory/LIE/valkey-server` (or what the build's program is called), which lies as named."""
    script = directory / lie / Path(build.argv[-1]).name
    script.parent.mkdir(parents=True, exist_ok=True)
    environment = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in build.env)
    liar = shlex.join((sys.executable, "-I", "-S", "-c", _MAIN, lie, *build.argv, "--"))
    script.write_text(
        f"#!/bin/sh\n{environment}"
        f'case "$*" in *--version*) exec {shlex.join(build.argv)} --version ;; esac\n'
        f'exec {liar} "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script
