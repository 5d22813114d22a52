"""Ready aesthetic predictors as part of a loss: any module that turns images into scores.

A scorer takes images (b, 3, h, w) in [0, 1] and returns (b,), differentiable, higher is better. Off by default: no
experiment of params.yaml uses one, and their weights are fetched when one is asked for, by the user, under their terms.
Whoever asks names the commit too (`scorer: laion@COMMIT`), so that the weights cannot change underneath.
"""

import re

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.errors import UserError

# The normalisation that OpenAI's CLIP was trained with (Radford et al. 2021).
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)

# LAION's linear head (github.com/LAION-AI/aesthetic-predictor) with the CLIP ViT-L/14 that it reads, as safetensors.
LAION_REPOSITORY = "shunk031/aesthetics-predictor-v1-vit-large-patch14"


class ClipScorer(nn.Module):
    """A linear head on CLIP's image embedding: LAION's aesthetic predictor (Schuhmann 2022) is one.

    score = head(e / |e|), e the projected embedding of the image, brought to the model's size.

    Args:
        vision: a `transformers` CLIPVisionModelWithProjection.
        head: (b, d) -> (b, 1).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, vision: nn.Module, head: nn.Module):
        super().__init__()
        self.vision, self.head = vision, head
        self.size = int(vision.config.image_size)
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(3, 1, 1), persistent=False)

    def forward(self, y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
        """Scores of images in [0, 1]; the short side is brought to the model's size and the centre cut out."""
        height, width = y.shape[2:]
        scale = self.size / min(height, width)
        size = [max(self.size, round(side * scale)) for side in (height, width)]
        small = functional.interpolate(y, size=size, mode="bicubic", align_corners=False, antialias=True)
        top, left = ((side - self.size) // 2 for side in size)
        small = small[..., top : top + self.size, left : left + self.size]
        embedded = self.vision(pixel_values=(small - self.mean) / self.deviation).image_embeds
        return self.head(functional.normalize(embedded, dim=-1))[:, 0]


def load_scorer(name: str) -> ClipScorer:
    """The scorer that `laion@COMMIT` names: LAION's aesthetic predictor, version 1, on CLIP ViT-L/14; frozen.

    It is fetched from the Hugging Face hub, 1.2 GB once, at that commit and no other.

    Raises:
        UserError: there is no such scorer, no full commit hash stands after its name, `transformers` is not installed,
            the weights cannot be fetched, or the head does not fit.
    """
    name, _, commit = name.partition("@")
    if name != "laion":
        raise UserError(f"params.yaml: there is no scorer {name!r}; there is laion")
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UserError(
            f"params.yaml: the scorer {name!r} needs the full commit hash of its weights (40 hexadecimal digits) after "
            f"an @, got {commit!r}; copy it from the history of {LAION_REPOSITORY} on the Hugging Face hub"
        )
    try:
        from huggingface_hub import hf_hub_download
        from safetensors.torch import load_file
        from transformers import CLIPVisionModelWithProjection
    except ImportError as error:
        mend = "install it with `pip install 'abstract-beauty[scorer]'`"
        raise UserError(f"the scorer needs {error.name}; {mend}") from error
    try:
        vision = CLIPVisionModelWithProjection.from_pretrained(
            LAION_REPOSITORY, revision=commit, use_safetensors=True
        )
        tensors = load_file(hf_hub_download(LAION_REPOSITORY, "model.safetensors", revision=commit))
        weights = {name: tensors[f"predictor.{name}"] for name in ("weight", "bias")}
    except Exception as error:  # of many kinds: no network, no such file, no space, no access
        line = (str(error).strip().splitlines() or ["no message"])[0]
        raise UserError(f"the scorer's weights cannot be fetched: {line}") from error
    head = nn.Linear(int(vision.config.projection_dim), 1)
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if shapes != {name: tuple(tensor.shape) for name, tensor in head.state_dict().items()}:
        what = f"does not fit CLIP's {head.in_features} features: it has {shapes}"
        raise UserError(f"the aesthetic head {what}")
    head.load_state_dict(weights)
    return ClipScorer(vision, head).eval().requires_grad_(False)
