"""The tables that programs are drawn from: what is in them, and above all what never is.

A row that waits, kills, forgets, tells a time or lets a key expire while it is watched would make two equal
engines look different. These tests are the net against that, over many tables of every area.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest

from generators.command import Command, parse
from generators.grammar import is_large
from generators.shrink import MAY_BLOCK
from generators.slots import ALPHABETS
from generators.table import SIZE, Table, _mistaken, build_table
from generators.vocabulary import areas, typed_areas

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = 6
FAR_S = 100  # no program is watched for so long
CALLED_AT = 3  # EVAL script 0 command …


@cache
def tables(area: str) -> tuple[Table, ...]:
    return tuple(build_table(areas()[area], Random(f"{area}/{seed}")) for seed in range(SEEDS))


@cache
def commands(area: str) -> frozenset[Command]:
    """Every command of its tables, out of the scripts that only call it."""
    rows = (row for table in tables(area) for row in table.rows)
    return frozenset(unwrapped(each) for row in rows for each in row.commands)


def unwrapped(asked: Command) -> Command:
    called = asked.args[0] == b"EVAL" and b"unpack(ARGV)" in b"".join(asked.args[1:2])
    return Command(asked.args[CALLED_AT:]) if called and len(asked.args) > CALLED_AT else asked


def upper(asked: Command) -> tuple[bytes, ...]:
    return tuple(arg.upper() for arg in asked.args)


by_area = pytest.mark.parametrize("area", areas())


@by_area
def test_a_table_hangs_on_its_random_alone(area: str) -> None:
    first, second = (build_table(areas()[area], Random(5)) for _ in range(2))
    assert first == second
    assert first != build_table(areas()[area], Random(6))


@by_area
def test_a_table_has_its_size_and_rows_are_encoded_as_their_commands(area: str) -> None:
    for table in tables(area):
        assert len(table.rows) == SIZE
        assert all(row.wire == b"".join(map(Command.encode, row.commands)) for row in table.rows)


@by_area
def test_most_rows_are_the_areas_own(area: str) -> None:
    for table in tables(area):
        own = sum(row.form.area == area for row in table.rows)
        assert 0.6 < own / SIZE < 0.9
        assert {each.form.area for each in table.rows} - {area}


@by_area
def test_every_form_of_the_area_is_drawn_in_some_table(area: str) -> None:
    drawn = {row.form for table in tables(area) for row in table.rows}
    rare = {form for form in areas()[area].forms if form.weight < 0.1 or is_large(form)}
    assert not set(areas()[area].forms) - drawn - rare


def test_large_values_are_made_in_some_tables_and_not_in_others() -> None:
    made = [any(is_large(row.form) for row in table.rows) for table in tables("lists") + tables("sets")]
    assert 0.2 < sum(made) / len(made) < 0.6


@by_area
def test_the_keys_of_a_table_are_those_that_its_commands_touch(area: str) -> None:
    everything = {key for each in typed_areas() for key in each.keys}
    for table in tables(area):
        touched = {arg for row in table.rows for each in row.commands for arg in each.args} & everything
        assert touched <= set(table.keys)
        assert len(set(table.keys)) == len(table.keys)


@pytest.mark.parametrize("private", [area.name for area in areas().values() if area.private])
def test_private_keys_are_touched_by_their_own_area_alone(private: str) -> None:
    keys = set(areas()[private].keys)
    others = {key for each in typed_areas() if each.name != private for key in each.keys}
    for area in areas():
        for row in (row for table in tables(area) for row in table.rows):
            args = {arg for each in row.commands for arg in each.args}
            assert not args & (others if row.form.area == private else keys), row.commands


@by_area
def test_some_calls_are_mistaken_or_wrapped_and_most_are_not(area: str) -> None:
    rows = [row for table in tables(area) for row in table.rows]
    names = [tuple(each.args[0] for each in row.commands) for row in rows if len(row.form.commands) == 1]
    wrapped = sum(each == (b"MULTI", each[1], b"EXEC") for each in names if len(each) == 3)
    called = sum(
        unwrapped(row.commands[0]) is not row.commands[0] for row in rows if row.form.area != "scripting"
    )
    assert 0.01 < wrapped / len(rows) < 0.05
    assert 0.005 < called / len(rows) < 0.05


def mistakes(line: str) -> set[tuple[bytes, ...]]:
    rng = Random(1)
    return {_mistaken(parse(line), rng).args for _ in range(1000)}


def test_calls_are_mistaken_in_every_way() -> None:
    odd, plain = ALPHABETS["odd"], (b"LLEN", b"l1")
    short = {(b"LLEN",), (b"llen", b"l1"), (b"LLEN", b"L1"), (*plain, b"l1")}
    replaced = {(b"LLEN", each) for each in odd}
    assert mistakes("LLEN l1") == {*short, *replaced, *((*plain, each) for each in odd)}
    assert {(b"LRANGE", b"0", b"l1", b"-1"), (b"LRANGE", b"l1", b"-1")} <= mistakes("LRANGE l1 0 -1")
    assert mistakes("DBSIZE") == {(b"dbsize",), (b"DBSIZE",), *((b"DBSIZE", each) for each in odd)}


@pytest.mark.parametrize(
    "line", ["EXPIRE s1 100", "SET s1 5 EX 100", "GETEX s1 PX 100000", "HSETEX h1 EXAT 1 f"]
)
def test_times_never_change_places(line: str) -> None:
    args = parse(line).args
    assert not {each for each in mistakes(line) if each != args and sorted(each) == sorted(args)}


@by_area
def test_exact_forms_are_never_mistaken(area: str) -> None:
    exact = (row for table in tables(area) for row in table.rows if row.form.exact and not row.form.whole)
    for row in exact:
        names = [name for name in row.form.commands if name != "EVAL"]
        sent = [unwrapped(each).name for each in row.commands if each.name not in ("MULTI", "EXEC")]
        assert sent == names
        assert all(each.args[0].isupper() for each in row.commands)


def test_damped_forms_are_drawn_less() -> None:
    damped = {"GET {key}": 0.0, "SET {key} {value}": 0.0}
    rows = build_table(areas()["strings"], Random(1), damped=damped).rows
    assert not [row for row in rows if row.form.text in damped]


# --- what no row may do ---

NEVER = [
    *("SHUTDOWN", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "QUIT", "SYNC", "PSYNC"),
    *("REPLICAOF", "SLAVEOF", "SAVE", "BGSAVE", "BGREWRITEAOF", "MIGRATE"),
    *("INFO", "LOLWUT", "CLIENT REPLY ON", "CLIENT REPLY OFF", "CLIENT REPLY SKIP", "CLIENT PAUSE"),
    *("CLIENT LIST", "CLIENT INFO", "CLIENT TRACKING", "DEBUG SLEEP", "DEBUG SEGFAULT"),
    *("DEBUG RELOAD", "DEBUG SET-ACTIVE-EXPIRE", "CONFIG SET", "CONFIG REWRITE", "CONFIG RESETSTAT"),
    *("ACL SETUSER", "ACL DELUSER", "ACL LOAD", "ACL SAVE", "ACL GENPASS", "MODULE LOAD", "MODULE UNLOAD"),
    *("OBJECT IDLETIME", "MEMORY DOCTOR", "MEMORY STATS", "SCRIPT KILL", "SCRIPT DEBUG", "FUNCTION KILL"),
    *("CLUSTER MEET", "CLUSTER RESET", "CLUSTER ADDSLOTS", "LATENCY DOCTOR", "REPLCONF GETACK"),
    *("FAILOVER TO", "FAILOVER FORCE"),
]


# By a cluster node, whatever their arguments; or as they are drawn; and what is not refused is mended.
REFUSED_IN_CLUSTERS = [
    *("REPLICAOF", "SLAVEOF", "FAILOVER TO", "SSUBSCRIBE", "MIGRATE"),
    *("CLUSTER MEET", "CLUSTER RESET", "CLUSTER ADDSLOTS"),
]


@by_area
def test_no_row_ends_changes_or_outlives_the_server(area: str) -> None:
    never = {tuple(each.encode().split()) for each in NEVER}
    if areas()[area].topology == "cluster":
        never -= {tuple(each.encode().split()) for each in REFUSED_IN_CLUSTERS}
    sent = {upper(each)[:size] for each in commands(area) for size in (1, 2, 3)}
    assert not sent & never


@by_area
def test_no_row_kills_a_connection(area: str) -> None:
    kills = [upper(each)[2:] for each in commands(area) if upper(each)[:2] == (b"CLIENT", b"KILL")]
    for args in kills:
        assert not {b"ADDR", b"LADDR", b"TYPE", b"USER", b"SKIPME", b"MAXAGE"} & set(args), args
        assert not any(arg.isdigit() and 0 < int(arg) < 999_999 for arg in args), args


@by_area
def test_no_row_waits_for_long(area: str) -> None:
    for asked in commands(area):
        if asked.name in MAY_BLOCK:
            first = asked.name in ("BLMPOP", "BZMPOP")
            assert 0 < float(asked.args[1 if first else -1]) <= 10, asked
            assert asked.name.startswith("WAIT") or float(asked.args[1 if first else -1]) <= 0.05, asked
        assert not (asked.name in ("XREAD", "XREADGROUP") and b"BLOCK" in upper(asked)), asked


@by_area
def test_no_row_lets_the_clock_choose_an_entry(area: str) -> None:
    for asked in commands(area):
        args = upper(asked)
        assert not (asked.name == "XADD" and b"*" in args[2:]), asked
        for idle in idle_times(asked):
            assert idle <= 0 or idle >= FAR_S * 1000, asked


def test_no_row_claims_by_the_clock() -> None:
    for asked in commands("streams"):
        idles = after(upper(asked), b"CLAIM") if asked.name == "XREADGROUP" else ()
        assert all(idle <= 0 or idle >= FAR_S * 1000 for idle in idles), asked


def idle_times(asked: Command) -> Iterator[int]:
    """Milliseconds that an entry of a stream must have waited for this command to take it."""
    args = upper(asked)
    if asked.name in ("XCLAIM", "XAUTOCLAIM") and len(args) > 4:
        yield from integers(args[4])
    if asked.name == "XPENDING":
        yield from after(args, b"IDLE")


@by_area
def test_no_key_expires_while_it_is_watched(area: str) -> None:
    for asked in commands(area):
        for seconds in lifetimes_s(asked):
            assert seconds <= 0 or seconds >= FAR_S, asked


NOW_S = 1_750_000_000  # some moment after these lines were written
_SECOND_ARGUMENT = {
    **dict.fromkeys(["EXPIRE", "HEXPIRE", "SETEX"], ("s", 2)),
    **dict.fromkeys(["PEXPIRE", "HPEXPIRE", "PSETEX"], ("ms", 2)),
    **dict.fromkeys(["EXPIREAT", "HEXPIREAT"], ("unix", 2)),
    **dict.fromkeys(["PEXPIREAT", "HPEXPIREAT"], ("unixms", 2)),
}
_OPTIONS = {b"EX": "s", b"PX": "ms", b"EXAT": "unix", b"PXAT": "unixms"}
_TAKES_OPTIONS = ("SET", "GETEX", "HSETEX", "HGETEX", "MSETEX")


def lifetimes_s(asked: Command) -> Iterator[float]:
    """Seconds from now of every expiry that a server could read in it, right or mistaken."""
    args = upper(asked)
    refused = asked.name in ("SETEX", "PSETEX") and len(args) != 4
    if asked.name in _SECOND_ARGUMENT and not refused:
        unit, place = _SECOND_ARGUMENT[asked.name]
        yield from (_from_now(number, unit) for number in integers(*args[place : place + 1]))
    if asked.name in _TAKES_OPTIONS:
        for word, unit in _OPTIONS.items():
            yield from (_from_now(number, unit) for number in after(args, word))


def _from_now(number: int, unit: str) -> float:
    seconds = number / 1000 if unit.endswith("ms") else float(number)
    return seconds - NOW_S if unit.startswith("unix") else seconds


def after(args: tuple[bytes, ...], word: bytes) -> Iterator[int]:
    for at, arg in enumerate(args[:-1]):
        if arg == word:
            yield from integers(args[at + 1])


def integers(*args: bytes) -> Iterator[int]:
    """Those of the arguments that a server reads as an integer of 64 bits."""
    for arg in args:
        if arg.removeprefix(b"-").isdigit() and abs(int(arg)) < 2**63:
            yield int(arg)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("EXPIRE k 3", [3.0]),
        ("pexpire k 3000", [3.0]),
        ("EXPIREAT k 1750000005", [5.0]),
        ("SET k 3 ex 7", [7.0]),
        ("HSETEX k PXAT 1750000002000 FIELDS 1 f v", [2.0]),
        ("SET k EX", []),
    ],
)
def test_the_net_sees_an_expiry(line: str, seconds: list[float]) -> None:
    assert list(lifetimes_s(Command(tuple(line.encode().split())))) == seconds
