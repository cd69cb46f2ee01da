"""Peers: other tools that replicate a table, each in its own virtual environment."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from hedgehog_pipeline_tests.proofs.benchmark.measured import Cost, cost_of_command
from hedgehog_pipeline_tests.proofs.benchmark.workbench import as_url

_DLT = """
import os, dlt
from dlt.sources.sql_database import sql_table

shop, warehouse = os.environ["SOURCE"], os.environ["TARGET"]
new = dlt.sources.incremental("last_updated")
orders = sql_table(shop, table="sales_order", backend="pyarrow", incremental=new)
orders.apply_hints(primary_key="sales_order_id", write_disposition="merge")
target = dlt.destinations.postgres(warehouse)
dlt.pipeline("peer", destination=target, dataset_name="peer", pipelines_dir=".").run(orders)
"""

_QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SLING_DISABLE_TELEMETRY": "true",
    "DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class Peer:
    """A tool with pinned requirements, and the command that replicates the orders.

    Attributes:
        name: the name of the tool.
        requirements: the packages of its environment.
        command: returns the command that copies new rows from SOURCE to TARGET, two environment
            variables with URLs. Its argument is the folder with the programs of the environment.
    """

    name: str
    requirements: tuple[str, ...]
    command: Callable[[Path], list[str | Path]]

    def installed(self, under: Path) -> Path:
        """Create the environment if it is missing; return the folder with its programs.

        The path is absolute, because each peer runs in its own folder.

        Raises:
            subprocess.CalledProcessError: if the installation fails.
        """
        folder = under.absolute() / self.name
        if not (folder / "made").exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, *self.requirements], check=True)
            (folder / "made").touch()
        return folder / "bin"

    def run(self, programs: Path, shop: str, target: str, folder: Path) -> Cost:
        """Copy new rows to the target; a tool without state gets the time of its last run."""
        folder.mkdir(exist_ok=True)
        source, destination = (f"{as_url(dsn)}?sslmode=disable" for dsn in (shop, target))
        own = {"SOURCE": source, "TARGET": destination, "HOME": str(folder)}
        own |= {"SOURCE_URI": source, "DESTINATION_URI": destination}  # as ingestr calls them
        before = folder / "ran"
        if before.exists():
            own["INTERVAL_START"] = before.read_text()
        before.write_text(f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S}")
        return cost_of_command(self.command(programs), folder, {**os.environ, **_QUIET, **own})


def _dlt(programs: Path) -> list[str | Path]:
    return [programs / "python", "-c", _DLT]


def _sling(programs: Path) -> list[str | Path]:
    program = next(programs.parent.glob("lib/python*/site-packages/sling_*/bin/sling-*"))
    return [
        *(program, "run", "--mode", "incremental"),
        *("--src-conn", "SOURCE", "--src-stream", "public.sales_order"),
        *("--tgt-conn", "TARGET", "--tgt-object", "public.sales_order"),
        *("--primary-key", "sales_order_id", "--update-key", "last_updated"),
    ]


def _ingestr(programs: Path) -> list[str | Path]:
    return [
        *(programs / "ingestr", "ingest", "--yes", "--progress", "log"),
        *("--source-table", "public.sales_order", "--dest-table", "public.sales_order"),
        *("--incremental-strategy", "merge", "--incremental-key", "last_updated"),
        *("--primary-key", "sales_order_id"),
    ]


_DLT_REQUIREMENTS = (
    "dlt[postgres,sql_database]==1.31.0",
    "pyarrow==25.0.1",
    "psycopg2-binary==2.9.13",
    "sqlalchemy==2.0.58",
)

PEERS = (
    Peer("dlt", _DLT_REQUIREMENTS, _dlt),
    Peer("sling", ("sling-linux-amd64==1.4.11",), _sling),
    Peer("ingestr", ("ingestr==0.15.9",), _ingestr),
)
