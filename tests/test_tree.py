"""What engines say of their commands, read and united."""

from __future__ import annotations

from generators.command import CONTAINERS
from generators.tree import Said, Syntax, stored, union, written


def entry(name: bytes, arity: int, subcommands: tuple[object, ...] = ()) -> tuple[object, ...]:
    """A row of COMMAND's reply as Redis 7 sends it."""
    return (name, arity, (b"write",), 1, 1, 1, (b"@string",), (), ((b"begin_search",),), subcommands)


def argument(name: bytes, kind: bytes, *more: object) -> tuple[object, ...]:
    return (b"name", name, b"type", kind, *more)


def said(*arguments: tuple[object, ...]) -> Said:
    docs = (b"set", (b"group", b"string", b"arguments", arguments))
    return Said(command=(entry(b"set", -3),), docs=docs)  # type: ignore[arg-type]


KEY, VALUE = argument(b"key", b"key"), argument(b"value", b"string")
OPTIONAL = (b"flags", (b"optional",))
GET = argument(b"get", b"pure-token", b"token", b"GET", *OPTIONAL)
XX = argument(b"xx", b"pure-token", b"token", b"XX", *OPTIONAL)
IFEQ = argument(b"ifeq-value", b"string", b"token", b"ifeq", *OPTIONAL)


def test_sub_commands_are_commands() -> None:
    table = (entry(b"object", -2, (entry(b"object|encoding", 3),)),)
    tree = union(Said(command=table))  # type: ignore[arg-type]
    assert list(tree) == ["OBJECT", "OBJECT ENCODING"]
    assert tree["OBJECT"].container
    assert tree["OBJECT ENCODING"].words == (b"OBJECT", b"ENCODING")


def test_what_one_engine_knows_stands_where_it_stands_there() -> None:
    tree = union(said(KEY, VALUE, GET), said(KEY, VALUE, XX, IFEQ, GET))
    assert [each.name for each in tree["SET"].arguments] == ["key", "value", "xx", "ifeq-value", "get"]
    assert tree["SET"].tokens == {"GET", "XX", "IFEQ"}


def test_tokens_of_one_engine_are_told() -> None:
    tree = union(said(KEY, VALUE, GET), said(KEY, VALUE, IFEQ, GET))
    assert tree["SET"].one_sided == {"IFEQ": {1}}


def test_an_engine_that_describes_nothing_lacks_nothing() -> None:
    tree = union(Said(command=said().command), said(KEY, VALUE, IFEQ))
    assert tree["SET"].known_by == {0, 1}
    assert tree["SET"].one_sided == {}
    assert tree["SET"].tokens == {"IFEQ"}


def test_a_value_and_a_choice_with_one_name_are_a_choice() -> None:
    ids = argument(b"id", b"string")
    choice = argument(
        b"id", b"oneof", b"arguments", (argument(b"auto-id", b"pure-token", b"token", b"*"), ids)
    )
    tree = union(said(KEY, ids), said(KEY, choice))
    assert tree["SET"].arguments[1].kind == "oneof"
    assert [each.name for each in tree["SET"].arguments[1].parts] == ["auto-id", "id"]


def test_without_any_docs_the_stored_tree_serves() -> None:
    tree = union(Said(command=(entry(b"set", -3),)))  # type: ignore[arg-type]
    assert tree["SET"].group == "string"
    assert {"EX", "KEEPTTL", "IFEQ"} <= tree["SET"].tokens


def test_the_stored_tree_is_as_it_is_written() -> None:
    tree = dict(stored())
    assert len(tree) > 400
    assert all(isinstance(each, Syntax) for each in tree.values())
    assert '"SET": {"group": "string"' in written(tree)
    assert written(tree).count("\n") == len(tree) + 2


def test_every_container_that_engines_have_is_known_as_one() -> None:
    containers = {each.words[0].decode() for each in stored().values() if len(each.words) > 1}
    assert containers <= CONTAINERS
