"""All lies as a page of Markdown: docs/lies.md."""

from __future__ import annotations

from tests.liar.description_lies import DESCRIPTIONS
from tests.liar.lies import LIES

_HEAD = """# The lying server

`tests/liar` is an engine that lies: a proxy in front of a true server, which changes one thing. Each of its
{count} lies has to be found by Rekey, under the rule and the command that stand here. `make_liar` (in
`tests/liar/engine.py`) writes a liar as a script that is named like any other engine:
`path:/tmp/liars/incr-bulk/valkey-server`.

A liar passes everything else on unchanged. What a proxy can't be is a primary with replicas: replication is
no sequence of commands and replies. Its memory (for "every third", "after RENAME") ends with FLUSHALL.

This page is written by `python -m tests.liar`; `tests/test_liar.py` fails where they differ.

| lie | command | what is wrong | rule | RESP |
|---|---|---|---|---|
"""
_DESCRIPTIONS = """
## Lies about the server itself

{count} more are found by `suites/identity` (`tests/test_identity_lies.py`), under the rule and the subject that
stand here.

| lie | asked with | what is wrong | subject | rule |
|---|---|---|---|---|
"""


def page() -> str:
    """The page, with its last line feed."""
    rows = (
        f"| `{lie.name}` | {lie.subject} | {lie.says} | `{lie.rule}` | {lie.protocol or 'both'} |\n"
        for lie in LIES
    )
    more = (
        f"| `{lie.name}` | {lie.area} | {lie.says} | {lie.subject} | `{lie.rule}` |\n" for lie in DESCRIPTIONS
    )
    head = _DESCRIPTIONS.format(count=len(DESCRIPTIONS))
    return _HEAD.format(count=len(LIES)) + "".join(rows) + head + "".join(more)
