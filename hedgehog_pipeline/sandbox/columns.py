"""Arrow columns from numpy arrays. Timestamps are milliseconds since 1970 in UTC."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DAY = 86_400_000

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the shop's timestamps have no time zone
_MILLISECOND = timedelta(milliseconds=1)
_CODE_LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", dtype=np.uint8)
_CODE_LENGTH = 7


def milliseconds(at: datetime) -> int:
    """Return a UTC timestamp without time zone as milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def timestamps(times: Integers) -> "pa.Array[Any]":
    """Return milliseconds as a column of timestamps."""
    return pa.array(times, pa.timestamp("ms"))


def dates(times: Integers) -> "pa.Array[Any]":
    """Return the dates of timestamps."""
    return pa.array((times // DAY).astype(np.int32), pa.date32())


def money(pence: Integers) -> "pa.Array[Any]":
    """Return exact amounts from pence; Arrow stores a decimal as a 128-bit integer."""
    words = np.stack([pence, pence >> 63], axis=1)
    return pa.Array.from_buffers(
        pa.decimal128(12, 2), len(pence), [None, pa.py_buffer(words.tobytes())]
    )


def where(present: Flags, values: Integers) -> "pa.Array[Any]":
    """Return the values, NULL where `present` is false."""
    return pa.array(values, mask=~present)


def codes(rng: np.random.Generator, size: int) -> "pa.Array[Any]":
    """Return random item codes of seven capital letters and digits."""
    letters = rng.choice(_CODE_LETTERS, (size, _CODE_LENGTH))
    return pa.array(letters.view(f"S{_CODE_LENGTH}").ravel()).cast(pa.string())
