"""The page's networks on a graphics card, here one made of software: the same picture and score as on the processor."""

import base64
import io
import os

import numpy as np
import pytest
from PIL import Image

from abstract_beauty.data.embedded import photographs

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("improver", ["smoothing", "mover"])
def test_what_comes_out_there_is_the_same(check, address, tmp_path, improver):
    picture = Image.open(photographs() / "coffee.png").convert("RGB").resize((64, 48))
    picture.save(tmp_path / "small.png")
    report = check("check_gpu", f"{address}/try.html", improver, tmp_path / "small.png")
    if not report["there"] and os.environ.get("CI") != "true":
        pytest.skip("this Chromium has no WebGPU")
    by_processor, by_card = (
        np.asarray(
            Image.open(io.BytesIO(base64.b64decode(report[how]["picture"].partition(",")[2]))), dtype=int
        )
        for how in ("processor", "card")
    )
    assert report["problems"] == []
    assert report["runtimes"][-1] == "ort-wasm-simd-threaded.asyncify.wasm"
    assert np.abs(by_processor[..., :3] - np.asarray(picture, dtype=int)).mean() > 2
    assert np.abs(by_processor - by_card).max() <= 1
    assert report["card"]["error"] == pytest.approx(report["processor"]["error"], rel=1e-3)
    assert report["card"]["error"] != report["processor"]["error"]  # computed there, in another order
