"""`hedgehog demo`: an archive, some trading, and what the warehouse answers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
from dotenv import load_dotenv
from psycopg import sql
from rich.console import Console
from rich.table import Table

from hedgehog_pipeline.runner import StageRun, run_until_done
from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.trade import trade
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.surroundings import Surroundings

_TRADING_SECONDS = 10
_DEEDS_A_SECOND = 30

_REVENUE = """
    select year || ' ' || month_name as month, currency_name as currency, count(*) as orders,
           to_char(sum(units_sold * unit_price), 'FM999,999,999,999.00') as revenue
    from fact_sales_order_current
    join dim_date on date_id = created_date
    join dim_currency using (currency_id)
    group by year, dim_date.month, month_name, currency_name
    order by year desc, dim_date.month desc, currency_name
    limit 9
"""

_HISTORY = """
    select sales_order_id as "order", last_updated_date + last_updated_time as version,
           units_sold as units, unit_price as price, currency_code as currency,
           fact_sales_order.ingestion_commit as commit
    from fact_sales_order join dim_currency using (currency_id)
    where sales_order_id = (
        select sales_order_id from fact_sales_order
        group by sales_order_id having count(distinct units_sold) > 1
        order by max(ingestion_commit) desc, sales_order_id desc limit 1)
    order by commit
"""


def run_demo(folder: Path, orders: int) -> None:
    """Fill a shop, bring it to the warehouse, trade, bring that, and ask two questions."""
    console = Console()
    place = Sandbox(folder)
    console.print(f"Sandbox: PostgreSQL, S3 and AWS in {place.folder}", highlight=False)
    place.up(orders)
    load_dotenv(place.dotenv, override=True)
    surroundings = Surroundings(Settings.from_environment())

    console.print(_stages("The archive", run_until_done(surroundings)))
    console.print("The shop trades ...")
    done = trade(place.shop_dsn(), seconds=_TRADING_SECONDS, per_second=_DEEDS_A_SECOND)
    console.print(", ".join(f"{count} {kind}" for kind, count in sorted(done.items())))
    console.print(_stages("What changed", run_until_done(surroundings)))

    with psycopg.connect(place.postgres.dsn(WAREHOUSE)) as warehouse:
        console.print(_answer(warehouse, "Revenue by month and currency", _REVENUE))
        console.print(_answer(warehouse, "One order, before and after its change", _HISTORY))
    console.print("Look around: `make dev` opens the Dagster UI; `hedgehog status`; `make clean`.")


def _stages(title: str, runs: Iterable[StageRun]) -> Table:
    totals: dict[str, tuple[int, float]] = {}
    for run in runs:
        rows, seconds = totals.get(run.stage, (0, 0.0))
        totals[run.stage] = (rows + run.rows, seconds + run.seconds)
    lines = [(stage, f"{rows:,}", f"{seconds:.1f}") for stage, (rows, seconds) in totals.items()]
    return _table(title, ["stage", "rows", "seconds"], lines)


def _answer(warehouse: psycopg.Connection, title: str, query: str) -> Table:
    cursor = warehouse.execute(sql.SQL(query))  # type: ignore[arg-type]
    names = [column.name for column in cursor.description or ()]
    return _table(title, names, cursor.fetchall())


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(*names, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(str, row))
    return table
