"""What shapes a picture's edges have: which way they run, how straight they are, how many corners there are."""

import math

import numpy as np
from jaxtyping import Float
from skimage.feature import structure_tensor, structure_tensor_eigenvalues
from skimage.filters import gaussian
from torch import Tensor

from abstract_beauty.measures.statistics import luminance

SCALE = 1.5  # standard deviation, pixels, of the smoothing before slopes are taken
WITHIN = math.radians(15)  # an edge this near to an axis runs along it
STRETCH = 4.0  # standard deviation, pixels, of the stretch over which an edge's direction is compared


def shapes(y: Float[Tensor, "1 3 h w"]) -> dict[str, float]:
    """Means over a picture's edges, each point weighted by the square of its slope (curvature: by the slope).

    "along_axes" is the share of edges that run within 15 degrees of upright or level; a third where all directions are
    alike. "along_diagonals" the same of the diagonals. "corners" is the smaller eigenvalue of the structure tensor
    over the sum of both, at STRETCH: 0 where edges are straight lines, 1/2 where directions are alike all around
    (Harris & Stephens 1988). "curvature" is that of the level lines, in 1 / pixels: 1 / r for a circle of radius r.
    """
    light = gaussian(luminance(y)[0].numpy().astype(np.float64), SCALE, mode="reflect")
    down, right = np.gradient(light)
    energy = down**2 + right**2
    direction = np.arctan2(down, right)
    total = energy.sum() + 1e-12

    def near(angle: float) -> float:
        off = np.abs((direction - angle + math.pi / 4) % (math.pi / 2) - math.pi / 4)
        return float((energy * (off < WITHIN)).sum() / total)

    tensor = structure_tensor(light, sigma=STRETCH, mode="reflect", order="rc")
    larger, smaller = structure_tensor_eigenvalues(tensor)
    slope = np.sqrt(energy) + 1e-6
    turning = np.gradient(down / slope, axis=0) + np.gradient(right / slope, axis=1)
    return {
        "along_axes": near(0.0),
        "along_diagonals": near(math.pi / 4),
        "corners": float(smaller.sum() / ((larger + smaller).sum() + 1e-12)),
        "curvature": float((np.abs(turning) * slope).sum() / slope.sum()),
    }
