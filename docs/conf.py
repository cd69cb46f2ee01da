"""How Sphinx makes the site of these pages: `make docs`."""

project = "Hedgehog"
author = "the Hedgehog developers"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Hedgehog"

# As GitHub reads the same pages: an anchor for each heading.
myst_heading_anchors = 4
