"""Columns of many rows, from numpy to Arrow; a moment is milliseconds since 1970, in UTC."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DAY = 86_400_000

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the shop's moments are naive
_MILLISECOND = timedelta(milliseconds=1)
_CODE_LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", dtype=np.uint8)
_CODE_LENGTH = 7


def milliseconds(moment: datetime) -> int:
    """A naive moment in UTC as a number."""
    return (moment - _EPOCH) // _MILLISECOND


def timestamps(moments: Integers) -> "pa.Array[Any]":
    """The moments as timestamps."""
    return pa.array(moments, pa.timestamp("ms"))


def dates(moments: Integers) -> "pa.Array[Any]":
    """The days on which the moments lie."""
    return pa.array((moments // DAY).astype(np.int32), pa.date32())


def money(pence: Integers) -> "pa.Array[Any]":
    """Amounts of so many hundredths, exactly: Arrow holds a decimal as a 128-bit number of them."""
    words = np.stack([pence, pence >> 63], axis=1)
    return pa.Array.from_buffers(
        pa.decimal128(12, 2), len(pence), [None, pa.py_buffer(words.tobytes())]
    )


def where(present: Flags, values: Integers) -> "pa.Array[Any]":
    """The values where they are present, else NULL."""
    return pa.array(values, mask=~present)


def codes(rng: np.random.Generator, size: int) -> "pa.Array[Any]":
    """Item codes: seven capital letters and digits."""
    letters = rng.choice(_CODE_LETTERS, (size, _CODE_LENGTH))
    return pa.array(letters.view(f"S{_CODE_LENGTH}").ravel()).cast(pa.string())
