"""Networks that see the context of a tile with the tile hidden and return the tile: one a file.

Each is called as `f(context, hidden)`; one that has a method `one_pass` also predicts all tiles of an image together.
None reads what is hidden, no layer mixes images of a batch, no output is clamped: losses see how far off it is.
"""

from abstract_beauty.registry import networks

NETWORKS = networks(__name__, __path__)
