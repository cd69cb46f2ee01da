"""Plans for commits that are new, already processed, or processed by another run meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.processing.plan import ProcessingPlan, plan_of_day
from hedgehog_pipeline_tests.support.demo_model import MODEL, SOURCE, STAR
from hedgehog_pipeline_tests.support.lake_making import DAY, MemoryS3, land

_ALL = list(STAR.values())
_STAMP = "2026-06-01 09:30:00"


@dataclass
class Processing:
    """The processing stage on a lake in memory."""

    landed: CommitLog[IngestionCommit] = field(
        default_factory=lambda: CommitLog(MemoryS3().bucket(), IngestionCommit)
    )
    log: CommitLog[ProcessedCommit] = field(
        default_factory=lambda: CommitLog(MemoryS3().bucket(), ProcessedCommit)
    )
    batches: int = 0

    def land(self, *codes: str) -> list[IngestionCommit]:
        """Land versions of one currency, one commit each."""
        header = "currency_id,currency_code,created_at,last_updated"
        csv = [f"{header}\n1,{code},{_STAMP},{_STAMP}\n".encode() for code in codes]
        return [land(self.landed, {"currency": text}) for text in csv]

    def plan(
        self,
        commits: Sequence[IngestionCommit],
        tables: Sequence[StarTable] = _ALL,
        *,
        replays: bool = False,
    ) -> list[ProcessingPlan]:
        """Plan the processing of commits, and write the rows of each plan."""
        plans = plan_of_day(
            MODEL,
            commits,
            tables,
            self._new_batch,
            head=self.log.head(),
            replays=replays,
            whole_day=False,
        )
        inputs = {name: LandedTable(self.landed, t, self.log.bucket) for name, t in SOURCE.items()}
        for plan in plans:
            for table in plan.tables:
                for rows in plan.rows_of(table, inputs):
                    rows.write(f"star/{table.name}", 1_000_000)
        return plans

    def append(self, plans: Sequence[ProcessingPlan]) -> list[ProcessedCommit | None]:
        return [self.log.append(plan.commit_on) for plan in plans]

    def row_count(self) -> int:
        """Return the row count of `dim_currency` in the log."""
        head = self.log.head()
        assert head
        assert head.row_counts
        return head.row_counts.assets["star/dim_currency"].in_all

    def _new_batch(self) -> Batch:
        self.batches += 1
        return Batch(f"batch-{self.batches}", DAY, self.log.bucket, "parquet")


def _numbers(plans: Sequence[ProcessingPlan]) -> list[tuple[list[int], bool]]:
    """Return the commits of each plan, and whether it is a replay."""
    return [([c.number for c in plan.commits], plan.restated is not None) for plan in plans]


def test_a_batch_that_shares_a_commit_with_a_faster_one_is_discarded_and_the_rest_stays_pending():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    slower = lake.plan([first, second])
    (faster,) = lake.append(lake.plan([first]))
    assert faster
    assert lake.append(slower) == [None]
    assert (faster.through, lake.log.end(), lake.row_count()) == (1, 1, 1)
    lake.append(lake.plan([second]))
    assert lake.row_count() == 2


def test_a_run_skips_commits_that_another_run_has_processed():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    lake.append(lake.plan([first]))
    assert _numbers(lake.plan([first, second])) == [([2], False)]
    assert _numbers(lake.plan([first])) == [([], False)]


def test_a_replay_restates_processed_commits_and_processes_new_ones():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    lake.append(lake.plan([first]))
    plans = lake.plan([first, second], replays=True)
    assert _numbers(plans) == [([1], True), ([2], False)]
    kinds = [commit.kind for commit in lake.append(plans) if commit]
    assert kinds == ["restatement", "processed"]
    assert lake.row_count() == 2


def test_a_run_on_part_of_the_star_is_always_a_replay():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    lake.append(lake.plan([first]))
    plans = lake.plan([first, second], [STAR["dim_currency"]], replays=True)
    assert _numbers(plans) == [([1, 2], True)]
    lake.append(plans)
    assert lake.row_count() == 1
