"""The page: everything on it, nothing from outside, and no value that could do harm."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from reports import record
from reports.finding import WireReply
from reports.html import html, link
from reports.judge import Policy, judge
from reports.matrix import Cell
from reports.record import Record, RecordWriter
from reports.run import Coverage, Explanation, NotRun, Share
from reports.side_by_side import side_by_side
from tests.sample_record import a_finding, a_run, realistic_findings, write_realistic

NOWHERE = Path("runs/x")
VOID = {"meta", "link", "br", "input"}
NASTY = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Checks that tags are balanced, and keeps what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attrs
            for name, attrs in self.tags
            if name == tag and all(attrs.get(key) == value for key, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return write_realistic(tmp_path_factory.mktemp("record") / "run")


@pytest.fixture(scope="module")
def page(sample: Record) -> Page:
    return Page(html(sample))


def with_finding(**changes: object) -> Record:
    run = a_run(end="2031-01-02T03:05:00+00:00", explained={"e": Explanation(why=NASTY, upstream=NASTY)})
    return Record(NOWHERE, run, (a_finding(**changes),), Coverage())


def test_the_verdict_the_pair_and_the_policy_stand_on_top(page: Page) -> None:
    top = page.text[: page.text.index("What was compared")]
    for part in (
        "Redis 7.2.4 → Valkey 8.1.1",
        "Not a drop-in: 15 breaking differences (11 new, 3 known, 1 inconclusive).",
        "The run fails: 19 differences are in no ledger (--fail-on new).",
    ):
        assert part in top


def test_every_finding_is_on_the_page_with_program_replies_and_reproduction(page: Page) -> None:
    assert len(page.all("details", **{"data-severity": "breaking"})) == 15
    for finding in realistic_findings():
        for line in finding.program:
            assert line in page.text
        assert finding.reproduce in page.text
    assert '1) "0-0"' in page.text
    assert "(nil *-1)" in page.text


def test_what_is_known_says_why_and_where_to_read_on(page: Page) -> None:
    assert "Both engines" not in page.text
    assert "Error texts are for people; the codes in front of them agree." in page.text
    assert page.all("a", href="https://github.com/valkey-io/valkey/issues/226")


def test_what_was_not_tested_and_what_was_tolerated_is_said(page: Page) -> None:
    for part in (
        "cluster mode",
        "profile gate runs standalone nodes only",
        "WAITAOF",
        "ttl-within-20-ms",
        "312,936",
    ):
        assert part in page.text


def test_nothing_comes_from_outside(sample: Record) -> None:
    text = html(sample)
    page = Page(text)
    assert page.all("link") == [{"rel": "icon", "href": "data:,"}]
    assert not [attrs for _, attrs in page.tags if attrs.get("src")]
    assert not re.search(r"@import|url\(", text)
    assert "default-src 'none'" in text


def test_the_page_reads_without_javascript(page: Page) -> None:
    """The filter and the copy buttons appear by script only; nothing else is hidden but "Nothing matches"."""
    hidden = [(tag, attrs.get("class")) for tag, attrs in page.tags if "hidden" in attrs]
    assert set(hidden) == {("form", "filter"), ("button", "copy"), ("p", "nothing")}


def test_headings_labels_and_the_differing_step_are_there_for_who_cannot_see(page: Page) -> None:
    assert len(page.all("h1")) == 1
    assert page.all("html", lang="en")
    assert len(page.all("li", **{"aria-current": "step"})) == len(realistic_findings())
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        assert attrs.get("aria-labelledby", ids[0]) in ids


@pytest.mark.parametrize(
    "field", ["subject", "message", "rule", "signature", "topology", "reproduce", "known"]
)
def test_no_value_becomes_a_tag(field: str) -> None:
    page = Page(html(with_finding(**{field: NASTY})))
    assert len(page.all("script")) == 1
    assert not page.all("img")


def test_no_reply_program_evidence_or_explanation_becomes_a_tag() -> None:
    hostile = with_finding(
        program=(NASTY,),
        step=0,
        baseline=WireReply("bulk", NASTY),
        candidate=WireReply("array", [{"type": "map", "value": [[{"type": "bulk", "value": NASTY}] * 2]}]),
        evidence={NASTY: NASTY},
        known="e",
        verdict="known",
    )
    page = Page(html(hostile))
    assert NASTY in page.text
    assert len(page.all("script")) == 1
    assert not page.all("img")


def test_control_and_direction_characters_are_written_out() -> None:
    page = Page(html(with_finding(baseline=WireReply("bulk", "a\x00b\x1b[31m\u202ec"))))
    assert '"a\\x00b\\x1b[31m\\u202ec"' in page.text


@pytest.mark.parametrize(
    ("upstream", "target"),
    [
        ("valkey-io/valkey#12", "https://github.com/valkey-io/valkey/issues/12"),
        ("https://valkey.io/x", "https://valkey.io/x"),
        ("javascript:alert(1)", ""),
        ("somewhere", ""),
    ],
)
def test_only_what_can_be_read_is_linked(upstream: str, target: str) -> None:
    assert link(upstream) == target


def test_three_hundred_findings_stay_small(tmp_path: Path) -> None:
    record.start(tmp_path, a_run(end="2031-01-02T03:05:00+00:00"))
    long = WireReply("array", [{"type": "integer", "value": number} for number in range(500)])
    other = WireReply("array", [{"type": "integer", "value": number} for number in range(499)])
    with RecordWriter.open(tmp_path) as writer:
        for number in range(300):
            writer.finding(a_finding(signature=str(number), baseline=long, candidate=other))
    assert len(html(judge(record.merge(tmp_path), Policy()))) < 900_000


def test_long_equal_parts_of_replies_are_folded() -> None:
    def numbers(count: int, last: int) -> WireReply:
        return WireReply("array", [{"type": "integer", "value": n} for n in [*range(count), last]])

    shown = side_by_side(numbers(20, 7), numbers(20, 8))
    assert [line.kind for line in shown.baseline] == ["same", "same", "fold", "same", "same", "differs"]
    assert shown.baseline[2].text == "… 16 equal lines"
    assert shown.baseline[-1].text == "21) (integer) 7"
    assert shown.candidate[-1].text == "21) (integer) 8"


def test_a_line_that_only_one_reply_has_leaves_a_gap_beside_it() -> None:
    one, two = (WireReply("array", [{"type": "integer", "value": n} for n in range(size)]) for size in (1, 2))
    shown = side_by_side(one, two)
    assert [line.kind for line in shown.baseline] == ["same", "gap"]
    assert [line.kind for line in shown.candidate] == ["same", "differs"]


def test_a_run_that_found_nothing_says_what_it_compared() -> None:
    run = a_run(end="x", verdict="agrees", exit_code=0)
    totals = msgspec.structs.replace(run.totals, compared=1_000_000)
    text = Page(html(Record(NOWHERE, msgspec.structs.replace(run, totals=totals), (), Coverage()))).text
    assert "Drop-in as far as tested: 1,000,000 commands agreed." in text
    assert "None found." in text


def test_a_run_without_an_end_says_so_on_top() -> None:
    unended = Record(NOWHERE, a_run(), (a_finding(),), Coverage(), ("findings-gw0.jsonl",))
    text = Page(html(unended)).text
    assert "Unfinished run. So far: " in text
    assert "The end of findings-gw0.jsonl is cut off" in text


def test_shares_say_how_much_and_why_not_the_rest() -> None:
    missing = NotRun(what="MONITOR", why="every later command would be a reply")
    shares = (
        Share(what="commands", done=378, all=379, missing=(missing,)),
        Share(what="error replies", done=140),
    )
    page = Page(html(Record(NOWHERE, a_run(), (), Coverage(shares=shares))))
    assert "378" in page.text
    assert "Commands: 1 not reached" in page.text
    assert missing.why in page.text


def test_ways_of_data_stand_on_the_page_with_the_server_s_words() -> None:
    cells = (
        Cell(
            way="RDB", variant="SAVE", writer="a", reader="b", direction="there", outcome="whole", compared=9
        ),
        Cell(way="AOF", variant="x", writer="b", reader="a", direction="back", outcome="refused", said=NASTY),
        Cell(
            way="RDB",
            variant="SAVE",
            writer="a",
            reader="b",
            direction="there",
            damage="cut",
            outcome="crash",
        ),
    )
    page = Page(html(Record(NOWHERE, a_run(), (), Coverage(), matrix=cells)))
    for part in ("Data in files", "whole", "refused: " + NASTY, "Files that something happened to", "crash"):
        assert part in page.text
    assert "Data in files" not in Page(html(Record(NOWHERE, a_run(), (), Coverage()))).text
