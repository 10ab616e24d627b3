"""The table of severities in docs/ledger.md says what the code does: each row has examples here, in its order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.finding import WireReply
from reports.severity import severity_of

PAGE = Path(__file__).parent.parent / "docs" / "ledger.md"
ONE, TWO, DIED = WireReply("integer", 1), WireReply("integer", 2), WireReply("none", "died")


def error(text: str) -> WireReply:
    return WireReply("error", text)


def listing(*words: str) -> WireReply:
    return WireReply("array", [{"type": "bulk", "value": word} for word in words])


UNKNOWN, SYNTAX = error("ERR unknown command 'X'"), error("ERR syntax error")
WRONG_TYPE = error("WRONGTYPE Operation against a key holding the wrong kind of value")
Row = tuple[str, list[tuple[str, str, WireReply, WireReply]]]  # how the row begins; rule, subject and replies

ROWS: list[Row] = [
    (
        "`agreement.error-text`, `agreement.encoding`",
        [
            ("agreement.error-text", "GET", SYNTAX, error("ERR x")),
            ("agreement.encoding", "OBJECT ENCODING", ONE, TWO),
        ],
    ),
    (
        "about `HELP`, any `… HELP`, `LOLWUT`, `COMMAND DOCS`, `COMMAND COUNT`",
        [
            ("agreement.value", subject, ONE, TWO)
            for subject in ("HELP", "XINFO HELP", "LOLWUT", "COMMAND DOCS", "COMMAND COUNT")
        ],
    ),
    (
        "`agreement.unknown-command`, `agreement.unknown-argument`: the request got further",
        [
            ("agreement.unknown-command", "X", UNKNOWN, ONE),
            ("agreement.unknown-command", "X", UNKNOWN, SYNTAX),
            ("agreement.unknown-argument", "SET", SYNTAX, WRONG_TYPE),
        ],
    ),
    ("the same, the request got no further", [("agreement.unknown-argument", "SET", ONE, SYNTAX)]),
    ("`agreement.state`", [("agreement.state", "SET", ONE, TWO)]),
    ("`agreement.follow-up`", []),  # tests/test_causes.py
    ("`agreement.push`", [("agreement.push", "SET", listing("a"), listing("a", "b"))]),
    (
        "the baseline refuses with a plain `ERR`",
        [("agreement.type", "SET", SYNTAX, ONE), ("agreement.error-code", "SET", SYNTAX, WRONG_TYPE)],
    ),
    (
        "… but that `ERR` is about stored data",
        [
            ("agreement.type", "INCR", error(f"ERR {said}"), ONE)
            for said in ("would overflow", "no such key", "index out of range", "value is not an integer")
        ],
    ),
    ("… or the error has a code of its own", [("agreement.type", "GET", WRONG_TYPE, ONE)]),
    (
        "a listing (",
        [
            ("agreement.value", subject, listing("a"), listing("a", "b"))
            for subject in ("ACL CAT", "INFO", "XINFO STREAM")
        ],
    ),
    (
        "`agreement.value` about `Z…` or `GEO…`",
        [("agreement.value", "ZRANGE", listing("0.1"), listing("0.10"))],
    ),
    (
        "`agreement.crash`, `agreement.garbled`",
        [("agreement.crash", "GET", DIED, ONE), ("agreement.garbled", "GET", DIED, ONE)],
    ),
    (
        "everything else",
        [
            ("agreement.value", "GET", ONE, TWO),
            ("agreement.crash", "GET", ONE, DIED),
            ("agreement.push", "SET", listing("a", "b"), listing("a")),
            ("agreement.order", "LRANGE", listing("a", "b"), listing("b", "a")),
        ],
    ),
]


def rows_of_the_page() -> list[tuple[str, str]]:
    table = PAGE.read_text(encoding="utf-8").split("\n### ")[0]
    found = re.findall(r"^\| (.+) \| ([a-z ]+) \|$", table, re.MULTILINE)
    return [row for row in found if row != ("the finding", "severity")]


def test_each_row_of_the_page_has_examples() -> None:
    assert len(rows_of_the_page()) == len(ROWS)
    for (shown, _), (begins, _) in zip(rows_of_the_page(), ROWS, strict=True):
        assert shown.startswith(begins)


@pytest.mark.parametrize("at", range(len(ROWS)), ids=lambda at: ROWS[at][0])
def test_the_code_says_what_the_row_says(at: int) -> None:
    _, severity = rows_of_the_page()[at]
    for rule, subject, baseline, candidate in ROWS[at][1]:
        assert severity_of(rule, subject, baseline, candidate).value == severity, (rule, subject)
