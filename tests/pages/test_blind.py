"""The page of blind choices shows a reader at the end what he chose."""

from collections import Counter
from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(check: Callable, address: str) -> dict:
    return check("check_blind", address)


def test_the_versions_are_named_only_at_the_end_with_every_choice_counted(report: dict) -> None:
    versions = {name for shown in report["data"].values() for name in shown}
    assert not report["before"]
    assert {name for name, _, _ in report["tally"]} == versions
    chosen, among = (sum(int(row[at]) for row in report["tally"]) for at in (1, 2))
    assert chosen == report["pairs"] - 1
    assert among == 2 * chosen
    shares = [int(won) / int(of) for _, won, of in report["tally"]]
    assert shares == sorted(shares, reverse=True)


def test_every_picture_is_shown_in_all_its_versions(report: dict) -> None:
    named = Counter(caption.split(":")[0] for caption in report["captions"])
    assert named == Counter(name for shown in report["data"].values() for name in shown)
    assert sum(
        int(caption.split(": ")[1].split(" of ")[0]) for caption in report["captions"] if ":" in caption
    ) == (report["pairs"] - 1)
