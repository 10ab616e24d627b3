"""A server that is killed: what it had acknowledged under appendfsync always is there, and an old dump is, too."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from generators.command import command
from generators.saving import AOF_WRITER, Saving, Way
from suites.persistence.files import Judge
from topologies import vault
from topologies.batches import Batches
from topologies.lockstep import ask_node, introduce
from topologies.snapshot import Item, Snapshot
from topologies.wait import wait_until

if TYPE_CHECKING:
    from reports.finding import Finding
    from suites.persistence.carrier import Carrier, Side
    from topologies.node import Stored

_READER = (("appendonly", "yes"),)
_ENOUGH = 300  # acknowledged writes before the kill
_SLOW = (
    ("rdb-key-save-delay", "20000"),
)  # microseconds for each key: the save is still going on when it is killed
_WITHIN_S = 30.0


def killed(carrier: Carrier) -> list[Finding]:
    """Each engine is killed in the middle of its work; its files are read by both."""
    judge = Judge(carrier)
    for side in carrier.sides:
        for family, name, kill, at_least in _DEATHS:
            held = kill(carrier, side)
            reader = _READER if family == "AOF" else ()
            way = Way(family=family, name=name, saving=Saving.NOTHING, reader=reader)
            judge.read(replace(carrier.left(side, way, held), at_least=at_least))
    return judge.findings()


def _under_load(carrier: Carrier, side: Side) -> Snapshot:
    """What was acknowledged: at least that must be there."""
    carrier.empty(side.writer, (*AOF_WRITER, ("appendfsync", "always")))
    acknowledged: list[int] = []
    client = threading.Thread(target=_write, args=(side.writer, acknowledged), daemon=True)
    client.start()
    wait_until(lambda: len(acknowledged) >= _ENOUGH, timeout_s=_WITHIN_S, expect="enough acknowledged writes")
    side.writer.kill()
    client.join()
    keys = range(len(acknowledged))
    return Snapshot(
        {(0, b"write:%d" % key): Item(b"string", b"%d" % key, None) for key in keys}, exact_times=True
    )


def _write(node: Stored, acknowledged: list[int]) -> None:
    """One write after the other, until the server is gone."""
    try:
        with introduce(node, 2) as wire:
            batches = Batches(wire)
            for number in range(1_000_000):
                batches.ask([command("SET", f"write:{number}", number)])
                acknowledged.append(number)
    except OSError:
        return


def _in_rewrite(carrier: Carrier, side: Side) -> Snapshot:
    held = carrier.written(side, carrier.common(side), (*AOF_WRITER, *_SLOW))
    ask_node(side.writer, command("BGREWRITEAOF"))
    _await(side.writer, "aof_rewrite_in_progress")
    side.writer.kill()
    return held


def _in_save(carrier: Carrier, side: Side) -> Snapshot:
    """The dump of before stays: what came since is lost, and was never promised."""
    held = carrier.written(side, carrier.common(side))
    vault.save(side.writer, Saving.SAVE)
    ask_node(side.writer, command("SET", "later", "v"))
    vault.configure(side.writer, *_SLOW)
    ask_node(side.writer, command("BGSAVE"))
    _await(side.writer, "rdb_bgsave_in_progress")
    side.writer.kill()
    return held


def _await(node: Stored, field: str) -> None:
    wait_until(
        lambda: vault.info(node, "persistence")[field] == "1", timeout_s=_WITHIN_S, expect=f"{field}:1"
    )


# Family, name, what kills it, and whether there may be more than was acknowledged: a write that was under way.
_DEATHS = (
    ("AOF", "killed under appendfsync always", _under_load, True),
    ("AOF", "killed in BGREWRITEAOF", _in_rewrite, False),
    ("RDB", "killed in BGSAVE", _in_save, False),
)
