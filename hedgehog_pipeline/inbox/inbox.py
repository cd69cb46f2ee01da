"""Files that others bring: which of them wait, and what one of them lands.

A CSV that is put under `inbox/<table>/` in the ingestion bucket stays as it is. That it was taken
stands in the commit that took it, by its key and ETag: another content under the same key is
another file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.pending_commit import PendingCommit, commit_on
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
from hedgehog_pipeline.model.source import SOURCE, SourceTable

_FOLDER = "inbox/"


@dataclass(frozen=True)
class _Takes:
    """The commits that took a key, in order, and the content that the last one took."""

    etag: str = ""
    commits: tuple[int, ...] = ()


_WALKED: dict[str, tuple[int, Mapping[str, _Takes]]] = {}
"""Per log, by its id, the takes of each key up to a commit; commits never change."""


def files_to_take(log: CommitLog[IngestionCommit]) -> list[StoredObject]:
    """List the files that wait, the oldest first; none where no archive has begun to land."""
    there = _files(log)
    head = log.head() if there else None
    return _untaken(log, head, there) if head else []


@dataclass(frozen=True)
class Take:
    """A file that is taken.

    Attributes:
        log: the ingestion log.
        file: the file.
        table: the table of whose batch it is: its own; the first of all where it has none.
        landing: what it lands.
        earlier: the commits that took other contents of its key.
    """

    log: CommitLog[IngestionCommit]
    file: StoredObject
    table: SourceTable
    landing: PendingCommit
    earlier: tuple[int, ...]

    def commit_of(
        self, batch: Batch, *, taken_at: datetime
    ) -> Callable[[IngestionCommit | None], IngestionCommit | None]:
        """Give what appends it to the ingestion log, behind whatever commit came in between.

        It is let go where another extractor took the file, or midnight has passed.

        Args:
            batch: what was written.
            taken_at: when the taking began, UTC.
        """

        def build(head: IngestionCommit | None) -> IngestionCommit | None:
            if head is None or head.date > batch.date:
                return None
            if _takes(self.log, head).get(self.file.key, _Takes()).commits != self.earlier:
                return None
            landing = replace(self.landing, watermarks=head.base)
            return commit_on(head, landing, batch, source=head.source, captured_at=taken_at)

        return build


def take_oldest(
    log: CommitLog[IngestionCommit],
    head: IngestionCommit | None,
    tables: Sequence[SourceTable],
    batch: Batch,
) -> Take | None:
    """Read the oldest file that waits, and say what it lands; None where none waits.

    Args:
        log: the ingestion log.
        head: its last commit.
        tables: the tables that the run may land.
        batch: what is to be written.

    Raises:
        HedgehogError: where there is no archive yet, or the run leaves the file's table out.
    """
    if head is None:
        raise HedgehogError(
            "The inbox is taken once the shop's archive has begun to land, and nothing has landed "
            "yet; run `hedgehog run` first."
        )
    waiting = _untaken(log, head, _files(log))
    if not waiting:
        return None
    file = waiting[0]
    table = SOURCE[table_of(file)]
    if table not in tables:
        raise HedgehogError(
            f"The file {file.key} is next in the inbox, and its table {table.name} is not among "
            f"those that this run materialises; select the asset oltp/{table.name} as well."
        )
    earlier = _takes(log, head).get(file.key, _Takes()).commits
    landing = _landing(log, file, table, earlier, batch)
    return Take(log, file, table, landing, earlier)


def _landing(
    log: CommitLog[IngestionCommit],
    file: StoredObject,
    table: SourceTable,
    earlier: tuple[int, ...],
    batch: Batch,
) -> PendingCommit:
    """Land the rows of a file that can be taken, and why others cannot."""
    brought = InboxReader(file.key, table, partial(log.bucket.open, file))
    misplaced = _misplaced(file)
    survey = None if misplaced else brought.survey()
    rows, found = CsvRows(batch, (), ()), dict[str, object](file=file.key)
    if survey is None or survey.refusal:
        refusal = survey.refusal if survey else misplaced
        told = iter([_of_whole(_table_name(file), file.key, refusal)])
        found |= {"refused": refusal}
    else:
        columns = tuple(column.name for column in table.columns)
        rows = CsvRows(batch, columns, brought.rows_csv(survey.superseded))
        told = _closing(log, file, table, earlier)
        if survey.faulty:
            told = chain(told, brought.faults())
        found |= {
            "columns passed over": list(survey.passed_over),
            "rows superseded": len(survey.superseded),
        }
    quarantine = CsvRows(batch, QUARANTINE_COLUMNS, quarantine_csv(told), "quarantine")
    return PendingCommit(
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
    """Close what was told of earlier contents of a file: of itself, and of the parts it landed."""
    if earlier:
        yield _of_whole(table.name, file.key, None)
    for number in earlier:
        for part in log.read(number).parts_of(f"oltp/{table.name}"):
            yield _of_whole(table.name, part.key, None)


def _of_whole(table_name: str, part: str, reason: str | None) -> QuarantineEntry:
    return QuarantineEntry(table_name, "", part, 0, "", None, reason)


def table_of(file: StoredObject) -> str:
    """Name the table with which a file lands: its own; the first of all where it has none."""
    name = _table_name(file)
    return name if name in SOURCE else next(iter(SOURCE))


def _table_name(file: StoredObject) -> str:
    """Name the folder directly under the inbox in which a file stands, if any."""
    folder, _, name = file.key.removeprefix(_FOLDER).partition("/")
    return folder if name else ""


def _misplaced(file: StoredObject) -> str:
    """Tell what is wrong with the place of a file; nothing where it stands where it should."""
    table = _table_name(file)
    if table in SOURCE and file.key.count("/") == 2:  # noqa: PLR2004 (inbox/<table>/<file>)
        return ""
    return (
        f"The file {file.key} is not directly in the folder of a table of the shop: put it under "
        f"inbox/<table>/, where the table is one of {', '.join(SOURCE)}."
    )


def _files(log: CommitLog[IngestionCommit]) -> list[StoredObject]:
    """List what is in the inbox, the oldest first; markers of folders are passed over."""
    there = (found for found in log.bucket.objects(_FOLDER) if not found.key.endswith("/"))
    return sorted(there, key=lambda found: (found.modified, found.key))


def _untaken(
    log: CommitLog[IngestionCommit], head: IngestionCommit, there: Sequence[StoredObject]
) -> list[StoredObject]:
    takes = _takes(log, head)
    return [found for found in there if takes.get(found.key, _Takes()).etag != found.etag]


def _takes(log: CommitLog[IngestionCommit], head: IngestionCommit) -> Mapping[str, _Takes]:
    """Give what was taken of each key up to a commit; what was walked before is not read again."""
    latest = head.latest_inbox
    walked, takes = _WALKED.get(head.log, (0, {}))
    if walked > latest:  # somebody reads an earlier end of the log
        walked, takes = 0, {}
    commits: list[IngestionCommit] = []
    number = latest
    while number > walked:
        commits.append(log.read(number))
        number = commits[-1].inbox
    known = dict(takes)
    for commit in reversed(commits):
        if commit.taken:
            before = known.get(commit.taken.key, _Takes()).commits
            known[commit.taken.key] = _Takes(commit.taken.etag, (*before, commit.number))
    _WALKED[head.log] = latest, known
    return known
