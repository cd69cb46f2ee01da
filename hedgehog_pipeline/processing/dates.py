"""Days out of the shop's columns: its UTC moments, and its text dates."""

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError

_DATE = pd.ArrowDtype(pa.date32())
_ISO_DATE = r"\d{4}-\d{2}-\d{2}"


def days_of(rows: pd.DataFrame, column: str) -> pd.Series:
    """Give the UTC day of a moment, or the day that ISO 8601 text names.

    Raises:
        HedgehogError: where a text is not a date; names the column, the row's key and the commit.
    """
    values = rows[column]
    if not pd.api.types.is_string_dtype(values.dtype):
        return values.dt.date
    try:
        return values.astype(_DATE)
    except pa.ArrowInvalid as error:
        key = rows.columns[0]
        days = pd.to_datetime(values, format="%Y-%m-%d", errors="coerce")
        bad = rows[days.isna() | ~values.str.fullmatch(_ISO_DATE).fillna(value=False)].iloc[0]
        raise HedgehogError(
            f"{column} is {bad[column]!r} where {key} is {bad[key]} (ingestion commit "
            f"{bad['ingestion_commit']}), which is no date in the form YYYY-MM-DD; correct it in "
            "the shop."
        ) from error
