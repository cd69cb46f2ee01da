"""The shop's tables, as the chosen model declares them."""

from hedgehog_pipeline.model.registry import Declared, tables_of
from hedgehog_pipeline.model.source_validation import faults_of_shop
from hedgehog_pipeline.model.tables import ShopTable

__all__ = ["SHOP", "ShopTable"]

SHOP = Declared(lambda: tables_of("shop", (ShopTable,), faults_of_shop))
"""The tables by name."""
