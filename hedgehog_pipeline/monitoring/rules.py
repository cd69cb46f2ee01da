"""What must hold of every table of the warehouse, and the SQL that finds the rows that break it.

The rules come out of the declarations of the star. Each query gives one row of text for each
fault, short enough to be read in the UI.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from psycopg import Connection, sql

from hedgehog_pipeline.model.star import STAR, Dimension, Fact
from hedgehog_pipeline.postgres.connection import settled
from hedgehog_pipeline.storage.ddl import (
    foreign_keys,
    listed,
    references,
    stored_columns,
)

OLD = timedelta(hours=1)
"""How long an inferred member may stand before somebody should look."""

_MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Rule:
    """What must hold of a table.

    Attributes:
        table: the warehouse's table.
        name: what must hold, in a word or three.
        description: what must hold, in a sentence.
        advice: what to do about rows that break it.
        faults: the query that gives one text for each fault.
        kept: the query that tells whether PostgreSQL itself keeps the rule, by a constraint that
            is there and valid, so that no row has to be looked at; None where it cannot.
        warns: whether a fault can be lived with.
        needs_archive: whether it holds only once the archive is complete.
        needs_quarantine: whether it looks into the quarantine.
    """

    table: Dimension | Fact
    name: str
    description: str
    advice: str
    faults: sql.Composed
    kept: sql.Composed | None = None
    warns: bool = False
    needs_archive: bool = False
    needs_quarantine: bool = False


@dataclass(frozen=True)
class Faults:
    """What breaks a rule.

    Attributes:
        count: how many faults there are.
        examples: some of them, the first in order.
    """

    count: int
    examples: list[str]


def rules() -> Iterator[Rule]:
    """Give the rules of all tables of the warehouse."""
    for table in STAR.values():
        yield _identity_unique(table)
        yield _columns_not_null(table)
        if isinstance(table, Fact):
            yield _references_present(table)
        else:
            yield _no_old_inferred_member(table)
        if table.subject:
            yield _quarantine_empty(table)


def faults_against(connection: Connection, rule: Rule) -> Faults:
    """Look for rows that break a rule, in one statement and so in one snapshot."""
    query = sql.SQL(
        "with faults(fault) as ({faults}) select fault, count(*) over () "
        "from faults order by fault limit {most}"
    ).format(faults=rule.faults, most=sql.Literal(_MAX_EXAMPLES))
    with settled(connection):
        rows = connection.execute(query).fetchall()
    return Faults(rows[0][1] if rows else 0, [fault for fault, _ in rows])


def is_kept(connection: Connection, rule: Rule) -> bool:
    """Tell whether PostgreSQL keeps a rule, which costs a look at the catalog."""
    return rule.kept is not None and bool(connection.execute(rule.kept).fetchall()[0][0])


def _identity_unique(table: Dimension | Fact) -> Rule:
    identity = ", ".join(table.identity)
    return Rule(
        table,
        "identity_unique",
        f"No two rows have the same ({identity}).",
        "The table has lost its key constraint. Of rows with the same values keep the one with the "
        "greatest (ingestion_commit, processed_commit) and delete the others. Then add the "
        f"constraint again: {'unique' if isinstance(table, Fact) else 'primary key'} ({identity}).",
        sql.SQL(
            "select concat_ws(' ', {identity}) from {table} group by {identity} having count(*) > 1"
        ).format(identity=listed(table.identity), table=sql.Identifier(table.name)),
        sql.SQL(
            "select exists (select from pg_index where indrelid = {table}::regclass "
            "and indisunique and indisvalid and indpred is null and {identity}::text[] = "
            "(select array_agg(attname::text order by attname) from pg_attribute "
            "where attrelid = indrelid and attnum = any(indkey)))"
        ).format(table=_literal(table), identity=sql.Literal(sorted(table.identity))),
    )


def _columns_not_null(table: Dimension | Fact) -> Rule:
    needed = [column.name for column in stored_columns(table) if not column.nullable]
    absent = sql.SQL(", ").join(
        sql.SQL("case when {column} is null then {name} end").format(
            column=sql.Identifier(name), name=sql.Literal(name)
        )
        for name in needed
    )
    return Rule(
        table,
        "columns_not_null",
        "No column that is declared NOT NULL holds a NULL.",
        "The table has lost a NOT NULL constraint. Delete these rows and materialize this asset "
        "for the days on which they landed, which loads them again. Then set the columns NOT NULL.",
        sql.SQL(
            "select concat_ws(' ', {identity}, 'lacks', concat_ws(', ', {absent})) from {table} "
            "where num_nulls({needed}) > 0"
        ).format(
            identity=listed(table.identity),
            absent=absent,
            table=sql.Identifier(table.name),
            needed=listed(needed),
        ),
        sql.SQL(
            "select count(*) = {many} from pg_attribute where attrelid = {table}::regclass "
            "and attname = any({needed}) and attnotnull"
        ).format(many=sql.Literal(len(needed)), table=_literal(table), needed=sql.Literal(needed)),
    )


def _references_present(table: Fact) -> Rule:
    absent = sql.SQL(" union all ").join(
        sql.SQL(
            "select concat_ws(' ', fact.{key}, {where}, fact.{column}) from {table} as fact "
            "where fact.{column} is not null and not exists "
            "(select from {dimension} as known where known.{dimension_key} = fact.{column})"
        ).format(
            key=sql.Identifier(table.key.name),
            where=sql.Literal(f"has no {dimension.name} for {column.name}"),
            column=sql.Identifier(column.name),
            table=sql.Identifier(table.name),
            dimension=sql.Identifier(dimension.name),
            dimension_key=sql.Identifier(dimension.key.name),
        )
        for fact, column, dimension in references()
        if fact == table
    )
    declared = list(references([table]))
    return Rule(
        table,
        "references_present",
        "Every foreign key of a row exists in its dimension.",
        "The table has lost a foreign key constraint. The next load inserts a placeholder row for "
        "each missing key and adds the constraint again. To load the true rows, materialize the "
        "dimension for the days on which these keys landed.",
        absent,
        sql.SQL(
            "select count(distinct column_name) = {many} from ({keys}) as present "
            "where convalidated"
        ).format(many=sql.Literal(len(declared)), keys=foreign_keys(declared)),
        needs_archive=True,
    )


def _no_old_inferred_member(table: Dimension) -> Rule:
    hours = OLD // timedelta(hours=1)
    return Rule(
        table,
        "no_old_inferred_member",
        f"No placeholder row (inferred) waits for its true row for more than {hours} h.",
        "Facts refer to these keys, but their rows have not come from the shop. If "
        "`hedgehog status` says that a stage is behind, wait for it. If not, look for the keys in "
        "the shop: a row that exists lands with its next change; for one that was deleted the "
        "placeholder stays.",
        sql.SQL(
            "select {key}::text from {table} where inferred "
            "and coalesce(inferred_since, '-infinity') < now() - {old}::interval"
        ).format(
            key=sql.Identifier(table.key.name),
            table=sql.Identifier(table.name),
            old=sql.Literal(OLD),
        ),
        warns=True,
    )


def _quarantine_empty(table: Dimension | Fact) -> Rule:
    return Rule(
        table,
        "quarantine_empty",
        f"No row of {' or '.join(table.inputs)} is in quarantine.",
        "These values do not fit the declared type, so their rows are left out of the warehouse. "
        "`hedgehog quarantine show` leads to each row. Correct the value in the shop, which lands "
        "the row again, or correct the declaration and run `hedgehog quarantine replay`.",
        sql.SQL(
            "select concat_ws(' ', table_name, key, column_name, reason) "
            "from hedgehog.open_quarantine where table_name = any({inputs})"
        ).format(inputs=sql.Literal(list(table.inputs))),
        warns=True,
        needs_quarantine=True,
    )


def _literal(table: Dimension | Fact) -> sql.Literal:
    """Give the name of a table as a text that PostgreSQL reads as a regclass."""
    return sql.Literal(sql.Identifier(table.name).as_string(None))
