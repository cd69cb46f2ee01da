"""The strategies of the examples: writes, session actions, crashes, commits and tables."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline_tests.proofs.torture.machine.stages import STARS
from hedgehog_pipeline_tests.proofs.torture.machine.trade import KEYS, KINDS, STAMPS, Write
from hedgehog_pipeline_tests.support.demo_model import STAR

SESSIONS = 3
FILE_KINDS = ("staff", "currency", "sales_order", "payment")

Tables = list[str] | None
"""Names of star tables; None for all."""


class Crash(Enum):
    """The point at which a stage stops."""

    NOWHERE = "goes through"
    HALF_WRITTEN = "some parts are written"
    WRITTEN = "all parts are written, and no commit"
    COMMITTED = "nothing after the commit is done"


class Action(Enum):
    """What a session does besides writing."""

    SAVEPOINT = "savepoint"
    BACK = "rollback to savepoint"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    PREPARE = "prepare transaction"
    END_PREPARED = "commit or roll back what was prepared first"


CRASHES = st.sampled_from([Crash.NOWHERE, Crash.NOWHERE, Crash.NOWHERE, *Crash])
_KEYS = st.sampled_from(KEYS)
WRITES = st.builds(
    Write,
    key=st.tuples(st.sampled_from(list(KINDS)), _KEYS),
    deleted=st.sampled_from([False, False, True]),
    parent=_KEYS,
    stamp=st.sampled_from([*STAMPS, None]),
    spoiled=st.sampled_from([False] * 5 + [True]),
)
ACTIONS = st.tuples(
    st.integers(0, SESSIONS - 1), st.one_of(WRITES, WRITES, st.sampled_from(Action))
)
PICKS = st.lists(st.integers(0, 11), min_size=1, max_size=4)
SOME_OR_ALL = st.one_of(st.none(), PICKS)
TABLES = st.one_of(
    st.none(), st.lists(st.sampled_from(list(STAR)), min_size=1, max_size=3, unique=True)
)
CRASH_READS = st.one_of(st.none(), st.none(), st.integers(0, 20))


def picked(items: Sequence[Any], picks: Sequence[int] | None) -> list[Any]:
    """Return some items, each once, or all for None."""
    if picks is None or not items:
        return list(items)
    return [items[place] for place in dict.fromkeys(pick % len(items) for pick in picks)]


def chosen(names: Tables) -> list[StarTable]:
    return [table for table in STARS if names is None or table.name in names]
