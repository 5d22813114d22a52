"""Every figure of the book: one style, one function for each kind. All return a figure; `save` writes it."""

# ruff: noqa: F401

from abstract_beauty.book.plots.charts import bar_table, change_plane, curves, intervals, lines, scatter
from abstract_beauty.book.plots.maps import map_image, prediction_grid, teaser, tile_grid_overlay
from abstract_beauty.book.plots.rows import contact_sheet, image_grid, image_row
from abstract_beauty.book.plots.shown import Shown, beside, kept, show, show_animation
from abstract_beauty.book.plots.style import save, use_style
