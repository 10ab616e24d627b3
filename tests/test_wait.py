"""`wait_until`: the value it returns, and what it says when time is up."""

from __future__ import annotations

import pytest

from topologies.engine import HarnessError
from topologies.wait import NotInTime, wait_until


def test_it_returns_the_first_value_that_is_liked() -> None:
    values = iter([0, 0, 3, 4])
    assert wait_until(lambda: next(values), timeout_s=5, expect="a number") == 3


def test_what_is_liked_can_be_said() -> None:
    values = iter([5, 4, 0, 3])
    assert wait_until(lambda: next(values), timeout_s=5, expect="nought", until=lambda n: n == 0) == 0


def test_without_any_time_the_probe_is_still_asked_once() -> None:
    assert wait_until(lambda: "yes", timeout_s=0, expect="anything") == "yes"


def test_the_error_shows_expectation_seconds_last_value_and_hint() -> None:
    values = iter(range(1_000_000))
    with pytest.raises(NotInTime) as caught:
        wait_until(
            lambda: next(values), timeout_s=0.01, expect="a miracle", until=lambda _: False, hint="prayer"
        )
    text = str(caught.value)
    assert text.startswith("expected a miracle; not so after 0.01 s (looked ")
    assert text.endswith("; try: prayer")
    assert f"last seen: {next(values) - 1}" in text
    assert isinstance(caught.value, HarnessError)
    assert isinstance(caught.value, TimeoutError)


def test_a_probe_that_fails_is_not_taken_for_not_yet() -> None:
    def probe() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wait_until(probe, timeout_s=5, expect="anything")
