"""The ledger that Rekey ships: every entry says what it is about, shows it, names a source, and hides nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generators.raw import parse_line
from reports.book import load_ledger
from reports.ranges import Pair
from topologies.engine import Engine

if TYPE_CHECKING:
    from reports.ledger import Entry

ENTRIES = load_ledger().entries
REDIS = Engine("redis", (7, 2, 4))
PAIRS = (Pair(REDIS, Engine("valkey", (8, 1, 8))), Pair(REDIS, Engine("valkey", (9, 1, 2))))
FOUND = Path(__file__).parent.parent / "docs" / "found"

_LINK = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(pull|issues|commit|blob|releases)/\S+")
_RULE = re.compile(r"(agreement|identity|config|persistence|replication)\.[a-z-]+")
_PROGRAMS = "agreement."  # rules of what programs show; of themselves engines are asked in every run


def named(entry: Entry) -> str:
    return entry.id


def lines_of(pattern: str) -> str:
    """A pattern without what is only punctuation to a regular expression: what it really asks for."""
    return re.sub(r"\\[dwsS]|[\\^$.*+?()\[\]{}|]", "", pattern)


def test_ids_are_unique() -> None:
    assert [name for name, count in Counter(map(named, ENTRIES)).items() if count > 1] == []


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_both_moves_have_known_differences(pair: Pair) -> None:
    assert len([entry for entry in ENTRIES if entry.applies(pair)]) > 40


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_can_be_replayed(entry: Entry) -> None:
    """Without a program nobody could tell whether it is still true; what engines say of themselves needs none."""
    assert entry.program or not any(rule.startswith(_PROGRAMS) for rule, _ in entry.about)
    for line in entry.program:
        asked = parse_line(line)
        assert str(asked) == str(parse_line(str(asked)))


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_names_its_source(entry: Entry) -> None:
    assert _LINK.fullmatch(entry.upstream), f"{entry.upstream!r} leads to no thread, commit or release"
    assert all(_RULE.fullmatch(rule) for rule, _ in entry.about)


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_says_why_in_a_sentence_or_two(entry: Entry) -> None:
    assert entry.why.endswith(".")
    assert 20 < len(entry.why) < 400


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_speaks_of_two_different_sides(entry: Entry) -> None:
    """Ranges are never open, and no engine stands on both sides: it would differ from itself."""
    assert entry.baseline
    assert entry.candidate
    engines = [
        Engine(product, version)
        for product, versions in {
            "redis": [
                (6, 0, 16),
                (6, 2, 14),
                (7, 0, 15),
                (7, 2, 4),
                (7, 4, 1),
                (8, 0, 2),
                (8, 0, 6),
                (8, 6, 3),
            ],
            "redict": [(7, 3, 6)],
            "valkey": [(8, 0, 1), (8, 1, 1), (8, 1, 8), (9, 0, 0), (9, 1, 2)],
        }.items()
        for version in versions
    ]
    assert not [engine for engine in engines if entry.spans(Pair(engine, engine))]
    assert [1 for one in engines for other in engines if entry.applies(Pair(one, other))]


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_no_entry_is_a_catch_all(entry: Entry) -> None:
    """A wildcard must be held by what the replies say; a bare `*` by what both say."""
    patterns = [text for text in map(lines_of, (entry.baseline_reply, entry.candidate_reply)) if text]
    pinned = bool(entry.signature)  # to one finding
    for rule, subject in entry.about:
        masks = not rule.startswith(_PROGRAMS)  # `db*` is a field's name without its number
        told = patterns or rule == "agreement.unknown-command" or masks
        assert "*" not in subject or told
        assert subject != "*" or pinned or (len(patterns) == 2 and min(map(len, patterns)) > 15)


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_differences_of_values_and_errors_are_told_by_their_replies(entry: Entry) -> None:
    by_name_alone = {"agreement.unknown-command"}
    by_subject = {"COMMAND COUNT", "DBSIZE"}  # numbers that every release has others of
    told = entry.baseline_reply or entry.candidate_reply
    of_programs = any(rule.startswith(_PROGRAMS) for rule, _ in entry.about)
    assert told or not of_programs or entry.rule in by_name_alone or entry.subject in by_subject


def test_no_difference_is_explained_twice_for_one_pair() -> None:
    """Of what engines say of themselves each entry names its own: two that name the same speak of other pairs, or are
    told apart by what the candidate replies.
    """
    engines = [Engine("redis", (6, 0, 16)), Engine("redis", (7, 2, 4)), Engine("redis", (8, 6, 3))]
    engines += [Engine("valkey", version) for version in ((8, 0, 1), (8, 1, 8), (9, 0, 0), (9, 1, 2))]
    pairs = [Pair(one, other) for one in engines for other in engines if one != other]
    seen: set[tuple[str, str, Pair]] = set()
    for entry in (entry for entry in ENTRIES if entry.differences and not entry.candidate_reply):
        for pair in filter(entry.applies, pairs):
            named = {(rule, subject, pair) for rule, subject in entry.differences}
            assert not named & seen, f"{entry.id} says again what another entry says"
            seen |= named


@pytest.mark.parametrize(
    "text", sorted(set(FOUND.glob("*.md")) - {FOUND / "README.md"}), ids=lambda path: path.stem
)
def test_a_text_for_upstream_is_about_an_entry(text: Path) -> None:
    """Each names the ledger entry that it explains, and a program to run."""
    content = text.read_text(encoding="utf-8")
    ids = set(re.findall(r"Ledger: `([^`]+)`", content))
    assert ids
    assert ids <= set(map(named, ENTRIES))
    assert "```" in content
