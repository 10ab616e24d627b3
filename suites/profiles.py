"""How much a run does: three profiles, in compared commands per area, with a cap on the clock."""

from __future__ import annotations

from dataclasses import dataclass

from suites.conformance.campaign import Budget

PROFILES: dict[str, Budget] = {
    "smoke": Budget(commands=60_000, seconds=12.0),
    "gate": Budget(commands=1_000_000, seconds=60.0),
    "nightly": Budget(commands=40_000_000, seconds=1800.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkBudget:
    """How far the walk goes: so many programs for each command, and a cap on the clock for each group."""

    programs: int
    seconds: float
    in_both: int | None = None  # so many of them in both protocols, the rest in RESP2; None: all


WALKS: dict[str, WalkBudget] = {
    "smoke": WalkBudget(programs=30, seconds=60.0, in_both=8),
    "gate": WalkBudget(programs=3_000, seconds=180.0),
    "nightly": WalkBudget(programs=100_000, seconds=600.0),
}

# On the clock, for the scenes of one kind. Smoke plays all of them in a few seconds; what differs costs more.
SCENES_S: dict[str, float] = {"smoke": 40.0, "gate": 150.0, "nightly": 600.0}
