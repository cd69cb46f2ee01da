"""The lake as a whole: the two buckets and their logs."""

from dataclasses import dataclass

from hedgehog_pipeline.lake.bucket import Bucket, S3Client
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.log import CommitLog


@dataclass(frozen=True)
class Lake:
    """The ingestion bucket (CSV) and the processed bucket (Parquet), each with its log."""

    ingestion: CommitLog[IngestionCommit]
    processed: CommitLog[ProcessedCommit]

    @classmethod
    def of(cls, client: S3Client, ingestion_bucket: str, processed_bucket: str) -> "Lake":
        """Put the lake together; nothing is read yet."""
        return cls(
            CommitLog(Bucket(client, ingestion_bucket), IngestionCommit),
            CommitLog(Bucket(client, processed_bucket), ProcessedCommit),
        )
