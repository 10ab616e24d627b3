"""State that no digest of the data covers: consumer groups, functions, scripts. It is named after what wrote it.

What reads such state differs when the state does, and when the command itself lies. A witness tells the two
apart: another command that reads the same, told in words that have not changed from one version to another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command, command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.command import Program

_GROUPS = b"""
local out = {}
for _, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok == 'stream' then
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      local about = {}
      for i = 1, #group, 2 do about[group[i]] = group[i + 1] end
      out[#out + 1] = about.name .. '@' .. about['last-delivered-id']
      for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', key, about.name)) do
        out[#out + 1] = consumer[2]
      end
      for _, entry in ipairs(redis.call('XPENDING', key, about.name, '-', '+', 1000)) do
        out[#out + 1] = entry[1] .. '=' .. entry[2] .. '*' .. entry[4]
      end
    end
  end
end
return out
"""
_SCRIPT = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"  # of `return 1`, which the vocabulary loads


class Witness(NamedTuple):
    """A command that reads hidden state of one kind, and plainer ones that a report can show in its place."""

    kind: str
    asks: Command
    plainer: Program = ()


def witnesses(asked: Command, keys: tuple[bytes, ...]) -> Iterator[Witness]:
    """Those for a command whose reply differs; never that command itself."""
    if asked.name.startswith("X"):
        plainer = [each for key in keys for each in _readings(key)]
        yield Witness("groups", command("EVAL", _GROUPS.strip(), len(keys), *keys), (asked, *plainer))
    elif asked.name in ("FUNCTION", "FCALL", "FCALL_RO"):
        other = "LIST" if asked.full_name == "FUNCTION STATS" else "STATS"
        yield Witness("functions", command("FUNCTION", other))
    elif asked.name in ("SCRIPT", "EVALSHA"):
        exists, runs = command("SCRIPT", "EXISTS", _SCRIPT), command("EVALSHA", _SCRIPT, 0)
        yield Witness("scripts", runs if asked.full_name == "SCRIPT EXISTS" else exists)


def _readings(key: bytes) -> Program:
    return command("XINFO", "GROUPS", key), command("XINFO", "STREAM", key, "FULL")
