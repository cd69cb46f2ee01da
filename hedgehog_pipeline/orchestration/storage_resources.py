"""The Dagster resource for the warehouse."""

from collections.abc import Generator
from contextlib import contextmanager

from dagster import ConfigurableResource

from hedgehog_pipeline.postgres.connection import read_credentials
from hedgehog_pipeline.storage.warehouse import Warehouse


class WarehouseResource(ConfigurableResource["WarehouseResource"]):
    """The warehouse database."""

    secret: str
    address: str | None
    ca: str | None

    @contextmanager
    def open(self) -> Generator[Warehouse, None, None]:
        """Connect to the warehouse."""
        credentials = read_credentials(self.secret, self.address, role="warehouse")
        with Warehouse.open(credentials, self.ca) as warehouse:
            yield warehouse
