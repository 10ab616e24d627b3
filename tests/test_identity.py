"""What engines say of themselves: what a fact keeps of an answer, and that one cause is one difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.identity.commands import commands, documents
from suites.identity.contrast import ABSENT, Contrast, contrasts, forgiven
from suites.identity.fact import THERE, Fact, form_of, masked
from suites.identity.interview import Interview
from suites.identity.listings import clients, hello, info
from suites.identity.parameters import configuration
from suites.identity.report import SAYS, finding_of
from suites.identity.trial import Outcome, Trial, contrasts_of, why_not_tried
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from suites.identity.fact import Facts

WHOLE = ("identity.command", "COPY")


def bulk(text: str) -> Reply:
    return Reply(Kind.BULK, text.encode())


def array(*items: Reply | str | int) -> Reply:
    """Texts, numbers and replies as one array."""
    return Reply(Kind.ARRAY, tuple(map(_reply, items)))


def _reply(item: Reply | str | int) -> Reply:
    match item:
        case str():
            return bulk(item)
        case int():
            return Reply(Kind.INTEGER, item)
    return item


def engine(answers: dict[str, Reply]) -> Interview:
    """An engine that says this in both protocols, and to all else that it knows no such thing."""
    interview = Interview(node=None)  # type: ignore[arg-type]  # nobody is asked
    unknown = Reply(Kind.ERROR, b"ERR unknown command")
    lines = {
        "HELLO 2",
        "HELLO 3",
        "CLIENT INFO",
        "CLIENT TRACKINGINFO",
        "COMMAND LIST",
        "COMMAND COUNT",
        *answers,
    }
    for line in lines:
        for protocol in (2, 3):
            interview._said[line, protocol] = answers.get(line, unknown)
    return interview


def found(baseline: Facts, candidate: Facts) -> set[tuple[str, str]]:
    return {(each.rule, each.subject) for each in contrasts(baseline, candidate)}


def words(*texts: str) -> frozenset[str]:
    return frozenset(texts)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", "empty"),
        ("-1", "integer"),
        ("0.00", "float"),
        ("nan", "float"),
        ("100.00%", "percentage"),
        ("1.01M", "size"),
        ("0B", "size"),
        ("noeviction", "text"),
        ("8.1.8", "text"),
        ("calls=1,usec=2.5", "calls=integer,usec=float"),
        ("p50=0.001,p99=1.0,p99.9=2.0", "p*=float"),
    ],
)
def test_of_a_value_its_form_is_kept(text: str, form: str) -> None:
    assert form_of(text) == form


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("cmdstat_get", "cmdstat_*"),
        ("db12", "db*"),
        ("db.3", "db.*"),
        ("io_thread_1", "io_thread_*"),
        ("io_threads_active", "io_threads_active"),
        ("dbsize", "dbsize"),
    ],
)
def test_names_with_a_number_or_a_command_in_them_are_one(name: str, kept: str) -> None:
    assert masked(name) == kept


def test_a_command_that_one_side_has_not_stands_for_all_that_is_said_of_it() -> None:
    facts = {
        WHOLE: Fact(THERE, "COMMAND INFO copy"),
        ("identity.flags", "COPY"): Fact(words("write"), "COMMAND INFO copy", (WHOLE,)),
        ("identity.documents", "COPY"): Fact(words("since 6.2.0"), "COMMAND DOCS copy", (WHOLE,)),
    }
    [seen] = contrasts(facts, {})
    assert (seen.rule, seen.subject, seen.baseline, seen.candidate) == (*WHOLE, bulk("COPY"), ABSENT)


def test_what_belongs_to_a_whole_that_is_compared_elsewhere_is_not_told() -> None:
    facts = {("identity.documents", "COPY"): Fact(words("since 6.2.0"), "COMMAND DOCS copy", (WHOLE,))}
    assert list(contrasts(facts, {}, known=({WHOLE}, frozenset()))) == []
    assert [each.subject for each in contrasts(facts, {}, known=({WHOLE}, {WHOLE}))] == ["COPY"]


def test_a_word_that_one_side_never_uses_is_one_difference() -> None:
    baseline: Facts = {
        ("identity.flags", name): Fact(words("random", "fast"), "COMMAND") for name in ("A", "B", "C")
    }
    candidate: Facts = {("identity.flags", name): Fact(words("fast"), "COMMAND") for name in ("A", "B", "C")}
    [seen] = contrasts(baseline, candidate)
    assert (seen.rule, seen.subject, seen.where) == ("identity.flag", "random", ("A", "B", "C"))


def test_a_word_that_both_use_differs_command_by_command() -> None:
    baseline: Facts = {
        ("identity.flags", "A"): Fact(words("fast"), "COMMAND"),
        ("identity.flags", "B"): Fact(words("fast"), "COMMAND"),
    }
    candidate: Facts = {**baseline, ("identity.flags", "A"): Fact(words("stale"), "COMMAND")}
    [seen] = contrasts(baseline, candidate)
    assert (seen.baseline, seen.candidate) == (array("fast"), array("stale"))


def test_a_category_that_a_flag_brings_along_is_no_difference_of_its_own() -> None:
    baseline: Facts = {
        ("identity.flags", "WAIT"): Fact(words(), "COMMAND"),
        ("identity.categories", "WAIT"): Fact(words("@slow"), "COMMAND"),
    }
    candidate: Facts = {
        ("identity.flags", "WAIT"): Fact(words("blocking"), "COMMAND"),
        ("identity.categories", "WAIT"): Fact(words("@slow", "@blocking"), "COMMAND"),
    }
    assert found(baseline, candidate) == {("identity.flags", "WAIT")}


def test_prose_that_changed_is_one_difference_with_the_names_of_all() -> None:
    baseline: Facts = {("identity.summary", name): Fact("old", "COMMAND DOCS") for name in ("A", "B")}
    candidate: Facts = {("identity.summary", name): Fact("new", "COMMAND DOCS") for name in ("A", "B")}
    [seen] = contrasts(baseline, candidate)
    assert (seen.subject, seen.where) == ("COMMAND DOCS", ("A", "B"))


def test_what_was_not_compared_is_counted() -> None:
    baseline: Facts = {("identity.form", "x"): Fact("integer", "INFO", (), "1", "moment")}
    candidate: Facts = {("identity.form", "x"): Fact("integer", "INFO", (), "2", "moment")}
    assert found(baseline, candidate) == set()
    assert forgiven(baseline, candidate) == {"moment": 1}
    assert forgiven(baseline, baseline) == {}


def test_info_is_told_by_sections_fields_and_forms() -> None:
    def saying(*fields: str) -> Interview:
        text = bulk("\r\n".join(("# Server", "redis_version:7.2.4", *fields)))
        others = ("debug", "sentinel", "search", "tls", "threads", "hotkeys", "scripting-engines")
        empty = {f"INFO {name}": bulk("") for name in others}
        return engine({"INFO": text, "INFO everything": text, "INFO server": text, **empty})

    before, after = info(saying("hz:10", "os:Linux")), info(saying("hz:ten", "system:Linux"))
    assert found(before, before) == set()
    assert found(before, after) == {
        ("identity.form", "hz"),
        ("identity.info", "os"),
        ("identity.info", "system"),
    }


def test_hello_is_told_by_fields_types_and_what_server_it_is() -> None:
    before = hello(engine(dict.fromkeys(("HELLO 2", "HELLO 3"), array("server", "redis", "id", 7))))
    after = hello(engine(dict.fromkeys(("HELLO 2", "HELLO 3"), array("server", "valkey", "id", "8"))))
    assert found(before, after) == {("identity.value", "server"), ("identity.type", "id")}


def test_clients_are_told_by_fields_and_whether_these_are_numbers() -> None:
    before = clients(engine({"CLIENT LIST": bulk("id=3 name= db=0\n")}))
    after = clients(engine({"CLIENT LIST": bulk("id=4 name=x db=zero\n")}))
    assert found(before, after) == {("identity.form", "db")}


def test_a_command_is_told_by_what_clients_and_proxies_go_by() -> None:
    def saying(*row: Reply | int | str) -> Interview:
        rows = array(array("get", *row))
        count = Reply(Kind.INTEGER, 1)
        return engine({"COMMAND": rows, "COMMAND INFO get": rows, "COMMAND COUNT": count})

    def spec(at: int) -> Reply:
        return array("flags", array("RO"), "begin_search", array("type", "index", "spec", array("index", at)))

    flags, read = array("readonly"), array("@read")
    before = commands(saying(2, flags, 1, 1, 1, read, array(), array(spec(1)), array()))
    after = commands(saying(-2, flags, 2, 2, 1, read, array(), array(spec(2)), array()))
    old = commands(saying(2, array("readonly"), 1, 1, 1, array("@read")))
    assert found(before, before) == set()
    assert found(before, after) == {("identity.arity", "GET"), ("identity.key-specs", "GET")}
    elements = {(rule, name) for rule, name in found(old, before) if rule == "identity.command-element"}
    assert found(old, before) == elements != set()


def test_arguments_are_told_by_token_type_and_flags_and_their_names_together() -> None:
    def saying(name: str, token: str) -> Interview:
        argument = array("name", name, "type", "pure-token", "token", token, "flags", array("optional"))
        told = array("set", array("summary", "Sets.", "since", "1.0.0", "arguments", array(argument)))
        return engine({"COMMAND DOCS": told, "COMMAND DOCS get": told})

    assert found(documents(saying("a", "NX")), documents(saying("b", "NX"))) == {
        ("identity.argument-names", "COMMAND DOCS")
    }
    assert found(documents(saying("a", "NX")), documents(saying("a", "XX"))) == {
        ("identity.arguments", "SET")
    }


def test_an_old_name_beside_its_new_one_is_told_once() -> None:
    before = configuration(engine({"CONFIG GET *": array("slave-priority", "100")}))
    both = configuration(
        engine({"CONFIG GET *": array("slave-priority", "99", "replica-priority", "99", "tls-port", "0")})
    )
    assert found(before, both) == {("config.parameter", "replica-priority")}
    other = {"CONFIG GET *": array("slave-priority", "7", "replica-priority", "7", "tls-port", "0")}
    assert found(both, configuration(engine(other))) == {("config.default", "replica-priority")}
    assert forgiven(before, both)["build"] == 1


def taken(reads: str) -> Outcome:
    return Outcome(taken=True, reads=reads, said=Reply(Kind.SIMPLE, b"OK"))


def refused(text: str) -> Outcome:
    return Outcome(taken=False, reason=text, said=Reply(Kind.ERROR, text.encode()))


FAILED = "ERR CONFIG SET failed (possibly related to argument 'hz') - "


@pytest.mark.parametrize(
    ("baseline", "candidate", "rule"),
    [
        ({"1": taken("1")}, {"1": taken("1")}, None),
        ({"1": taken("1")}, {"1": refused(FAILED + "too small")}, "config.values"),
        ({"1kb": taken("1024")}, {"1kb": taken("1000")}, "config.reads"),
        ({"1": taken("1")}, {"1": refused(FAILED + "can't set immutable config")}, "config.read-only"),
        ({"x": refused(FAILED + "no")}, {"x": refused(FAILED + "never")}, "config.refusal"),
        # other bounds are told by the values at the bounds
        (
            {"x": refused(FAILED + "argument must be between 1 and 5 inclusive")},
            {"x": refused(FAILED + "argument must be between 1 and 9 inclusive")},
            None,
        ),
        (
            {"x": refused("ERR Invalid argument 'x' for CONFIG SET 'hz'")},
            {"x": refused(FAILED)},
            "config.refusal",
        ),
    ],
)
def test_a_setting_is_told_by_what_comes_of_it(
    baseline: dict[str, Outcome], candidate: dict[str, Outcome], rule: str | None
) -> None:
    assert [each.rule for each in contrasts_of([Trial("hz", baseline, candidate)])] == (
        [rule] if rule else []
    )


def test_other_words_for_the_same_refusal_are_one_difference() -> None:
    trials = [
        Trial(name, {"x": refused(f"{FAILED}no")}, {"x": refused(f"{FAILED}never")})
        for name in ("hz", "save")
    ]
    [seen] = contrasts_of(trials)
    assert (seen.subject, seen.where) == ("CONFIG SET", ("hz", "save"))


@pytest.mark.parametrize("name", ["port", "tls-port", "requirepass", "dir", "server-cpulist", "io-threads"])
def test_what_would_cost_the_run_its_server_is_not_tried(name: str) -> None:
    assert why_not_tried(name)


@pytest.mark.parametrize("name", ["maxmemory", "hash-max-listpack-entries", "replica-priority", "timeout"])
def test_everything_else_is_tried(name: str) -> None:
    assert why_not_tried(name) is None


@pytest.mark.parametrize("rule", SAYS)
def test_a_finding_says_what_was_compared_and_shows_the_part_that_differs(rule: str) -> None:
    contrast = Contrast(rule, "x", "INFO server", bulk("x"), ABSENT, ("a", "b"))
    finding = finding_of(contrast, "INFO", lambda lines: f"--program {lines[0]!r}")
    assert finding.program == ("INFO server",)
    assert finding.signature == f"{rule} | x"
    assert finding.evidence["compared"] == SAYS[rule]
    assert finding.evidence["where"] == "a, b"
    assert "baseline only" in finding.message
