"""What two replies may differ in without a finding: by what the engines say of their commands, and by named rules.

A tolerance is never silent: every time that one makes a difference go away it is counted under its name.

| name | what it forgives | where |
|---|---|---|
| unordered | the order of elements | tips say `nondeterministic_output_order` (6.x: flag `sort_for_script`) |
| random | values, not types nor sizes | tips say `nondeterministic_output` (6.x: flag `random`) |
| clock | integers up to 2 s (2,000 ms) apart | commands that tell times, from the table below |
| identity | which connection, product and version it is | HELLO |
| cursor | everything but the type, while a cursor is not 0; else the order | the SCAN family |
| nodes | the order of nodes, times, whether a link is open | CLUSTER NODES, REPLICAS, SHARDS |
| bus | how much went over the cluster bus | CLUSTER INFO, LINKS |
| report | everything but the type | INFO, CLIENT LIST, DUMP …, in the walk only: what the server tells of itself |
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from operator import is_, itemgetter
from typing import TYPE_CHECKING, Any

from generators.command import Command
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generators.command import Program

RULES = {
    "unordered": "the engine says that the order means nothing, or SORT ran BY something: elements compared as a bag",
    "random": "the engine says that the command's output is random: types and sizes compared",
    "clock": "the command tells a time: integers may be 2 s apart",
    "cursor": "a SCAN that did not end: types compared; one that ended: elements compared as a bag",
    "identity": "HELLO names server, version and connection: these may differ, the other fields may not",
    "once": "below the commands, one look saw a difference and a more patient one did not: not compared",
    "nodes": "nodes of a cluster in any order; when they were last heard, and whether a link is open, is not compared",
    "bus": "CLUSTER INFO and LINKS tell what went over the bus, and what is counted now and then: names compared",
    "report": "the walk asks how the server takes arguments; what it then tells of itself is compared by type",
    "digest": "the digests of all data differ, and no command that reads data shows a difference",
}

CLOCK_MS = 2000
CLOCK_S = 2

_CLOCK = frozenset(
    [
        "TTL",
        "PTTL",
        "EXPIRETIME",
        "PEXPIRETIME",
        "HTTL",
        "HPTTL",
        "HEXPIRETIME",
        "HPEXPIRETIME",
        "XPENDING",
        "XINFO",
        "OBJECT|IDLETIME",
        "FUNCTION|STATS",
        "HEXPIRE",
        "HPEXPIRE",
    ]
)
_IN_MILLISECONDS = frozenset(["PTTL", "PEXPIRETIME", "HPTTL", "HPEXPIRETIME", "XPENDING", "XINFO"])
_BY_NAME = {
    "HELLO": "identity",
    **dict.fromkeys(("SCAN", "SSCAN", "HSCAN", "ZSCAN"), "cursor"),
    **dict.fromkeys(("CLUSTER|NODES", "CLUSTER|REPLICAS", "CLUSTER|SLAVES", "CLUSTER|SHARDS"), "nodes"),
    **dict.fromkeys(("CLUSTER|INFO", "CLUSTER|LINKS"), "bus"),
}
# What the engines call random, but is not where the ids and slots of both nodes are the same.
_EQUAL_IN_CLUSTERS = frozenset(
    f"CLUSTER|{each}"
    for each in (
        "SLOTS",
        "MYID",
        "MYSHARDID",
        "COUNTKEYSINSLOT",
        "COUNT-FAILURE-REPORTS",
        "KEYSLOT",
        "SLOT-STATS",
    )
)
_UNORDERED = frozenset(
    [
        "SMEMBERS",
        "SINTER",
        "SUNION",
        "SDIFF",
        "HGETALL",
        "HKEYS",
        "HVALS",
        "KEYS",
        "SPOP",
        "COMMAND|LIST",
        "FUNCTION|LIST",
        "PUBSUB|CHANNELS",
        "PUBSUB|SHARDCHANNELS",
        "CONFIG|GET",
        "ACL|CAT",
    ]
)
_MEMBERS = ("SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER")
_RANDOM = frozenset(
    [
        *_MEMBERS,
        *("RANDOMKEY", "TIME", "LASTSAVE", "MEMORY|USAGE", "SLOWLOG|LEN"),
        "CLUSTER|GETKEYSINSLOT",
        *("CLIENT|ID", "CLIENT|INFO", "CLIENT|LIST"),
    ]
)
_SINGLE = (b"one", b"oneh", b"onez")  # keys that never hold more than one element: nothing to choose from
# Commands whose tips call them random only for forms that Rekey never draws (`XADD *`, idle times, approximate trims).
_EXACT = frozenset(
    [
        "XADD",
        "XCLAIM",
        "XAUTOCLAIM",
        "XREADGROUP",
        "XTRIM",
        "XACK",
        "PFCOUNT",
        "PFADD",
        "EVAL",
        "EVALSHA",
        "FCALL",
        "SET",
        "MIGRATE",
        "OBJECT",
        "OBJECT|ENCODING",
        "OBJECT|REFCOUNT",
        "OBJECT|FREQ",
        "CLIENT",
        "CLUSTER",
        "PUBSUB",
        "MEMORY",
        "SLOWLOG",
        "FUNCTION|STATS",
        *_EQUAL_IN_CLUSTERS,
    ]
)
# What tells of the server itself. Areas and suites that are about it compare it whole.
_REPORTS = frozenset(
    (
        *(
            "ACL|CAT",
            "ACL|GENPASS",
            "ACL|GETUSER",
            "ACL|LIST",
            "ACL|LOG",
            "CLIENT|ID",
            "CLIENT|INFO",
            "CLIENT|LIST",
        ),
        *("COMMAND", "COMMAND|COUNT", "COMMAND|DOCS", "COMMAND|INFO", "COMMAND|LIST", "COMMANDLOG|GET"),
        *("COMMANDLOG|LEN", "CONFIG|GET", "DUMP", "FUNCTION|DUMP", "HOTKEYS|GET", "INFO", "LASTSAVE"),
        *(
            "LATENCY|DOCTOR",
            "LATENCY|HISTOGRAM",
            "LATENCY|LATEST",
            "LOLWUT",
            "MEMORY|DOCTOR",
            "MEMORY|MALLOC-STATS",
        ),
        *("MEMORY|STATS", "MEMORY|USAGE", "MODULE|LIST", "ROLE", "SLOWLOG|GET", "SLOWLOG|LEN", "TIME"),
    )
)
_PAIRED = frozenset(("HGETALL", "CONFIG|GET", "HRANDFIELD"))


@dataclass(slots=True)
class Tolerances:
    """The rules for one pair of engines, and how often each was applied."""

    unordered: frozenset[str] = _UNORDERED
    random: frozenset[str] = _RANDOM
    reports: bool = False  # what the server tells of itself is compared by type
    applied: Counter[str] = field(default_factory=Counter)

    def same(self, asked: Command, baseline: Reply, candidate: Reply) -> bool:
        """Whether the replies are the same but for what a rule forgives. Counts the rule that did."""
        if baseline == candidate:
            return True
        name = name_of(asked, self)
        if name is None or not _forgiven(name, asked, baseline, candidate):
            return False
        self.applied[name] += 1
        return True


def tolerances(*tables: Reply) -> Tolerances:
    """The rules for engines whose replies to COMMAND (RESP2 or RESP3) are these."""
    unordered = set(_UNORDERED)
    random = set(_RANDOM)
    for table in tables:
        for name, words in _words_of(table):
            if "nondeterministic_output_order" in words or "sort_for_script" in words:
                unordered.add(name)
            elif "nondeterministic_output" in words or "random" in words:
                random.add(name)
    return Tolerances(
        unordered=frozenset(unordered - _EXACT), random=frozenset(random - unordered - _EXACT - _CLOCK)
    )


def command_names(*tables: Reply) -> tuple[str, ...]:
    """Every command and sub-command (`OBJECT ENCODING`) in these replies to COMMAND."""
    return tuple(sorted({name.replace("|", " ") for table in tables for name, _ in _words_of(table)}))


def _words_of(table: Reply) -> Iterable[tuple[str, set[str]]]:
    """Name (`OBJECT|ENCODING`) with flags and tips, for every command and sub-command of a COMMAND reply."""
    if not isinstance(table.value, tuple):
        return
    for entry in table.value:
        if not isinstance(entry.value, tuple) or len(entry.value) < 3:
            continue
        parts = entry.value
        name = parts[0].value
        if isinstance(name, bytes):
            yield name.decode().upper(), _texts(parts[2]) | (_texts(parts[7]) if len(parts) > 7 else set())
        if len(parts) > 9:
            yield from _words_of(parts[9])


def _texts(reply: Reply) -> set[str]:
    items = reply.value if isinstance(reply.value, tuple) else ()
    return {item.value.decode() for item in items if isinstance(item.value, bytes)}


def _tip_name(asked: Command) -> str:
    """The command as COMMAND's tips name it: `OBJECT|ENCODING`."""
    return asked.full_name.replace(" ", "|")


def handed_on(asked: Command) -> Command:
    """The command that a script only hands on, else the command itself."""
    if asked.name == "EVAL" and len(asked.args) > 3 and b"unpack(ARGV)" in asked.args[1]:
        return Command(asked.args[3:])
    return asked


def hands_nothing_on(program: Program) -> bool:
    """Whether no script in it only hands on a command."""
    return all(handed_on(each) is each for each in program)


def inner(asked: Command) -> Command:
    """The command whose rule holds: the one that runs in a script, where it is one without an order."""
    if asked.name in ("EVAL", "EVAL_RO") and len(asked.args) > 1:
        for name in (b"HGETALL", b"SMEMBERS", b"KEYS"):
            if b"'" + name + b"'" in asked.args[1]:
                return Command((name,))
    return handed_on(asked)


def name_of(asked: Command, rules: Tolerances) -> str | None:
    """The rule for this command, or None."""
    asked = inner(asked)
    whole, word = _tip_name(asked), asked.name
    named = "report" if rules.reports and whole in _REPORTS else _BY_NAME.get(word) or _BY_NAME.get(whole)
    if named is not None:
        return named
    claims = word == "XREADGROUP" and b"CLAIM" in (arg.upper() for arg in asked.args)
    if word in _CLOCK or whole in _CLOCK or claims:
        return "clock"
    single = word in _MEMBERS and asked.args[1:2] and asked.args[1] in _SINGLE
    if single or whole in rules.unordered or word in rules.unordered:
        return "unordered"
    if word in ("SORT", "SORT_RO") and b"BY" in (arg.upper() for arg in asked.args):
        return "random" if b"LIMIT" in (arg.upper() for arg in asked.args) else "unordered"
    if whole in rules.random or word in rules.random:
        return "random"
    return None


def _forgiven(rule: str, asked: Command, baseline: Reply, candidate: Reply) -> bool:  # noqa: PLR0911  (a table)
    asked = inner(asked)
    match rule:
        case "unordered" | "identity":
            paired = _tip_name(asked) in _PAIRED
            seen = _anonymous if rule == "identity" else partial(_sorted, paired=paired)
            return seen(baseline) == seen(candidate)
        case "random" if asked.name in ("SORT", "SORT_RO"):
            return _size(baseline) == _size(
                candidate
            )  # another element can have a nil where this one has a value
        case "random" if _everything(asked, baseline) and _everything(asked, candidate):
            paired = asked.name in _MEMBERS and _flat_pairs(asked, baseline)
            return _sorted(baseline, paired=paired) == _sorted(candidate, paired=paired)
        case "random" | "report":
            seen = _kind if rule == "report" else _shape
            return seen(baseline) == seen(candidate)
        case "clock":
            most = CLOCK_MS if asked.name in _IN_MILLISECONDS else CLOCK_S
            return _near(baseline, candidate, most)
        case "cursor":
            return _same_scan(asked, baseline, candidate)
        case "nodes":
            return _nodes(baseline) == _nodes(candidate)
        case "bus":
            return _off_the_bus(baseline) == _off_the_bus(candidate)
    raise AssertionError(f"no such rule: {rule}")


def _nodes(reply: Reply) -> object:
    """Lines of CLUSTER NODES or REPLICAS, or shards, in one order; of a line all but times and the link's state."""
    if isinstance(reply.value, bytes) and reply.kind in (Kind.BULK, Kind.VERBATIM):
        return reply.kind, sorted(map(_node, reply.value.removeprefix(b"txt:").splitlines()))
    if not isinstance(reply.value, tuple):
        return reply
    return reply.kind, sorted(
        _node(each.value) if isinstance(each.value, bytes) else [repr(each).encode()] for each in reply.value
    )


def _node(line: bytes) -> list[bytes]:
    words = line.split(b" ")
    return words[:4] + words[6:7] + words[8:]


_ON_THE_BUS = re.compile(rb"^(cluster_stats_\w+|cluster_size):\d+\r?$", re.MULTILINE)


def _off_the_bus(reply: Reply) -> object:
    """CLUSTER INFO without how much went over the bus, which is more or less with each try to reach the peer, and
    without how many primaries have slots, which is counted anew between two reads of requests only; of
    CLUSTER LINKS only that it lists some, or none: such a try is a link for a moment.
    """
    if isinstance(reply.value, bytes) and reply.kind in (Kind.BULK, Kind.VERBATIM):
        return reply.kind, _ON_THE_BUS.sub(rb"\1", _OF_ONE_TYPE.sub(b"", reply.value))
    return reply if reply.kind in (Kind.ERROR, Kind.BULK_ERROR) else reply.kind


# How many messages of one type: there is no such line before the first.
_OF_ONE_TYPE = re.compile(rb"cluster_stats_messages_\w+_(sent|received):\d+\r\n")

_ERRORS = (Kind.ERROR, Kind.BULK_ERROR)
_NAMES = (b"server", b"version", b"id")


def _anonymous(reply: Reply) -> object:
    """What HELLO says, without who said it to whom."""
    if not isinstance(reply.value, tuple):
        return reply
    fields, values = reply.value[::2], reply.value[1::2]
    kept = tuple(
        each.kind if name.value in _NAMES else each for name, each in zip(fields, values, strict=False)
    )
    return reply.kind, fields, kept, len(reply.value)


def _everything(asked: Command, reply: Reply) -> bool:
    """Whether it asked for more members than there are, so that it gets all, each once."""
    in_slot = _tip_name(asked) == "CLUSTER|GETKEYSINSLOT"
    at = 3 if in_slot else 2
    counted = (in_slot or asked.name in _MEMBERS) and len(asked.args) > at and asked.args[at].isdigit()
    if not counted or not isinstance(reply.value, tuple):
        return False
    paired = not in_slot and _flat_pairs(asked, reply)
    return len(reply.value) // (1 + paired) < int(asked.args[at])


def _flat_pairs(asked: Command, reply: Reply) -> bool:
    """Whether values or scores stand between the members, as they do in RESP2."""
    items = reply.value if isinstance(reply.value, tuple) else ()
    return len(asked.args) > 3 and not any(isinstance(each.value, tuple) for each in items)


def _sorted(reply: Reply, *, paired: bool) -> object:
    """The reply with every sequence in it in one order; pairs stay together."""
    if not isinstance(reply.value, tuple):
        return (reply.kind.value, repr(reply.value))
    texts = list(map(_VALUE, reply.value))
    if _BULKS.issuperset(map(type, texts)) and all(map(is_, map(_KIND, reply.value), repeat(Kind.BULK))):
        return (reply.kind.value, _in_order(texts, paired=paired or reply.kind is Kind.MAP))
    items = [_sorted(item, paired=False) for item in reply.value]
    if (paired or reply.kind is Kind.MAP) and len(items) % 2 == 0:
        items = list(zip(items[::2], items[1::2], strict=True))
    return (reply.kind.value, tuple(sorted(items, key=repr)))


def _size(reply: Reply) -> object:
    """The shape of what SORT says, where a value and nothing at all are one."""
    if not isinstance(reply.value, tuple):
        return _shape(reply)
    return (reply.kind, tuple(None if item.kind in _TEXTS else _shape(item) for item in reply.value))


_TEXTS = (Kind.BULK, Kind.NULL_BULK, Kind.NULL)
_BULKS = frozenset((bytes,))
_KIND, _VALUE = itemgetter(0), itemgetter(1)


def _in_order(texts: list[Any], *, paired: bool) -> object:
    """Bulk strings only, as most replies are: a tenth of the time that the general way takes."""
    if paired and len(texts) % 2 == 0:
        return sorted(zip(texts[::2], texts[1::2], strict=True))
    return sorted(texts)


def _shape(reply: Reply) -> object:
    if not isinstance(reply.value, tuple):
        return reply.kind if reply.kind not in (Kind.ERROR, Kind.BULK_ERROR) else reply
    return (reply.kind, tuple(_shape(item) for item in reply.value))


def _kind(reply: Reply) -> object:
    """Its type; an error is what it says."""
    return reply if reply.kind in _ERRORS else reply.kind


def _near(baseline: Reply, candidate: Reply, most: int) -> bool:
    """Equal, but for times: large integers up to `most` apart, and idle times whatever they are."""
    if baseline.kind is not candidate.kind:
        return False
    a, b = baseline.value, candidate.value
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(
            (_is_idle(a, at) and _is_idle(b, at)) or _near(a[at], b[at], most) for at in range(len(a))
        )
    if baseline.kind is Kind.INTEGER and isinstance(a, int) and isinstance(b, int):
        return a == b or (min(a, b) > most and abs(a - b) <= most)
    return a == b


def _is_idle(items: tuple[Reply, ...], at: int) -> bool:
    """A time that passed: behind its label (XINFO, FUNCTION STATS), or third in a row of XPENDING (id, consumer, idle,
    deliveries) or of XREADGROUP CLAIM (id, fields, idle, deliveries).
    """
    idle = items[at].value
    if not isinstance(idle, int) or idle < 0:  # -1: never active
        return False
    if at > 0 and items[at - 1].value == b"duration_ms":
        return True
    row = at == 2 and [item.kind for item in items] in _IDLE_ROWS
    return row or (at > 0 and items[at - 1].value in (b"idle", b"inactive"))


_IDLE_ROWS = tuple([Kind.BULK, second, Kind.INTEGER, Kind.INTEGER] for second in (Kind.BULK, Kind.ARRAY))


def _same_scan(asked: Command, baseline: Reply, candidate: Reply) -> bool:
    a, b = baseline.value, candidate.value
    if baseline.kind is not candidate.kind or not isinstance(a, tuple) or not isinstance(b, tuple):
        return False
    if len(a) != 2 or len(b) != 2:
        return False
    begins = asked.args[1 if asked.name == "SCAN" else 2] == b"0"
    if begins and a[0].value == b[0].value == b"0":
        paired = asked.name in ("HSCAN", "ZSCAN") and b"NOVALUES" not in (arg.upper() for arg in asked.args)
        return a[0] == b[0] and _sorted(a[1], paired=paired) == _sorted(b[1], paired=paired)
    return a[0].kind is b[0].kind and a[1].kind is b[1].kind
