"""`hedgehog demo`: an archive, some trading, and what the warehouse answers, on one screen."""

import shutil
import sys
from collections import Counter
from pathlib import Path

import psycopg
from dotenv import load_dotenv
from psycopg import sql
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hedgehog_pipeline.cli.progress import shown, wants_bars
from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.trade import trade
from hedgehog_pipeline.settings import Settings

_TRADING_SECONDS = 10
_DEEDS_A_SECOND = 30
_MAX_KINDS = 2

_REVENUE = """
    select year || ' ' || month_name as month, currency_name as currency, count(*) as orders,
           to_char(sum(units_sold * unit_price), 'FM999,999,999,999.00') as revenue
    from fact_sales_order_current
    join dim_date on date_id = created_date
    join dim_currency using (currency_id)
    group by year, dim_date.month, month_name, currency_name
    order by year desc, dim_date.month desc, currency_name
    limit 6
"""

_HISTORY = """
    select sales_order_id as "order",
           to_char(last_updated_date + last_updated_time, 'YYYY-MM-DD HH24:MI:SS') as version,
           units_sold as units, unit_price as price, currency_code as currency,
           fact_sales_order.ingestion_commit as commit
    from fact_sales_order join dim_currency using (currency_id)
    where sales_order_id = (
        select sales_order_id from fact_sales_order
        group by sales_order_id having count(distinct units_sold) > 1
        order by count(*), max(ingestion_commit) desc, sales_order_id desc limit 1)
    order by commit
"""


def run_demo(folder: Path, orders: int) -> None:
    """Fill a shop, bring it to the warehouse, trade, bring that, and ask two questions."""
    console = Console(highlight=False)
    place = Sandbox(folder)
    with console.status("PostgreSQL, S3 and AWS start, and the shop is filled ..."):
        place.up(orders)
    console.print(f"Sandbox  PostgreSQL, S3 and AWS in {_short(place.folder)}")
    load_dotenv(place.dotenv, override=True)
    deployment = Deployment(Settings.from_environment())

    console.print(f"Archive  {_brought(deployment)}")
    with console.status(f"The shop trades for {_TRADING_SECONDS} s ..."):
        done = trade(place.shop_dsn(), seconds=_TRADING_SECONDS, per_second=_DEEDS_A_SECOND)
    console.print(f"Trade    {_most_of(done)}")
    console.print(f"Changes  {_brought(deployment)}\n")

    with psycopg.connect(place.postgres.dsn(WAREHOUSE)) as warehouse:
        console.print(_answer(warehouse, "Revenue by month and currency", _REVENUE))
        console.print()
        console.print(_answer(warehouse, "One order, before and after its change", _HISTORY))
    console.print(f"\nNext, with {_program()}:", soft_wrap=True)
    console.print("  dev           the shop trades on, in Dagster's UI")
    console.print("  status        how far the warehouse is behind the shop")
    console.print("  sandbox down  stops the servers; all data stays")


def _brought(deployment: Deployment) -> str:
    """Run the stages, and tell what each of them moved."""
    bars = wants_bars(deployment.settings.log_format)
    runs = run_until_done(deployment)
    rows, seconds = Counter[str](), 0.0
    for run in shown(runs, deployment.archive_estimate, bars=bars, batches=False):
        rows[run.stage] += run.rows
        seconds += run.seconds
    return (
        f"{rows['extraction']:,} rows landed, {rows['processing']:,} processed, "
        f"{rows['storage']:,} loaded in {seconds:.1f} s"
    )


def _most_of(done: Counter[str]) -> str:
    """Tell what happened most, and how much else."""
    kinds = [f"{count:,} {kind}" for kind, count in done.most_common(_MAX_KINDS)]
    rest = sum(done.values()) - sum(count for _, count in done.most_common(_MAX_KINDS))
    return ", ".join([*kinds, *([f"{rest:,} more"] if rest else [])])


def _answer(warehouse: psycopg.Connection, title: str, query: str) -> Table:
    cursor = warehouse.execute(sql.SQL(query))  # type: ignore[arg-type]
    rows = cursor.fetchall()
    names = [column.name for column in cursor.description or ()]
    table = Table(box=None, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for name, value in zip(names, rows[0] if rows else names, strict=True):
        table.add_column(name, justify="right" if _is_number(value) else "left")
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row))
    return table


def _is_number(value: object) -> bool:
    return str(value).replace(",", "").replace(".", "").isdecimal()


def _program() -> str:
    """Name this command as a person can type it here, on the path or not."""
    program = Path(sys.argv[0])
    return "hedgehog" if shutil.which("hedgehog") or program.stem != "hedgehog" else _short(program)


def _short(path: Path) -> str:
    """Name a path as seen from here."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
