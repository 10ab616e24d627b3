"""Ctrl-C is never lost, and SIGTERM, with which CI takes a job back, ends a run as cleanly.

Python forgets an exception that is raised where nobody can catch it: in a finaliser, or in a callback of the
garbage collector, of which Hypothesis has one. A Ctrl-C that arrives just there is told and forgotten, and the
run goes on; so it is sent again.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_AGAIN_S = 0.05  # long enough to be out of the finaliser, short enough for nobody to press it twice


def take_sigterm_for_ctrl_c() -> None:
    """Before anything is started: a run that is ended this way keeps its record and its report."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def never_lose_ctrl_c() -> None:
    """After pytest has set a hook of its own, which ours hands everything else to."""
    told = sys.unraisablehook

    def hook(lost: UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            again = threading.Timer(_AGAIN_S, _press)
            again.daemon = True
            again.start()
        else:
            told(lost)

    sys.unraisablehook = hook


def _press() -> None:
    """A true signal, so that a system call in which the main thread waits ends, too."""
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGINT)
