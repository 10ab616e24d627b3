"""The directory of one home, or of one run that is only read: named for its process, so that what dead ones left can
be removed.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from topologies.engine import HomeError
from topologies.owner import Owner

_PREFIX = "rekey-nodes-"


def new_root(parent: Path | None = None, *, prefix: str = _PREFIX) -> Path:
    """A new directory; those of processes that were killed together with their watchdog go.

    Raises:
        HomeError: none can be made there.

    """
    parent = parent or Path(tempfile.gettempdir())
    try:
        for left in parent.glob(f"{prefix}*"):
            owner = Owner.parse(left.name.removeprefix(prefix).rpartition("-")[0])
            if owner is not None and owner.is_dead():
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f"{prefix}{Owner.me()}-", dir=parent))
    except OSError as error:
        raise HomeError(
            f"can't make a directory for nodes in {parent}: {error}; set TMPDIR to one that works"
        ) from error
