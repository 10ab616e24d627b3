"""Known differences: what an entry explains, which one wins, when one is stale, what a file may not say."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from reports.book import BookError, load_acceptances, load_ledger, write_acceptances
from reports.finding import WireReply
from reports.ledger import Entry, Ledger, stale
from reports.ranges import BadRange, Pair, engine_range
from tests.sample_record import a_finding
from topologies.engine import Engine

if TYPE_CHECKING:
    from pathlib import Path

REDIS, VALKEY = Engine("redis", (7, 2, 4)), Engine("valkey", (8, 1, 1))
PAIR = Pair(REDIS, VALKEY)
TODAY = date(2031, 1, 2)

KNOWN = """
[[known]]
id = "encoding"
rule = "agreement.encoding"
subject = "OBJECT ENCODING"
baseline = "redis >=7.0,<7.3"
candidate = ["valkey >=8.1,<8.2", "valkey >=9"]
why = "Hashes are kept otherwise."
upstream = "valkey-io/valkey#1"
program = ["HSET h f v", "OBJECT ENCODING h"]
"""


def an_entry(**changes: object) -> Entry:
    fields: dict[str, object] = {"id": "e", "rule": "agreement.encoding", "subject": "OBJECT ENCODING"}
    return Entry(**(fields | changes))  # type: ignore[arg-type]  # the fields that a test names


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "book.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "engine", "inside"),
    [
        ("redis", REDIS, True),
        ("redis >=7.0,<7.3", REDIS, True),
        ("redis>=7.2.5", REDIS, False),
        ("redis ==7.2.*", REDIS, True),
        ("valkey >=7", REDIS, False),
        ("redis >=8", VALKEY, False),
        ("valkey >=8.1", Engine("valkey", (10, 0)), True),
        ("valkey <9", Engine("valkey", (10, 0)), False),
    ],
)
def test_versions_compare_as_numbers_and_within_one_product(text: str, engine: Engine, inside: bool) -> None:  # noqa: FBT001  (a row of the table)
    assert (engine in engine_range(text)) is inside


@pytest.mark.parametrize("text", ["", ">=7", "redis 7.2", "redis >=seven", "redis >=7 <8"])
def test_what_is_no_range_is_said_with_an_example(text: str) -> None:
    with pytest.raises(BadRange, match=r">=7\.0,<7\.3"):
        engine_range(text)


def test_an_entry_explains_its_own_rule_subject_and_pair_only(tmp_path: Path) -> None:
    ledger = load_ledger(written(tmp_path, KNOWN))
    assert ledger.match(a_finding(), PAIR) == "encoding"
    assert ledger.match(a_finding(), Pair(REDIS, Engine("valkey", (9, 1)))) == "encoding"
    assert ledger.match(a_finding(), Pair(REDIS, Engine("valkey", (8, 2)))) is None
    assert ledger.match(a_finding(), Pair(Engine("redis", (7, 4, 1)), VALKEY)) is None
    assert ledger.match(a_finding(), PAIR.reversed) is None
    assert ledger.match(a_finding(rule="agreement.value"), PAIR) is None
    assert ledger.match(a_finding(subject="OBJECT FREQ"), PAIR) is None


def test_an_entry_for_either_direction_swaps_its_reply_patterns_too() -> None:
    entry = an_entry(
        either=True,
        baseline=(engine_range("redis"),),
        candidate=(engine_range("valkey"),),
        baseline_reply="listpack",
        candidate_reply="hashtable",
    )
    there = a_finding()
    back = a_finding(baseline=there.candidate, candidate=there.baseline)
    assert entry.explains(there, PAIR)
    assert entry.explains(back, PAIR.reversed)
    assert not entry.explains(there, PAIR.reversed)
    assert not entry.explains(back, PAIR)


def test_an_entry_may_be_about_one_protocol() -> None:
    assert an_entry(protocol=2).explains(a_finding(protocol=2), PAIR)
    assert not an_entry(protocol=3).explains(a_finding(protocol=2), PAIR)


def test_an_entry_may_be_about_clusters_only() -> None:
    entry = an_entry(topology="cluster")
    assert entry.explains(a_finding(topology="cluster"), PAIR)
    assert not entry.explains(a_finding(), PAIR)
    assert an_entry().explains(a_finding(topology="cluster"), PAIR)


def test_reply_patterns_see_replies_without_what_changes_from_run_to_run() -> None:
    finding = a_finding(baseline=WireReply("bulk", "id " + "ab12" * 10 + " at 1735790645"))
    assert an_entry(baseline_reply="^.id <id> at <n>.$").explains(finding, PAIR)


def test_the_most_specific_entry_wins_whatever_the_order() -> None:
    entries = [
        an_entry(id="any", subject="*"),
        an_entry(id="family", subject="OBJECT *"),
        an_entry(id="exact"),
        an_entry(id="reply", subject="*", candidate_reply="hashtable"),
        an_entry(id="signed", subject="*", signature=a_finding().signature),
    ]
    for expected in ["signed", "reply", "exact", "family", "any"]:
        assert Ledger(tuple(entries)).match(a_finding(), PAIR) == expected
        assert Ledger(tuple(reversed(entries))).match(a_finding(), PAIR) == expected
        entries = [entry for entry in entries if entry.id != expected]


@pytest.mark.parametrize(
    ("rule", "subject", "known"),
    [
        ("identity.command", "COMMANDLOG", True),
        ("config.parameter", "commandlog-request-larger-than", True),
        ("config.parameter", "COMMANDLOG", False),
        ("identity.command", "SLOWLOG", False),
    ],
)
def test_an_entry_may_name_several_differences_of_one_change(
    tmp_path: Path, rule: str, subject: str, *, known: bool
) -> None:
    path = tmp_path / "ledger.toml"
    several = 'differences = ["identity.command COMMANDLOG", "config.parameter commandlog-*"]'
    path.write_text(_with_differences(several))
    ledger = load_ledger(path)
    assert (ledger.match(a_finding(rule=rule, subject=subject), PAIR) is not None) is known


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('differences = ["identity.command"]', "'identity.command' is not a rule, a blank and a subject"),
        ('differences = ["a b"]\nrule = "a"', "rule: differences says it already"),
        ("differences = []", "rule: missing"),
    ],
)
def test_differences_that_say_too_little_or_too_much(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "ledger.toml"
    path.write_text(_with_differences(text))
    with pytest.raises(BookError, match=problem):
        load_ledger(path)


def _with_differences(text: str) -> str:
    lines = (line for line in KNOWN.splitlines() if not line.startswith(("rule", "subject", "program")))
    return "\n".join((*lines, text))


@pytest.mark.parametrize(
    ("program", "matched", "replayed", "full", "expected"),
    [
        (("GET k",), {"e"}, {"e": False}, True, ()),  # it explained something
        (("GET k",), set(), {"e": False}, False, ("e",)),  # its program shows nothing now
        (("GET k",), set(), {"e": True}, True, ()),  # it still holds, the run only did not meet it
        (("GET k",), set(), {}, True, ()),  # never replayed, so never judged
        ((), set(), {}, True, ("e",)),  # nothing to replay, and a full run met nothing
        ((), set(), {}, False, ()),
    ],
)
def test_an_entry_is_stale_when_it_was_tried_and_nothing_differed(
    program: tuple[str, ...],
    matched: set[str],
    replayed: dict[str, bool],
    full: bool,  # noqa: FBT001  (a row of the table)
    expected: tuple[str, ...],
) -> None:
    entry = an_entry(program=program)
    assert stale([entry], PAIR, matched=matched, replayed=replayed, full=full) == expected


def test_an_entry_for_other_engines_is_never_stale() -> None:
    entry = an_entry(baseline=(engine_range("redis <7"),), program=("GET k",))
    assert stale([entry], PAIR, matched=(), replayed={"e": False}, full=True) == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('why = "Hashes are kept otherwise."', ""), "entry encoding: why: missing"),
        (('upstream = "valkey-io/valkey#1"', ""), "entry encoding: upstream: missing"),
        (('"valkey-io/valkey#1"', '"somewhere"'), "entry encoding: upstream: 'somewhere'"),
        (('"redis >=7.0,<7.3"', '"redis 7"'), "entry encoding: baseline: 'redis 7' is no range"),
        (('id = "encoding"', ""), "entry number 1: id: missing"),
        (('"OBJECT ENCODING"', '"OBJECT [A-Z]"'), "entry encoding: subject: "),
        (('why = "', 'severity = "awful"\nwhy = "'), "entry encoding: severity: 'awful' is none of breaking"),
        (('why = "', 'direction = "both"\nwhy = "'), "entry encoding: direction: 'both' is none of"),
        (('why = "', 'protocol = 4\nwhy = "'), "entry encoding: protocol: expected 2 or 3, got 4"),
        (
            ('why = "', 'baseline_reply = "("\nwhy = "'),
            "entry encoding: baseline_reply: .* no regular expression",
        ),
        (('why = "', 'reasons = "x"\nwhy = "'), "entry encoding: reasons: no such field"),
        (('"OBJECT ENCODING"\n', "5\n"), "entry encoding: subject: expected a text, got 5"),
        (
            ('["HSET h f v", "OBJECT ENCODING h"]', "[1]"),
            "entry encoding: program: expected a text or a list",
        ),
        (("[[known]]", "[[accepted]]"), r"only \[\[known\]\] entries belong in this file, found 'accepted'"),
        (("[[known]]", "[[known"), "is no TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_file_entry_and_field(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(BookError, match=rf"book\.toml: .*{message}|book\.toml is no TOML"):
        load_ledger(written(tmp_path, KNOWN.replace(*change)))


def test_two_entries_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="two entries have the id 'encoding'"):
        load_ledger(written(tmp_path, KNOWN + KNOWN))


def test_the_projects_own_ledger_loads() -> None:
    load_ledger()


ACCEPTED = """
[[accepted]]
id = "ours"
rule = "agreement.encoding"
subject = "OBJECT *"
reason = "we never ask"
expires = 2031-01-02
"""


def test_an_acceptance_holds_through_its_last_day(tmp_path: Path) -> None:
    path = written(tmp_path, ACCEPTED)
    assert load_acceptances(path, today=TODAY).ledger.match(a_finding(), PAIR) == "ours"
    late = load_acceptances(path, today=date(2031, 1, 3))
    assert late.ledger.match(a_finding(), PAIR) is None
    [note] = late.expired
    assert "'ours' expired on 2031-01-02" in note


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('reason = "we never ask"', ""), "entry ours: reason: missing"),
        (("expires = 2031-01-02", ""), "entry ours: expires: missing"),
        (("= 2031-01-02", '= "2031-01-02"'), "entry ours: expires: expected a date without quotes"),
        (("= 2031-01-02", "= 2031-01-02T10:00:00Z"), "entry ours: expires: expected a date"),
    ],
)
def test_an_acceptance_needs_a_reason_and_a_date(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(BookError, match=message):
        load_acceptances(written(tmp_path, ACCEPTED.replace(*change)), today=TODAY)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"gone\.toml can't be read: No such file"):
        load_acceptances(tmp_path / "gone.toml", today=TODAY)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(BookError, match="binary can't be read"):
        load_acceptances(tmp_path / "binary", today=TODAY)


def test_what_accept_to_writes_accepts_exactly_those_findings(tmp_path: Path) -> None:
    odd = a_finding(subject="A[b]?", signature='quote " back \\ tab \t é \u2028', program=("GET k", "a\nb"))
    path = tmp_path / "accepted.toml"
    assert write_acceptances([a_finding(), odd], path, today=TODAY) == 2
    ledger = load_acceptances(path, today=TODAY).ledger
    assert ledger.match(a_finding(), PAIR)
    assert ledger.match(odd, PAIR)
    assert ledger.match(a_finding(signature="something new"), PAIR) is None
    assert {entry.expires for entry in ledger.entries} == {date(2031, 4, 2)}


def test_accept_to_overwrites_nothing(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"book\.toml exists already"):
        write_acceptances([a_finding()], written(tmp_path, "mine"), today=TODAY)
    assert (tmp_path / "book.toml").read_text() == "mine"
