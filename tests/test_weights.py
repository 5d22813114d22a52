"""Weights files: what is loaded is what was saved, and anything else is one line."""

import pytest
import torch

from abstract_beauty import weights
from abstract_beauty.errors import UserError
from abstract_beauty.files import sha256, write_json
from abstract_beauty.project import Project

DESCRIPTION = weights.Description("predictors", "good", "context_encoder", 4, {"seed": 1})


@pytest.fixture
def network():
    torch.manual_seed(0)
    return weights.build("predictors", "context_encoder", 4)


@pytest.fixture
def path(tmp_path, network):
    path = tmp_path / "good.safetensors"
    weights.save(path, network, DESCRIPTION)
    return path


def test_round_trip(path, network):
    loaded = weights.load(path, "predictors")
    assert weights.describe(path) == DESCRIPTION
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), network.parameters(), strict=True))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_loading_leaves_the_random_state_alone(path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    weights.load(path, "predictors")
    assert torch.equal(torch.rand(1), expected)


def test_the_same_network_gives_the_same_bytes(path, network, tmp_path):
    for _ in range(5):
        weights.save(tmp_path / "again.safetensors", network, DESCRIPTION)
        assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def refused(path, kind="predictors"):
    with pytest.raises(UserError) as caught:
        weights.load(path, kind)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_predictor_is_no_improver(path):
    assert "where one of the improvers is needed" in refused(path, "improvers")


def test_names(tmp_path, path):
    project = Project(tmp_path)
    with pytest.raises(UserError, match="make repro"):
        weights.find("predictors", "reference", project)
    own = project.run / "predictors" / "good.safetensors"
    own.parent.mkdir(parents=True)
    own.write_bytes(path.read_bytes())
    assert weights.find("predictors", "run/good", project) == own
    with pytest.raises(UserError, match="run/good"):
        weights.find("predictors", "run/better", project)
    reference = project.reference / "predictors" / "good.safetensors"
    reference.parent.mkdir(parents=True)
    reference.write_bytes(path.read_bytes())
    assert weights.find("predictors", "reference", project) == reference
    assert weights.find("predictors", "reference/good", project) == reference
    with pytest.raises(UserError, match="reference/good"):
        weights.find("predictors", "reference/bad", project)
    with pytest.raises(UserError, match="neither"):
        weights.find("predictors", "elsewhere/good", project)


def test_a_folder_as_the_hub_has_them_is_found(tmp_path, path):
    shared = tmp_path / "somebody's predictor"
    shared.mkdir()
    path.rename(shared / "model.safetensors")
    assert weights.find("predictors", shared) == shared / "model.safetensors"
    assert isinstance(weights.load_predictor(shared), torch.nn.Module)


def test_a_folder_without_weights_says_so(tmp_path):
    with pytest.raises(UserError, match=r"this folder holds no model\.safetensors"):
        weights.find("improvers", tmp_path, Project(tmp_path))


def test_a_repository_of_the_hub_is_fetched_by_name_and_revision(path, monkeypatch):
    asked = []

    def fetch(*names, revision):
        asked.append((*names, revision))
        return str(path)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fetch)
    assert isinstance(weights.load_predictor("hf:somebody/theirs"), torch.nn.Module)
    assert weights.find("predictors", "hf:somebody/theirs@v2") == path
    assert asked == [("somebody/theirs", "model.safetensors", each) for each in (None, "v2")]


def test_what_cannot_be_fetched_is_one_line(monkeypatch):
    def fails(*_, **__):
        raise OSError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fails)
    with pytest.raises(UserError, match=r"hf:a/b: model\.safetensors cannot be fetched \(no route to host\)"):
        weights.find("predictors", "hf:a/b")


@pytest.fixture
def reference(tmp_path, path):
    """A published predictor, and the file of hashes beside its folder."""
    reference = Project(tmp_path).reference / "predictors" / "good.safetensors"
    reference.parent.mkdir(parents=True)
    reference.write_bytes(path.read_bytes())
    hashes = reference.parents[1] / "hashes.json"
    write_json(hashes, {"predictors/good.safetensors": sha256(path)})
    return reference, hashes


def test_a_published_file_is_loaded_when_its_hash_is_right(reference, network):
    loaded = weights.load(reference[0], "predictors")
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), network.parameters(), strict=True))


def other_weights(file, hashes):
    weights.save(file, weights.build("predictors", "context_encoder", 4), DESCRIPTION)


def cut_off(file, hashes):
    file.write_bytes(file.read_bytes()[:2000])


def a_link_to_others(file, hashes):
    elsewhere = hashes.parents[2] / "others.safetensors"
    other_weights(elsewhere, hashes)
    file.unlink()
    file.symlink_to(elsewhere)


@pytest.mark.parametrize("change", [other_weights, cut_off, a_link_to_others])
def test_a_published_file_that_changed_is_refused(reference, change):
    change(*reference)
    message = refused(reference[0])
    assert "is not the file that was published" in message
    assert "`git checkout -- models/reference`" in message


@pytest.mark.parametrize("content", [None, "{}", "[]", '{"improvers/good.safetensors": "0"}'])
def test_a_file_that_is_not_listed_is_refused(reference, content):
    file, hashes = reference
    hashes.unlink() if content is None else hashes.write_text(content)
    message = refused(file)
    assert "is not listed in reference/hashes.json" in message
    assert "`git checkout -- models/reference`" in message


def test_hashes_that_cannot_be_read_are_named(reference):
    reference[1].write_text("{")
    with pytest.raises(UserError, match=r"hashes\.json: cannot be read as JSON"):
        weights.load(reference[0], "predictors")


def test_a_missing_reference_file_is_still_no_such_file(reference):
    reference[0].unlink()
    assert "no such file" in refused(reference[0])
