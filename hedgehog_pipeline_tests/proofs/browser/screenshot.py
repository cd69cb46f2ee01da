"""Save a screenshot of the graph in Dagster's UI; `make screenshot` runs it."""

import sys

from playwright.sync_api import FloatRect, Page

from hedgehog_pipeline_tests.proofs.browser.ui import ui_at_work

_MARGIN = 16


def save_graph(file: str) -> None:
    """Save a picture of all assets with their groups, without the rest of the page."""
    with ui_at_work() as ui, ui.graph(device_scale_factor=1.5) as page:
        page.screenshot(path=file, clip=_around_groups(page))


def _around_groups(page: Page) -> FloatRect:
    boxes = [box.bounding_box() for box in page.locator("foreignObject.group").all()]
    found = [box for box in boxes if box is not None]
    left, top = (min(box[side] for box in found) - _MARGIN for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in found) + _MARGIN
    bottom = max(box["y"] + box["height"] for box in found) + _MARGIN
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


if __name__ == "__main__":
    save_graph(sys.argv[1])
