"""Pictures side by side, each computed by one thread.

Threads that share one small network wait for each other at every layer, and for whatever else the machine computes:
beside other programs they took ten times as long as the same pictures one by one. And what one thread computes does not
depend on how many others there are, to the byte.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from abstract_beauty.training.machine import cores

Item, Result = TypeVar("Item"), TypeVar("Result")
AHEAD = 2  # items a worker that are begun before the first of them is asked for: pictures are large


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result]:
    """What `work` makes of each item, in their order; what it raises is raised where its item's turn is.

    `work` must leave Python's lock to others, as PyTorch does; `items` are taken when their turn comes near, from this
    thread. Without `workers` there are as many as cores.
    """
    workers = workers or cores()
    pool = ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1))
    begun: deque[Future[Result]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) > AHEAD * workers:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
