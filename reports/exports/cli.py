"""A shell script that shows a finding with redis-cli and two servers.

redis-cli reads the program from its standard input, with its own quoting, so that a NUL or a line end in an argument
arrives as it is, and all lines go over one connection.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reports.replies import lines as shown_lines
from reports.replies import printable
from reports.reproducer import NotReproducible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.lines import Line
    from reports.finding import WireReply
    from reports.reproducer import Reproducer

_SHOWN = 12  # lines of a recorded reply
_KEEPS = frozenset(
    ("EXIT", "QUIT", "HELP", "?", "CLEAR", "CONNECT", "RESTART", ":SET")
)  # redis-cli's own words
_STREAMS = frozenset(("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC"))


def cli_script(of: Reproducer) -> str:
    """The script.

    Raises:
        NotReproducible: redis-cli can't be told to send this program; the message says why, and what can.

    """
    reason = why_not(of)
    if reason:
        raise NotReproducible(
            f"{of.finding.id} can't be shown with redis-cli: {reason}; take --as pytest, which can"
        )
    marker = _marker(of.lines)
    ask = _several(of) if len(of.connections) > 1 else _single(of, marker)
    return "\n".join([*_head(of), *ask, *_foot(of)]) + "\n"


def why_not(of: Reproducer) -> str:
    """Why redis-cli can't be told to send it; empty where it can."""
    if of.raw:
        return "a line of it is bytes that are no command"
    if of.pipelined:
        return "it shows only where all lines are sent in one write, and redis-cli waits for each reply"
    return next(filter(None, map(_why_not_line, of.lines)), "")


def _why_not_line(line: Line) -> str:
    first = line.text.split(" ", 1)[0]
    if line.names_another:
        return "a line of it names a connection by the id that the server gave it"
    if first.upper() in _KEEPS:
        return f"redis-cli takes {first} for a word of its own"
    if first.isdigit():
        return f"redis-cli takes {first} at the beginning of a line for a number of repetitions"
    return f"redis-cli waits for ever behind {line.name}" if line.name in _STREAMS else ""


def _head(of: Reproducer) -> Iterator[str]:
    finding = of.finding
    yield "#!/bin/sh"
    yield f"# {printable(of.title)}"
    yield f"# Finding {finding.id} of Rekey: {printable(finding.signature)}"
    yield "#"
    yield f"# A is {of.baseline}, B is {of.candidate}: two fresh, empty servers that nobody needs."
    if of.needs_debug:
        yield "# The program uses DEBUG: start them with --enable-debug-command yes (from Redis 7.0 on)."
    yield "#"
    yield "#     PORT_A=7001 PORT_B=7002 sh THIS_FILE"
    yield "#"
    yield "# A port may have a host in front, 10.0.0.1:7001. How to get in is said by REDISCLI_AUTH, and by"
    yield "# CLI='redis-cli --tls --insecure --user u'."
    yield "set -u"
    yield ': "${PORT_A:?is not set: the port of a server of A}" "${PORT_B:?is not set: the port of a server of B}"'
    resp3 = " -3" if finding.protocol == 3 else ""
    yield "cli() {"
    yield "    case $1 in *:*) host=${1%:*} ;; *) host=127.0.0.1 ;; esac"
    yield "    number=${1##*:}; shift"
    yield f'    ${{CLI:-redis-cli}} -h "$host" -p "$number"{resp3} --no-raw "$@"'
    yield "}"
    yield 'for port in "$PORT_A" "$PORT_B"; do'
    yield '    case $(cli "$port" DBSIZE) in'
    yield '    "(integer) 0") ;;'
    yield '    *) echo "$port does not answer, or is not empty: it may be somebody\'s" >&2; exit 2 ;;'
    yield "    esac"
    yield "done"


def _single(of: Reproducer, marker: str) -> Iterator[str]:
    yield "program() {"
    yield f"cat <<'{marker}'"
    yield from (line.text for line in of.lines)
    yield marker
    yield "}"
    yield f"echo 'The program, whose replies differ at line {of.finding.step + 1}:'; program"
    for name, title in (("A", of.baseline), ("B", of.candidate)):
        yield f"echo; echo {_quoted(f'{name}, {title}, answers line by line:')}"
        yield f'program | cli "$PORT_{name}"'


def _several(of: Reproducer) -> Iterator[str]:
    """One redis-cli for each connection, fed through a pipe with a name; a pause lets each line do its work."""
    yield "play() {"
    yield "    port=$1; dir=$(mktemp -d) || exit 2"
    for number in of.connections:
        pipe = f'"$dir/{number}"'
        yield f'    mkfifo {pipe}; cli "$port" <{pipe} >"$dir/{number}.out" 2>&1 &'
        yield f"    exec {2 + number}>{pipe}"
    for line in of.lines:
        yield f"    echo {_quoted(f'({line.connection}) {line.text}')}"
        yield f"    printf '%s\\n' {_quoted(line.text)} >&{2 + line.connection}; sleep \"${{PAUSE:-0.3}}\""
    yield "    " + "; ".join(f"exec {2 + number}>&-" for number in of.connections)
    yield '    sleep "${PAUSE:-0.3}"; kill $(jobs -p) 2>/dev/null; wait 2>/dev/null'
    for number in of.connections:
        yield f"    echo 'connection {number} was answered:'; cat \"$dir/{number}.out\""
    yield '    rm -r "$dir"'
    yield "}"
    yield f"echo 'Each line over the connection in front of it; the replies differ at line {of.finding.step + 1}.'"
    for name, title in (("A", of.baseline), ("B", of.candidate)):
        yield f"echo; echo {_quoted(f'{name}, {title}:')}"
        yield f'play "$PORT_{name}"'


def _foot(of: Reproducer) -> Iterator[str]:
    yield f"echo; echo {_quoted(f'Recorded for line {of.finding.step + 1}:')}"
    yield f"cat <<'{_marker(of.lines)}'"
    for name, reply in (("A", of.finding.baseline), ("B", of.finding.candidate)):
        yield from _recorded(name, reply)
    yield _marker(of.lines)
    yield 'for port in "$PORT_A" "$PORT_B"; do cli "$port" FLUSHALL >/dev/null 2>&1; done  # they were empty'


def _recorded(name: str, reply: WireReply) -> Iterator[str]:
    shown = shown_lines(reply)
    for number, line in enumerate(shown[:_SHOWN]):
        yield f"{name}  {printable(line)}" if number == 0 else f"   {printable(line)}"
    if len(shown) > _SHOWN:
        yield f"   … ({len(shown)} lines)"


def _marker(lines: tuple[Line, ...]) -> str:
    """A word that ends a here-document and is no line of the program."""
    texts = {line.text for line in lines}
    marker = "END"
    while marker in texts:
        marker += "_"
    return marker


def _quoted(text: str) -> str:
    return shlex.quote(printable(text))
