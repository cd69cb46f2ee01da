"""What a snapshot saw, confirmed before it is committed: it lasts, and was so to the end."""

from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.source import SourceSnapshot, explained
from hedgehog_pipeline.postgres.connection import reason_of

_FLUSH_SECONDS = 60.0
"""How long the shop may take to write to its disk what a snapshot saw: `wal_writer_delay` is ten
seconds at most, and the writer needs up to three of them."""

_FLUSH_POLL_SECONDS = 0.01


def confirm_seen(moment: SourceSnapshot) -> None:
    """Wait until the shop has on its disk all that was seen, and see that it was so to the end.

    A server that crashes before that gives the same transaction ids out again, and rows that
    were landed never were. The snapshot's own transaction asks: where it answers, the server
    has not crashed since, though a pooler may stand before it. What else a reader sees
    whatever its snapshot, the labels of enums, has to be as it was: no lock keeps them.

    Raises:
        HedgehogError: where it takes longer than a minute, the shop does not tell, or a label
            was renamed.
    """
    with explained():
        labels = _versions_of_labels(moment)
        _await_flush(moment)
        moment.connection.rollback()
        if renamed := labels - _versions_of_labels(moment):
            names = ", ".join(sorted(repr(label) for label, *_ in renamed))
            raise HedgehogError(
                "A label of the source's enums was renamed while its tables were read: "
                f"{names}. Rows may hold its old name or its new one, so that nothing was "
                "committed; run again."
            )
        moment.connection.rollback()


def _await_flush(moment: SourceSnapshot) -> None:
    deadline = monotonic() + _FLUSH_SECONDS
    written = _of_log(moment, "pg_current_wal_insert_lsn")
    if _of_log(moment, "pg_current_wal_flush_lsn") >= written:
        return
    # An open transaction alone would have its half page flushed minutes later. The end of
    # one with an id of its own tells the WAL writer to flush; it changes nothing.
    with moment.connect() as other:
        other.execute("select pg_current_xact_id()")
    while _of_log(moment, "pg_current_wal_flush_lsn") < written:
        if monotonic() > deadline:
            raise HedgehogError(
                "The source database has not written to its disk within "
                f"{_FLUSH_SECONDS:.0f} s what was read from it: pg_current_wal_flush_lsn() has "
                "not passed what pg_current_wal_insert_lsn() was. Nothing was committed: what "
                "is landed has to outlast a crash of the source. See to its disk and its WAL "
                "writer, then run again."
            )
        sleep(_FLUSH_POLL_SECONDS)


def _versions_of_labels(moment: SourceSnapshot) -> set[tuple[Any, ...]]:
    """Give the labels that rows may hold, each with the transaction that named it."""
    oids = [oid for fingerprint in moment.fingerprints.values() for oid in fingerprint.labels]
    if not oids:
        return set()
    query = sql.SQL("select enumlabel, oid, xmin::text from pg_enum where oid = any({}::oid[])")
    return set(moment.connection.execute(query.format(sql.Literal(oids))).fetchall())


def _of_log(moment: SourceSnapshot, function: str) -> int:
    """Ask for a place in the write-ahead log, in bytes from its beginning."""
    query = sql.SQL("select ({}() - '0/0'::pg_lsn)::bigint").format(sql.Identifier(function))
    try:
        ((place,),) = moment.connection.execute(query).fetchall()
    except psycopg.Error as error:
        if moment.connection.closed:
            raise
        raise HedgehogError(
            f"The source does not answer {function}(): {reason_of(error)}. Nothing was "
            "committed: by that function a capture knows that a crash of the source takes "
            f"nothing back. {_how_to_ask(moment, error)}"
        ) from error
    return place


def _how_to_ask(moment: SourceSnapshot, error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            "In the shop: grant execute on function pg_current_wal_insert_lsn(), "
            f'pg_current_wal_flush_lsn() to "{moment.connection.info.user}".'
        )
    return "Amazon Aurora answers with wal_level = logical (rds.logical_replication = 1)."
