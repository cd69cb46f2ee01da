"""The page: one HTML file that loads no other file."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined

from hedgehog_pipeline.report.chapters import Cell, Chapter
from hedgehog_pipeline.report.loaded_commits import LoadedCommits
from hedgehog_pipeline.report.pictures import Picture, data_uri
from hedgehog_pipeline.report.themes import DARK, LIGHT

_TEMPLATE = "page.html.jinja"


def write_page(
    chapters: Sequence[Chapter],
    pictures: Mapping[str, Picture],
    loaded: LoadedCommits | None,
    made_at: datetime,
    *,
    building: bool,
) -> bytes:
    """Return the HTML page.

    Args:
        chapters: in order.
        pictures: by the name of the chapter.
        loaded: the commits that the page shows, None if the warehouse is empty.
        made_at: when the warehouse was queried, aware UTC.
        building: whether the initial load is in progress, so that figures are not complete.
    """
    environment = Environment(
        loader=PackageLoader("hedgehog_pipeline", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(cell=_cell, uri=_uri, timestamp=_timestamp)
    page = environment.get_template(_TEMPLATE).render(
        chapters=chapters,
        pictures=pictures,
        loaded=loaded,
        made_at=made_at,
        building=building,
        light=LIGHT,
        dark=DARK,
    )
    return page.encode()


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"


def _uri(svg: str) -> str:
    return data_uri("svg+xml", svg.encode())


def _timestamp(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
