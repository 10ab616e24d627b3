"""What bytes below the commands are about: the subject of a finding, and the features that tell its causes apart.

The bytes alone are read, so that a program that is typed again bears the same name. The first thing in them that no
client library would send names the whole:

| subject | what was sent |
|---|---|
| INLINE | a request that is a line of words |
| MULTIBULK | a wrong number of arguments, behind `*` |
| BULK LENGTH | a wrong length of an argument, behind `$`; no `$`; no CRLF behind the argument |
| PIPELINE | several requests in one write, each of them right |
| SPLIT | requests in several writes |
| QUERY BUFFER | more than the buffer of a connection may hold |
| UNAUTHENTICATED | requests of who has not said the password |
| HTTP, TLS | another protocol |
| a command's name | requests in which only that command is unusual: HELLO, CLIENT REPLY, QUIT … |
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command
from generators.raw import Raw

if TYPE_CHECKING:
    from generators.raw import Line, Lines

MOST_ARGUMENTS = 1024 * 1024
LONGEST_BULK = 512 * 1024 * 1024
_MOST_DIGITS = 30
LONG = 16 * 1024  # bytes of a line or an argument that are worth a word

_COUNT = re.compile(rb"[1-9][0-9]*")
_NAME = re.compile(r"[A-Z][A-Z_. ]{1,30}")
_LENGTH = re.compile(rb"0|[1-9][0-9]*")
_HTTP = re.compile(rb"\s*(POST\b|Host:)|[^\r\n]* HTTP/", re.IGNORECASE)
_LOUD = (b"POST", b"HOST:")
# Commands whose replies, or whose absence, are what a pipeline with them is about.
_TELLING = (
    *("CLIENT REPLY", "QUIT", "RESET", "HELLO", "AUTH", "SYNC", "PSYNC", "REPLCONF", "MONITOR", "SUBSCRIBE"),
)
_MANNERS = frozenset(("ON", "OFF", "SKIP", "AUTH", "SETNAME", "2", "3", "ACK", "VERSION", "FAILOVER"))
_LIMITS = {b"client-query-buffer-limit": "QUERY BUFFER", b"proto-max-bulk-len": "BULK LENGTH"}


class About(NamedTuple):
    """The subject, and words without blanks that tell apart what it can be about."""

    subject: str
    features: frozenset[str] = frozenset()


class _Request(NamedTuple):
    words: tuple[bytes, ...]
    inline: bytes | None  # the line, where it is one


def about(lines: Lines, at: int, place: int | None = None, *, missing: bool = False) -> About:
    """What the line `at` is about, with those before it; `place` is the reply to it that differs, from 0, if any, and
    `missing` that one side has none there.

    A PING that is only there to look is about what came before.
    """
    raws = [index for index in range(min(at + 1, len(lines))) if isinstance(lines[index], Raw)]
    if not raws or _speaks_for_itself(lines[at]):
        return _of_commands(lines[: at + 1])
    behind = list(takewhile(lambda index: isinstance(lines[index], Raw), range(raws[-1], -1, -1)))
    behind = _still_open(lines, behind)
    requests, wrong = _read(b"".join(lines[index].encode() for index in reversed(behind)))
    if wrong is not None and wrong.subject == "SPLIT":  # what came behind it is in its place
        requests, wrong = _read(b"".join(each.encode() for each in lines[behind[-1] : at + 1]))
    answered = [each for each in requests if each.words]
    upto = requests
    if place is not None and at == raws[-1] and len(behind) == 1 and _answers(answered, place):
        upto = answered[: place + 1]
        if not missing or _told(upto[-1:]) is not None:
            requests, wrong = upto[-1:], None  # each request got a reply: this one got another
    data = lines[behind[-1]].encode()
    set_before = {
        each.args[2].lower()
        for each in lines[: behind[-1]]
        if isinstance(each, Command) and each.full_name == "CONFIG SET" and len(each.args) > 3
    }
    if b"requirepass" in set_before:
        return _outside(data, upto, wrong)
    for name in set_before & set(_LIMITS):
        return About(_LIMITS[name], frozenset({"limit"}))
    return _named(data, requests, wrong, writes=len(behind))


def _still_open(lines: Lines, behind: list[int]) -> list[int]:
    """The last of these lines (the last one first), and those before it that it goes on with."""
    *before, last = reversed(behind)
    requests, wrong = _read(b"".join(lines[index].encode() for index in before))
    return behind if wrong is not None or not requests else [last]


def _answers(requests: list[_Request], place: int) -> bool:
    """Whether the reply at this place is the one to the request at this place."""
    return place < len(requests) and not any(_name(each) == "CLIENT REPLY" for each in requests)


def _named(data: bytes, requests: list[_Request], wrong: About | None, *, writes: int) -> About:
    foreign = _foreign(data, requests)
    if foreign is not None:
        return foreign
    if wrong is not None and wrong.subject != "SPLIT":
        return wrong
    told = _told(requests)
    if told is not None:
        return told
    if writes > 1 or wrong is not None:
        return About("SPLIT")
    inline = [each.inline for each in requests if each.inline is not None]
    if inline:
        return About("INLINE", frozenset().union(*map(_of_text, inline)))
    return About(_plain_name(requests[0]) if len(requests) == 1 else "PIPELINE")


def _foreign(data: bytes, requests: list[_Request]) -> About | None:
    words = [each.words[0].upper().strip(b"\"'") for each in requests if each.words]
    if data[:2] == b"\x16\x03":
        return About("TLS")
    return About("HTTP") if any(word in _LOUD for word in words) or _HTTP.match(data) else None


def _plain_name(request: _Request) -> str:
    """The command's name; of what can't be one, that its length is."""
    name = _name(request)
    return name if _NAME.fullmatch(name) else "BULK LENGTH"


def _told(requests: list[_Request]) -> About | None:
    """The command whose replies, or whose absence, are what these requests are about."""
    names = [_name(each) for each in requests]
    for name in _TELLING:
        if name in names:
            return About(
                name, frozenset().union(*(_manner(each) for each in requests if _name(each) == name))
            )
    return None


def _outside(data: bytes, requests: list[_Request], wrong: About | None) -> About:
    """Of who has not said the password: how much was sent, or a login itself."""
    count = re.match(rb"\*(\d+)", data)
    if count and int(count[1]) > 10:
        return About("UNAUTHENTICATED", frozenset({"many-arguments"}))
    if any(int(size) > LONG for size in re.findall(rb"\$(\d+)\r", data[:100])):
        return About("UNAUTHENTICATED", frozenset({"long-argument"}))
    if wrong is not None and wrong.subject != "SPLIT":
        return About("UNAUTHENTICATED", frozenset({wrong.subject.replace(" ", "-").lower()}))
    names = (_name(each).replace(" ", "-").lower() or "empty" for each in requests)
    told = _foreign(data, requests) or _told([each for each in requests if _name(each) in ("AUTH", "HELLO")])
    return told or About("UNAUTHENTICATED", frozenset(names) - {"ping"})


def _speaks_for_itself(each: Line) -> bool:
    return isinstance(each, Command) and each.name not in ("PING", "ECHO", "GET")


def _of_commands(lines: Lines) -> About:
    """Of commands alone: the last one that is no mere look at what the others left."""
    names = [each.full_name for each in lines if _speaks_for_itself(each)]
    return About((names or ["PING"])[-1])


def _name(request: _Request) -> str:
    return Command(request.words).full_name if request.words else ""


def _manner(request: _Request) -> frozenset[str]:
    """The words of a request that say how: `OFF`, `AUTH`."""
    words = (word.upper().decode("ascii", "replace") for word in request.words[1:])
    return frozenset(word for word in words if word in _MANNERS)


def _read(data: bytes) -> tuple[list[_Request], About | None]:
    """Requests up to the first thing that is none."""
    requests: list[_Request] = []
    at = 0
    while at < len(data):
        read = _read_array(data, at) if data[at : at + 1] == b"*" else _read_inline(data, at)
        if isinstance(read, About):
            return requests, read
        request, at = read
        requests.append(request)
    return requests, None


def _read_inline(data: bytes, at: int) -> tuple[_Request, int] | About:
    end = data.find(b"\n", at)
    if end < 0:
        return About("INLINE", _of_text(data[at:]) | {"unended"})
    line = data[at : end + 1]
    return _Request(tuple(line.split()), line), end + 1


def _read_array(data: bytes, at: int) -> tuple[_Request, int] | About:
    read = _read_header(data, at, "MULTIBULK")
    if isinstance(read, About):
        return read
    count, at = read
    words: list[bytes] = []
    for _ in range(count):
        argument = _read_argument(data, at)
        if isinstance(argument, About):
            return argument
        word, at = argument
        words.append(word)
    return _Request(tuple(words), None), at


def _read_argument(data: bytes, at: int) -> tuple[bytes, int] | About:
    if data[at : at + 1] not in (b"$", b""):
        return About("BULK LENGTH", frozenset({"no-dollar"}))
    read = _read_header(data, at, "BULK LENGTH") if at < len(data) else About("SPLIT")
    if isinstance(read, About):
        return read
    size, begin = read
    end = begin + size + 2
    if not b"\r\n".startswith(data[end - 2 : end]):
        return About("BULK LENGTH", frozenset({"no-CRLF"}))
    return (data[begin : end - 2], end) if len(data) >= end else About("SPLIT")


def _read_header(data: bytes, at: int, subject: str) -> tuple[int, int] | About:
    """The number behind `*` or `$`, and where its line ends."""
    found = re.compile(rb".([^\r\n]*)(\r\n|\r|\n|$)", re.DOTALL).match(data, at)
    assert found is not None
    text, ending = found[1], found[2]
    form, most = (_COUNT, MOST_ARGUMENTS) if subject == "MULTIBULK" else (_LENGTH, LONGEST_BULK)
    if not ending and form.fullmatch(text):
        return About("SPLIT")
    if ending == b"\r\n" and form.fullmatch(text) and len(text) <= _MOST_DIGITS and int(text) <= most:
        return int(text), found.end()
    return About(subject, _of_number(text, most) | _of_ending(ending))


def _of_number(text: bytes, most: int) -> frozenset[str]:
    """What is wrong with a number."""
    digits = text.strip(b" \t\0").lstrip(b"+-")
    if not text:
        return frozenset({"no-number"})
    told = {"blank"} if text.strip(b" \t\0") != text else set()
    told |= {"plus"} if b"+" in text else set()
    told |= {"negative"} if text.strip().startswith(b"-") else set()
    if not digits.isdigit():
        told |= {"no-number"}
    elif len(digits) > LONG:
        told |= {"long-line"}
    elif len(digits) > _MOST_DIGITS or int(digits) > most:
        told |= {"huge"}
    elif len(digits) > 1 and digits.startswith(b"0"):
        told |= {"leading-zero"}
    elif int(digits) == 0:
        told |= {"zero"}
    return frozenset(told)


def _of_ending(ending: bytes) -> frozenset[str]:
    return frozenset({b"\r\n": set(), b"\r": {"CR"}, b"\n": {"LF"}}.get(ending, {"unended"}))


_TEXT = (
    ("double-quotes", re.compile(rb'"')),
    ("single-quotes", re.compile(rb"'")),
    ("escapes", re.compile(rb"\\")),
    ("NUL", re.compile(rb"\0")),
    ("control", re.compile(rb"[\x01-\x08\x0b-\x0c\x0e-\x1f\x7f]")),
    ("high-bytes", re.compile(rb"[\x80-\xff]")),
    ("tabs", re.compile(rb"\t")),
    ("CR", re.compile(rb"\r(?!\n)")),
    ("leading-blanks", re.compile(rb"^[ \t]")),
)


def _of_text(line: bytes) -> frozenset[str]:
    """What is unusual in an inline request."""
    if not line.split(b"\0")[0].strip():
        return frozenset({"empty"} | ({"long"} if len(line) >= LONG else set()))
    told = {name for name, pattern in _TEXT if pattern.search(line)}
    return frozenset(told | ({"long"} if len(line) >= LONG else set()))
