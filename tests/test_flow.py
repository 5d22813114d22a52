"""The slider of a moved picture: what a browser draws is what fields.py draws."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from test_fields import some_velocity, waves

from abstract_beauty.book import flow
from abstract_beauty.cli import main
from abstract_beauty.fields import LEAST_AREA, areas, follow, grid_of, moved, unfolded, velocity
from abstract_beauty.improvers.mover import SPACING

H, W = 120, 176
DRAW = """
import { follow, longest, moved, unpacked } from "./flow.js";
const field = unpacked(packed);
const u = follow(field, longest(field, strength, x.width, x.height), x.width, x.height);
const y = moved(x, field, u, { data: new Float32Array(x.data.length) });
console.log(JSON.stringify(Array.from(y.data)));
"""


@pytest.mark.parametrize("strength", [-0.7, 0.0, 1.0])
def test_a_browser_draws_what_python_draws(tmp_path, strength):
    v, x = some_velocity(4.0, h=H, w=W), waves(H, W)[:, :1].expand(-1, 3, -1, -1)  # its long waves
    bytes_ = torch.cat([x[0] * 255, torch.full((1, H, W), 255.0)]).permute(1, 2, 0).flatten().tolist()
    given = {"packed": flow.packed(v), "x": {"width": W, "height": H, "data": bytes_}, "strength": strength}
    found = asked(tmp_path, f"const {{ packed, x, strength }} = {json.dumps(given)};{DRAW}")
    y = torch.tensor(found).view(H, W, 4).permute(2, 0, 1)[:3] / 255
    expected = moved(x, unfolded(v, H, W, strength))[0]
    assert (y - expected).abs().mean() < (1e-6 if strength == 0 else 0.01)
    assert strength == 0 or (expected - x[0]).abs().mean() > 0.05, "else this says nothing"


def test_a_browser_goes_as_far_as_python_where_more_would_fold(tmp_path):
    v = some_velocity(6.0, spacing=SPACING, h=H, w=W)
    farthest = asked(
        tmp_path,
        f'import {{ longest, unpacked }} from "./flow.js"; const field = unpacked({json.dumps(flow.packed(v))});'
        f"console.log(longest(field, 1.5, {W}, {H}));",
    )
    far = next(s / 100 for s in range(150, 0, -1) if areas(follow(v, H, W, s / 100)).min() >= LEAST_AREA)
    assert far < 1.4 and abs(farthest - far) < 0.1


def asked(folder, script):
    """What a script prints, as JSON, that runs beside the modules of the page."""
    for file in (*Path("book/page").glob("*.js"), Path(flow.__file__).with_suffix(".js")):
        shutil.copyfile(file, folder / file.name)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.js").write_text(script)
    done = subprocess.run(["node", "ask.js"], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_page_makes_of_a_field_s_nodes_the_velocity_that_python_makes(tmp_path):
    rows, columns = grid_of(H, W, SPACING)
    nodes = torch.randn(1, 2, rows - 1, columns - 1, generator=torch.Generator().manual_seed(0))
    asking = f"velocity({json.dumps(nodes.flatten().tolist())}, {W}, {H})"
    found_rows, found_columns, v = asked(
        tmp_path,
        f'import {{ velocity }} from "./mover.js"; const found = {asking};'
        "console.log(JSON.stringify([found.rows, found.columns, Array.from(found.v)]));",
    )
    torch.testing.assert_close(
        torch.tensor(v).view(1, 2, found_rows, found_columns), velocity(nodes, H, W), atol=1e-5, rtol=0
    )


def test_the_page_finds_the_flow_of_a_picture_whose_sides_are_no_whole_cells(tmp_path):
    """With a predictor that guesses black and a look that steps the same way everywhere, as Python does it."""
    script = """
        import { flowOf } from "./mover.js"; import { follow, moved } from "./flow.js";
        const image = { width: 70, height: 47, data: new Float32Array(3 * 70 * 47).map((_, i) => (i % 70) / 70) };
        const black = async (y) => ({ ...y, data: y.data.map(() => 0) });
        const step = async (y, z, state, rows, columns) => state.map((n, i) => n + (i < 2 * rows * columns ? 2 : 0));
        const flow = await flowOf(image, 2, black, step);
        const data = Uint8ClampedArray.from({ length: 4 * 70 * 47 }, (_, i) => 3 * (Math.floor(i / 4) % 70));
        const [x, y] = [{ width: 70, height: 47, data }, { data: new Uint8ClampedArray(data.length) }];
        moved(x, flow, follow(flow, 1, flow.width, flow.height), y);
        const red = Array.from(y.data).filter((_, i) => i % 4 === 0);
        console.log(JSON.stringify([flow.width, flow.height, flow.rows, flow.columns, red]));
    """
    width, height, rows, columns, data = asked(tmp_path, script)
    assert (width, height) == (68, 44)
    nodes = torch.full((1, 2, *(n - 1 for n in grid_of(44, 68, SPACING))), 4.0)
    v = velocity(nodes, 44, 68)
    assert v.shape[2:] == (rows, columns)
    x = (3 * torch.arange(70.0) / 255).expand(1, 3, 47, 70)
    y = torch.tensor(data).view(47, 70) / 255
    u = torch.zeros(1, 2, 47, 70)
    u[..., :44, :68] = follow(v, 44, 68)
    assert (y - moved(x, u)[0, 0]).abs().mean() < 0.01 < (y - x[0, 0]).abs().mean()
    torch.testing.assert_close(y[44:], x[0, 0, 44:], atol=0.003, rtol=0)


def test_a_velocity_is_packed_into_sixteen_bits_a_number():
    v = some_velocity(4.0, h=H, w=W)
    found = flow.packed(v)
    grid = torch.frombuffer(bytearray(base64.b64decode(found["data"])), dtype=torch.int16)
    assert grid.abs().max() == 32767 and (found["rows"], found["columns"]) == tuple(v.shape[2:])
    assert (grid.view(v.shape) * found["largest"] / 32767 - v).abs().max() < 1e-3
    assert flow.packed(torch.zeros(1, 2, 5, 5))["largest"] > 0


def test_the_page_needs_no_other_file():
    page = flow.flow_page(torch.rand(3, 40, 60), some_velocity(2.0, h=40, w=60), "a <b> __FIELD__")
    assert page.count("a &lt;b&gt; __FIELD__") == 2
    assert "export " not in page and "src=" not in page and "import " not in page


def test_improve_writes_a_page_where_it_moves(tmp_path, monkeypatch, capsys):
    from skimage import data, io

    monkeypatch.setattr("abstract_beauty.moving.STEPS", 2)
    photo, out = tmp_path / "cat.png", tmp_path / "cat.html"
    io.imsave(photo, data.chelsea()[:96, :128])
    assert main(["improve", str(photo), "--out", str(out), "--improver", "move"]) == 0
    assert "<title>cat</title>" in out.read_text() and "slider" in capsys.readouterr().out
    again = ["improve", str(photo), "--out", str(tmp_path / "x.html"), "--improver", "move"]
    assert main([*again, "--strength", "0.5"]) == main([*again, "--times", "2"]) == 2
    assert "slider" in capsys.readouterr().err
    assert main(again[:-2]) == 2
    assert "an improver that moves" in capsys.readouterr().err and not (tmp_path / "x.html").exists()
