"""Programs that are sent in every run, whatever its seed: all draws of the forms that are marked so (`=`).

Where there are few ways to call a command, chance should not choose among them: wrong arguments of sub-commands that
nobody sends twice a day differ just as much as those of GET, and two runs have to find the same.

What may break a server for all that comes after it weighs nothing (`0x =`): chance never draws it, and each of its
draws is a program of its own, after all others.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from generators.grammar import every
from generators.slots import ALPHABETS
from generators.vocabulary import areas

if TYPE_CHECKING:
    from generators.command import Command, Program

LINES = 60  # of a program; what belongs together stays together


@cache
def whole_programs(area: str) -> tuple[Program, ...]:
    """The area's, in the order of its forms; none where no form is marked."""
    forms = [form for form in areas()[area].forms if form.whole]
    programs: list[Program] = []
    lines: list[Command] = []
    for form in forms:
        for commands in every(form, ALPHABETS) if form.weight else ():
            lines += (*areas()[area].fresh, *commands) if len(commands) > 1 else commands
            if len(lines) >= LINES:
                programs.append(tuple(lines))
                lines = []
    alone = (commands for form in forms if not form.weight for commands in every(form, ALPHABETS))
    return (*programs, *filter(None, (tuple(lines),)), *alone)
