"""Inbox files: which of them wait, and what the oldest of them lands.

A CSV file uploaded to `inbox/<table>/` in the ingestion bucket is never changed. The commit that
lands it records its key and its ETag. If the content under a key changes, it counts as a new file.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.prepared_commit import PreparedCommit, commit_on
from hedgehog_pipeline.inbox.reader import InboxReader
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.bucket import StoredObject
from hedgehog_pipeline.lake.commits import InboxFile, IngestionCommit
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.quarantine_csv import (
    QUARANTINE_COLUMNS,
    QuarantineEntry,
    quarantine_csv,
)
from hedgehog_pipeline.model.tables import SourceTable

_FOLDER = "inbox/"


@dataclass(frozen=True)
class _Claims:
    """The commits that landed a key, in order, and the ETag that the last of them landed."""

    etag: str = ""
    commits: tuple[int, ...] = ()


_CLAIMS: dict[str, tuple[int, Mapping[str, _Claims]]] = {}
"""By log id: the last commit read, and the claims of each key up to it; commits never change."""


def waiting_files(log: CommitLog[IngestionCommit]) -> list[StoredObject]:
    """List the files that wait, the oldest first; none before the initial load has begun."""
    files = _files(log)
    head = log.head() if files else None
    return _unclaimed(log, head, files) if head else []


@dataclass(frozen=True)
class ClaimedFile:
    """An inbox file that is claimed, and what it lands.

    Attributes:
        table: the table that it lands as: its own; the first of all tables if it has none.
        pending: what it lands.
        earlier: the commits that landed other contents of its key.
    """

    log: CommitLog[IngestionCommit]
    file: StoredObject
    table: SourceTable
    pending: PreparedCommit
    earlier: tuple[int, ...]

    def commit_of(
        self, batch: Batch, *, claimed_at: datetime
    ) -> Callable[[IngestionCommit | None], IngestionCommit | None]:
        """Return the function that builds the commit for the end of the log, or discards the batch.

        Commits that came in between do not matter. The batch is discarded if another extractor
        landed the file, or if the log already has a commit of a later day.

        Args:
            batch: what was written.
            claimed_at: when the file was claimed, UTC.
        """

        def build(head: IngestionCommit | None) -> IngestionCommit | None:
            if head is None or head.date > batch.date:
                return None
            if _claims(self.log, head).get(self.file.key, _Claims()).commits != self.earlier:
                return None
            pending = replace(self.pending, watermarks=head.base)
            return commit_on(head, pending, batch, source=head.source, captured_at=claimed_at)

        return build


def claim_oldest(
    log: CommitLog[IngestionCommit],
    head: IngestionCommit | None,
    declared: Mapping[str, SourceTable],
    tables: Sequence[SourceTable],
    batch: Batch,
) -> ClaimedFile | None:
    """Claim and read the oldest file that waits; return None if no file waits.

    Args:
        log: the ingestion log.
        head: the last commit of the log.
        declared: every source table of the model.
        tables: the tables that the run may land.
        batch: the batch to write to.

    Raises:
        HedgehogError: if nothing has landed yet, or the run leaves out the file's table.
    """
    if head is None:
        raise HedgehogError(
            "Inbox files land once the initial load has begun, and nothing has landed yet; run "
            "`hedgehog run` first."
        )
    waiting = _unclaimed(log, head, _files(log))
    if not waiting:
        return None
    file = waiting[0]
    table = declared[table_of(file, declared)]
    if table not in tables:
        raise HedgehogError(
            f"The file {file.key} is next in the inbox, and this run does not materialise its "
            f"table {table.name}; select the asset oltp/{table.name} as well."
        )
    earlier = _claims(log, head).get(file.key, _Claims()).commits
    pending = _pending_of(log, file, table, declared, earlier, batch)
    return ClaimedFile(log, file, table, pending, earlier)


def _pending_of(  # noqa: PLR0913, PLR0917 (everything that decides)
    log: CommitLog[IngestionCommit],
    file: StoredObject,
    table: SourceTable,
    declared: Collection[str],
    earlier: tuple[int, ...],
    batch: Batch,
) -> PreparedCommit:
    """Prepare the valid rows of a file, and quarantine entries for the rest."""
    reader = InboxReader(file.key, table, partial(log.bucket.open, file))
    misplaced = _misplaced(file, declared)
    survey = None if misplaced else reader.survey()
    rows, found = CsvRows(batch, (), ()), dict[str, object](file=file.key)
    if survey is None or survey.refusal:
        refusal = survey.refusal if survey else misplaced
        entries = iter([_whole_file_entry(_table_name(file), file.key, refusal)])
        found |= {"refused": refusal}
    else:
        columns = tuple(column.name for column in table.columns)
        rows = CsvRows(batch, columns, reader.rows_csv(survey.superseded))
        entries = _closing(log, file, table, earlier)
        if survey.faulty:
            entries = chain(entries, reader.faults())
        found |= {
            "columns passed over": list(survey.passed_over),
            "rows superseded": len(survey.superseded),
        }
    quarantine = CsvRows(batch, QUARANTINE_COLUMNS, quarantine_csv(entries), "quarantine")
    return PreparedCommit(
        "inbox",
        {},
        {table.name: [rows, quarantine]},
        taken=InboxFile(key=file.key, etag=file.etag),
        found={table.name: found},
    )


def _closing(
    log: CommitLog[IngestionCommit],
    file: StoredObject,
    table: SourceTable,
    earlier: tuple[int, ...],
) -> Iterator[QuarantineEntry]:
    """Close the entries of earlier contents of a file: of the file, and of the parts it landed."""
    if earlier:
        yield _whole_file_entry(table.name, file.key, None)
    for number in earlier:
        for part in log.read(number).parts_of(f"oltp/{table.name}"):
            yield _whole_file_entry(table.name, part.key, None)


def _whole_file_entry(table_name: str, part: str, reason: str | None) -> QuarantineEntry:
    return QuarantineEntry(table_name, "", part, 0, "", None, reason)


def table_of(file: StoredObject, declared: Collection[str]) -> str:
    """Return the table that a file lands as: its own; the first of all tables if it has none."""
    name = _table_name(file)
    return name if name in declared else next(iter(declared))


def _table_name(file: StoredObject) -> str:
    """Return the folder directly under the inbox that a file is in; empty if it is in none."""
    folder, _, name = file.key.removeprefix(_FOLDER).partition("/")
    return folder if name else ""


def _misplaced(file: StoredObject, declared: Collection[str]) -> str:
    """Return what is wrong with the folder of a file; empty if it is right."""
    table = _table_name(file)
    if table in declared and file.key.count("/") == 2:  # noqa: PLR2004 (inbox/<table>/<file>)
        return ""
    return (
        f"The file {file.key} is not directly in the folder of a source table: put it under "
        f"inbox/<table>/, where <table> is one of {', '.join(declared)}."
    )


def _files(log: CommitLog[IngestionCommit]) -> list[StoredObject]:
    """List the files in the inbox, the oldest first, without the markers of folders."""
    files = (found for found in log.bucket.objects(_FOLDER) if not found.key.endswith("/"))
    return sorted(files, key=lambda found: (found.modified, found.key))


def _unclaimed(
    log: CommitLog[IngestionCommit], head: IngestionCommit, files: Sequence[StoredObject]
) -> list[StoredObject]:
    claims = _claims(log, head)
    return [found for found in files if claims.get(found.key, _Claims()).etag != found.etag]


def _claims(log: CommitLog[IngestionCommit], head: IngestionCommit) -> Mapping[str, _Claims]:
    """Return the claims of each key up to a commit; commits walked before are not read again."""
    latest = head.latest_inbox
    walked, claims = _CLAIMS.get(head.log, (0, {}))
    if walked > latest:  # somebody reads an earlier end of the log
        walked, claims = 0, {}
    commits: list[IngestionCommit] = []
    number = latest
    while number > walked:
        commits.append(log.read(number))
        number = commits[-1].inbox
    known = dict(claims)
    for commit in reversed(commits):
        if commit.taken:
            before = known.get(commit.taken.key, _Claims()).commits
            known[commit.taken.key] = _Claims(commit.taken.etag, (*before, commit.number))
    _CLAIMS[head.log] = latest, known
    return known
