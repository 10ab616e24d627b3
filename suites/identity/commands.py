"""What engines say of their commands: COMMAND, COMMAND DOCS, COMMAND LIST, ACL CAT and the HELP of containers.

A command is one whole: where one side does not know it, that is one difference, and its documents, categories and
flags are none. What an engine of an older form never says of any command (tips, key specifications) is one, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.vocabulary import subcommands
from suites.identity.fact import THERE, Fact, Facts, Words, is_error, pairs, parts, shape_of, text_of, words
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suites.identity.fact import Key
    from suites.identity.interview import Interview

# The elements of a row of COMMAND behind the first three; Redis 6.x ends with the categories.
_ELEMENTS = ("first key", "last key", "step", "categories", "tips", "key specifications", "sub-commands")
_CATEGORIES, _TIPS, _SPECS, _SUBCOMMANDS = 6, 7, 8, 9
_ELEMENT = "identity.command-element"
_DOCUMENTS = (_ELEMENT, "documents")
_PROSE = ("summary", "complexity", "history")
_UNTOLD = ("summary", "complexity", "history", "arguments", "subcommands")


def commands(engine: Interview) -> Facts:
    """Per command and sub-command: arity, flags, keys, categories, tips."""
    rows = parts(engine.says("COMMAND"))
    length = max((len(parts(row)) for row in rows), default=3)
    facts: Facts = {
        (_ELEMENT, name): Fact(THERE, "COMMAND INFO get") for name in _ELEMENTS[: max(0, length - 3)]
    }
    for name, row in _commands(rows):
        facts |= _command(name, parts(row))
    facts |= _shape(engine, "COMMAND INFO get", _element(_SUBCOMMANDS))
    return facts | _says_otherwise(engine, rows)


def known(engine: Interview) -> set[Key]:
    """Every command and sub-command, as the wholes that other facts are part of."""
    return {("identity.command", name) for name, _ in _commands(parts(engine.says("COMMAND")))}


def _command(name: str, row: tuple[Reply, ...]) -> Facts:
    line = f"COMMAND INFO {name.lower().replace(' ', '|')}"
    whole = ("identity.command", name)
    container = ("identity.command", name.partition(" ")[0])
    facts = {whole: Fact(THERE, line, (container, _element(_SUBCOMMANDS)) if container != whole else ())}
    contains = len(row) > _SUBCOMMANDS and parts(row[_SUBCOMMANDS])
    # Without sub-commands of its own a container's row speaks for them; with them it says nothing of interest.
    wholes = (whole, _element(_SUBCOMMANDS)) if contains else (whole,)
    facts["identity.arity", name] = Fact(str(row[1].value), line, wholes)
    facts["identity.flags", name] = Fact(words(row[2]), line, wholes)
    facts["identity.keys", name] = Fact(frozenset(_places(row)), line, wholes)
    for at, (rule, read) in _TOLD_AT.items():
        if len(row) > at:
            facts[rule, name] = Fact(read(row[at]), line, (*wholes, _element(at)))
    return facts


def _element(at: int) -> Key:
    return _ELEMENT, _ELEMENTS[at - 3]


def _places(row: tuple[Reply, ...]) -> Iterator[str]:
    for element, value in zip(_ELEMENTS, row[3:6], strict=False):
        yield f"{element} {value.value!r}"


def _spec(spec: Reply) -> str:
    """One key specification on one line, without its notes, which are prose."""
    told = dict(pairs(spec))
    flags = " ".join(sorted(words(told["flags"]))) if "flags" in told else ""
    return " ".join([flags, *(_flat(told[name]) for name in ("begin_search", "find_keys") if name in told)])


def _specs(reply: Reply) -> Words:
    return frozenset(map(_spec, parts(reply)))


_TOLD_AT: dict[int, tuple[str, Callable[[Reply], Words]]] = {
    _CATEGORIES: ("identity.categories", words),
    _TIPS: ("identity.tips", words),
    _SPECS: ("identity.key-specs", _specs),
}


def _flat(reply: Reply) -> str:
    """`keynum 0 1 1`: the texts and numbers of a map, without the names that every one of its kind has."""
    if not isinstance(reply.value, tuple):
        return text_of(reply) if isinstance(reply.value, bytes) else str(reply.value)
    return " ".join(
        _flat(value) if isinstance(value.value, tuple) or name == "type" else f"{name}={_flat(value)}"
        for name, value in pairs(reply)
    )


def _commands(rows: tuple[Reply, ...]) -> Iterator[tuple[str, Reply]]:
    for row in rows:
        name = text_of(parts(row)[0]).upper().replace("|", " ")
        yield name, row
        if len(parts(row)) > _SUBCOMMANDS:
            yield from _commands(parts(parts(row)[_SUBCOMMANDS]))


def _shape(engine: Interview, line: str, whole: Key) -> Facts:
    """The wire types of an answer that clients take apart, in RESP3, where they are richest."""
    return {
        ("identity.shape", " ".join(line.split()[:2])): Fact(shape_of(engine.says(line, 3)), line, (whole,))
    }


def _says_otherwise(engine: Interview, rows: tuple[Reply, ...]) -> Facts:
    """What COMMAND INFO, LIST and COUNT say of commands that COMMAND says otherwise: mostly nothing."""
    names = [text_of(parts(row)[0]).lower() for row in rows]
    again = parts(engine.says(" ".join(("COMMAND INFO", *names))))
    twice = [name for name, one, other in zip(names, rows, again, strict=False) if not _same(one, other)]
    facts: Facts = {("identity.says-otherwise", "COMMAND INFO"): Fact(frozenset(twice), "COMMAND INFO get")}
    listed = engine.says("COMMAND LIST")
    if not is_error(listed):
        every = {name.lower().replace(" ", "|") for name, _ in _commands(rows)}
        again_listed = {name.lower() for name in words(listed)}
        strange = frozenset(names).difference(again_listed) | again_listed.difference(every)
        facts["identity.says-otherwise", "COMMAND LIST"] = Fact(
            strange, "COMMAND LIST", (("identity.command", "COMMAND LIST"),)
        )
    count = engine.says("COMMAND COUNT").value
    said = "as many" if count == len(names) else "another number"
    facts["identity.says-otherwise", "COMMAND COUNT"] = Fact(said, "COMMAND COUNT")
    return facts


def _same(one: Reply, other: Reply) -> bool:
    """Whether both say the same; sub-commands and flags may come in another order."""
    return one == other or _bag(one) == _bag(other)


def _bag(reply: Reply) -> str:
    if not isinstance(reply.value, tuple):
        return repr(reply)
    return repr(sorted(map(_bag, reply.value)))


def documents(engine: Interview) -> Facts:
    """Per command: since, group, document flags, and the tree of arguments. Prose is one text for all commands."""
    said = engine.says("COMMAND DOCS")
    if is_error(said):
        return {}
    facts: Facts = {_DOCUMENTS: Fact(THERE, "COMMAND DOCS get")}
    for name, told in _documents(said):
        line = f"COMMAND DOCS {name.lower().replace(' ', '|')}"
        wholes = (("identity.command", name), _DOCUMENTS)
        plain = frozenset(_plain_documents(told))
        facts["identity.documents", name] = Fact(plain, line, wholes)
        within = (*wholes, ("identity.documents", name))
        tree = frozenset(_arguments(told.get("arguments"), ""))
        facts["identity.arguments", name] = Fact(tree, line, within)
        facts["identity.argument-names", name] = Fact(_names(told.get("arguments")), line, within)
        for kind in _PROSE:
            prose = _text(told[kind]) if kind in told else ""
            facts[f"identity.{kind}", name] = Fact(prose, line, within)
    return facts | _shape(engine, "COMMAND DOCS get", _DOCUMENTS)


def _documents(said: Reply) -> Iterator[tuple[str, dict[str, Reply]]]:
    for name, document in pairs(said):
        told = dict(pairs(document))
        yield name.upper().replace("|", " "), told
        if "subcommands" in told:
            yield from _documents(told["subcommands"])


def _plain_documents(told: dict[str, Reply]) -> Iterator[str]:
    """`since 1.0.0`, `group string`, `doc_flags deprecated`."""
    for name, value in told.items():
        if name not in _UNTOLD:
            yield f"{name} {_text(value)}"


def _text(reply: Reply) -> str:
    if isinstance(reply.value, tuple):
        return " ".join(map(_text, reply.value))
    return text_of(reply) if isinstance(reply.value, bytes) else str(reply.value)


def _arguments(arguments: Reply | None, above: str) -> Iterator[str]:
    """Each argument: its token, type and flags, behind those that it belongs to. Names are only names."""
    for argument in parts(arguments) if arguments is not None else ():
        told = dict(pairs(argument))
        flags = sorted(words(told["flags"])) if "flags" in told else []
        token = [repr(text_of(told["token"]))] if "token" in told else []
        said = " ".join([*token, text_of(told.get("type", argument)), *flags])
        yield f"{above}{said}"
        yield from _arguments(told.get("arguments"), f"{above}{said} / ")


def _names(arguments: Reply | None) -> str:
    """The names of all arguments, as a text."""
    told = [dict(pairs(argument)) for argument in (parts(arguments) if arguments is not None else ())]
    return " ".join(
        f"{text_of(each['name'])} {_names(each.get('arguments'))}" for each in told if "name" in each
    )


def categories(engine: Interview) -> Facts:
    """Categories, and the commands of each where ACL CAT says otherwise than COMMAND."""
    names = [name for name in words(engine.says("ACL CAT")) if name]
    facts: Facts = {("identity.category", name): Fact(THERE, "ACL CAT") for name in names}
    by_command = {
        name: {word.removeprefix("@") for word in words(parts(row)[_CATEGORIES])}
        for name, row in _commands(parts(engine.says("COMMAND")))
        if len(parts(row)) > _CATEGORIES
    }
    for name, said in zip(names, engine.say([f"ACL CAT {name}" for name in names]), strict=True):
        listed = {each.upper().replace("|", " ") for each in words(said)}
        told = {each for each, has in by_command.items() if name in has}
        unlike = frozenset(each for each in listed ^ told if each in by_command)
        if not _leaves_out_containers(unlike, by_command):
            whole = ("identity.category", name)
            facts["identity.says-otherwise", f"ACL CAT {name}"] = Fact(unlike, f"ACL CAT {name}", (whole,))
    return facts


def _leaves_out_containers(unlike: Words, known: dict[str, set[str]]) -> bool:
    """Whether all of these are containers, which ACL CAT lists by their sub-commands only."""
    containers = {name.split()[0] for name in known if " " in name}
    return all(name in containers for name in unlike)


def helps(engine: Interview) -> Facts:
    """The lines of each container's HELP, but for those that an area of the conformance suite asks."""
    asked = [f"{name} HELP" for name in CONTAINERS if f"{name} HELP" not in subcommands()]
    facts: Facts = {}
    for line, said in zip(asked, engine.say(asked), strict=True):
        if not is_error(said) and said.kind is Kind.ARRAY:
            lines = frozenset(map(str.strip, words(said)))
            facts["identity.help", line] = Fact(lines, line, (("identity.command", line.split()[0]),))
    return facts


COMMANDS: dict[str, Callable[[Interview], Facts]] = {
    "COMMAND": commands,
    "COMMAND DOCS": documents,
    "ACL CAT": categories,
    "HELP": helps,
}
CONTAINERS = (
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT",
    "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO",
)  # fmt: skip
