"""What a run makes of commits that are new, processed already, or taken by another one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR, StarTable
from hedgehog_pipeline.processing.plan import ProcessingPlan, plan_of_day
from hedgehog_pipeline_tests.lake.making import DAY, MemoryS3, land

_ALL = list(STAR.values())
_STAMP = "2026-06-01 09:30:00"


@dataclass
class Processing:
    """A lake in memory."""

    landed: CommitLog[IngestionCommit] = field(
        default_factory=lambda: CommitLog(MemoryS3().bucket(), IngestionCommit)
    )
    log: CommitLog[ProcessedCommit] = field(
        default_factory=lambda: CommitLog(MemoryS3().bucket(), ProcessedCommit)
    )
    batches: int = 0

    def land(self, *codes: str) -> list[IngestionCommit]:
        """Land versions of one currency, a commit each."""
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
        """Plan work on commits, and write what it makes of them."""
        works = plan_of_day(
            commits,
            tables,
            self._new_batch,
            head=self.log.head(),
            replays=replays,
            whole_day=False,
        )
        inputs = {name: LandedTable(self.landed, t, self.log.bucket) for name, t in SOURCE.items()}
        for work in works:
            for table in work.tables:
                for rows in work.rows_of(table, inputs):
                    rows.write(f"star/{table.name}", 1_000_000)
        return works

    def append(self, works: Sequence[ProcessingPlan]) -> list[ProcessedCommit | None]:
        return [self.log.append(work.commit_on) for work in works]

    def counted(self) -> int:
        """How many rows the star's currencies have, as the log says."""
        head = self.log.head()
        assert head
        assert head.row_counts
        return head.row_counts.assets["star/dim_currency"].in_all

    def _new_batch(self) -> Batch:
        self.batches += 1
        return Batch(f"batch-{self.batches}", DAY, self.log.bucket, "parquet")


def _numbers(works: Sequence[ProcessingPlan]) -> list[tuple[list[int], bool]]:
    """The commits of each work, and whether it replays them."""
    return [([c.number for c in work.commits], work.restated is not None) for work in works]


def test_a_batch_that_shares_a_commit_with_a_faster_one_is_let_go_and_the_rest_waits():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    slower = lake.plan([first, second])
    (faster,) = lake.append(lake.plan([first]))
    assert faster
    assert lake.append(slower) == [None]
    assert (faster.through, lake.log.end(), lake.counted()) == (1, 1, 1)
    lake.append(lake.plan([second]))
    assert lake.counted() == 2


def test_a_run_leaves_out_what_another_one_has_processed():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    lake.append(lake.plan([first]))
    assert _numbers(lake.plan([first, second])) == [([2], False)]
    assert _numbers(lake.plan([first])) == [([], False)]


def test_a_replay_restates_what_is_processed_and_processes_what_is_new():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    lake.append(lake.plan([first]))
    works = lake.plan([first, second], replays=True)
    assert _numbers(works) == [([1], True), ([2], False)]
    kinds = [commit.kind for commit in lake.append(works) if commit]
    assert kinds == ["restatement", "processed"]
    assert lake.counted() == 2


def test_a_run_on_part_of_the_star_is_a_replay_whatever_it_takes():
    lake = Processing()
    first, second = lake.land("EUR", "CHF")
    lake.append(lake.plan([first]))
    works = lake.plan([first, second], [STAR["dim_currency"]], replays=True)
    assert _numbers(works) == [([1, 2], True)]
    lake.append(works)
    assert lake.counted() == 1
