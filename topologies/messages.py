"""What a connection is told without having asked: the one place that says which replies answer nothing."""

from __future__ import annotations

import re

from topologies.reply import Kind, Reply

# A MONITOR's line: when, and which database and client it was.
MONITORED = re.compile(rb"^\d+\.\d+ \[(\d+) (lua|unix:\S*|[\d.]+:\d+|\[[0-9a-f:]+\]:\d+)\]")
_MESSAGES = frozenset(
    (b"message", b"pmessage", b"smessage", b"invalidate", b"tracking-redir-broken", b"server-cpu-usage")
)


def is_message(reply: Reply) -> bool:
    """Whether it answers nothing: a message to a subscriber, an invalidation, a line for MONITOR. RESP2 sends such as
    arrays.
    """
    if reply.kind is Kind.SIMPLE and isinstance(reply.value, bytes):
        return MONITORED.match(reply.value) is not None
    if reply.kind not in (Kind.PUSH, Kind.ARRAY) or not isinstance(reply.value, tuple) or not reply.value:
        return False
    return reply.value[0].kind is Kind.BULK and reply.value[0].value in _MESSAGES
