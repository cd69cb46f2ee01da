"""Triggers in the shop number every version of a row, and note it and who wrote it.

Who wrote it is the top-level transaction, of which a snapshot's text says whether it was over. A
session that has a table written anew notes that in `rewritten`.
"""

import csv
import io
from collections import Counter

from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.world import World

_HISTORY = """
    create sequence version;
    create table history (
        version bigint primary key, at_table text, key bigint, writer xid8, gone boolean,
        stored jsonb);
    create function note() returns trigger language plpgsql as $$
    declare
        row record = case when tg_op = 'DELETE' then old else new end;
        number bigint = nextval('version');
    begin
        row.version = number;
        insert into history values (
            number, tg_table_name, (to_jsonb(row) ->> tg_argv[0])::bigint, pg_current_xact_id(),
            tg_op = 'DELETE', to_jsonb(row));
        return row;
    end $$;
    create table rewritten (at_table text, writer xid8);
    create function note_truncated() returns trigger language plpgsql as $$
    begin
        insert into history
            select nextval('version'), 'payment', payment_id, pg_current_xact_id(), true
            from payment;
        return null;
    end $$;
    create trigger note_truncated before truncate on payment
        for each statement execute function note_truncated();
"""

_OF_TABLE = """
    alter table {table} add version bigint not null default nextval('version');
    insert into history
        select version, '{table}', {key}, pg_current_xact_id(), false, to_jsonb({table})
        from {table};
    create trigger note before insert or update or delete on {table}
        for each row execute function note('{key}');
"""


def keep_history(world: World) -> None:
    """Number the versions from now on, those that are there already included."""
    world.shop.execute(_HISTORY)
    for table in SHOP.values():
        world.shop.execute(_OF_TABLE.format(table=table.name, key=table.key).encode())


def versions_in(world: World, parts: list[dict[str, str]]) -> Counter[int]:
    """Count the versions that parts hold."""
    found: Counter[int] = Counter()
    for part in parts:
        bucket = world.settings.ingestion_bucket
        body = world.s3.get_object(Bucket=bucket, Key=part["key"])["Body"].read().decode()
        found.update(int(row["version"]) for row in csv.DictReader(io.StringIO(body, newline="")))
    return found
