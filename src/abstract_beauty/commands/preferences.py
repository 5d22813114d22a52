"""`abstract-beauty preferences`: what people chose on a page of blind choices."""

import argparse
import json

from abstract_beauty.errors import escaped
from abstract_beauty.files import rounded
from abstract_beauty.scores.preferences import read_choices, strengths


def preferences_command(options: argparse.Namespace) -> None:
    """Print the strengths of what people chose."""
    found = strengths([read_choices(path) for path in options.files], options.reference)
    if options.json:
        print(json.dumps(rounded([vars(version) for version in found]), indent=2))
        return
    print(f"{'log strength':>14}  {'95 % interval':^16}  {'chosen':>11}  version")
    for version in found:
        interval = f"[{version.low:+.2f}, {version.high:+.2f}]"
        chosen = f"{version.wins:5d}/{version.choices:<5d}"
        print(f"{version.value:+14.2f}  {interval}  {chosen}  {escaped(version.name)}")
