"""A process is killed at every step of its work; the next run completes the work.

First the work is done without a kill, to record its steps. Then it is started once for each step in
a world of its own, and killed there. It leaves exactly the effects of the steps that it did.
The next `hedgehog run` (and sweep, if a sweep was killed) does the rest: every version is landed
once, and the warehouse has the same rows as without a kill.
"""

import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from time import monotonic

import pytest

from hedgehog_pipeline_tests.proofs.torture.aftermath import Contents, image
from hedgehog_pipeline_tests.proofs.torture.crashes import (
    Ending,
    Step,
    Work,
    detect_deletes,
    perform,
    run,
)
from hedgehog_pipeline_tests.support.capturing import assert_landed_once
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

Prepare = Callable[[World], None]

_NOW = "current_timestamp at time zone 'utc'"
_CHANGES = f"""
    update department set location = 'Leeds', last_updated = {_NOW};
    insert into staff values (2, 'Ada', 'Byron', 1, 'ada@example.com', {_NOW}, {_NOW});
    update sales_order set staff_id = 2, units_sold = 7, last_updated = {_NOW};
    insert into sales_order select 1 + n, {_NOW}, {_NOW}, 1, 2, 1, n, 2.43, 1, '2026-06-08',
        '2026-06-05', 1 from generate_series(1, 3) as n;
    update purchase_order set agreed_delivery_date = 'tomorrow', last_updated = {_NOW};
"""
_MORE = """
    insert into staff select 3, 'Al', 'Kay', 1, 'al@x', created_at, last_updated from staff;
    insert into sales_order select 2, created_at, last_updated, design_id, 3, 1, 4, 2.43, 1,
        '2026-06-08', '2026-06-05', 1 from sales_order;
    update sales_order set staff_id = 1 where sales_order_id = 2;
"""
_DELETIONS = """
    delete from payment where payment_id = 1;
    delete from transaction where transaction_id = 1;
    delete from sales_order where sales_order_id = 1;
    delete from staff where staff_id = 3;
"""
_FILES = {
    "inbox/currency/new.csv": "currency_id,currency_code,created_at,last_updated\n"
    "8,CHF,2026-06-01 09:30:00,2026-06-01 09:30:00\n",
    "inbox/staff/new.csv": "staff_id,first_name,last_name,department_id,email_address,created_at,"
    "last_updated\n8,Grace,Hopper,1,g@x,2026-06-01 09:30:00,2026-06-01 09:30:00\n9,too few\n",
}


def initial_load(world: World) -> None:
    """Two slices, into a warehouse without tables."""
    world.load_small()


def changes(world: World) -> None:
    """A parent of a join, versions of facts in parts of two rows, and a row for the quarantine."""
    world.load_small()
    world.run()
    world.shop.execute(_CHANGES.encode())


def deletions(world: World) -> None:
    """Facts and members that are deleted after a sweep has seen them."""
    world.load_small()
    world.shop.execute(_MORE)
    world.run()
    world.detect_deletes()
    world.shop.execute(_DELETIONS)


def files(world: World) -> None:
    """Two files in the inbox, one with a line that is rejected."""
    world.load_small()
    world.run()
    for key, body in _FILES.items():
        world.s3.put_object(Bucket=world.settings.ingestion_bucket, Key=key, Body=body.encode())


@contextmanager
def prepared(servers: Servers, prepare: Prepare) -> Iterator[World]:
    """A world with pending work, which is copied for each kill."""
    with World.make(servers, slice_rows=8, part_bytes=200) as world:
        prepare(world)
        yield world


def kill_at_each_step(world: World, work: Work, chosen: Collection[str] = ()) -> int:
    """Kill the work at each of its steps, or only at the chosen ones; return their number.

    A kill before a step equals one after the step before it, and is left out.
    """
    with world.copied() as undisturbed:
        before = Contents.of(undisturbed)
        ending = perform(work, undisturbed.settings)
        assert ending.code == 0
        assert Contents.of(undisturbed) == before.after(ending.steps)
        wanted = image(undisturbed)
    kill_at = [
        number
        for number, (earlier, step) in enumerate(pairwise([None, *ending.steps]))
        if (str(step) in chosen if chosen else step.phase != "before" or not _is_over(earlier))
    ]
    wrong = dict[str, str]()
    for fatal in kill_at:
        steps = ending.steps[: fatal + 1]
        try:
            with world.copied() as killed:
                assert perform(work, killed.settings, fatal=fatal) == Ending(steps, -signal.SIGKILL)
                _assert_effects(killed, before, steps)
                for again in dict.fromkeys([run, work]):
                    assert perform(again, killed.settings).code == 0
                assert image(killed) == wanted
                assert_landed_once(killed)
        except AssertionError as error:
            wrong[f"{fatal}: {steps[-1]}"] = str(error)[:2000]
    assert wrong == {}
    return len(kill_at)


def _is_over(step: Step | None) -> bool:
    return step is not None and step.phase == "after"


def _assert_effects(world: World, before: Contents, steps: Sequence[Step]) -> None:
    """Check the effects of all done steps; a step in transit is complete or without effect."""
    left = Contents.of(world)
    possible = [before.after(steps)]
    if steps[-1].phase == "sent":
        possible.append(before.after([*steps, steps[-1]._replace(phase="after")]))
    assert left in possible


_CHOSEN = {
    "after ingestion oltp/staff 0",
    "before ingestion commit 3",
    "after processed commit 3",
    "within COPY staging_dim_staff",
    "sent COMMIT 3",
    "after COMMIT 3",
}


def test_a_run_killed_at_six_steps_is_completed_by_the_next(
    servers: Servers, tell: Callable[[str], None]
):
    began = monotonic()
    with prepared(servers, changes) as world:
        points = kill_at_each_step(world, run, _CHOSEN)
    assert points == len(_CHOSEN)
    tell(
        f"crash matrix, short: killed at {points} steps, all completed, {monotonic() - began:.0f} s"
    )


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("prepare", "work"),
    [(initial_load, run), (changes, run), (deletions, detect_deletes), (files, run)],
)
def test_work_killed_at_any_step_is_completed_by_the_next(
    servers: Servers, tell: Callable[[str], None], prepare: Prepare, work: Work
):
    began = monotonic()
    with prepared(servers, prepare) as world:
        points = kill_at_each_step(world, work)
    tell(
        f"crash matrix, {prepare.__name__}: killed at each of {points} steps, all completed, "
        f"{monotonic() - began:.0f} s"
    )
