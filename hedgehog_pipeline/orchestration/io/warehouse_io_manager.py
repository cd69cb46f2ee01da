"""The assets `warehouse/<table>` as frames, read by SQL."""

from typing import Any

from dagster import ConfigurableIOManager, InputContext, OutputContext

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.star import STAR, Fact
from hedgehog_pipeline.orchestration.io.frame_types import as_hinted
from hedgehog_pipeline.orchestration.io.inputs import asked_days
from hedgehog_pipeline.orchestration.storage_resources import WarehouseResource
from hedgehog_pipeline.storage.rows import read_table
from hedgehog_pipeline.storage.views import current_view

CURRENT = "current"
"""Metadata of an input that asks for the current version of each row of a fact."""


class WarehouseIOManager(ConfigurableIOManager):
    """Loads a frame of a table; the stage writes the tables itself, in one transaction."""

    warehouse: WarehouseResource

    def handle_output(self, context: OutputContext, obj: object) -> None:  # noqa: ARG002
        """Refuse: the rows of the warehouse come from the lake alone.

        Raises:
            HedgehogError: always.
        """
        raise HedgehogError(
            f"{context.asset_key.to_user_string()} cannot be stored in the warehouse, which holds "
            "what the lake holds: return a frame with io_manager_key='parquet'."
        )

    def load_input(self, context: InputContext) -> Any:
        """Load the rows that commits of the days asked for wrote, or all.

        With the metadata `{"current": True}` a fact's rows are those of its current view.

        Raises:
            HedgehogError: where that is asked of a dimension.
        """
        table = STAR[context.asset_key.path[-1]]
        current = context.definition_metadata.get(CURRENT, False)
        if current and not isinstance(table, Fact):
            raise HedgehogError(
                f"{table.name} is a dimension, which holds the newest row of each key alone: leave "
                f"out the metadata `{CURRENT}`; its column `deleted` says what the shop deleted."
            )
        view = current_view(table) if current and isinstance(table, Fact) else None
        with self.warehouse.open() as target:
            rows = read_table(target, table, asked_days(context), view)
        hint = context.dagster_type.typing_type
        return as_hinted(rows, hint, context.asset_key.to_user_string())
