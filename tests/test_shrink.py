"""Shrink quality: long random programs with a planted cause shrink to exactly the program that explains it.

A cause is a predicate with a known shortest program, like the hard examples of Hypothesis's own quality tests.
Predicates play servers: they look at a whole program, as an engine would.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from generators.command import Command, Program, parse
from generators.grammar import words_of
from generators.shrink import _KEY, MAY_BLOCK, PLAIN_KEYS, shrink
from generators.slots import ALPHABETS
from generators.table import build_table
from generators.vocabulary import areas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generators.shrink import Shows

SEEDS = (1, 2, 3)


def lines(program: Program) -> list[str]:
    return [str(each) for each in program]


def program(*text: str) -> Program:
    return tuple(map(parse, text))


def hidden(
    shows: Shows, planted: Sequence[str], *, seed: int, area: str = "strings", size: int = 200
) -> Program:
    """A long random program with these lines in it, in order, that shows the cause only with them."""
    rng = Random(seed)
    rows = build_table(areas()[area], rng, size=size).rows
    noise = [each for row in rows for each in row.commands if not shows((each,))][:size]
    while True:  # until no noise stands in the way
        found = list(noise)
        places = sorted(rng.sample(range(len(noise)), len(planted)))
        for at, line in reversed(list(zip(places, planted, strict=True))):
            found.insert(at, parse(line))
        if shows(tuple(found)):
            return tuple(found)


def has(asked: Command, *words: str) -> bool:
    """Whether the command begins with the first word and has the others as arguments."""
    rest = [arg.upper().decode("latin1") for arg in asked.args[1:]]
    return asked.name == words[0] and all(word in rest for word in words[1:])


def ask(name: str, *words: str) -> Callable[[Command], bool]:
    return lambda asked: has(asked, name, *words)


def one(wanted: Callable[[Command], bool]) -> Shows:
    return lambda asked: any(wanted(each) for each in asked)


# Each: what shows it, lines that do, and the shortest program.


def getdel_of_a_list(asked: Program) -> bool:
    """GETDEL of a key that a push made."""
    pushed: set[bytes] = set()
    for each in asked:
        if each.name in ("RPUSH", "LPUSH") and len(each.args) > 2:
            pushed.add(each.args[1])
        if each.name == "GETDEL" and len(each.args) == 2 and each.args[1] in pushed:
            return True
    return False


def append_in_a_transaction(asked: Program) -> bool:
    queued: list[str] | None = None
    for each in asked:
        if each.name == "MULTI" and len(each.args) == 1 and queued is None:
            queued = []
        elif each.name == "EXEC" and len(each.args) == 1:
            if queued and "APPEND" in queued:
                return True
            queued = None
        elif each.name == "DISCARD":
            queued = None
        elif queued is not None:
            queued.append(each.name if len(each.args) == 3 else "ERR")
    return False


def many_members(asked: Program) -> bool:
    """SCARD of a set of more than 128 elements."""
    sets: dict[bytes, set[bytes]] = {}
    for each in asked:
        if each.name == "SADD" and len(each.args) > 2:
            sets.setdefault(each.args[1], set()).update(each.args[2:])
        if each.name == "SCARD" and len(each.args) == 2 and len(sets.get(each.args[1], ())) > 128:
            return True
    return False


def range_of_three(asked: Program) -> bool:
    """LRANGE of a list that has three elements at least, whoever pushed them."""
    lists: dict[bytes, int] = {}
    for each in asked:
        if each.name == "RPUSH" and len(each.args) > 2:
            lists[each.args[1]] = lists.get(each.args[1], 0) + len(each.args) - 2
        if each.name == "LRANGE" and each.args[2:] == (b"0", b"-1") and lists.get(each.args[1], 0) >= 3:
            return True
    return False


def copied_string(asked: Program) -> bool:
    """STRLEN of a key that holds a string, however it came there."""
    strings: set[bytes] = set()
    for each in asked:
        if each.name == "SET" and len(each.args) == 3:
            strings.add(each.args[1])
        if each.name == "RENAME" and len(each.args) == 3 and each.args[1] in strings:
            strings.add(each.args[2])
        if each.name == "STRLEN" and len(each.args) == 2 and each.args[1] in strings:
            return True
    return False


def two_keys(asked: Program) -> bool:
    """LMOVE between two keys that differ."""
    return any(
        each.name == "LMOVE" and len(each.args) == 5 and each.args[1] != each.args[2] for each in asked
    )


CAUSES = [
    pytest.param(one(ask("APPEND")), ["APPEND s1 hello"], ["APPEND"], id="a name"),
    pytest.param(
        one(lambda each: each.name == "STRLEN" and len(each.args) == 2),
        ["STRLEN s2"],
        ["STRLEN k"],
        id="one line",
    ),
    pytest.param(
        one(ask("SET", "GET", "NX")), ["SET s1 abc NX GET EX 100"], ["SET NX GET"], id="two of many options"
    ),
    pytest.param(
        one(lambda each: each.name == "SET" and each.args[3:-1] == (b"PX",)),
        ["SET s1 abc PX 100000"],
        ["SET k 0 PX 100000"],
        id="an option with its value",
    ),
    pytest.param(
        getdel_of_a_list, ["RPUSH s1 a b c", "GETDEL s1"], ["RPUSH k 0", "GETDEL k"], id="two lines"
    ),
    pytest.param(
        append_in_a_transaction,
        ["MULTI", "APPEND s1 abc", "GET s1", "EXEC"],
        ["MULTI", "APPEND k 0", "EXEC"],
        id="inside a transaction",
    ),
    pytest.param(
        range_of_three,
        ["RPUSH l1 a", "RPUSH l1 b", "LRANGE l2 0 -1", "RPUSH l1 c", "LRANGE l1 0 -1"],
        ["RPUSH k 0 0 0", "LRANGE k 0 -1"],
        id="lines that merge",
    ),
    pytest.param(
        copied_string,
        ["SET s1 abc", "RENAME s1 s2", "STRLEN s2"],
        ["SET k 0", "STRLEN k"],
        id="a key too many",
    ),
    pytest.param(
        two_keys, ["LMOVE l3 l1 LEFT RIGHT"], ["LMOVE k k2 LEFT RIGHT"], id="two keys where two are needed"
    ),
    pytest.param(
        one(lambda each: each.name == "GETRANGE" and len(each.args) == 4 and each.args[3:] > (b"5",)),
        ["GETRANGE s1 0 abc"],
        ["GETRANGE k 0 a"],
        id="a value as plain as it can be",
    ),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("shows", "planted", "shortest"), CAUSES)
def test_a_planted_cause_shrinks_to_its_shortest_program(
    shows: Shows, planted: list[str], shortest: list[str], seed: int
) -> None:
    found = hidden(shows, planted, seed=seed)
    assert lines(shrink(found, shows)) == shortest


def test_more_than_128_elements_keep_their_number_in_one_line() -> None:
    members = " ".join(f"i{n}" for n in range(130))
    found = hidden(many_members, [f"SADD t1 {members}", "SCARD t1"], seed=1, area="sets")
    shortest = shrink(found, many_members)
    assert [each.name for each in shortest] == ["SADD", "SCARD"]
    assert len(shortest[0].args) == 2 + 129
    assert [each.args[1] for each in shortest] == [b"k", b"k"]


SCRIPT = '"return redis.call(unpack(ARGV))"'


@pytest.mark.parametrize(
    ("needs", "shortest"), [("a call", ["INCR k"]), ("a script", [f"EVAL {SCRIPT} 0 INCR k"])]
)
def test_a_script_around_a_command_goes_where_it_is_not_needed(needs: str, shortest: list[str]) -> None:
    def shows(asked: Program) -> bool:
        bare = any(each.name == "INCR" and len(each.args) == 2 for each in asked)
        scripts = (each.args for each in asked if each.name == "EVAL" and len(each.args) == 5)
        called = any(b"unpack" in args[1] and args[3] == b"INCR" for args in scripts)
        return called or (bare and needs == "a call")

    found = program("SET s1 a", f"EVAL {SCRIPT} 0 INCR s1", "GET s1")
    assert lines(shrink(found, shows)) == shortest


def test_a_script_has_no_halves() -> None:
    text = "EVAL \"return redis.call('SET', KEYS[1], 1)\" 1 s1"

    def shows(asked: Program) -> bool:
        return any(each.name == "EVAL" and b"redis" in each.args[1] for each in asked if len(each.args) > 1)

    [shortest] = shrink(program("GET s1", text), shows)
    assert shortest.args[1] == parse(text).args[1]


def waiting(asked: Program) -> bool:
    return any(each.name in MAY_BLOCK for each in asked)


@pytest.mark.parametrize("line", ["BLPOP l1 l2 0.01", "BLMPOP 0.01 2 l1 l2 LEFT COUNT 10", "WAIT 0 10"])
def test_commands_that_could_wait_for_ever_stay_as_they_were_drawn(line: str) -> None:
    asked: list[Program] = []

    def shows(candidate: Program) -> bool:
        asked.append(candidate)
        return waiting(candidate)

    shortest = shrink(program("SET s1 a", line, "GET l1"), shows)
    assert len(shortest) == 1
    keys = {*PLAIN_KEYS, b"s1", b"l1", b"l2"}
    given = [arg for arg in parse(line).args if arg not in keys]
    for each in (each for candidate in asked for each in candidate if each.name in MAY_BLOCK):
        assert [arg for arg in each.args if arg not in keys] == given


@pytest.mark.parametrize("most", [0, 1, 7, 50])
def test_no_more_attempts_are_made_than_are_allowed(most: int) -> None:
    asked = []

    def shows(candidate: Program) -> bool:
        asked.append(candidate)
        return getdel_of_a_list(candidate)

    found = hidden(getdel_of_a_list, ["RPUSH s1 a b c", "GETDEL s1"], seed=1)
    asked.clear()
    shortest = shrink(found, shows, most=most)
    assert len(asked) <= most
    assert getdel_of_a_list(shortest)


def test_what_never_shows_again_stays_as_it_is() -> None:
    found = program("SET s1 a", "GET s1")
    assert shrink(found, lambda _: False) == found


@pytest.mark.parametrize("seed", SEEDS)
def test_shrinking_is_deterministic_and_each_answer_shows(seed: int) -> None:
    found = hidden(range_of_three, ["RPUSH l1 a b c", "LRANGE l1 0 -1"], seed=seed, area="lists")
    runs: list[list[Program]] = [[], []]
    for asked in runs:

        def shows(candidate: Program, asked: list[Program] = asked) -> bool:
            asked.append(candidate)
            return range_of_three(candidate)

        assert range_of_three(shrink(found, shows))
    assert runs[0] == runs[1]


def test_a_long_program_takes_few_attempts() -> None:
    asked = 0

    def shows(candidate: Program) -> bool:
        nonlocal asked
        asked += 1
        return append_in_a_transaction(candidate)

    found = hidden(shows, ["MULTI", "APPEND s1 abc", "EXEC"], seed=1, size=400)
    asked = 0
    shrink(found, shows)
    assert asked < 250


def test_keys_become_k_k2_k3_in_the_order_of_their_appearance() -> None:
    def shows(asked: Program) -> bool:
        return any(each.name == "SINTER" and len(set(each.args[1:])) == 3 for each in asked)

    assert lines(shrink(program("SINTER t3 s1 t2"), shows)) == ["SINTER k k2 k3"]


def test_a_key_that_is_taken_is_not_given_twice() -> None:
    def shows(asked: Program) -> bool:
        return any(
            each.name == "SINTER" and len(set(each.args[1:])) == 2 and b"k" in each.args for each in asked
        )

    assert lines(shrink(program("SINTER k t2"), shows)) == ["SINTER k k2"]


def test_what_is_called_like_a_key_is_a_key() -> None:
    keys = {key for area in areas().values() for key in area.keys}
    assert {key for key in keys if _KEY.fullmatch(key)} == keys
    words = {value for values in ALPHABETS.values() for value in values}
    words |= {word for area in areas().values() for form in area.forms for word in words_of(form.body)}
    assert not {word for word in (words | {b"i1", b"2"}) - keys if _KEY.fullmatch(word)}


def test_the_shrinker_never_asks_about_an_empty_program() -> None:
    asked: list[Program] = []

    def shows(candidate: Program) -> bool:
        asked.append(candidate)
        return True

    assert len(shrink(program("SET s1 a", "GET s1", "EXEC"), shows)) == 1
    assert all(asked)
