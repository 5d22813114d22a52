"""The script that kills at random moments: nothing is lost, and it would notice."""

import json
import subprocess
import sys

import kills
import pytest

from abstract_beauty.errors import UserError


@pytest.mark.slow
@pytest.mark.trust
def test_twenty_kills_do_no_harm(tmp_path):
    kept = tmp_path / "counts.json"
    # In a process of its own: a fork of this one, in which networks were trained, would lack its threads.
    done = subprocess.run(
        [sys.executable, kills.__file__, "--kills", "20", "--out", str(kept)],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = json.loads(kept.read_text())["victims"]
    assert sum(one["kills"] for one in counts.values()) == 20
    assert all(one["identical"] == one["ended"] > 0 for one in counts.values())
    assert sum(one["in_a_write"] for one in counts.values()) > 0


@pytest.mark.parametrize("name", ["good.safetensors", "good.json", "good.csv", "good.png"])
def test_a_half_written_file_is_noticed(tmp_path, name):
    (tmp_path / ".good.vm-1.partial.json").write_text('{"loss": 0.')  # under its temporary name it may be
    kills.check_whole(tmp_path)
    (tmp_path / name).write_bytes(b"step,loss\n10,0.")
    with pytest.raises(UserError, match=f"{name}: is half-written"):
        kills.check_whole(tmp_path)
