"""junit.xml: the form that CI servers validate, with each finding as a case."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring

import msgspec
import pytest

from reports.finding import WireReply
from reports.junit import junit
from reports.record import Record
from reports.run import Coverage
from tests.sample_record import a_finding, a_run, write_realistic

if TYPE_CHECKING:
    from pathlib import Path

# What junit-10.xsd, which the Jenkins plug-in validates against, allows of what is used here.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "skipped"}}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return write_realistic(tmp_path_factory.mktemp("record") / "run")


def check_form(element: Element) -> None:
    assert set(element.attrib) <= ATTRIBUTES[element.tag]
    for child in element:
        assert child.tag in CHILDREN[element.tag]
        check_form(child)


def test_it_has_the_form_of_the_schema_and_counts_that_are_true(sample: Record) -> None:
    root = fromstring(junit(sample))
    check_form(root)
    for suite in root:
        assert {"name", "tests", "failures", "errors"} <= set(suite.attrib)
        assert suite.get("tests") == str(len(suite))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert root.get("failures") == "19"


def test_a_new_finding_fails_and_a_known_one_is_skipped_with_the_reason(sample: Record) -> None:
    cases = {case.get("name", ""): case for case in fromstring(junit(sample)).iter("testcase")}
    failed = cases["CLIENT KILL: agreement.value: killing a client that is gone is an error"]
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("type") == "breaking"
    assert "> CLIENT KILL 127.0.0.1:1" in (failure.text or "")
    assert "Valkey 8.1.1:\n(error) ERR No such client" in (failure.text or "")
    skipped = cases["RENAME: agreement.error-text: another text"].find("skipped")
    assert skipped is not None
    assert skipped.get("message", "").startswith("known as error-texts-of-8: Error texts")


def test_an_area_that_agreed_is_a_case_that_passed(sample: Record) -> None:
    [suite] = [suite for suite in fromstring(junit(sample)) if suite.get("name") == "bitmaps"]
    [case] = suite
    assert case.get("name") == "310,000 commands agreed"
    assert len(case) == 0


def test_a_finding_is_counted_in_the_area_that_its_evidence_names(tmp_path: Path) -> None:
    found = a_finding(evidence={"area": "hashes"})
    root = fromstring(junit(Record(tmp_path, a_run(), (found,), Coverage())))
    assert [suite.get("name") for suite in root] == ["hashes"]


def test_a_stale_ledger_entry_fails_in_a_suite_of_its_own(tmp_path: Path) -> None:
    root = fromstring(junit(Record(tmp_path, a_run(stale=("old-news",)), (), Coverage())))
    [case] = root.iter("testcase")
    assert (case.get("classname"), case.get("name")) == ("ledger", "old-news")
    assert case.find("failure") is not None


def test_the_policy_decides_what_fails(tmp_path: Path) -> None:
    cosmetic = Record(tmp_path, a_run(fail_on="breaking"), (a_finding(),), Coverage())
    [case] = fromstring(junit(cosmetic)).iter("testcase")
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "cosmetic, and the run fails on breaking only"
    unsure = msgspec.structs.replace(a_finding(), verdict="inconclusive", evidence={"inconclusive": "1 of 5"})
    [case] = fromstring(junit(Record(tmp_path, a_run(), (unsure,), Coverage()))).iter("testcase")
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "inconclusive: 1 of 5"


def test_bytes_that_xml_cannot_hold_are_written_out(tmp_path: Path) -> None:
    reply = WireReply("error", "ERR \x00\x0b <&> ]]> \ufffe \ud7ff")
    found = a_finding(baseline=reply, message="a\x01b", program=("GET \x02",), step=0)
    [case] = fromstring(junit(Record(tmp_path, a_run(), (found,), Coverage()))).iter("testcase")
    failure = case.find("failure")
    assert failure is not None
    assert "\\x00\\x0b <&> ]]> \\ufffe" in (failure.text or "")
    assert failure.get("message") == "a\\x01b"
