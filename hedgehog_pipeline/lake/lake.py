"""The lake as a whole: the two buckets and their logs."""

from dataclasses import dataclass
from functools import cache

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.lake.bucket import Bucket, S3Client
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog, CommitRef
from hedgehog_pipeline.model.tables import SourceTable


@dataclass(frozen=True)
class Lake:
    """The ingestion bucket (CSV) and the processed bucket (Parquet), each with its log."""

    ingestion: CommitLog[IngestionCommit]
    processed: CommitLog[ProcessedCommit]

    @classmethod
    def of(cls, client: S3Client, ingestion_bucket: str, processed_bucket: str) -> "Lake":
        """Return the lake in two buckets; reads nothing."""
        return cls(
            CommitLog(Bucket(client, ingestion_bucket), IngestionCommit),
            CommitLog(Bucket(client, processed_bucket), ProcessedCommit),
        )

    def landed(self, table: SourceTable) -> LandedTable:
        """Return a source table as landed in the ingestion log; reads nothing."""
        return LandedTable(self.ingestion, table, self.processed.bucket)

    def confirm_source(self) -> ProcessedCommit | None:
        """Check that the processed log was built from the ingestion log; return its last commit.

        Raises:
            LakeMismatchError: if the ingestion log is another one, or shorter than it was.
        """
        head = self.processed.head()
        if head is not None:
            self.ingestion.confirm(
                self._furthest_source(head),
                by=f"The bucket {self.processed.bucket.name}",
                remedy="name a new processed bucket and an empty database in the warehouse's "
                "secret, and run `hedgehog run`, which fills both from the ingestion bucket and "
                "the source.",
            )
        return head

    def confirm_latest(self) -> None:
        """Check that none of the last thousand commits of either log is missing.

        Raises:
            LakeMismatchError: if one is.
        """
        for log in (self.ingestion, self.processed):
            log.confirm_latest()

    def confirm_whole(self) -> None:
        """Check that no commit of either log is missing.

        Raises:
            LakeMismatchError: if one is.
        """
        for log in (self.ingestion, self.processed):
            log.confirm_whole()

    def unprocessed(self) -> int:
        """Count the ingestion commits that are not yet processed."""
        head = self.processed.head()
        return self.ingestion.end() - (head.through - len(head.gaps) if head else 0)

    def _furthest_source(self, head: ProcessedCommit) -> CommitRef:
        """Return the highest ingestion commit that the processed log was built from.

        The last commits, restatements or those that fill gaps, may have only earlier sources.
        """
        commit = head
        while max(commit.sources)[0] < head.through:
            commit = self.processed.read(commit.number - 1)
        return CommitRef(commit.source_log, *max(commit.sources))


@cache
def lake_in(ingestion_bucket: str, processed_bucket: str) -> Lake:
    """Return the lake, one per process: it remembers the ends of its logs."""
    return Lake.of(aws.client("s3"), ingestion_bucket, processed_bucket)
