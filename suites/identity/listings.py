"""What engines list about themselves: fields of HELLO, INFO, CLIENT LIST, MEMORY STATS and their like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suites.identity.fact import (
    THERE,
    Fact,
    Facts,
    form_of,
    is_error,
    masked,
    pairs,
    parts,
    shape_of,
    text_of,
    words,
)
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suites.identity.interview import Interview

# Names of INFO's sections beside those that `INFO everything` shows: some are shown only when asked for.
_SECTIONS = ("server", "debug", "sentinel", "search", "tls", "threads", "hotkeys", "scripting-engines")
_IDS = (
    "redis_git_sha1",
    "redis_build_id",
    "redict_git_sha1",
    "redict_build_id",
)  # in hex, at times digits only
_BY_VALUE = ("server_name", "redis_mode", "server_mode", "role", "arch_bits", "cluster_enabled")
_NO_ENGINES = ("redis_version", "gcc_version")
_NUMBER = re.compile(r"\d+(\.\d+)*")
_SECTION = re.compile(r"#\s*(\S.*)")


def hello(engine: Interview) -> Facts:
    """Which fields, with which types in both protocols, and the values that say what kind of server it is."""
    facts: Facts = {}
    said = [dict(pairs(engine.says(f"HELLO {protocol}", protocol))) for protocol in (2, 3)]
    for name in {**said[0], **said[1]}:
        kinds = (shape_of(each[name]) if name in each else "nothing" for each in said)
        facts["identity.hello", name] = Fact(THERE, "HELLO")
        said_types = " in RESP2, ".join(kinds) + " in RESP3"
        facts["identity.type", name] = Fact(said_types, "HELLO", (("identity.hello", name),))
    for name in ("server", "mode", "role"):
        if name in said[0]:
            facts["identity.value", name] = Fact(text_of(said[0][name]), "HELLO", (("identity.hello", name),))
    return facts


def info(engine: Interview) -> Facts:
    """Sections, fields, and the form of their values: of everything, and of each section that is asked for by name."""
    facts: Facts = {}
    shown = _sections(engine, "INFO everything")
    usual = _sections(engine, "INFO")
    for name in dict.fromkeys((*map(str.lower, shown), *_SECTIONS)):
        alone = _sections(engine, f"INFO {name}")
        facts |= _asked_alone(name, shown, alone)
        shown |= {section: fields for section, fields in alone.items() if section not in shown}
    for section, fields in shown.items():
        whole = ("identity.section", section)
        line = f"INFO {section.lower()}"
        facts[whole] = Fact(THERE, line)
        facts["identity.usual-section", section] = Fact("yes" if section in usual else "no", "INFO", (whole,))
        for name, value in fields.items():
            field = ("identity.info", masked(name))
            facts[field] = Fact(THERE, line, (whole,))
            form = "id" if name in _IDS else form_of(value)
            facts["identity.form", masked(name)] = Fact(form, line, (field,), value, "moment")
            if name in _BY_VALUE:
                facts["identity.value", name] = Fact(value, line, (field,))
    return facts | _whose_version(shown.get("Server", {}))


def _whose_version(server: dict[str, str]) -> Facts:
    """Engines that are no Redis say which Redis they stand in for, whatever version they are of."""
    others = [name for name in server if name.endswith("_version") and name not in _NO_ENGINES]
    said = f"{server.get('redis_version')}, and its own in {others[0]}" if others else "its own"
    return {("identity.value", "redis_version"): Fact(said, "INFO server")}


def _asked_alone(name: str, shown: dict[str, dict[str, str]], alone: dict[str, dict[str, str]]) -> Facts:
    """Fields that a section has only in `INFO everything`, or only on its own: mostly there are none."""
    sections = [section for section in alone if section in shown]
    differs = frozenset(
        field
        for section in sections
        for field in map(masked, shown[section].keys() ^ alone[section].keys())
        if not _comes_and_goes(field)
    )
    wholes = tuple(("identity.section", section) for section in sections)
    said = {("identity.info-alone", f"INFO {name}"): Fact(differs, f"INFO {name}", wholes)}
    return said if sections else {}


def _comes_and_goes(field: str) -> bool:
    """Rows that asking itself makes: a command's first call has statistics after it, not before."""
    return field.startswith(("cmdstat_", "errorstat_", "latency_percentiles_"))


def _sections(engine: Interview, line: str) -> dict[str, dict[str, str]]:
    """Fields with their values, by section; what has no section stands under no name."""
    sections: dict[str, dict[str, str]] = {}
    current = ""
    for row in text_of(engine.says(line)).splitlines():
        if begins := _SECTION.fullmatch(row):
            current = begins[1]
            sections.setdefault(current, {})
        elif ":" in row:
            name, _, value = row.partition(":")
            sections.setdefault(current, {})[name] = value
    return sections


def clients(engine: Interview) -> Facts:
    """Fields of CLIENT LIST and CLIENT INFO, which are one list, and of CLIENT TRACKINGINFO."""
    facts: Facts = {}
    for line in ("CLIENT LIST", "CLIENT INFO"):
        said = engine.says(line)
        if is_error(said):
            continue
        row = text_of(said).splitlines()[0]
        for name, _, value in (pair.partition("=") for pair in row.split()):
            field = ("identity.client", name)
            facts.setdefault(field, Fact(THERE, line))
            number = "number" if form_of(value) in ("integer", "float") else "text"
            facts.setdefault(("identity.form", name), Fact(number, line, (field,), value, "moment"))
    return facts | _fields(engine, "identity.tracking", "CLIENT TRACKINGINFO")


def memory(engine: Interview) -> Facts:
    """Fields of MEMORY STATS with their types."""
    return _fields(engine, "identity.memory", "MEMORY STATS") | _prose(engine, "MEMORY DOCTOR")


def latency(engine: Interview) -> Facts:
    """The rows of LATENCY LATEST and HISTORY, the fields of LATENCY HISTOGRAM, and what the doctor says."""
    facts = _fields(engine, "identity.histogram", "LATENCY HISTOGRAM set", inside="set")
    for line in ("LATENCY LATEST", "LATENCY HISTORY command"):
        rows = parts(engine.says(line))[:1]
        said = " ".join(each.kind.value for row in rows for each in parts(row))
        facts["identity.row", " ".join(line.split()[:2])] = Fact(said, line)
    return facts | _prose(engine, "LATENCY DOCTOR")


def slowlog(engine: Interview) -> Facts:
    """The shape of an entry."""
    rows = parts(engine.says("SLOWLOG GET 1"))
    said = " ".join(each.kind.value for row in rows for each in parts(row))
    return {("identity.row", "SLOWLOG GET"): Fact(said, "SLOWLOG GET 1")}


def users(engine: Interview) -> Facts:
    """Fields of ACL GETUSER and ACL LOG, and the flags that a user can be shown with."""
    log = engine.says("ACL LOG 1")
    facts = _of_fields("identity.acl-log", "ACL LOG", next(iter(parts(log)), log))
    facts |= _fields(engine, "identity.user", "ACL GETUSER default")
    flags = dict(pairs(engine.says("ACL GETUSER default"))).get("flags")
    if flags is not None:
        facts["identity.user-flags", "ACL GETUSER"] = Fact(words(flags), "ACL GETUSER default")
    return facts


def functions(engine: Interview) -> Facts:
    """Fields of FUNCTION STATS, and the engines that run functions."""
    facts = _fields(engine, "identity.functions", "FUNCTION STATS")
    engines = dict(pairs(engine.says("FUNCTION STATS"))).get("engines")
    if engines is not None:
        names = frozenset(name for name, _ in pairs(engines))
        facts["identity.script-engines", "FUNCTION STATS"] = Fact(
            names, "FUNCTION STATS", (("identity.command", "FUNCTION"),)
        )
    return facts


def modules(engine: Interview) -> Facts:
    """Modules that are there without having been loaded."""
    names = frozenset(
        text_of(value)
        for row in parts(engine.says("MODULE LIST"))
        for name, value in pairs(row)
        if name == "name"
    )
    return {("identity.modules", "MODULE LIST"): Fact(names, "MODULE LIST")}


def lolwut(engine: Interview) -> Facts:
    """Its last words without the numbers: the picture is drawn by lot."""
    return _prose(engine, "LOLWUT", at=-1)


def _prose(engine: Interview, line: str, *, at: int = 0) -> Facts:
    """One line of a text for people, without the numbers; what comes behind the first depends on the moment."""
    lines = text_of(engine.says(line)).strip().splitlines()
    return {("identity.prose", line): Fact(_NUMBER.sub("N", lines[at]) if lines else "", line)}


def _fields(engine: Interview, rule: str, line: str, *, inside: str = "") -> Facts:
    """The fields of an answer with their types in both protocols; one whole, where one side does not answer at all."""
    said = [engine.says(line, protocol) for protocol in (2, 3)]
    if inside:
        said = [dict(pairs(each)).get(inside, each) for each in said]
    return _of_fields(rule, line, *said)


def _of_fields(rule: str, line: str, *said: Reply) -> Facts:
    if is_error(said[0]):
        return {}
    name = " ".join(line.split()[:2])
    commands = (("identity.command", name.split()[0]), ("identity.command", name))
    whole = ("identity.answer", name)
    facts: Facts = {whole: Fact(THERE, line, commands)}
    types = [dict(_paths(each)) for each in said]
    for path in {**types[0], **types[-1]}:
        above = tuple((rule, path[:at]) for at, char in enumerate(path) if char == " ")
        facts[rule, path] = Fact(THERE, line, (whole, *above))
        kinds = (
            f"{each.get(path, 'nothing')} in RESP{protocol}" for protocol, each in enumerate(types, start=2)
        )
        facts["identity.type", path] = Fact(", ".join(kinds), line, (whole, *above, (rule, path)))
    return facts


def _paths(reply: Reply, above: str = "") -> Iterator[tuple[str, str]]:
    """Every field with its wire type; those of a field that has fields itself stand behind its name and a blank."""
    for name, value in pairs(reply):
        path = f"{above}{masked(name)}"
        if _has_fields(value):
            yield path, "fields"
            yield from _paths(value, f"{path} ")
        else:
            yield path, value.kind.value


def _has_fields(reply: Reply) -> bool:
    names = parts(reply)[::2]
    return bool(names) and len(parts(reply)) % 2 == 0 and all(map(_is_name, names)) and not _all_names(reply)


def _is_name(reply: Reply) -> bool:
    return reply.kind is Kind.BULK and re.fullmatch(r"[A-Za-z][\w.-]*", text_of(reply)) is not None


def _all_names(reply: Reply) -> bool:
    return reply.kind is not Kind.MAP and all(map(_is_name, parts(reply)))


LISTINGS: dict[str, Callable[[Interview], Facts]] = {
    "HELLO": hello,
    "INFO": info,
    "CLIENT": clients,
    "MEMORY": memory,
    "LATENCY": latency,
    "SLOWLOG": slowlog,
    "ACL": users,
    "FUNCTION": functions,
    "MODULE": modules,
    "LOLWUT": lolwut,
}
