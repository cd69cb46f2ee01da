"""What tests share: real servers, a deployment of their own, rows to land, oracles."""

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{helper}" for helper in ("capturing", "history", "warehouse_rows"))
)
