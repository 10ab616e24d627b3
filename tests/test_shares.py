"""Coverage as shares of all there is, with what is missing and why."""

from __future__ import annotations

from reports.run import Work
from reports.shares import shares_of

COMMANDS = ("GET", "MONITOR", "SET", "SHUTDOWN")
TOKENS = ("SET EX", "SET NX", "SHUTDOWN NOSAVE")
WALKED = Work(
    area="walk-string",
    reached={
        "tokens": ("SET EX", "SHUTDOWN NOSAVE"),
        "tokens served": ("SET EX",),
        "replies": ("GET bulk", "GET error", "SET simple", "SHUTDOWN error"),
        "errors": ("ERR syntax error",),
        "encodings": ("embstr", "int"),
    },
)


def test_nothing_was_walked() -> None:
    assert shares_of([Work(area="strings")], {"GET"}, COMMANDS, TOKENS) == ()


def test_what_is_missing_has_a_reason() -> None:
    shares = {each.what: each for each in shares_of([WALKED], {"GET", "SET", "SHUTDOWN"}, COMMANDS, TOKENS)}
    commands, served = shares["commands"], shares["commands that some engine carried out"]
    assert (commands.done, commands.all) == (3, 4)
    assert [(each.what, "reply" in each.why) for each in commands.missing] == [("MONITOR", True)]
    assert [each.what for each in served.missing] == ["MONITOR", "SHUTDOWN"]
    assert served.missing[1].why == "ends the server"
    assert [(each.what, each.why) for each in shares["tokens"].missing] == [
        ("SET NX", "no program of this run used it")
    ]


def test_what_nobody_counts_is_listed() -> None:
    shares = {each.what: each for each in shares_of([WALKED, WALKED], set(), COMMANDS, TOKENS)}
    errors = shares["error replies, without what varies"]
    assert (errors.done, errors.all, errors.reached) == (1, None, ("ERR syntax error",))
    encodings = shares["encodings"]
    assert encodings.done == 2
    assert "skiplist" in [each.what for each in encodings.missing]
