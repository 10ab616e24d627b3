"""The ways in which data goes through files: how it is written, and with what the reader is started. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Directives = tuple[tuple[str, str], ...]


class Saving(Enum):
    """What makes a server write its files."""

    SAVE = "SAVE"
    BGSAVE = "BGSAVE"
    SHUTDOWN = "SHUTDOWN"
    REWRITE = "BGREWRITEAOF"
    NOTHING = ""  # they are written as it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way through files. `family` is what a finding is about; `name` says the variant."""

    family: str  # "RDB", "AOF"
    name: str
    saving: Saving
    writer: Directives = ()  # set before it saves
    reader: Directives = ()  # it is started with
    single: bool = False  # all files of the AOF as one, as Redis 6 has it


_AOF_READER = (("appendonly", "yes"),)
# An AOF writer: nothing is rewritten but when told to, and what was answered is in the file.
AOF_WRITER: Directives = (("appendonly", "yes"), ("appendfsync", "no"), ("auto-aof-rewrite-percentage", "0"))

RDB_WAYS = (
    Way(family="RDB", name="SAVE", saving=Saving.SAVE),
    Way(family="RDB", name="BGSAVE", saving=Saving.BGSAVE),
    Way(family="RDB", name="uncompressed", saving=Saving.SAVE, writer=(("rdbcompression", "no"),)),
    Way(
        family="RDB",
        name="version check strict",
        saving=Saving.SAVE,
        reader=(("rdb-version-check", "strict"),),
    ),
    Way(
        family="RDB",
        name="version check relaxed",
        saving=Saving.SAVE,
        reader=(("rdb-version-check", "relaxed"),),
    ),
    Way(family="RDB", name="SHUTDOWN", saving=Saving.SHUTDOWN),
)
AOF_WAYS = (
    Way(family="AOF", name="as commands came", saving=Saving.NOTHING, reader=_AOF_READER),
    Way(
        family="AOF", name="rewritten with preamble", saving=Saving.REWRITE, reader=_AOF_READER,
        writer=(("aof-use-rdb-preamble", "yes"),),
    ),
    Way(
        family="AOF", name="rewritten as commands", saving=Saving.REWRITE, reader=_AOF_READER,
        writer=(("aof-use-rdb-preamble", "no"),),
    ),
    Way(
        family="AOF", name="single file with preamble", saving=Saving.REWRITE, reader=_AOF_READER,
        writer=(("aof-use-rdb-preamble", "yes"),), single=True,
    ),
    Way(
        family="AOF", name="single file of commands", saving=Saving.REWRITE, reader=_AOF_READER,
        writer=(("aof-use-rdb-preamble", "no"),), single=True,
    ),
)  # fmt: skip
