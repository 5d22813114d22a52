"""The page's improvers on a graphics card, here one made of software: the same picture as on the processor."""

import base64
import io
import os

import numpy as np
import pytest
from PIL import Image

from abstract_beauty.data.embedded import photographs

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_improver_makes_the_same_picture_there(check, address, tmp_path):
    picture = Image.open(photographs() / "coffee.png").convert("RGB").resize((64, 48))
    picture.save(tmp_path / "small.png")
    report = check("check_gpu", f"{address}/try.html", "smoothing", tmp_path / "small.png")
    if not report["there"] and os.environ.get("CI") != "true":
        pytest.skip("this Chromium has no WebGPU")
    by_processor, by_card = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(report[how].partition(",")[2]))), dtype=int)
        for how in ("processor", "card")
    )
    assert report["problems"] == []
    assert report["runtimes"][-1] == "ort-wasm-simd-threaded.asyncify.wasm"
    assert np.abs(by_processor[..., :3] - np.asarray(picture, dtype=int)).mean() > 2
    assert np.abs(by_processor - by_card).max() <= 1
