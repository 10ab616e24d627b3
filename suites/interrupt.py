"""Ctrl-C is never lost, and SIGTERM, with which CI takes a job back, ends a run as cleanly.

Python forgets an exception that is raised where nobody can catch it: in a finaliser, or in a callback of the
garbage collector, of which Hypothesis has one. A Ctrl-C that arrives just there is told and forgotten, and the
run goes on; so it is sent again. A library that is in the middle of its own work may also swallow it, or break and
raise something else; so it is remembered, and raised again between programs (`heard`).
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sys import UnraisableHookArgs
    from types import FrameType

_AGAIN_S = 0.05  # long enough to be out of the finaliser, short enough for nobody to press it twice
_PRESSED = threading.Event()  # and it stays so: what is interrupted once ends


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    _PRESSED.set()
    raise KeyboardInterrupt


def take_sigterm_for_ctrl_c() -> None:
    """Before anything is started: a run that is ended this way keeps its record and its report."""
    signal.signal(signal.SIGTERM, _interrupt)


def raise_again() -> None:
    """Where a Ctrl-C that somebody swallowed is raised again.

    Raises:
        KeyboardInterrupt: there was one.

    """
    if _PRESSED.is_set():
        raise KeyboardInterrupt


@contextmanager
def heard() -> Iterator[None]:
    """Whatever becomes of a Ctrl-C in the block, KeyboardInterrupt leaves it.

    Raises:
        KeyboardInterrupt: there was one, also where the block ended well or with another error because of it.

    """
    try:
        yield
    finally:
        raise_again()


def never_lose_ctrl_c() -> None:
    """After pytest has set a hook of its own, which ours hands everything else to."""
    told = sys.unraisablehook
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)

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
