"""Scorers: a ready aesthetic predictor as part of a loss, tried with tiny random weights."""

import pytest
import torch
from safetensors.torch import save_file

from abstract_beauty import losses
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import loss_values, predictors_of
from abstract_beauty.losses import LOSSES
from abstract_beauty.losses import _scorers as scorers
from abstract_beauty.sections import ImproverParams

transformers = pytest.importorskip("transformers")
huggingface_hub = pytest.importorskip("huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def vision():
    config = transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32,
        patch_size=8, projection_dim=12,
    )  # fmt: skip
    torch.manual_seed(0)
    return transformers.CLIPVisionModelWithProjection(config)


@pytest.fixture(scope="module")
def scorer(vision):
    generator = torch.Generator().manual_seed(1)
    head = torch.nn.Linear(12, 1)
    head.load_state_dict({"weight": torch.randn(1, 12, generator=generator), "bias": torch.tensor([5.0])})
    return scorers.ClipScorer(vision, head).requires_grad_(False)


def test_a_scorer_turns_any_picture_into_a_score_with_a_gradient(scorer):
    for h, w in ((32, 32), (48, 90), (33, 130), (20, 25)):
        y = torch.rand(2, 3, h, w, requires_grad=True)
        score = scorer(y)
        assert score.shape == (2,)
        score.sum().backward()
        assert y.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in scorer.parameters())


def test_the_score_is_the_head_on_the_unit_embedding(scorer, vision):
    y = torch.rand(1, 3, 32, 32)
    pixels = (y - scorer.mean) / scorer.deviation
    embedded = vision(pixel_values=pixels).image_embeds
    expected = scorer.head(embedded / embedded.norm(dim=-1, keepdim=True))[:, 0]
    torch.testing.assert_close(scorer(y), expected)


def test_descending_the_loss_raises_the_score(scorer):
    section = ImproverParams(loss="scored", weights={"k1": 0.0, "k2": 1.0}, scorer="laion")
    assert predictors_of(section) == {}
    x = torch.rand(1, 3, 32, 32)
    y = x.clone().requires_grad_(True)
    values = loss_values(LOSSES[section.loss], section.weights, x, y, {}, scorer=scorer)
    assert set(values) == {"loss", "mae_xy"}
    values["loss"].backward()
    with torch.no_grad():
        better = y - 0.01 * y.grad / y.grad.abs().max()
    assert scorer(better) > scorer(x)
    assert losses.scored(x, better, scorer, k1=0.0, k2=1.0) < values["loss"]


def test_an_unknown_name_is_one_line():
    with pytest.raises(UserError, match="there is no scorer 'taste'; there is laion"):
        scorers.load_scorer("taste")


def test_without_a_network_the_fetch_fails_in_one_line(monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("offline\nand a second line")

    monkeypatch.setattr(transformers.CLIPVisionModelWithProjection, "from_pretrained", refuse)
    with pytest.raises(UserError, match=r"cannot be fetched: offline$"):
        scorers.load_scorer(f"laion@{COMMIT}")


@pytest.mark.parametrize("name", ["laion", "laion@main", f"laion@{COMMIT[:12]}", f"laion@{COMMIT.upper()}"])
def test_weights_without_a_full_commit_are_refused_before_anything_is_fetched(monkeypatch, name):
    monkeypatch.setattr(
        transformers.CLIPVisionModelWithProjection, "from_pretrained", lambda *a, **k: pytest.fail("fetched")
    )
    with pytest.raises(UserError, match="needs the full commit hash"):
        scorers.load_scorer(name)


@pytest.mark.parametrize("wide", [12, 5])
def test_every_file_is_fetched_at_the_commit_and_fits(monkeypatch, vision, tmp_path, wide):
    asked = []

    def from_pretrained(repository, *, revision, use_safetensors):
        asked.append((repository, revision, use_safetensors))
        return vision

    def download(repository, file, *, revision):
        asked.append((repository, file, revision))
        save_file(
            {"predictor.weight": torch.zeros(1, wide), "predictor.bias": torch.ones(1)}, tmp_path / file
        )
        return tmp_path / file

    monkeypatch.setattr(transformers.CLIPVisionModelWithProjection, "from_pretrained", from_pretrained)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    if wide != 12:
        with pytest.raises(UserError, match="does not fit CLIP's 12 features"):
            scorers.load_scorer(f"laion@{COMMIT}")
        return
    scorer = scorers.load_scorer(f"laion@{COMMIT}")
    where = scorers.LAION_REPOSITORY
    assert asked == [(where, COMMIT, True), (where, "model.safetensors", COMMIT)]
    assert scorer(torch.rand(1, 3, 32, 32)).item() == 1.0
