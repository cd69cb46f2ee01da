"""Compares the warehouse of an example with its commits and with the shop."""

from collections.abc import Mapping
from typing import Any

from hedgehog_pipeline.extraction.watermarks import watermarks_of
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.model.tables import Dimension
from hedgehog_pipeline_tests.proofs.torture.machine.ground import Copy
from hedgehog_pipeline_tests.proofs.torture.machine.oracle import STAR_VALUES
from hedgehog_pipeline_tests.proofs.torture.machine.trade import KINDS, Session
from hedgehog_pipeline_tests.support.demo_model import STAR

_OPEN = (
    "select table_name, key, ingestion_commit from hedgehog.open_quarantine "
    "where column_name = 'created_at'"
)
_SPOILED = "select {1} from {0} where created_at = 'infinity'"
_ALL = """
    select (to_jsonb(loaded) - array['processed_commit', 'inferred_since', '{2}'])::text
    from {0} as loaded {1}
"""
_BOTH = {
    "staff": (
        (
            "select staff_id, first_name, department_name from staff join department "
            "using (department_id)"
        ),
        "'infinity' in (staff.created_at, department.created_at)",
        (
            "select staff_id, first_name, department_name from dim_staff "
            "where not deleted and not inferred"
        ),
    ),
    "currency": (
        "select currency_id, currency_code from currency",
        "created_at = 'infinity'",
        "select currency_id, currency_code from dim_currency where not deleted and not inferred",
    ),
    "sales_order": (
        "select sales_order_id, last_updated, staff_id, units_sold from sales_order",
        "created_at = 'infinity'",
        (
            "select sales_order_id, last_updated_date + last_updated_time, sales_staff_id, "
            "units_sold from fact_sales_order_current"
        ),
    ),
    "transaction": (
        "select transaction_id, transaction_type::text, sales_order_id from transaction",
        "created_at = 'infinity'",
        (
            "select transaction_id, transaction_type, sales_order_id from dim_transaction "
            "where not deleted and not inferred"
        ),
    ),
    "payment": (
        "select payment_id, last_updated, currency_id, payment_amount from payment",
        "created_at = 'infinity'",
        (
            "select payment_id, last_updated_date + last_updated_time, currency_id, payment_amount "
            "from fact_payment_current"
        ),
    ),
}
"""Queries of the same rows in shop and star; the second text selects rejected rows of the shop."""


class Inspection:
    """Reads the copy and the shop of an example, without changing them."""

    def __init__(self, copy: Copy, shop: Session) -> None:
        self._copy = copy
        self._shop = shop

    def assert_what_is_loaded(self, loaded: Mapping[str, set[int]]) -> None:
        """Check that each table has exactly the rows of its loaded commits, each once."""
        oracle, ask = self._copy.oracle, self._copy.query
        for table in ("sales_order", "payment"):
            name, columns = STAR_VALUES[table]
            versions, current = oracle.facts(table, loaded[name])
            assert ask(f"select {columns}, ingestion_commit from {name}") == versions
            assert ask(f"select {columns}, ingestion_commit from {name}_current") == current
        for table in ("currency", "transaction"):
            name, _ = STAR_VALUES[table]
            assert ask(_members(table)) == oracle.members(table, loaded[name])
        days = {(day,) for day in oracle.days(loaded["dim_date"])}
        assert ask("select date_id from dim_date where not inferred") == days
        if all(numbers >= set(oracle.landed) for numbers in loaded.values()):
            assert ask(_members("staff")) == oracle.staff()
            assert ask(_OPEN) == oracle.rejected()

    def assert_all_is_well(self, loaded: Mapping[str, set[int]], last: IngestionCommit) -> None:
        """Check that the warehouse matches the shop, and the parameters the last commit."""
        oracle = self._copy.oracle
        assert self._copy.parameters.read("watermarks") == watermarks_of(last)
        assert all(numbers >= set(oracle.landed) for numbers in loaded.values())
        self.assert_what_is_loaded(loaded)
        files = {v.key for landed in oracle.landed.values() if landed.file for v in landed.versions}
        rejected = {(table, int(key)) for table, key, _ in oracle.rejected()}
        spoiled = {
            (table, key)
            for table in KINDS
            for (key,) in self._shop.ask(_SPOILED.format(table, KINDS[table].key))
        }
        assert spoiled - files == rejected - files
        for table, (in_shop, bad, in_star) in _BOTH.items():
            others = {key for name, key in files if name == table}
            others |= {row[0] for row in self._shop.ask(f"{in_shop} where {bad}")}
            there, here = self._shop.ask(in_shop), self._copy.query(in_star)
            assert {r for r in there if r[0] not in others} == {
                r for r in here if r[0] not in others
            }

    def contents(self) -> dict[str, set[tuple[Any, ...]]]:
        """Return all rows of the warehouse, without columns that count or time the loads."""
        found = {
            name: self._copy.query(
                _ALL.format(
                    name,
                    "where not inferred" if isinstance(table, Dimension) else "",
                    getattr(table, "serial", ""),
                )
            )
            for name, table in STAR.items()
        }
        found |= {
            name: self._copy.query(_ALL.format(name, "", ""))
            for name in ("hedgehog.tombstones", "hedgehog.open_quarantine")
        }
        return found


def _members(table: str) -> str:
    name, columns = STAR_VALUES[table]
    return f"select {columns}, deleted, ingestion_commit from {name} where not inferred"
