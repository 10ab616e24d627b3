"""What the keys of a walk hold before a command is called, by what the command works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import Program, parse

if TYPE_CHECKING:
    from generators.tree import Syntax

# What `k` and `k2` hold, by what a command works on.
SETUPS: dict[str, Program] = {
    kind: tuple(map(parse, lines))
    for kind, lines in {
        "string": ("SET k 5", "SET k2 abc"),
        "list": ("RPUSH k a b c 1", "RPUSH k2 b 2"),
        "set": ("SADD k a b 1", "SADD k2 b 2"),
        "sorted-set": ("ZADD k 1 a 2 b 3.5 c", "ZADD k2 2 b 5 d"),
        "hash": ("HSET k f 1 g a", "HSET k2 f 2"),
        "stream": (
            "XADD k 1-1 f v",
            "XADD k 2-1 g w",
            "XGROUP CREATE k red 0",
            "XREADGROUP GROUP red alice COUNT 1 STREAMS k >",
            "XADD k2 1-1 f v",
        ),
        "hyperloglog": ("PFADD k a b", "PFADD k2 c"),
        "geo": ("GEOADD k 13.361389 38.115556 a 15.087269 37.502669 b", "GEOADD k2 13.4 38.1 c 13.5 38.2 a"),
        "scripting": (
            "SET k 5",
            'SCRIPT LOAD "return 1"',
            (
                "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function{function_name='f1', "
                "callback=function(keys, args) return keys[1] end, flags={'no-writes'}}\""
            ),
        ),
    }.items()
}
SETUPS["bitmap"] = SETUPS["string"]
# What it takes is left to chance where there is a choice.
SETUPS_OF: dict[str, Program] = {"SPOP": (parse("SADD k a"),)}
# The clock makes an entry's id, but where the last one lies in the future.
SETUPS_OF["XADD"] = (parse("XADD k 4102444800000-1 f v"), parse("XADD k2 1-1 f v"))
# A small number is one object for all keys that hold it, and is as old as the server.
SETUPS_OF["OBJECT IDLETIME"] = (parse("SET k abc"), parse("SET k2 abc"))
SETUPS_OF["SORT"] = SETUPS_OF["SORT_RO"] = (parse("RPUSH k 3 1 2"), parse("RPUSH k2 2 1"))
SETUPS_OF["RESTORE"] = SETUPS_OF["RESTORE-ASKING"] = (parse("SET k2 1"),)
SETUPS_OF["CLIENT CACHING"] = (parse("CLIENT TRACKING ON OPTIN"),)
SETUPS_OF["EXEC"] = SETUPS_OF["DISCARD"] = (parse("MULTI"), parse("SET k 1"))
OF_ANOTHER_TYPE = {"string": "list", "bitmap": "list", "generic": "hash"}
# The same in other encodings: what is large, and what is numbers only.
LARGE: dict[str, tuple[Program, ...]] = {
    kind: tuple((parse(line),) for line in lines)
    for kind, lines in {
        "string": (f"SET k {'x' * 70}",),
        "list": (f"RPUSH k {' '.join(f'i{n}' for n in range(140))} {'x' * 9000}",),
        "set": (f"SADD k {' '.join(f'i{n}' for n in range(140))}", "SADD k 1 2 3"),
        "sorted-set": (f"ZADD k {' '.join(f'{n} i{n}' for n in range(140))}",),
        "hash": (f"HSET k f {'x' * 70} g 1",),
    }.items()
}


def kind_of(syntax: Syntax) -> str:
    """What the keys of a command hold when its calls are to succeed."""
    for category, kind in _KINDS:
        if category in syntax.categories and syntax.keys:
            return kind
    return syntax.group if syntax.group in SETUPS else "string"


_KINDS = (
    ("@geo", "geo"),
    ("@hyperloglog", "hyperloglog"),
    ("@stream", "stream"),
    ("@list", "list"),
    ("@hash", "hash"),
    ("@sortedset", "sorted-set"),
    ("@set", "set"),
    ("@bitmap", "string"),
    ("@string", "string"),
)
