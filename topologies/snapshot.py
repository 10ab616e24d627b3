"""What a server holds, as values: independent of order, encoding and engine, so that two of them can be compared.

Read over one connection. Where the server runs scripts, one script reads what is small, a page of SCAN at a time, and
the next page is read while this one is understood; what is large or rarer is asked with plain commands, in batches.
What only some engines tell of a key (`Item.told`) is kept apart, so that it is compared only where both tell it. This
file reads; `comparison` compares.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command, command
from topologies.batches import Batches
from topologies.engine import HarnessError
from topologies.lockstep import introduce
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from topologies.node import Node

BATCH = 1000  # keys of one round trip
FUNCTIONS_DB = -1  # where libraries of functions stand, by their names: they belong to no database
_LARGE = 4096  # bytes of a value from which on its digest is kept

Key = tuple[int, bytes]  # database, name
Parts = tuple[bytes, ...]


class Digest(NamedTuple):
    """Instead of a large value."""

    parts: int
    size: int
    sha: bytes


class Item(NamedTuple):
    """One key. `value` is in order where order means something (lists), else sorted."""

    type: bytes
    value: bytes | Parts | Digest
    expires_ms: int | None  # when, by the server's clock
    told: tuple[tuple[str, bytes], ...] = ()  # what not every engine tells, by name


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a server holds."""

    items: dict[Key, Item]
    exact_times: bool  # else times are reckoned from what was left, to some milliseconds
    tells: frozenset[str] = field(default=frozenset())  # names of what it tells of keys where they have it

    def __len__(self) -> int:
        return len(self.items)


def snapshot(node: Node, *, known: frozenset[str] | None = None, scripts: bool = True) -> Snapshot:
    """All keys of all databases, and the functions. `known` are the commands that the server knows, if that is known;
    without `scripts`, which are faster, plain commands read.

    The server should be quiet meanwhile. Keys whose time has passed are not there, whether or not the server still has
    them.

    Raises:
        HarnessError: the server refuses what reads it.
        OSError: it does not answer.

    """
    with introduce(node, 2) as wire:
        reader = _Reader(Batches(wire), known if known is not None else commands_of(node))
        return reader.read(scripts=scripts)


def commands_of(node: Node) -> frozenset[str]:
    """The names of all commands that a server knows, in upper case."""
    with introduce(node, 2) as wire:
        (rows,) = Batches(wire).ask([command("COMMAND")])
    return frozenset(_bytes(_parts(row)[0]).upper().decode() for row in _parts(rows))


class _Reader:
    """Reads one server."""

    def __init__(self, wire: Batches, known: frozenset[str]) -> None:
        self.wire = wire
        self.known = known
        self.exact = "PEXPIRETIME" in known
        self.items: dict[Key, Item] = {}
        self.tells: set[str] = set()

    def read(self, *, scripts: bool) -> Snapshot:
        for db in self._databases():
            self._check(self.wire.ask([command("SELECT", db)]))
            left = self._by_script(db) if scripts else None
            for keys in self._keys() if left is None else _portions(left, BATCH):
                self._batch(db, keys)
        self._functions()
        return Snapshot(self.items, self.exact, frozenset(self.tells))

    def _databases(self) -> Iterator[int]:
        (info,) = self.wire.ask([command("INFO", "keyspace")])
        for line in _bytes(info).decode("utf-8", "replace").splitlines():
            if line.startswith("db") and ":" in line:
                yield int(line[2 : line.index(":")])

    def _keys(self) -> Iterator[list[bytes]]:
        """All names, each once, though SCAN may give one twice."""
        cursor = b"0"
        seen: set[bytes] = set()
        while True:
            (page,) = self.wire.ask([command("SCAN", cursor, "COUNT", BATCH)])
            if page.kind is not Kind.ARRAY:
                raise HarnessError(f"SCAN is answered with {page!r}: what the server holds can't be read")
            cursor = _bytes(_parts(page)[0])
            keys = [_bytes(key) for key in _parts(_parts(page)[1])]
            fresh = [key for key in dict.fromkeys(keys) if key not in seen]
            seen.update(fresh)
            if fresh:
                yield fresh
            if cursor == b"0":
                return

    def _by_script(self, db: int) -> list[bytes] | None:
        """Reads what is small, and returns the names of the rest; None where the server runs no such script."""
        if not self.exact:  # times could be reckoned, but not as well
            return None
        left: dict[bytes, None] = {}
        self._ask_page(b"0")
        while True:
            (page,) = self.wire.receive(1)
            if page.kind is not Kind.ARRAY:
                return None
            cursor, *columns = (_bytes(each) for each in _parts(page))
            if cursor != b"0":
                self._ask_page(cursor)
            self._understand(db, columns, left)
            if cursor == b"0":
                return list(left)

    def _ask_page(self, cursor: bytes) -> None:
        script = _PAGE_OF_HASHES if "HPEXPIRETIME" not in self.known else _PAGE
        self.wire.send(command("EVAL", script, 0, cursor, BATCH, _SMALL_PARTS).encode())

    def _understand(self, db: int, columns: list[bytes], left: dict[bytes, None]) -> None:
        """One page: types, times, numbers of parts and their lengths, and all texts behind each other."""
        kinds, times, counts, sizes, text = columns
        if not kinds:
            return
        ends = list(accumulate(map(int, sizes.split(b","))))
        parts = [text[start:end] for start, end in zip((0, *ends), ends, strict=False)]
        at = 0
        items = self.items
        rows = zip(kinds.split(b","), map(int, times.split(b",")), map(int, counts.split(b",")), strict=True)
        for kind, time, many in rows:
            key = parts[at]
            at += 1
            if many < 0 or time > _EXACT_IN_LUA:
                left[key] = None
                at += max(many, 0)
                continue
            value = _value(kind, parts, at, many)
            at += many
            items[db, key] = Item(kind, value, None if time == -1 else time)

    def _batch(self, db: int, keys: list[bytes]) -> None:
        headers = self._headers(keys)
        by_type: dict[bytes, list[bytes]] = {}
        for key, (kind, _) in headers.items():
            by_type.setdefault(kind, []).append(key)
        for kind, named in by_type.items():
            read = _READERS.get(kind, _Reader._unknown)
            for key, (value, told) in zip(named, read(self, named), strict=True):
                if value is not None:  # else its time came in between
                    self.items[db, key] = Item(kind, _small(value), headers[key][1], told)

    def _headers(self, keys: list[bytes]) -> dict[bytes, tuple[bytes, int | None]]:
        """Type and time of each that is there."""
        time = b"*2\r\n$11\r\nPEXPIRETIME\r\n" if self.exact else b"*2\r\n$4\r\nPTTL\r\n"
        message = [b"*1\r\n$4\r\nTIME\r\n"]
        for key in keys:
            name = b"$%d\r\n%b\r\n" % (len(key), key)
            message += (b"*2\r\n$4\r\nTYPE\r\n", name, time, name)
        replies = self.wire.ask_raw(b"".join(message), 2 * len(keys) + 1)
        seconds, micros = (_bytes(each) for each in _parts(replies[0]))
        now = 0 if self.exact else int(seconds) * 1000 + int(micros) // 1000
        found: dict[bytes, tuple[bytes, int | None]] = {}
        for key, kind, left in zip(keys, replies[1::2], replies[2::2], strict=True):
            if not isinstance(left.value, int):
                raise HarnessError(f"the time of {key!r} is answered with {left!r}")
            if left.value != -2 and kind.value != b"none":
                found[key] = (_bytes(kind), None if left.value == -1 else now + left.value)
        return found

    def _ask(self, lead: bytes, keys: Sequence[bytes], tail: bytes = b"") -> list[Reply]:
        """The same command of each key: `lead` and `tail` are what stands before and behind the name on the wire."""
        message = b"".join(b"%b$%d\r\n%b\r\n%b" % (lead, len(key), key, tail) for key in keys)
        return self.wire.ask_raw(message, len(keys))

    def _check(self, replies: list[Reply]) -> list[Reply]:
        for reply in replies:
            if reply.kind is Kind.ERROR:
                raise HarnessError(f"a command that reads is refused: {reply.value!r}")
        return replies

    def _strings(self, keys: list[bytes]) -> Iterator[Read]:
        for some in _portions(keys, 200):  # one reply is never larger than anybody wants to hold
            (values,) = self._check(self.wire.ask([Command((b"MGET", *some))]))
            for each in _parts(values):
                yield each.value if isinstance(each.value, bytes) else None, ()

    def _lists(self, keys: list[bytes]) -> Iterator[Read]:
        for reply in self._check(self._ask(b"*4\r\n$6\r\nLRANGE\r\n", keys, b"$1\r\n0\r\n$2\r\n-1\r\n")):
            yield _texts(reply) or None, ()

    def _sets(self, keys: list[bytes]) -> Iterator[Read]:
        for reply in self._check(self._ask(b"*2\r\n$8\r\nSMEMBERS\r\n", keys)):
            yield tuple(sorted(_texts(reply))) or None, ()

    def _zsets(self, keys: list[bytes]) -> Iterator[Read]:
        tail = b"$1\r\n0\r\n$2\r\n-1\r\n$10\r\nWITHSCORES\r\n"
        for reply in self._check(self._ask(b"*5\r\n$6\r\nZRANGE\r\n", keys, tail)):
            texts = _texts(reply)
            pairs = zip(texts[::2], texts[1::2], strict=True)
            yield tuple(sorted(_pair(member, _score(score)) for member, score in pairs)) or None, ()

    def _hashes(self, keys: list[bytes]) -> Iterator[Read]:
        values = [_texts(each) for each in self._check(self._ask(b"*2\r\n$7\r\nHGETALL\r\n", keys))]
        times = self._field_times(keys, values)
        for texts, expiring in zip(values, times, strict=True):
            pairs = [_pair(name, value) for name, value in zip(texts[::2], texts[1::2], strict=True)]
            yield tuple(sorted([*pairs, *expiring])) or None, ()

    def _field_times(self, keys: list[bytes], values: list[Parts]) -> list[list[bytes]]:
        """Which fields expire, and when: where an engine can't say, none does."""
        if "HPEXPIRETIME" not in self.known:
            return [[] for _ in keys]
        asked = [
            Command((b"HPEXPIRETIME", key, b"FIELDS", b"%d" % (len(texts) // 2), *texts[::2]))
            for key, texts in zip(keys, values, strict=True)
            if texts
        ]
        replies = iter(self._check(self.wire.ask(asked)))
        return [_expiring(texts[::2], next(replies)) if texts else [] for texts in values]

    def _streams(self, keys: list[bytes]) -> Iterator[Read]:
        tail = b"$4\r\nFULL\r\n$5\r\nCOUNT\r\n$1\r\n0\r\n"
        for reply in self._check(self._ask(b"*6\r\n$5\r\nXINFO\r\n$6\r\nSTREAM\r\n", keys, tail)):
            stream = _map(reply)
            told = tuple((name, _flat(stream[name])) for name in _STREAM_TOLD if name in stream)
            groups = tuple(_group_told(_map(each)) for each in _parts(stream["groups"]))
            told += tuple(each for group in groups for each in group)
            self.tells.update(name for name, _ in told)
            yield tuple(_stream_parts(stream)), told

    def _vectors(self, keys: list[bytes]) -> Iterator[Read]:
        for key in keys:
            (size,) = self._check(self.wire.ask([command("VCARD", key)]))
            (names,) = self._check(self.wire.ask([command("VRANDMEMBER", key, int(str(size.value)))]))
            elements = sorted(_texts(names))
            asked = [command(name, key, each) for each in elements for name in ("VEMB", "VGETATTR")]
            replies = self.wire.ask(asked)
            yield (
                tuple(
                    _pair(each, _flat(place) + b" " + _flat(attribute))
                    for each, place, attribute in zip(elements, replies[::2], replies[1::2], strict=True)
                ),
                (),
            )

    def _unknown(self, keys: list[bytes]) -> Iterator[Read]:
        """A type that is not known here: as the server dumps it, which only the same engine does alike."""
        for reply in self._ask(b"*2\r\n$4\r\nDUMP\r\n", keys):
            yield reply.value[:-10] if isinstance(reply.value, bytes) else None, ()

    def _functions(self) -> None:
        if "FUNCTION" not in self.known:
            return
        (libraries,) = self._check(self.wire.ask([command("FUNCTION", "LIST", "WITHCODE")]))
        for each in _parts(libraries):
            library = _map(each)
            name = _bytes(library["library_name"])
            code = library["library_code"]
            self.items[FUNCTIONS_DB, name] = Item(b"function", _bytes(code), None)


if TYPE_CHECKING:
    Told = tuple[tuple[str, bytes], ...]
    Read = tuple[bytes | Parts | None, Told]

_READERS: dict[bytes, Callable[[_Reader, list[bytes]], Iterator[Read]]] = {
    b"string": _Reader._strings,  # noqa: SLF001  (its own methods)
    b"list": _Reader._lists,  # noqa: SLF001
    b"set": _Reader._sets,  # noqa: SLF001
    b"zset": _Reader._zsets,  # noqa: SLF001
    b"hash": _Reader._hashes,  # noqa: SLF001
    b"stream": _Reader._streams,  # noqa: SLF001
    b"vectorset": _Reader._vectors,  # noqa: SLF001
}

_SMALL_PARTS = 64  # of a value that a script reads
_EXACT_IN_LUA = 1 << 53  # its numbers are doubles

# A page of SCAN with what is small of it. Five columns: types, times, numbers of texts (-1: too large, or rarer), the
# lengths of all texts, and the texts: of each key its name, then its value. Decimals and commas: any Lua can make them.
_PAGE = """
local page = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local most = tonumber(ARGV[3])
local kinds, times, counts, sizes, texts, n, m = {}, {}, {}, {}, {}, 0, 0
local sizers = {list = 'LLEN', set = 'SCARD', zset = 'ZCARD' --[[hash]]}
local function read(kind, key)
  if kind == 'string' then
    return redis.call('STRLEN', key) <= 4096 and {redis.call('GET', key)}
  end
  if not sizers[kind] or redis.call(sizers[kind], key) > most then return false end
  if kind == 'list' then return redis.call('LRANGE', key, 0, -1) end
  if kind == 'set' then return redis.call('SMEMBERS', key) end
  if kind == 'hash' then return redis.call('HGETALL', key) end
  return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
end
for _, key in ipairs(page[2]) do
  local time = redis.call('PEXPIRETIME', key)
  if time ~= -2 then
    local kind = redis.call('TYPE', key).ok
    local value = read(kind, key)
    n, m = n + 1, m + 1
    kinds[n], times[n], counts[n] = kind, string.format('%.0f', time), value and #value or -1
    texts[m], sizes[m] = key, #key
    if value then
      for _, text in ipairs(value) do
        m = m + 1
        texts[m], sizes[m] = text, #text
      end
    end
  end
end
local comma = ','
return {page[1], table.concat(kinds, comma), table.concat(times, comma), table.concat(counts, comma),
  table.concat(sizes, comma), table.concat(texts)}
"""
_PAGE_OF_HASHES = _PAGE.replace("--[[hash]]", ", hash = 'HLEN'")  # where fields have no times of their own


def _value(kind: bytes, parts: list[bytes], at: int, many: int) -> bytes | Parts | Digest:
    match kind:
        case b"string":
            return parts[at]
        case b"list":
            return _small(tuple(parts[at : at + many]))
        case b"set":
            return _small(tuple(sorted(parts[at : at + many])))
        case b"hash":
            ends = range(at, at + many, 2)
            return _small(tuple(sorted(_pair(parts[each], parts[each + 1]) for each in ends)))
    ends = range(at, at + many, 2)
    return _small(tuple(sorted(_pair(parts[each], _score(parts[each + 1])) for each in ends)))


_STREAM_TOLD = ("max-deleted-entry-id", "entries-added", "recorded-first-entry-id")  # since Redis 7.0
_GROUP_TOLD = ("entries-read",)


def _stream_parts(stream: dict[str, Reply]) -> Iterator[bytes]:
    """What every engine tells of a stream; not when consumers were seen last, which looking at them changes."""
    yield b"last-id " + _flat(stream["last-generated-id"])
    for entry in _parts(stream["entries"]):
        yield b"entry " + _flat(entry)
    for each in _parts(stream["groups"]):
        group = _map(each)
        name = _bytes(group["name"])
        yield _pair(b"group", name, _flat(group["last-delivered-id"]))
        for told in _parts(group["consumers"]):
            consumer = _map(told)
            who = _bytes(consumer["name"])
            yield _pair(b"consumer", name, who)
            yield from (_pair(b"pending", name, who, _flat(one)) for one in _parts(consumer[_PENDING]))
        yield from (_pair(b"pending-of-group", name, _flat(one)) for one in _parts(group[_PENDING]))


_PENDING = "pending"


def _group_told(group: dict[str, Reply]) -> Told:
    name = _bytes(group["name"])
    return tuple((each, _pair(name, _flat(group[each]))) for each in _GROUP_TOLD if each in group)


def _map(reply: Reply) -> dict[str, Reply]:
    items = _parts(reply)
    names = (_bytes(each).decode("utf-8", "replace") for each in items[::2])
    told = dict(zip(names, items[1::2], strict=False))
    if "pel" in told:
        told[_PENDING] = told["pel"]
    return told


def _portions(keys: list[bytes], size: int) -> Iterator[list[bytes]]:
    rest = iter(keys)
    while some := list(islice(rest, size)):
        yield some


def _expiring(names: Parts, reply: Reply) -> list[bytes]:
    times = [each.value for each in _parts(reply)]
    return [
        _pair(b"field-expiry", name, b"%d" % at)
        for name, at in zip(names, times, strict=True)
        if isinstance(at, int) and at >= 0
    ]


def _score(text: bytes) -> bytes:
    """The number, in whatever digits it is written."""
    return repr(float(text)).encode()


def _pair(*texts: bytes) -> bytes:
    """Several texts as one that tells where each ends."""
    return b"".join(b"%d:%b " % (len(text), text) for text in texts)


def _flat(reply: Reply) -> bytes:
    """A reply as one text."""
    if isinstance(reply.value, tuple):
        return b"[" + b" ".join(map(_flat, reply.value)) + b"]"
    return reply.value if isinstance(reply.value, bytes) else str(reply.value).encode()


def _small(value: bytes | Parts) -> bytes | Parts | Digest:
    size = len(value) if isinstance(value, bytes) else sum(map(len, value))
    if size <= _LARGE:
        return value
    digest = hashlib.blake2b(digest_size=16)
    for part in (value,) if isinstance(value, bytes) else value:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return Digest(1 if isinstance(value, bytes) else len(value), size, digest.digest())


def _parts(reply: Reply) -> tuple[Reply, ...]:
    return reply.value if isinstance(reply.value, tuple) else ()


def _bytes(reply: Reply) -> bytes:
    if not isinstance(reply.value, bytes):
        raise HarnessError(f"a text was expected where the server said {reply!r}")
    return reply.value


def _texts(reply: Reply) -> Parts:
    return tuple(_bytes(each) for each in _parts(reply))
