"""What of a reply stands in a signature: not what varies from one program to the next.

This file knows what engines repeat of what they were given. What a difference is called it does not know.
"""

from __future__ import annotations

import re

from topologies.reply import Kind, Reply

ERRORS = (Kind.ERROR, Kind.BULK_ERROR)

_QUOTED = re.compile(rb"(?<![a-z])'[^']*'|`[^`]*`|\"[^\"]*\"")
_NUMBER = re.compile(rb"-?\b\d+(\.\d+)?\b")
_SHA = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


# Places where an engine repeats what it was given, without quotes around it.
_ECHOES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb"(with args beginning with:).*",
        rb"(\bmember) .*(?= does not exist)",
        rb"(Unrecognized REPLCONF option:).*",
        rb"(found in the (?:provided|NOT-\w+) filter:) .*",
        rb"(No such user) .*",
        rb"(Unsupported option) .*",
        rb"((?i:unknown argument):) .*",
        rb"((?i:unknown node|know about node)) .*",
        rb"(Invalid [\w ]+ specified:) .*",
        rb"(Unable to find category) .*",
        rb"(category) .*(?= does not exist)",
        rb"(\. Try) \w+(?= HELP)",
        rb"(engine in script shebang: #!).*",
        rb"(shebang option:) .*",
        rb"(flag in script shebang:) .*",
    )
)


def mask(reply: Reply) -> str:
    """A reply without what varies: an error's text without numbers, names and arguments; else its type."""
    if reply.kind is Kind.NONE and isinstance(reply.value, bytes):
        return reply.value.split(b":")[0].decode()
    if reply.kind not in ERRORS or not isinstance(reply.value, bytes):
        return reply.kind.value
    text = _SHA.sub(b"SHA", reply.value)
    text = _NUMBER.sub(b"N", _QUOTED.sub(b"'_'", text))
    for echo in _ECHOES:
        text = echo.sub(rb"\1 _", text)
    return "(error) " + text.decode("utf-8", "backslashreplace")


def text_of(reply: Reply) -> bytes:
    """What it says, where that is text."""
    return reply.value if isinstance(reply.value, bytes) else b""
