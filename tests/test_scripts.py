"""The grammar of scripts: what is played, and what a script is named after. No servers."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from generators.command import command, parse
from generators.scripts import (
    FOLDER,
    constructs,
    constructs_of,
    deadly_scripts,
    draw_script,
    read,
    scripts,
)
from generators.vocabulary import areas

FILE = """\
## What this is about.
# before: SET s1 5
# by: EVAL FCALL
# in: return ~
# in: redis.setresp(3) return ~
{double=3.5}
redis.call('GET', 's1')

# in: ~
error('boom')
"""


def test_a_head_behind_an_expression_opens_a_section() -> None:
    first, second = read(FILE)
    assert first.places == ["return ~", "redis.setresp(3) return ~"]
    assert first.by == ("EVAL", "FCALL")
    assert first.before == [parse("SET s1 5")]
    assert first.expressions == ["{double=3.5}", "redis.call('GET', 's1')"]
    assert (second.places, second.by, second.expressions) == (["~"], ("EVAL",), ["error('boom')"])


def test_every_expression_stands_in_every_place() -> None:
    sent = {
        each.args[1]
        for program in scripts()
        for each in program
        if each.name == "EVAL" and len(each.args) > 2
    }
    for path in FOLDER.glob("*.scripts"):
        for section in read(path.read_text("utf-8")):
            assert section.places, f"a section of {path.name} has no place"
            assert section.expressions, f"a section of {path.name} has no expression"
    for place in (
        "return {double=3.5}",
        "redis.setresp(3) return {double=3.5}",
        "return {1, {double=3.5}, 2}",
    ):
        assert place.encode() in sent
    assert b"#!lua flags=no-writes\nreturn 1" in sent  # escapes are redis-cli's
    assert b"return cjson.decode('\"\\\\u00e9\"')" in sent


def test_scripts_are_the_same_whatever_the_seed() -> None:
    assert scripts() is scripts()
    assert len(scripts()) > 300


def test_functions_of_one_program_have_their_own_names() -> None:
    for program in scripts():
        names = [each.args[1] for each in program if each.name == "FCALL" and each.args[1:]]
        generated = [name for name in names if b"_" in name]
        assert max(Counter(generated).values(), default=1) == 1


def test_the_deadly_are_played_alone() -> None:
    assert deadly_scripts()
    assert all(len(program) == 1 for program in deadly_scripts())
    assert not set(deadly_scripts()) & set(scripts())


def test_what_rewrites_its_arguments_can_be_left_out() -> None:
    fewer = scripts(rewritten=False)
    texts = [each.args[1] for program in fewer for each in program if len(each.args) > 2]
    assert len(fewer) < len(scripts())
    assert not [text for text in texts if b"INCRBYFLOAT" in text and b"HINCRBYFLOAT" not in text]


def test_drawn_scripts_follow_the_seed_and_are_many() -> None:
    drawn = [draw_script(Random(seed)) for seed in range(200)]
    assert drawn == [draw_script(Random(seed)) for seed in range(200)]
    assert len(set(drawn)) > 190
    assert all(b"return {" in each for each in drawn)


def test_no_script_waits_for_ever_or_ends_the_server() -> None:
    """What blocks in a script does not; what would take seconds, or stop the server, has no place in the area."""
    texts = [b" ".join(each.args) for program in scripts() for each in program]
    assert not [
        text for text in texts if b"while true" in text or b"SHUTDOWN', 'NO" in text or b"'SLEEP'" in text
    ]


def test_the_area_draws_scripts() -> None:
    assert any("{script}" in form.text for form in areas()["scripting"].forms)


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("return cjson.encode({1, 2})", "cjson.encode"),
        ("return cjson.encode(cjson.decode('[]'))", "cjson.decode cjson.encode"),
        ("return struct.pack('>I2', tonumber(ARGV[1]))", "struct.pack"),
        ("return ('x'):rep(3)", "string.rep"),
        ("return #string.rep('a', 100)", "string.rep"),
        ("return bit.tohex(255)", "bit.tohex"),
        ("return type(os)", "os"),
        ("return type(os.clock)", "os.clock"),
        ("return type(print)", "print"),
        ("return print", "print"),
        ("return tostring(1)", "tostring"),
        ("return tostring(redis.REDIS_VERSION)", "redis.REDIS_VERSION"),
        ("return redis.call('GET', KEYS[1])", "GET"),
        ("return redis.call('object', 'ENCODING', 'k')", "OBJECT|ENCODING"),
        ("local ok, r = pcall(redis.call, 'INCR', 's1') error(r)", "INCR"),
        ("redis.setresp(3) return redis.call('HGETALL', 'h1')", "HGETALL redis.setresp"),
        ("redis.call('SET', 's1', 1e15) return redis.call('GET', 's1')", "GET SET number"),
        ("return redis.call()", "redis.call"),
        ("return {double=3.5}", "{double}"),
        ("redis.setresp(3) return {map={a={double=1.5}}}", "redis.setresp {double} {map}"),
        ("return {err='MY error'}", "{err}"),
        ("return {1, nil, 3}", "nil number table"),
        ("return 'print and cjson.encode in a text'", "string"),
        ("return 3.99 -- cjson.encode", "number"),
        ("return true", "boolean"),
        ("local print = 1 return print", "number"),
        ("x = 1 return 'done'", "number string"),
        ("#!lua flags=no-writes\nreturn redis.call('GET', 'k')", "#! GET no-writes"),
        ("#!lua", "#!"),
        ("", ""),
    ],
)
def test_a_script_is_named_after_what_it_does(script: str, named: str) -> None:
    assert " ".join(constructs(script.encode())) == named


def test_a_function_is_named_after_what_it_was_made_of() -> None:
    assert constructs_of(command("FCALL", "cjson_encode_3", 0)) == ("cjson.encode",)
    assert constructs_of(command("FCALL", "f_1", 0)) == ()
    assert constructs_of(command("FCALL", "f", 0)) == ()
    assert constructs_of(parse('FUNCTION LOAD "#!lua name=a\\nredis.log(1)"')) == ("#!", "redis.log")
    assert constructs_of(parse("GET cjson.encode")) == ()


def test_names_survive_shrinking() -> None:
    """What a program keeps is the whole script or nothing of it: a name is read off its text."""
    named = [constructs_of(each) for program in scripts() for each in program if each.name == "EVAL"]
    assert len({" ".join(words) for words in named}) > 400
