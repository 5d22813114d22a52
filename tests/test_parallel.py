"""Side by side: in order, a few at a time, the same bytes for any number of workers."""

import threading
import time

import pytest
import torch

from abstract_beauty.errors import UserError
from abstract_beauty.parallel import AHEAD, side_by_side


def test_results_come_in_order_and_by_several_threads():
    seen = set()

    def work(item):
        seen.add(threading.get_ident())
        time.sleep(0.02 if item % 2 else 0.001)
        return item, torch.get_num_threads()

    assert list(side_by_side(work, range(20), 3)) == [(item, 1) for item in range(20)]
    assert len(seen) == 3 and threading.get_ident() not in seen


def test_no_more_is_taken_than_soon_will_be_done():
    taken = []
    results = side_by_side(lambda item: item, (taken.append(item) or item for item in range(100)), 2)
    next(results)
    assert len(taken) <= 2 * AHEAD + 2


@pytest.mark.parametrize("workers", [1, 4])
def test_an_error_comes_at_its_turn_and_ends_it(workers):
    def work(item):
        if item == 3:
            raise UserError("the third")
        return item

    results = side_by_side(work, range(100), workers)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(UserError, match="the third"):
        next(results)


def test_any_number_of_workers_gives_the_same_bytes():
    matrix = torch.rand(64, 300, 300)
    sums = [
        torch.stack(list(side_by_side(lambda a: (a @ a).sum(), matrix, workers))) for workers in (1, 2, 5)
    ]
    assert torch.equal(sums[0], sums[1]) and torch.equal(sums[0], sums[2])
