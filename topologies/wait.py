"""Waiting for a condition, with a deadline. The only sleep in Rekey; it knows nothing about what is waited
for.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from topologies.engine import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_SHORTEST_S = 0.001  # a server answers 7 ms after it was started: look often at first …
_LONGEST_S = 0.05  # … and ever more rarely, so that a long wait costs nothing
_SHARE = 0.05  # of the time already waited


class NotInTime(HarnessError, TimeoutError):  # noqa: N818  (reads as the sentence it is)
    """What was waited for did not happen before its deadline."""


def wait_until(
    probe: Callable[[], T],
    *,
    timeout_s: float,
    expect: str,
    until: Callable[[T], bool] = bool,
    hint: str = "",
) -> T:
    """Call `probe` until `until` likes its value (by default: until it is true), and return that value.

    The probe is called once more after the deadline's last sleep, and at least once whatever the deadline.
    An exception of the probe is not swallowed: a probe says "not yet" by its value.

    Raises:
        NotInTime: shows the expectation, the seconds, the last value seen and the hint.

    """
    start = time.monotonic()
    looks = 0
    while True:
        value = probe()
        looks += 1
        if until(value):
            return value
        waited = time.monotonic() - start
        if waited >= timeout_s:
            raise NotInTime(_message(expect, waited, looks, value, hint))
        pause = min(max(_SHORTEST_S, waited * _SHARE), _LONGEST_S)
        time.sleep(min(pause, timeout_s - waited))


def _message(expect: str, waited_s: float, looks: int, value: object, hint: str) -> str:
    times = "once" if looks == 1 else f"{looks} times"
    text = f"expected {expect}; not so after {waited_s:.2f} s (looked {times}), last seen: {value!r}"
    return f"{text}; try: {hint}" if hint else text
