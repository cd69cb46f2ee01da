"""`hedgehog demo`: an initial load, some live trade, and two queries, on one screen."""

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

from hedgehog_pipeline.cli.progress import show_progress, wants_bars
from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.trade import trade
from hedgehog_pipeline.settings import Settings

_TRADING_SECONDS = 10
_TRADING_RATE = 30
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
    """Create a shop, load it, trade, load the changes, and query the warehouse."""
    console = Console(highlight=False)
    sandbox = Sandbox(folder)
    with console.status("Starting PostgreSQL, S3 and AWS, and filling the shop ..."):
        sandbox.up(orders)
    console.print(f"Sandbox  PostgreSQL, S3 and AWS in {_short(sandbox.folder)}")
    load_dotenv(sandbox.dotenv, override=True)
    deployment = Deployment(Settings.from_environment())

    console.print(f"Load     {_load(deployment)}")
    with console.status(f"The shop trades for {_TRADING_SECONDS} s ..."):
        done = trade(sandbox.shop_dsn(), seconds=_TRADING_SECONDS, per_second=_TRADING_RATE)
    console.print(f"Trade    {_most_frequent(done)}")
    console.print(f"Changes  {_load(deployment)}\n")

    with psycopg.connect(sandbox.postgres.dsn(WAREHOUSE)) as warehouse:
        console.print(_answer(warehouse, "Revenue by month and currency", _REVENUE))
        console.print()
        console.print(_answer(warehouse, "One order, before and after its change", _HISTORY))
    console.print(f"\nNext, with {_program()}:", soft_wrap=True)
    console.print("  dev           live trade in the shop, and the Dagster UI")
    console.print("  status        how far the warehouse is behind the shop")
    console.print("  sandbox down  stop the servers and keep the data")


def _load(deployment: Deployment) -> str:
    """Run the stages; return a summary of the rows of each."""
    bars = wants_bars(deployment.settings.log_format)
    runs = run_until_done(deployment)
    rows, seconds = Counter[str](), 0.0
    for run in show_progress(runs, deployment.initial_load_estimate, bars=bars, batches=False):
        rows[run.stage] += run.rows
        seconds += run.seconds
    return (
        f"{rows['extraction']:,} rows landed, {rows['processing']:,} processed, "
        f"{rows['storage']:,} loaded in {seconds:.1f} s"
    )


def _most_frequent(done: Counter[str]) -> str:
    """Return the most frequent kinds of operations, and the number of all others."""
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
    """Return this command as a person can type it here, whether it is on PATH or not."""
    program = Path(sys.argv[0])
    return "hedgehog" if shutil.which("hedgehog") or program.stem != "hedgehog" else _short(program)


def _short(path: Path) -> str:
    """Return a path relative to the current folder, if it is inside."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
