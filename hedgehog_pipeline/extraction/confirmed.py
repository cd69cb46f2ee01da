"""Confirm what a snapshot saw before it is committed: it survives a crash and did not change."""

from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.source import SourceSnapshot, explained
from hedgehog_pipeline.postgres.connection import reason_of

_FLUSH_SECONDS = 60.0
"""How long the source may take to flush what a snapshot saw: `wal_writer_delay` is ten seconds at
most, and the writer needs up to three of these delays."""

_FLUSH_POLL_SECONDS = 0.01


def confirm_seen(snapshot: SourceSnapshot) -> None:
    """Wait until the source has flushed all that the snapshot saw, and check that labels stayed.

    A server that crashes before the flush gives the same transaction ids out again, and landed
    rows would never have existed. The transaction of the snapshot itself asks: if it gets an
    answer, the server has not crashed since, even behind a pooler. Labels of enums are read
    outside the snapshot and no lock protects them, so they are compared before and after.

    Raises:
        HedgehogError: if the flush takes longer than a minute, the source does not answer, or a
            label was renamed.
    """
    with explained():
        labels = _versions_of_labels(snapshot)
        _await_flush(snapshot)
        snapshot.connection.rollback()
        if renamed := labels - _versions_of_labels(snapshot):
            names = ", ".join(sorted(repr(label) for label, *_ in renamed))
            raise HedgehogError(
                "A label of the source's enums was renamed while its tables were read: "
                f"{names}. Rows may have the old name or the new one, so nothing was committed. "
                "Run again."
            )
        snapshot.connection.rollback()


def _await_flush(snapshot: SourceSnapshot) -> None:
    deadline = monotonic() + _FLUSH_SECONDS
    written = _wal_position(snapshot, "pg_current_wal_insert_lsn")
    if _wal_position(snapshot, "pg_current_wal_flush_lsn") >= written:
        return
    # Left alone, the half-filled WAL page of an open transaction is flushed minutes later. The end
    # of a transaction with an id wakes the WAL writer, which flushes it; this one changes nothing.
    with snapshot.connect() as other:
        other.execute("select pg_current_xact_id()")
    while _wal_position(snapshot, "pg_current_wal_flush_lsn") < written:
        if monotonic() > deadline:
            raise HedgehogError(
                "The source database has not flushed its WAL to disk within "
                f"{_FLUSH_SECONDS:.0f} s: pg_current_wal_flush_lsn() has not reached the "
                "pg_current_wal_insert_lsn() of what was read. Nothing was committed: landed rows "
                "have to survive a crash of the source. Check its disk and its WAL writer, then "
                "run again."
            )
        sleep(_FLUSH_POLL_SECONDS)


def _versions_of_labels(snapshot: SourceSnapshot) -> set[tuple[Any, ...]]:
    """Return the enum labels that rows may have, each with the transaction that named it."""
    oids = [oid for fingerprint in snapshot.fingerprints.values() for oid in fingerprint.labels]
    if not oids:
        return set()
    query = sql.SQL("select enumlabel, oid, xmin::text from pg_enum where oid = any({}::oid[])")
    return set(snapshot.connection.execute(query.format(sql.Literal(oids))).fetchall())


def _wal_position(snapshot: SourceSnapshot, function: str) -> int:
    """Return a position in the write-ahead log, in bytes from its beginning."""
    query = sql.SQL("select ({}() - '0/0'::pg_lsn)::bigint").format(sql.Identifier(function))
    try:
        ((position,),) = snapshot.connection.execute(query).fetchall()
    except psycopg.Error as error:
        if snapshot.connection.closed:
            raise
        raise HedgehogError(
            f"The source cannot run {function}(): {reason_of(error)}. Nothing was committed: this "
            "function shows whether what was read would survive a crash of the source. "
            f"{_remedy(snapshot, error)}"
        ) from error
    return position


def _remedy(snapshot: SourceSnapshot, error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            "In the source: grant execute on function pg_current_wal_insert_lsn(), "
            f'pg_current_wal_flush_lsn() to "{snapshot.connection.info.user}".'
        )
    return "Amazon Aurora needs wal_level = logical (rds.logical_replication = 1)."
