"""A server program that the user has: looked at where it is, never copied or changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from topologies.cache import sha256_of
from topologies.engine import Build, EngineNotAvailable
from topologies.sources.reported import NoServerError, ask

if TYPE_CHECKING:
    from topologies.spec import Program


def find(spec: Program) -> Build:
    """The build at that path; product and version are what it reports.

    Raises:
        EngineNotAvailable: no file is there, it can't be executed, or it is no server.

    """
    path = Path(spec.path).expanduser().absolute()
    if not path.exists():
        raise EngineNotAvailable(f"{spec}: there is no file {path}")
    if not path.is_file():
        raise EngineNotAvailable(f"{spec}: {path} is no file; name the server program itself")
    if not os.access(path, os.X_OK):
        raise EngineNotAvailable(f"{spec}: {path} is not executable. Try: chmod +x {path}")
    try:
        reported = ask([str(path)])
    except NoServerError as error:
        expected = "a line such as 'Valkey server v=8.1.1 …' was expected"
        raise EngineNotAvailable(f"{spec} is no Redis or Valkey server: {error}; {expected}") from error
    return Build(
        engine=reported.engine,
        source="path",
        spec=str(spec),
        argv=(str(path),),
        sha256=sha256_of(path),
        reported=reported.line,
    )
