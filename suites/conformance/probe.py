"""What a program leaves behind, asked in few words after each one, and in many where the few differ.

The few: how long each key of the program's vocabulary lives, how it is encoded, and one digest of everything
(`DEBUG DIGEST`, equal across engines for equal data; where an engine has it not, a script that reads every key).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import Command, Program, command
from generators.shrink import PLAIN_KEYS
from suites.conformance.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from topologies.lockstep import Exchange

DIGEST = command("DEBUG", "DIGEST")
_DATABASES = (0, 1, 9)

# Reads every key of the vocabulary's databases; sets and hashes in one order, streams with their groups.
_READER = b"""
local function flat(v)
  if type(v) ~= 'table' then return tostring(v) end
  if v.ok then return v.ok end
  if v.err then return 'error' end
  local out = {}
  for i, e in ipairs(v) do out[i] = flat(e) end
  return '[' .. table.concat(out, ',') .. ']'
end
local function sorted(v, step)
  local out = {}
  for i = 1, #v, step do out[#out + 1] = table.concat(v, '=', i, i + step - 1) end
  table.sort(out)
  return table.concat(out, ',')
end
local out = {}
for _, db in ipairs({0, 1, 9}) do
  local chosen = redis.pcall('SELECT', db)
  local keys = chosen.err and {} or redis.call('KEYS', '*')  -- a cluster has one database
  table.sort(keys)
  for _, key in ipairs(keys) do
    local kind = redis.call('TYPE', key).ok
    local content = '?'
    if kind == 'string' then content = redis.call('GET', key)
    elseif kind == 'list' then content = flat(redis.call('LRANGE', key, 0, -1))
    elseif kind == 'set' then content = sorted(redis.call('SMEMBERS', key), 1)
    elseif kind == 'zset' then content = flat(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'))
    elseif kind == 'hash' then content = sorted(redis.call('HGETALL', key), 2)
    elseif kind == 'stream' then content = flat(redis.call('XRANGE', key, '-', '+')) end
    local lives = redis.call('PTTL', key) >= 0 and 'expires' or ''
    out[#out + 1] = redis.sha1hex(table.concat({db, key, kind, content, lives}, '|'))
  end
end
redis.call('SELECT', 0)
return redis.sha1hex(table.concat(out))
"""
READ_ALL = Command((b"EVAL", _READER.strip(), b"0"))


def probe(keys: Sequence[bytes], digest: Command) -> Program:
    """What is asked after each program: the digest first (to ask for a key can expire it), TTL and encoding of each."""
    each = [command(*words, key) for key in keys for words in (("TTL",), ("OBJECT", "ENCODING"))]
    return (digest, *each, command("TTL", PLAIN_KEYS[0]))  # where shrunk programs have what they are about


def keys_in(program: Program) -> tuple[bytes, ...]:
    """Arguments that could be keys: the probe asks about them, and asking about others does no harm."""
    words = {arg for each in program for arg in each.args[1:] if 0 < len(arg) <= 64}
    return tuple(sorted(words))[:64]


def left_behind(asked: Program, exchange: Exchange, line: int) -> Iterator[Step]:
    """The probe's commands as steps; `line` is where they would stand in the program."""
    pairs = zip(asked, exchange.baseline.probe, exchange.candidate.probe, strict=False)
    for each, baseline, candidate in pairs:
        yield Step(line, each, baseline, candidate)


def is_digest(step: Step) -> bool:
    return step.asked in (DIGEST, READ_ALL)


def readings(keys: Sequence[bytes]) -> Iterator[Command]:
    """Commands that show what a key holds, whatever its type, the plainest first."""
    for key in keys:
        yield command("EXISTS", key)
        yield command("TYPE", key)
        yield command("TTL", key)
    for key in keys:
        yield command("GET", key)
        yield command("LRANGE", key, 0, -1)
        yield command("SMEMBERS", key)
        yield command("HGETALL", key)
        yield command("ZRANGE", key, 0, -1, "WITHSCORES")
        yield command("XRANGE", key, "-", "+")
        yield command("XINFO", "STREAM", key)
    yield command("DBSIZE")
    yield command("KEYS", "*")


def elsewhere(reading: Command) -> Iterator[Program]:
    """The reading in each database that programs use."""
    for db in _DATABASES:
        yield (reading,) if db == 0 else (command("SELECT", db), reading)
