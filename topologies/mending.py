"""Lockstep with two cluster nodes, which are put together again where a program took them apart.

After a program that names a command which may change a cluster, each node is asked whether it is what it was. Slots
that were given away or opened come back by commands; what none undoes (a peer that was forgotten), by a new start.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from generators.cluster import MYSELF, SLOTS
from generators.command import command
from topologies.lockstep import STEP_TIMEOUT_S, Exchange, Lockstep, Script, read_replies, script
from topologies.resp import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from socket import socket

    from generators.command import Command, Program
    from topologies.lockstep import Side
    from topologies.node import Node

# Found in a request, a script's text or an argument: to look too often costs little.
_MAY_DAMAGE = re.compile(
    rb"forget|meet|slot|reset|replica|failover|epoch|migra|import|shutdown", re.IGNORECASE
)
_ASKED = command("CLUSTER", "NODES")
_OPEN = re.compile(r"\[(\d+)-[<>]-\w+\]")
_MOST = 1000  # slots to bring back one by one


class MendingLockstep(Lockstep):
    """Two cluster nodes that are asked the same things. `kin`: all of the pair, which lose their connections too
    where a node is started again.
    """

    def __init__(self, baseline: Node, candidate: Node, *, protocol: int) -> None:
        super().__init__(baseline, candidate, protocol=protocol)
        self.kin: tuple[Lockstep, ...] = (self,)
        self.restarts = 0  # that programs have cost
        self._whole = [shape(each) for each in self._say()]

    def run(self, program: Script) -> Exchange | None:
        """Runs a program on both; None where both said the same bytes, in the program and in the probe."""
        exchange = super().run(program)
        if _MAY_DAMAGE.search(program.wire):
            self._mend()
        return exchange

    def run_stepwise(self, program: Program, *, timeout_s: float = STEP_TIMEOUT_S) -> Exchange:
        """The same, one command at a time."""
        exchange = super().run_stepwise(program, timeout_s=timeout_s)
        self._mend()
        return exchange

    def _mend(self) -> None:
        broken = self._broken(self._say())
        if broken and self._broken(
            self._say({side: tuple(repairs(nodes)) for side, nodes in broken.items()})
        ):
            self._start_again(broken)

    def _broken(self, said: list[str]) -> dict[int, str]:
        """The sides that are not what they were, and what they say; one that died is started again anyway."""
        return {
            at: nodes
            for at, nodes in enumerate(said)
            if shape(nodes) != self._whole[at] and self.sides[at].node.alive()
        }

    def _start_again(self, broken: Mapping[int, str]) -> None:
        for each in self.kin:
            each.close()
        for at in broken:
            self.restarts += 1
            self.sides[at].node.kill()
            self.sides[at].node.restart()

    def _say(self, before: Mapping[int, Program] | None = None) -> list[str]:
        """What both nodes say of their clusters; nothing of one that says nothing. `before` is asked first, by side."""
        asked = [(*(before or {}).get(at, ()), _ASKED) for at in range(len(self.sides))]
        wires = [side.connect() if side.node.alive() else None for side in self.sides]
        for wire, each in zip(wires, asked, strict=True):
            if wire is not None:
                with suppress(OSError):  # seen when its replies are read
                    wire.sendall(script(each).wire)
        return [
            _nodes(side, wire, len(each)) for side, wire, each in zip(self.sides, wires, asked, strict=True)
        ]


def _nodes(side: Side, wire: socket | None, replies: int) -> str:
    if wire is None:
        return ""
    try:
        nodes = read_replies(wire, replies)[-1].value
    except (OSError, ProtocolError):
        side.drop()
        return ""
    return nodes.decode("utf-8", "backslashreplace").removeprefix("txt:") if isinstance(nodes, bytes) else ""


def shape(nodes: str) -> str:
    """The nodes, their slots and epochs, in one order and without times."""
    words = (line.split() for line in nodes.splitlines())
    return "\n".join(sorted(" ".join((*each[:4], *each[6:7], *each[8:])) for each in words))


def repairs(nodes: str) -> Iterator[Command]:
    """The commands that close the slots which are open, and bring back those which the node lost; none where it lost
    most of them.
    """
    held: list[tuple[int, int]] = []
    for line in nodes.splitlines():
        for word in line.split()[8:] if "myself" in line else ():
            if opened := _OPEN.fullmatch(word):
                yield command("CLUSTER", "SETSLOT", opened[1], "STABLE")
            else:
                first, _, last = word.partition("-")
                held.append((int(first), int(last or first) + 1))
    gaps = zip((0, *(end for _, end in held)), (*(start for start, _ in held), SLOTS), strict=True)
    lost = [slot for gap in gaps for slot in range(*gap)]
    for slot in lost if len(lost) <= _MOST else ():
        yield command("CLUSTER", "SETSLOT", slot, "NODE", MYSELF)


def mending_locksteps(baseline: Node, candidate: Node) -> Mapping[int, Lockstep]:
    """One for each protocol, over two nodes that are whole now."""
    locksteps = {protocol: MendingLockstep(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
    for each in locksteps.values():
        each.kin = tuple(locksteps.values())
    return locksteps
