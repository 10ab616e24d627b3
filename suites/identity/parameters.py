"""What engines say of their configuration: names and defaults, as CONFIG GET lists them.

Old names are not compared beside the new ones that they stand for: what differs would be told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import command
from suites.identity.fact import THERE, Fact, Facts, pairs, text_of

if TYPE_CHECKING:
    from suites.identity.interview import Interview

# Names whose values Rekey sets or this machine does: they say nothing of the engine.
OURS = frozenset(
    [
        "port", "bind", "protected-mode", "daemonize", "logfile", "dir", "save", "appendonly", "databases",
        "enable-debug-command", "tls-port", "tls-cert-file", "tls-key-file", "tls-ca-cert-file", "tls-auth-clients",
        "requirepass", "maxclients", "pidfile",
    ]
)  # fmt: skip
BUILT_WITH_TLS = ("config.build", "tls")  # a whole that is no difference of its own: the engine could have it
_SUCCESSORS = (("slave", "replica"), ("ziplist", "listpack"), ("lua-time-limit", "busy-reply-threshold"))


def values(engine: Interview) -> dict[str, str]:
    """Every parameter with the value that it had at the start."""
    return {name: text_of(value) for name, value in sorted(pairs(engine.says("CONFIG GET *")))}


def configuration(engine: Interview) -> Facts:
    """Names, and defaults of those that neither Rekey nor the machine sets."""
    facts: Facts = {}
    known = values(engine)
    for name, value in known.items():
        line = str(command("CONFIG", "GET", name))
        parameter, current = ("config.parameter", name), ("config.current-name", name)
        built = (BUILT_WITH_TLS,) if name.startswith("tls-") else ()
        facts[parameter] = Fact(THERE, line, built, tolerance="build")
        if built:
            facts[BUILT_WITH_TLS] = Fact(THERE, line, tolerance="build")
        if is_old_name(name, known):
            continue
        facts[current] = Fact(THERE, line, (parameter, current))
        ours = ("", value, "set-by-rekey") if name in OURS else (value, "", "")
        facts["config.default", name] = Fact(ours[0], line, (parameter, current), *ours[1:])
    return facts


def is_old_name(name: str, known: dict[str, str]) -> bool:
    """Whether this is another name of a parameter that has a newer one, too."""
    return any(old in name and name.replace(old, new) in known for old, new in _SUCCESSORS)
