import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{helper}" for helper in ("capturing", "history", "warehouse"))
)
