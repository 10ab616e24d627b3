"""Documented changes: which engines have them, which findings show them, and what is said of a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports import record
from reports.__main__ import main
from reports.book import load_ledger
from reports.changes.change import BadChange, Change, Sign
from reports.changes.page import page
from reports.changes.shelf import load_changes, load_shown
from reports.finding import WireReply
from reports.ranges import Pair
from reports.record import RecordError, RecordWriter
from tests.sample_record import a_finding, a_run
from topologies.engine import Engine

PAGE = Path(__file__).resolve().parents[1] / "docs" / "changes.md"

HEAD = """
[[change]]
id = "hash-encoding"
text = "Small hashes say listpack."
source = "https://example.org/notes"
since = "valkey 8.1"
"""


def a_change(*since: str, until: tuple[str, ...] = ()) -> Change:
    return Change(id="c", text="t", source="https://example.org", since=since, until=until, unseen="it is")


def an_engine(spec: str) -> Engine:
    product, _, version = spec.partition(":")
    return Engine(product, tuple(map(int, version.split("."))))


def has(change: Change, spec: str) -> bool:
    return change.is_in(an_engine(spec))


@pytest.mark.parametrize(
    ("since", "having", "lacking"),
    [
        (("redis 7.0",), "redis:7.0.15 redis:7.2.4 redis:8.6.3 valkey:8.0.1 redict:7.3.6", "redis:6.2.14"),
        (("redis 7.4",), "redis:7.4.1 redis:8.0.2", "redis:7.2.4 valkey:8.1.8 redict:7.3.6"),
        (("redis 7.0.5", "redis 6.2.8"), "redis:6.2.14 redis:7.0.15 redis:7.2.4", "redis:7.0.4 redis:6.2.7"),
        (("redis 7.2", "redis 6.2.8"), "redis:6.2.9 redis:7.2.4", "redis:7.0.15 redis:6.2.7"),
        (("redis 7.2.6",), "redis:7.2.7 redis:7.4.1", "redis:7.2.4 valkey:8.0.1"),
        (("valkey 8.1",), "valkey:8.1.0 valkey:9.0.0", "valkey:8.0.1 redis:8.6.3 redict:7.3.6"),
        (("redis 7.4", "valkey 8.1"), "redis:7.4.1 valkey:8.1.1", "valkey:8.0.1 redis:7.2.4"),
    ],
)  # fmt: skip
def test_an_engine_has_what_came_in_its_line_or_before_it(
    since: tuple[str, ...], having: str, lacking: str
) -> None:
    change = a_change(*since)
    assert [spec for spec in having.split() if not has(change, spec)] == []
    assert [spec for spec in lacking.split() if has(change, spec)] == []


def test_what_was_taken_back_is_in_no_later_engine() -> None:
    change = a_change("redis 7.0", until=("redis 7.2", "valkey 8.0"))
    assert has(change, "redis:7.0.15")
    assert not has(change, "redis:7.2.4")
    assert not has(change, "valkey:8.1.8")


def test_a_change_lies_between_engines_of_which_one_has_it() -> None:
    old, new = an_engine("redis:7.2.4"), an_engine("valkey:8.1.8")
    assert a_change("valkey 8.0").lies_between(Pair(old, new))
    assert a_change("valkey 8.0").lies_between(Pair(new, old))
    assert not a_change("redis 7.0").lies_between(Pair(old, new))


@pytest.mark.parametrize(
    "sign",
    [
        Sign.read("agreement.encoding OBJECT ENCODING"),
        Sign.read("agreement.* OBJECT *"),
        Sign.read("known small-hashes"),
        Sign(subject="OBJECT ENCODING", program="^HSET h"),
        Sign(reply="listpack"),
        Sign(rule="agreement.encoding", subject="*", reply='"hashtable"'),
    ],
)
def test_a_sign_fits_where_all_that_it_says_holds(sign: Sign) -> None:
    assert sign.fits(a_finding(known="small-hashes"))


@pytest.mark.parametrize(
    "sign",
    [
        Sign.read("agreement.value OBJECT ENCODING"),
        Sign.read("known other"),
        Sign(subject="OBJECT ENCODING", program="^SET"),
        Sign(rule="agreement.encoding", reply="skiplist"),
    ],
)
def test_a_sign_fits_nothing_else(sign: Sign) -> None:
    assert not sign.fits(a_finding(known="small-hashes"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"found_by": ("agreement.value",)}, "is not a rule"),
        ({"found_by": (Sign(rule="agreement.value"),)}, "fits everything"),
        ({"found_by": (Sign(reply="("),)}, "no regular expression"),
        ({}, "found_by or unseen"),
        ({"unseen": "so", "found_by": ("a b",)}, "found_by or unseen"),
        ({"unseen": "so", "since": "7.0"}, "no product and version"),
        ({"unseen": "so", "source": "notes"}, "no https://"),
    ],
)
def test_a_change_that_says_too_little_is_refused(change: dict[str, object], said: str) -> None:
    fields = {"id": "c", "text": "t", "source": "https://example.org", "since": "redis 7.0"} | change
    with pytest.raises(BadChange, match=re.escape(said)):
        Change(**fields).check()  # type: ignore[arg-type]  # what a file may say


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("redis-7.0.toml", "[[change]]\nid = 'a'", "missing required field"),
        ("redis-7.0.toml", HEAD + "unseen = 'so'\nwho = 'me'", "unknown field"),
        ("redis-7.0.toml", HEAD + "unseen = 'so'" + HEAD + "unseen = 'so'", "two changes have the id"),
        ("redis.toml", HEAD + "unseen = 'so'", "called after a version"),
        ("redis-7.0.toml", HEAD.replace("hash-encoding", "Hash") + "unseen = 'so'", "small letters"),
        ("redis-7.0.toml", "[[change", "can't be read"),
    ],
)
def test_a_file_of_nonsense_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=re.escape(said)):
        load_changes(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    record.start(folder, a_run(id="run"))
    with RecordWriter.open(folder) as writer:
        writer.finding(a_finding())
        writer.finding(
            a_finding(signature="longer", program=("HSET h f v", "HSET h g w", "OBJECT ENCODING h"), step=2)
        )
    record.merge(folder)
    return folder


def changes_in(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "valkey-8.1.toml").write_text(text, encoding="utf-8")
    return ["--changes", str(tmp_path / "changes")]


def test_a_run_is_told_what_it_found(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + 'found_by = ["agreement.encoding OBJECT ENCODING"]\n'
    assert main(["changes", str(run), "--verbose", "--save", *changes_in(tmp_path, text)]) == 0
    said = capsys.readouterr().out
    assert "1 of 1 documented changes found, 100.0%" in said
    assert f"found   hash-encoding: {a_finding().id}" in said
    (shown,) = load_shown(tmp_path / "changes")
    assert shown.shown["hash-encoding"].program == ("HSET h f v", "OBJECT ENCODING h")
    assert "`HSET h f v ⏎ OBJECT ENCODING h`" in page(load_changes(tmp_path / "changes"), [shown])


def test_a_run_that_misses_something_fails(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = HEAD.replace("hash-encoding", "of-replicas") + 'unseen = "it needs a replica"\n'
    text = HEAD + 'found_by = ["agreement.value HGET"]\n' + other
    assert main(["changes", str(run), *changes_in(tmp_path, text)]) == 1
    said = capsys.readouterr().out
    assert "0 of 1 documented changes found" in said
    assert "not counted: 1 " in said
    assert "missed  hash-encoding: Small hashes say listpack." in said


def test_what_does_not_lie_between_the_two_is_not_asked_for(run: Path, tmp_path: Path) -> None:
    text = HEAD.replace("valkey 8.1", "valkey 9.0") + 'found_by = ["agreement.value HGET"]\n'
    assert main(["changes", str(run), *changes_in(tmp_path, text)]) == 0


def test_signs_name_ledger_entries_that_exist() -> None:
    ids = {entry.id for entry in load_ledger().entries}
    named = {
        sign.known
        for changes in load_changes().values()
        for change in changes
        for sign in change.signs
        if sign.known and "*" not in sign.known
    }
    assert sorted(named - ids) == []


def test_the_page_is_made_of_the_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(load_changes(), load_shown()), (
        "run python -m reports.changes > docs/changes.md"
    )


def test_what_was_shown_is_about_changes_that_exist() -> None:
    ids = {change.id for changes in load_changes().values() for change in changes}
    named = {each for run in load_shown() for each in (*run.shown, *run.missed)}
    assert sorted(named - ids) == []


def test_a_sign_reads_both_replies() -> None:
    finding = a_finding(baseline=WireReply("error", "ERR no"), candidate=WireReply("simple", "OK"))
    assert Sign(reply="ERR no").fits(finding)
    assert Sign(reply="OK").fits(finding)
