"""Lockstep with two cluster nodes, which are put together again where a program took them apart.

After a program that names a command which may change a cluster, each node is asked whether it is what it was. What was
done to a few slots is undone by the CLUSTER commands of the area's reset, which run only where they are needed: a node
writes its file at each. What is undone by no command (a peer that was forgotten), by a new start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generators.command import command
from topologies.lockstep import Exchange, Lockstep, Script, ask_all, introduce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generators.command import Program
    from topologies.node import Node

# Found in a request, a script's text or an argument: to look too often costs little.
_MAY_DAMAGE = re.compile(
    rb"forget|meet|slots|reset|replica|failover|epoch|setslot|migrat|import|shutdown", re.IGNORECASE
)
_ASKED = command("CLUSTER", "NODES")


class MendingLockstep(Lockstep):
    """Two cluster nodes that are asked the same things. `kin`: all of the pair, which lose their connections too
    where a node is started again.
    """

    def __init__(self, baseline: Node, candidate: Node, *, protocol: int) -> None:
        super().__init__(baseline, candidate, protocol=protocol)
        self.kin: tuple[Lockstep, ...] = (self,)
        self.mended = 0  # starts that programs have cost
        self._repair: Program = ()
        self._whole = [shape(side.node) for side in self.sides]

    def arrange(self, *, reset: Program, probe: Program) -> None:
        """Sets what is asked before and after each program, and by which commands of `reset` a cluster is repaired."""
        self._repair = tuple(each for each in reset if each.name == "CLUSTER")
        super().arrange(reset=tuple(each for each in reset if each.name != "CLUSTER"), probe=probe)

    def run(self, program: Script) -> Exchange | None:
        """Runs a program on both; None where both said the same bytes, in the program and in the probe."""
        exchange = super().run(program)
        if _MAY_DAMAGE.search(program.wire):
            self._mend()
        return exchange

    def run_stepwise(self, program: Program, *, timeout_s: float = 1.0) -> Exchange:
        """The same, one command at a time."""
        exchange = super().run_stepwise(program, timeout_s=timeout_s)
        self._mend()
        return exchange

    def _mend(self) -> None:
        for side, whole in zip(self.sides, self._whole, strict=True):
            if not side.node.alive() or self._is_or_becomes(side.node, whole):
                continue
            for each in self.kin:
                each.close()
            self.mended += 1
            side.node.kill()
            side.node.restart()

    def _is_or_becomes(self, node: Node, whole: str) -> bool:
        return shape(node) == whole or shape(node, self._repair) == whole


def shape(node: Node, before: Program = ()) -> str:
    """The nodes that this one knows, their slots and epochs, in one order and without times; nothing where it does
    not say. `before` is asked first.
    """
    try:
        with introduce(node, 2) as wire:
            nodes = ask_all(wire, (*before, _ASKED))[-1].value
    except OSError:
        return ""
    text = nodes.decode("utf-8", "backslashreplace") if isinstance(nodes, bytes) else ""
    words = (line.split() for line in text.splitlines())
    return "\n".join(sorted(" ".join((*each[:4], *each[6:7], *each[8:])) for each in words))


def mending_locksteps(baseline: Node, candidate: Node) -> Mapping[int, Lockstep]:
    """One for each protocol, over two nodes that are whole now."""
    locksteps = {protocol: MendingLockstep(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
    for each in locksteps.values():
        each.kin = tuple(locksteps.values())
    return locksteps
