"""Scripts: a small grammar of Lua, played out in full, and what a script is named after.

A file of `scripts/` has sections. A section's head says in which scripts its expressions stand (`~` is the place), by
which commands those are run, and what is done before them; each line below it is one expression:

    # before: SET s1 5
    # by: EVAL FCALL
    # in: return ~
    # in: redis.setresp(3) return ~
    {double=3.5}
    redis.call('GET', 's1')

Every expression is tried in every place: the space is small enough to leave nothing of it to chance. On top, scripts
are drawn that put several expressions together (`draw_script`). `scripts/*.programs` holds what is no expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from generators.command import CONTAINERS, Command, Program, command, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

FOLDER = Path(__file__).parent / "scripts"
DEADLY = FOLDER / "deadly.programs"
_PLACE = "~"
_TOGETHER = 20  # scripts a program: what comes before all of them is done once
_LIBRARIES_TOGETHER = 5
_HEAD = re.compile(r"# (in|by|before|rewritten):(?: (.*))?$")

# What a script begins with that tells a value's types all the way down, tables in one order.
_SHOW = (
    "local function show(v) if type(v) ~= 'table' then return type(v) .. ':' .. tostring(v) end"
    " local t = {} for k, x in pairs(v) do t[#t + 1] = tostring(k) .. '=' .. show(x) end"
    " table.sort(t) return '{' .. table.concat(t, ',') .. '}' end "
)
_RESP3 = "redis.setresp(3) "
_KNOWN = re.compile(r"local known = \{.*?\} ")


@dataclass(slots=True)
class Section:
    """Expressions, the places that they stand in, and what runs them."""

    places: list[str] = field(default_factory=list)
    by: tuple[str, ...] = ("EVAL",)
    before: list[Command] = field(default_factory=list)
    rewritten: bool = False  # calls commands that change their own arguments
    expressions: list[str] = field(default_factory=list)


@cache
def scripts(*, rewritten: bool = True) -> tuple[Program, ...]:
    """Every expression in each of its places, a few scripts a program, and the programs that are written out.

    `rewritten`: with those that call commands which change their own arguments for replicas, as `SET … GET` does.
    """
    written = (path for path in sorted(FOLDER.glob("*.programs")) if path != DEADLY)
    return (
        *(program for each in _sections() if rewritten >= each.rewritten for program in _programs(each)),
        *(program for path in written for program in _blocks(path)),
    )


@cache
def deadly_scripts() -> tuple[Program, ...]:
    """Programs of one line that end some server: each costs seconds where it does."""
    return tuple(_blocks(DEADLY))


def draw_script(rng: Random) -> bytes:
    """A script that returns several expressions at once."""
    expressions = [rng.choice(_values()) for _ in range(rng.choice((1, 2, 2, 3)))]
    version = _RESP3 if rng.random() < _RESP3_SHARE else ""
    return _unescaped(f"{version}return {{{', '.join(expressions)}}}")


_RESP3_SHARE = 0.3


@cache
def _values() -> tuple[str, ...]:
    """The expressions that stand behind a plain `return`, so that they can stand anywhere."""
    return tuple(
        line
        for each in _sections()
        if "return ~" in each.places and not each.rewritten
        for line in each.expressions
    )


def _programs(section: Section) -> Iterator[Program]:
    before = tuple(section.before)
    for by in section.by:
        bodies = [_script(place, each) for place in section.places for each in section.expressions]
        size = _TOGETHER if by == "EVAL" else _LIBRARIES_TOGETHER
        for at in range(0, len(bodies), size):
            lines = [line for n, body in enumerate(bodies[at : at + size]) for line in _run(by, body, n)]
            yield (*before, *lines)


def _run(by: str, body: bytes, number: int) -> Program:
    """A script, run by EVAL; by FCALL, from a function; or while its library is loaded."""
    if by == "EVAL":
        return (command("EVAL", body, 0),)
    name = b"%b_%d" % (_function_name(constructs(body)).encode(), number)
    function = b"function() %b\nend" % body
    if by == "LOAD":
        function = b"(function() local r = (%b)() return function() return r end end)()" % function
    code = b"#!lua name=%b\nredis.register_function('%b', %b)" % (name, name, function)
    return command("FUNCTION", "LOAD", code), command("FCALL", name, 0)


def _function_name(words: tuple[str, ...]) -> str:
    return re.sub(r"\W+", "_", " ".join(words)).strip("_")


def _script(place: str, expression: str) -> bytes:
    text = place.replace(_PLACE, expression)
    before = (_SHOW if "show(" in text else "") + (_known() if "known[" in text else "")
    return _unescaped(before + text)


def _unescaped(text: str) -> bytes:
    """The bytes that redis-cli makes of it between double quotes; a quote in it may stand bare."""
    return parse('"' + re.sub(r'(?<!\\)"', r"\"", text) + '"').args[0]


@cache
def _known() -> str:
    """The names that sections ask for one by one, so that a listing has only the others."""
    lines = (line for each in _sections() if "return type(~)" in each.places for line in each.expressions)
    names = {name.rsplit(".", 1)[-1] for name in lines if re.fullmatch(r"[\w.]+", name)}
    return f"local known = {{{', '.join(f'{name}=1' for name in sorted(names))}}} "


@cache
def _sections() -> tuple[Section, ...]:
    return tuple(
        section for path in sorted(FOLDER.glob("*.scripts")) for section in read(path.read_text("utf-8"))
    )


def read(text: str) -> Iterator[Section]:
    """The sections of a file; a head behind an expression opens the next."""
    section = Section()
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head and section.expressions:
            yield section
            section = Section()
        if head:
            _head(section, head[1], head[2] or "")
        elif line and not line.startswith("## "):
            section.expressions.append(line)
    yield section


def _head(section: Section, word: str, text: str) -> None:
    if word == "in":
        section.places.append(text)
    elif word == "by":
        section.by = tuple(text.split())
    elif word == "before":
        section.before.append(parse(text))
    else:
        section.rewritten = True


def _blocks(path: Path) -> Iterator[Program]:
    for block in path.read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("# ")]
        if lines:
            yield tuple(map(parse, lines))


# --- what a script is named after ---

_LIBRARIES = "redis|server|cjson|cmsgpack|struct|bit|string|table|math|os|io|package|coroutine|debug"
_MEMBER = re.compile(rf"\b({_LIBRARIES})\s*\.\s*(\w+)")
_METHOD = re.compile(r":(\w+)\(")
_CALLED = re.compile(r"\bp?call[(,]\s*'([\w-]+)'(?:\s*,\s*'([A-Z-]{2,})')?")
_NUMBER_ARGUMENT = re.compile(r"\bcall\([^()]*[(,]\s*-?\d+(?:\.\d|e\d|\^|/|\s[\^/])")
_REPLY_FIELD = re.compile(
    r"[{,]\s*(ok|err|double|map|set|big_number|verbatim_string|format|attribute|push|null)\s*=[^=]"
)
_WORD = re.compile(r"(?<![\w.:])([A-Za-z_]\w*)(?!\s*=[^=])(?!\w)")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\[\[.*?\]\]", re.DOTALL)
_COMMENT = re.compile(r"--(?:\[\[.*?\]\]|[^\n]*)", re.DOTALL)
_LOCAL = re.compile(r"\b(?:local|for|function)\s+(?:function\s+)?([\w, ]+)|\bfunction\s*\w*\(([\w, ]*)\)")
_NUMBERS = re.compile(r"(?<![\w.])\d")
_KEYWORDS = frozenset(
    (
        *(
            "and",
            "break",
            "do",
            "else",
            "elseif",
            "end",
            "false",
            "for",
            "function",
            "goto",
            "if",
            "in",
            "local",
        ),
        *("nil", "not", "or", "repeat", "return", "then", "true", "until", "while"),
    )
)
# Words that only hold an expression: a script is named after them where there is nothing else in it.
_GLUE = frozenset(
    (
        *(
            "KEYS",
            "ARGV",
            "type",
            "tostring",
            "tonumber",
            "select",
            "pcall",
            "xpcall",
            "error",
            "assert",
            "unpack",
        ),
        *("pairs", "ipairs", "next", "show", "known", "setmetatable", "getmetatable"),
        *("rawget", "rawset", "rawequal"),
    )
)
_SETS_UP = frozenset(
    ["redis.call", "redis.pcall", "redis.setresp", "string.rep", "string.match", "string.len"]
)


def constructs_of(asked: Command) -> tuple[str, ...]:
    """What the script of a command does; of a function its name says it, if it has one of ours (`cjson_encode_3`)."""
    if asked.name in ("EVAL", "EVAL_RO") and len(asked.args) > 1:
        return constructs(asked.args[1])
    if asked.name in ("FCALL", "FCALL_RO") and len(asked.args) > 1:
        function = _FUNCTION.fullmatch(asked.args[1])
        return _by_function_name().get(function[1].decode(), ()) if function else ()
    if asked.full_name in ("SCRIPT LOAD", "FUNCTION LOAD") and len(asked.args) > 2:
        return constructs(asked.args[-1])
    return ()


@cache
def _by_function_name() -> dict[str, tuple[str, ...]]:
    bodies = (
        _script(place, line) for each in _sections() for place in each.places for line in each.expressions
    )
    return {_function_name(words): words for words in map(constructs, bodies)}


_FUNCTION = re.compile(rb"([A-Za-z]\w*)_\d+")


@cache
def constructs(script: bytes) -> tuple[str, ...]:
    """What a script does: the library functions, commands, globals and reply tables in it, without what only holds
    them; else the kinds of its literals. Words of one script, in one order.
    """
    text = _KNOWN.sub("", script.decode("utf-8", "backslashreplace").replace(_SHOW, ""))
    resp3 = {"redis.setresp"} if _RESP3 in text else set()
    text = text.replace(_RESP3, "")
    shebang, text = _split_shebang(text)
    bare = _COMMENT.sub("", _TEXT.sub("''", text))
    members = {f"{library}.{name}" for library, name in _MEMBER.findall(bare)}
    members |= {f"string.{name}" for name in _METHOD.findall(bare)}
    called = {_command(*words) for words in _CALLED.findall(text)}
    if _NUMBER_ARGUMENT.search(bare):
        called.add("number")
    tables = {f"{{{name}}}" for name in _REPLY_FIELD.findall(bare)}
    words = _globals(bare)
    does = (members - _SETS_UP) | called | tables | (words - _GLUE)
    found = does or members or (words & _GLUE - {"show", "known"}) or _literals(text, bare)
    return tuple(sorted(found | resp3 | shebang))


def _command(name: str, word: str) -> str:
    """A command as tips write it: `OBJECT|ENCODING`."""
    return f"{name.upper()}|{word}" if word and name.upper() in CONTAINERS else name.upper()


def _split_shebang(text: str) -> tuple[set[str], str]:
    if not text.startswith("#!"):
        return set(), text
    line, _, rest = text.partition("\n")
    return {"#!"} | set(re.findall(r"[\w-]+", line.partition("flags=")[2])), rest


def _globals(bare: str) -> set[str]:
    own = {name for groups in _LOCAL.findall(bare) for part in groups for name in re.findall(r"\w+", part)}
    libraries = set(_LIBRARIES.split("|"))
    found = {word for word in _WORD.findall(bare) if word not in _KEYWORDS and word not in own}
    of_library = {word for word in found & libraries if not re.search(rf"\b{word}\s*(?![\s.\w])", bare)}
    return found - of_library


def _literals(text: str, bare: str) -> set[str]:
    kinds = {
        "nil": re.search(r"\bnil\b", bare),
        "boolean": re.search(r"\b(true|false)\b", bare),
        "string": _TEXT.search(text),
        "table": "{" in bare,
        "function": re.search(r"\bfunction\b", bare),
        "number": _NUMBERS.search(bare),
    }
    return {kind for kind, found in kinds.items() if found}
