"""All ways, by name; what they are is in the files beside this one."""

from __future__ import annotations

from suites.replication.roles import ROLES
from suites.replication.semantics import SEMANTICS
from suites.replication.sync import PLAINEST, SYNCS

WAYS = {way.name: way for way in (PLAINEST, *SYNCS, *ROLES, *SEMANTICS)}
