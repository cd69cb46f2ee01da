"""The rules of every warehouse table, and the SQL that finds the rows that break them.

The rules follow from the declarations of the star. Each query returns one short text for each
violation, to be read in the UI.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from psycopg import Connection, sql

from hedgehog_pipeline.model.tables import Fact, StarTable
from hedgehog_pipeline.postgres.connection import pinned_transaction
from hedgehog_pipeline.postgres.identifiers import identifiers
from hedgehog_pipeline.storage.ddl import (
    foreign_keys,
    references,
    stored_columns,
)

MAX_INFERRED_AGE = timedelta(hours=1)
"""How old an inferred member may be before the rule warns."""

_MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Rule:
    """A rule that every row of a table must keep.

    Attributes:
        table: the warehouse's table.
        name: the name of its asset check.
        description: the rule in one sentence.
        advice: what to do about rows that break it.
        violations: the query that returns one text for each violation.
        enforced: the query whether PostgreSQL enforces the rule by a valid constraint, so that no
            row has to be checked; None where no constraint can.
        warns: whether a violation is a warning, not an error.
        needs_initial_load: whether the rule applies only after the initial load.
        needs_quarantine: whether the query reads `hedgehog.open_quarantine`.
    """

    table: StarTable
    name: str
    description: str
    advice: str
    violations: sql.Composed
    enforced: sql.Composed | None = None
    warns: bool = False
    needs_initial_load: bool = False
    needs_quarantine: bool = False


@dataclass(frozen=True)
class Violations:
    """The violations of a rule.

    Attributes:
        count: how many violations there are.
        examples: the first few, in the order of their text.
    """

    count: int
    examples: list[str]


def rules_of(star: Mapping[str, StarTable]) -> Iterator[Rule]:
    """Yield the rules of all tables of the warehouse."""
    for table in star.values():
        yield _identity_unique(table)
        yield _columns_not_null(table)
        if isinstance(table, Fact):
            yield _references_present(star, table)
        else:
            yield _no_old_inferred_member(table)
        if table.subject:
            yield _quarantine_empty(table)


def find_violations(connection: Connection, rule: Rule) -> Violations:
    """Find the rows that break a rule, in one statement and so in one snapshot."""
    query = sql.SQL(
        "with faults(fault) as ({faults}) select fault, count(*) over () "
        "from faults order by fault limit {most}"
    ).format(faults=rule.violations, most=sql.Literal(_MAX_EXAMPLES))
    with pinned_transaction(connection):
        rows = connection.execute(query).fetchall()
    return Violations(rows[0][1] if rows else 0, [fault for fault, _ in rows])


def is_enforced(connection: Connection, rule: Rule) -> bool:
    """Return whether PostgreSQL enforces a rule; this reads the catalog only."""
    return rule.enforced is not None and bool(connection.execute(rule.enforced).fetchall()[0][0])


def _identity_unique(table: StarTable) -> Rule:
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
        ).format(identity=identifiers(table.identity), table=sql.Identifier(table.name)),
        sql.SQL(
            "select exists (select from pg_index where indrelid = {table}::regclass "
            "and indisunique and indisvalid and indpred is null and {identity}::text[] = "
            "(select array_agg(attname::text order by attname) from pg_attribute "
            "where attrelid = indrelid and attnum = any(indkey)))"
        ).format(table=_literal(table), identity=sql.Literal(sorted(table.identity))),
    )


def _columns_not_null(table: StarTable) -> Rule:
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
            identity=identifiers(table.identity),
            absent=absent,
            table=sql.Identifier(table.name),
            needed=identifiers(needed),
        ),
        sql.SQL(
            "select count(*) = {many} from pg_attribute where attrelid = {table}::regclass "
            "and attname = any({needed}) and attnotnull"
        ).format(many=sql.Literal(len(needed)), table=_literal(table), needed=sql.Literal(needed)),
    )


def _references_present(star: Mapping[str, StarTable], table: Fact) -> Rule:
    declared = list(references(star, [table]))
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
        for _, column, dimension in declared
    )
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
        needs_initial_load=True,
    )


def _no_old_inferred_member(table: StarTable) -> Rule:
    hours = MAX_INFERRED_AGE // timedelta(hours=1)
    return Rule(
        table,
        "no_old_inferred_member",
        f"No placeholder row (inferred) waits for its true row for more than {hours} h.",
        "Facts reference these keys, but their rows have not landed from the source. If "
        "`hedgehog status` says that a stage is behind, wait for it. If not, look for the keys in "
        "the source: a row that exists lands with its next change; for one that was deleted the "
        "placeholder stays.",
        sql.SQL(
            "select {key}::text from {table} where inferred "
            "and coalesce(inferred_since, '-infinity') < now() - {old}::interval"
        ).format(
            key=sql.Identifier(table.key.name),
            table=sql.Identifier(table.name),
            old=sql.Literal(MAX_INFERRED_AGE),
        ),
        warns=True,
    )


def _quarantine_empty(table: StarTable) -> Rule:
    return Rule(
        table,
        "quarantine_empty",
        f"No row of {' or '.join(table.inputs)} is in quarantine.",
        "These values do not fit the declared type, so their rows are left out of the warehouse. "
        "`hedgehog quarantine show` shows each row. Correct the value in the source, which lands "
        "the row again, or correct the declaration and run `hedgehog quarantine replay`.",
        sql.SQL(
            "select concat_ws(' ', table_name, key, column_name, reason) "
            "from hedgehog.open_quarantine where table_name = any({inputs})"
        ).format(inputs=sql.Literal(list(table.inputs))),
        warns=True,
        needs_quarantine=True,
    )


def _literal(table: StarTable) -> sql.Literal:
    """Write the name of a table as a text that PostgreSQL casts to regclass."""
    return sql.Literal(sql.Identifier(table.name).as_string(None))
