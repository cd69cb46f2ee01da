"""Convert frames to the library that a type hint names: pandas, Arrow, or Polars if installed."""

import sys
from typing import Any

import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError


def as_hinted(rows: pa.Table, hint: Any, asset: str) -> Any:
    """Return rows as the frame that a type hint names, pandas if there is no hint.

    Args:
        rows: the rows.
        hint: `pd.DataFrame` (columns keep their Arrow types), `pa.Table`, `pl.DataFrame` or `Any`.
        asset: the asset that is loaded, for the error.

    Raises:
        HedgehogError: if the hint is another type.
    """
    import pandas as pd  # noqa: PLC0415 (takes half a second, which a stage's run does not need)

    if hint is pa.Table:
        return rows
    if hint is Any or hint is pd.DataFrame:
        return rows.to_pandas(types_mapper=pd.ArrowDtype)
    polars = _polars()
    if polars is not None and hint is polars.DataFrame:
        return polars.from_arrow(rows)
    raise HedgehogError(
        f"{asset} cannot be loaded as {hint!r}: use the type hint pandas.DataFrame, "
        "pyarrow.Table or polars.DataFrame."
    )


def to_arrow(frame: Any, asset: str) -> pa.Table:
    """Return a pandas, Arrow or Polars frame as an Arrow table; it keeps a pandas index.

    Args:
        frame: what an asset returned.
        asset: its key, for the error.

    Raises:
        HedgehogError: if it is something else.
    """
    import pandas as pd  # noqa: PLC0415 (as above)

    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame)
    polars = _polars()
    if polars is not None and isinstance(frame, polars.DataFrame):
        return frame.to_arrow()
    raise HedgehogError(
        f"{asset} returned a {type(frame).__name__}, which `parquet` cannot store: "
        "return a pandas, Arrow or Polars frame, or name another io_manager_key."
    )


def _polars() -> Any:
    """Return the module if it is imported: whoever uses its frames has imported it."""
    return sys.modules.get("polars")
