"""How much a run does: three profiles, in compared commands per area, with a cap on the clock."""

from __future__ import annotations

from suites.conformance.campaign import Budget

PROFILES: dict[str, Budget] = {
    "smoke": Budget(commands=60_000, seconds=12.0),
    "gate": Budget(commands=1_000_000, seconds=60.0),
    "nightly": Budget(commands=40_000_000, seconds=1800.0),
}
