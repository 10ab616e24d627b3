"""What a server's log and its keys come to: the outcome, its words, and what of them is the cause."""

from __future__ import annotations

import pytest

from reports.matrix import CRASH, HANG, LOSS, PARTIAL, REFUSED, WHOLE
from suites.persistence.outcome import cause, not_saved, reading_of
from suites.persistence.report import worse
from topologies.comparison import Comparison, Deviant, Deviation
from topologies.vault import Opening

LOST = Comparison(
    compared=2,
    counts={Deviation.MISSING: 1},
    samples=(Deviant(deviation=Deviation.MISSING, key=(0, b"k"), type="string"),),
)
ALL = Comparison(compared=2, counts={}, samples=())
USUAL = (
    "17:C 25 Nov 2026 05:00:00.000 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
    "17:M 25 Nov 2026 05:00:00.001 # WARNING Memory overcommit must be enabled!",
    "17:M 25 Nov 2026 05:00:00.001 # Server initialized",
    "17:M 25 Nov 2026 05:00:00.001 * DB loaded from disk: 0.001 seconds",
)
REFUSAL = "17:M 25 Nov 2026 05:00:00.002 # Can't handle RDB format version 12"


def opening(*log: str, started: bool = True, status: int | None = None) -> Opening:
    return Opening(started=started, status=status, log=(*USUAL, *log))


def test_all_keys_are_whole() -> None:
    assert reading_of(opening(), ALL).outcome == WHOLE


def test_lost_keys_without_a_word_are_a_silent_loss() -> None:
    found = reading_of(opening(), LOST)
    assert (found.outcome, found.said, found.deviations) == (LOSS, "", {"missing": 1})


def test_lost_keys_with_a_warning_are_reported() -> None:
    found = reading_of(opening("17:M 25 Nov 2026 05:00:00.002 # !!! Truncating the AOF"), LOST)
    assert (found.outcome, found.said) == (PARTIAL, "!!! Truncating the AOF")


@pytest.mark.parametrize(
    ("status", "log", "outcome"),
    [
        (1, REFUSAL, REFUSED),
        (-11, "", CRASH),
        (1, "17:M 25 Nov 2026 05:00:00.002 # === ASSERTION FAILED ===", CRASH),
        (None, "", HANG),
    ],
)
def test_a_server_that_does_not_start(status: int | None, log: str, outcome: str) -> None:
    assert reading_of(opening(log, started=False, status=status), None).outcome == outcome


def test_the_words_are_the_server_s() -> None:
    assert (
        reading_of(opening(REFUSAL, started=False, status=1), None).said
        == "Can't handle RDB format version 12"
    )


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("Can't handle RDB format version 12 / Fatal error", "Can't handle RDB format version 12"),
        (
            (
                "Error reading the append only file appendonly.aof.2.base.aof, error: unknown command 'HSETEX', "
                "with args beginning with: 'k' '17'"
            ),
            "Error reading the append only file FILE, error: unknown command 'HSETEX'",
        ),
        ("Bad file format at offset 123", "Bad file format at offset #"),
    ],
)
def test_the_cause_is_the_same_whatever_the_file(said: str, short: str) -> None:
    assert cause(said) == short


def test_a_save_that_crashed_says_so() -> None:
    found = not_saved(
        [*USUAL, "18:C 25 Nov 2026 05:00:00.002 # Redis 8.6.3 crashed by signal: 11, si_code: 1"]
    )
    assert (found.outcome, found.said) == (CRASH, "Redis 8.6.3 crashed by signal: 11, si_code: 1")


def test_only_what_the_other_makes_less_of_is_worse() -> None:
    whole, lost = reading_of(opening(), ALL), reading_of(opening(), LOST)
    assert worse(whole, lost)
    assert not worse(lost, whole)
    assert not worse(lost, lost)
