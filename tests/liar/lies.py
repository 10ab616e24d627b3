"""Every lie. Rekey has to find all of them, under the rule and the subject that each names."""

from __future__ import annotations

from tests.liar.cluster_lies import CLUSTERS
from tests.liar.deep_lies import DEEP, STATES, UNKNOWN
from tests.liar.description_lies import DESCRIPTIONS
from tests.liar.lie import HONEST, Lie
from tests.liar.plain_lies import ENCODINGS, ERRORS, ORDERS, TIMES, TYPES, VALUES
from tests.liar.script_lies import SCRIPTS
from tests.liar.sly_lies import SLY
from tests.liar.walk_lies import WALKED

LIES = (
    *TYPES,
    *VALUES,
    *ERRORS,
    *TIMES,
    *ENCODINGS,
    *ORDERS,
    *STATES,
    *DEEP,
    *UNKNOWN,
    *SLY,
    *SCRIPTS,
    *CLUSTERS,
    *WALKED,
)
_BY_NAME = {lie.name: lie for lie in (HONEST, *LIES, *DESCRIPTIONS)}


def by_name(name: str) -> Lie:
    """The lie of that name, or HONEST.

    Raises:
        KeyError: there is no such lie; the message lists those that there are.

    """
    if name not in _BY_NAME:
        raise KeyError(f"no lie is called {name!r}; there are {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name]
