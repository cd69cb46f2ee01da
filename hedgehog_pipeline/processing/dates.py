"""Days out of the shop's columns: its UTC moments, and its text dates."""

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError

_DATE = pa.date32()


def days_of(rows: pd.DataFrame, column: str) -> pd.Series:
    """Give the UTC day of a moment, or the day that ISO 8601 text names.

    Arrow reads the text, which takes YYYY-MM-DD alone; pandas would guess at "today" or 1/6/2026.

    Raises:
        HedgehogError: where a text is not a date; names the column, the row's key and the commit.
    """
    values = rows[column]
    if not pd.api.types.is_string_dtype(values.dtype):
        return values.dt.date
    texts = pa.array(values, pa.string())
    try:
        days = texts.cast(_DATE)
    except pa.ArrowInvalid as error:
        key = rows.columns[0]
        bad = rows.iloc[next(n for n, text in enumerate(texts) if not _names_a_day(text))]
        raise HedgehogError(
            f"{column} is {bad[column]!r} where {key} is {bad[key]} (ingestion commit "
            f"{bad['ingestion_commit']}), which is no date in the form YYYY-MM-DD; correct it in "
            "the shop, which lands the row anew. Under the daemon this commit is set aside after "
            "five tries, and the rest goes on."
        ) from error
    return pd.Series(pd.arrays.ArrowExtensionArray(days), index=values.index)


def _names_a_day(text: pa.StringScalar) -> bool:
    try:
        text.cast(_DATE)
    except pa.ArrowInvalid:
        return False
    return True
