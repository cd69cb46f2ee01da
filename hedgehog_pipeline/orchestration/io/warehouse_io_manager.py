"""Load the assets `warehouse/<table>` as frames, by SQL."""

from typing import Any

from dagster import InputContext, IOManager, OutputContext

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.tables import Fact
from hedgehog_pipeline.orchestration.io.frame_types import as_hinted
from hedgehog_pipeline.orchestration.io.inputs import requested_days
from hedgehog_pipeline.storage.rows import read_table
from hedgehog_pipeline.storage.views import current_view

CURRENT = "current"
"""Input metadata that requests the current version of each row of a fact."""


class WarehouseIOManager(IOManager):
    """Loads a frame of a table; the storage stage writes the tables itself, in one transaction."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def handle_output(self, context: OutputContext, obj: object) -> None:  # noqa: ARG002
        """Refuse the output: the rows of the warehouse come only from the lake.

        Raises:
            HedgehogError: always.
        """
        raise HedgehogError(
            f"{context.asset_key.to_user_string()} cannot be stored in the warehouse, whose rows "
            "come only from the lake: return a frame with io_manager_key='parquet'."
        )

    def load_input(self, context: InputContext) -> Any:
        """Load the rows that commits of the requested days wrote, or all.

        With the metadata `{"current": True}`, load the current view of a fact.

        Raises:
            HedgehogError: if the current view of a dimension is requested.
        """
        table = self._deployment.model.star[context.asset_key.path[-1]]
        current = context.definition_metadata.get(CURRENT, False)
        if current and not isinstance(table, Fact):
            raise HedgehogError(
                f"{table.name} is a dimension and holds only the newest row of each key. Remove "
                f"the metadata `{CURRENT}`; the column `deleted` says what the source deleted."
            )
        view = current_view(table) if current and isinstance(table, Fact) else None
        with self._deployment.warehouse() as warehouse:
            rows = read_table(warehouse, table, requested_days(context), view)
        hint = context.dagster_type.typing_type
        return as_hinted(rows, hint, context.asset_key.to_user_string())
