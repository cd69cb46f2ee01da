"""The past orders of the demo shop: two years of any size, the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from hedgehog_pipeline.sandbox.archive_orders import Numbers, order_tables
from hedgehog_pipeline.sandbox.archive_reference import design_times, reference_tables
from hedgehog_pipeline.sandbox.columns import DAY, Integers, milliseconds

_YEARS = timedelta(days=730)
_OPENS = 8 * 3_600_000
_CLOSES = 19 * 3_600_000
_WEEKDAYS = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.15, 0.05])

# Orders in memory at a time; a chunk ends with a whole day.
_CHUNK = 50_000


@dataclass(frozen=True)
class Archive:
    """All rows of the shop at the time `until` (UTC without time zone), after so many orders."""

    orders: int
    until: datetime
    seed: int = 0

    @property
    def opening(self) -> datetime:
        """Midnight of the first day of trade."""
        return datetime.combine((self.until - _YEARS).date(), datetime.min.time())

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield the tables in chunks of rows; referenced rows come first."""
        designs = design_times(self.orders, self.opening, self.until)
        yield from reference_tables(self.opening, designs, self.seed)
        until = milliseconds(self.until)
        numbers = Numbers()
        for first_day, times in self._chunks():
            rng = np.random.default_rng([self.seed, first_day])
            numbers, chunk = order_tables(rng, times, numbers, designs, until)
            yield from chunk.items()

    def _chunks(self) -> Iterator[tuple[int, Integers]]:
        """Yield the first day of each chunk and the times of its orders, ascending."""
        rng = np.random.default_rng([self.seed, self.orders])
        until = milliseconds(self.until)
        first = milliseconds(self.opening) // DAY
        day = np.arange(first, until // DAY + 1)
        closes = np.clip(until - day * DAY, _OPENS, _CLOSES)
        weight = _WEEKDAYS[(day + 3) % 7] * (closes - _OPENS)
        counts = rng.multinomial(self.orders, weight / weight.sum())
        edges = np.flatnonzero(np.diff(np.cumsum(counts) // _CHUNK)) + 1
        for part in np.split(np.arange(len(day)), edges):
            opens = np.repeat(day[part] * DAY + _OPENS, counts[part])
            length = np.repeat(closes[part] - _OPENS, counts[part])
            yield int(part[0]), np.sort(opens + (rng.random(len(opens)) * length).astype(np.int64))
