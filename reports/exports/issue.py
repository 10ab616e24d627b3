"""A text for an upstream issue: what was done, on which builds, what came back. It claims nothing that was not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exports.cli import why_not
from reports.replies import lines as shown_lines
from reports.replies import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.finding import WireReply
    from reports.reproducer import Reproducer
    from reports.run import BuildRecord

_SHOWN = 60  # lines of a reply


def issue_text(of: Reproducer) -> str:
    """The whole text, in Markdown."""
    return "\n".join(_lines(of)) + "\n"


def _lines(of: Reproducer) -> Iterator[str]:
    yield f"# {printable(of.title)}"
    yield ""
    yield from _versions(of)
    yield from _steps(of)
    yield from _actual(of)
    yield "## Expected"
    yield ""
    yield "For the maintainers to say: two servers were compared, and that does not tell which of them is right."
    yield ""
    yield from _seen(of)


def _versions(of: Reproducer) -> Iterator[str]:
    baseline, candidate = of.run.baseline, of.run.candidate
    rows = [
        ("from", _origin(baseline), _origin(candidate)),
        ("`--version`", f"`{baseline.reported}`", f"`{candidate.reported}`"),
        ("sha256 of the server", f"`{baseline.sha256}`", f"`{candidate.sha256}`"),
        ("built with", _server(baseline, "gcc_version", "gcc "), _server(candidate, "gcc_version", "gcc ")),
        ("running on", _server(baseline, "os"), _server(candidate, "os")),
    ]
    yield "## Versions"
    yield ""
    yield f"| | {of.baseline} | {of.candidate} |"
    yield "|---|---|---|"
    yield from (f"| {name} | {a} | {b} |" for name, a, b in rows if a.strip("`") or b.strip("`"))
    yield ""


def _origin(build: BuildRecord) -> str:
    return f"{build.source}: `{build.package or build.image or build.spec}`"


def _server(build: BuildRecord, name: str, before: str = "") -> str:
    value = build.server.get(name, "")
    return f"{before}{printable(value)}" if value else ""


def _steps(of: Reproducer) -> Iterator[str]:
    yield "## Steps"
    yield ""
    yield f"On a server without data, {_how(of)}:"
    yield ""
    for line in of.lines:
        lead = f"({line.connection}) " if len(of.connections) > 1 else ""
        yield f"    {lead}{line.text}"
    yield ""
    if of.needs_debug:
        yield "The server was started with `enable-debug-command yes`."
        yield ""


def _how(of: Reproducer) -> str:
    client = "`redis-cli -3`" if of.finding.protocol == 3 else "`redis-cli`"
    protocol = f"RESP{of.finding.protocol}"
    if of.pipelined:
        return f"all of this in one write ({protocol}), behind a `PING`"
    if of.raw:
        return f"these lines ({protocol}); `!` is followed by bytes that are sent as they are"
    if len(of.connections) > 1:
        return f"each line over the connection in front of it (one `{client.strip('`')}` each), in this order"
    reason = why_not(of)
    return f"these commands ({protocol}; {reason})" if reason else f"with {client} ({protocol})"


def _actual(of: Reproducer) -> Iterator[str]:
    yield "## Actual"
    yield ""
    line = of.lines[of.finding.step]
    yield f"The reply to `{_code(line.text)}`, with its wire type:"
    yield ""
    for name, reply in ((of.baseline, of.finding.baseline), (of.candidate, of.finding.candidate)):
        yield f"{name}:"
        yield ""
        yield from (f"    {printable(text)}" for text in _reply(reply))
        yield ""


def _reply(reply: WireReply) -> list[str]:
    if reply.type == "none":
        return [_NONE.get(str(reply.value), f"no reply: {reply.value}")]
    shown = shown_lines(reply)
    return shown if len(shown) <= _SHOWN else [*shown[:_SHOWN], f"… ({len(shown)} lines)"]


_NONE = {
    "died": "no reply: the server process ended",
    "closed": "no reply: the server closed the connection",
    "timeout": "no reply within the time",
    "no reply": "no reply, although later commands were answered",
    "a reply": "a reply",
}


def _seen(of: Reproducer) -> Iterator[str]:
    finding = of.finding
    evidence = finding.evidence
    protocols = evidence.get("protocols")
    both = isinstance(protocols, list) and len(protocols) > 1
    yield "## How it was found"
    yield ""
    seen = "Seen in RESP2 and RESP3" if both else f"Seen in RESP{finding.protocol}"
    replays = f"; {evidence['replays']}" if "replays" in evidence else ""
    yield "By Rekey, which sends the same generated commands to two servers"
    yield f"(finding `{finding.id}`, seed {of.run.seed}, {of.run.start[:10]}). {seen}{replays}."
    if not finding.certain:
        yield f"It is not certain: {evidence['inconclusive']}."
    explained = of.run.explained.get(finding.known or "")
    if explained:
        where = f" ({explained.upstream})" if explained.upstream else ""
        yield ""
        yield f"Rekey's ledger knows it as `{finding.known}`: {explained.why}{where}"


def _code(text: str) -> str:
    return printable(text).replace("`", "'")
