"""What every processor must round alike, for results that are the same to the byte.

On processors PyTorch takes sqrt, log10 and atan, and log and tan in double precision, from MKL, which may begin with
the instructions for an approximate reciprocal or root: their bits are each maker's own. Where the pipeline needs one
of those it is made of exact operations: here, by `torch.linalg.vector_norm`, or by an optimiser that is `fused`.
"""

from torch import Tensor


def square_root(x: Tensor) -> Tensor:
    """sqrt(x) of numbers of 0 or more, as exact roots and divisions make it; its gradient is that for x above 0."""
    return x.rsqrt().reciprocal()
