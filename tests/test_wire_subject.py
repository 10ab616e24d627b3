"""What bytes are about is read from the bytes, so that a case and the same program typed again bear one name."""

from __future__ import annotations

import pytest

from generators.raw import parse_line
from suites.wire.subject import about


@pytest.mark.parametrize(
    ("lines", "subject", "features"),
    [
        (['!"PING\\r\\n"'], "INLINE", ""),
        (['!"ECHO \\"a\\\\x41\\"\\r\\n"'], "INLINE", "double-quotes escapes"),
        (['!" \\r\\n"', "PING"], "INLINE", "empty"),
        (['!"*-2\\r\\n"', "PING"], "MULTIBULK", "negative"),
        (['!"*abc\\r\\n$4\\r\\nPING\\r\\n"'], "MULTIBULK", "no-number"),
        (['!"*1048577\\r\\n"'], "MULTIBULK", "huge"),
        (['!"*1 \\r\\n"'], "MULTIBULK", "blank"),
        (['!"*01\\r\\n"'], "MULTIBULK", "leading-zero"),
        (['!"*" "1"*65536 "\\r\\n"'], "MULTIBULK", "long-line"),
        (['!"*1\\r\\n$-1\\r\\n"'], "BULK LENGTH", "negative"),
        (['!"*1\\r\\n:4\\r\\nPING\\r\\n"'], "BULK LENGTH", "no-dollar"),
        (['!"*1\\r\\n$4\\r\\nPINGxx"'], "BULK LENGTH", "no-CRLF"),
        (['!"*1\\r\\n$3\\r\\n"', "PING"], "BULK LENGTH", "no-CRLF"),
        (['!"*1\\r\\n$4\\r\\nPI"', '!"NG\\r\\n"'], "SPLIT", ""),
        (['!"PING\\r\\n*-2\\r\\nPING\\r\\n"'], "MULTIBULK", "negative"),
        (['!"*1\\r\\n$4\\r\\nPING\\r\\n*1\\r\\n$4\\r\\nPING\\r\\n"'], "PIPELINE", ""),
        (['!"POST / HTTP/1.1\\r\\n"'], "HTTP", ""),
        (['!"\\x16\\x03\\x01\\x00"'], "TLS", ""),
        (['!"CLIENT REPLY OFF\\r\\nPING\\r\\n"'], "CLIENT REPLY", "OFF"),
        (["HELLO 3", "PING"], "HELLO", ""),
        (['!"SET k v\\r\\n"', "CLIENT GETNAME"], "CLIENT GETNAME", ""),
        (["CONFIG SET requirepass a", "RESET", '!"*11\\r\\n"'], "UNAUTHENTICATED", "many-arguments"),
        (["CONFIG SET requirepass a", "RESET", '!"GET k\\r\\n"'], "UNAUTHENTICATED", "get"),
        (["CONFIG SET client-query-buffer-limit 1mb", '!"a"*9', "PING"], "QUERY BUFFER", "limit"),
    ],
)
def test_the_first_unusual_thing_names_the_whole(lines: list[str], subject: str, features: str) -> None:
    told = about(tuple(map(parse_line, lines)), len(lines) - 1)
    assert told.subject == subject
    assert " ".join(sorted(told.features)) == features


def test_the_request_whose_reply_differs_is_what_it_is_about() -> None:
    lines = (parse_line('!"PING\\r\\nHELLO 3 AUTH a b\\r\\n*-2\\r\\n"'),)
    assert about(lines, 0, 1).subject == "HELLO"
    assert about(lines, 0, 1, missing=True).subject == "HELLO"
    assert about(lines, 0, 0).subject == "INLINE"
    assert about(lines, 0, 2).subject == "MULTIBULK"
