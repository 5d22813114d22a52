"""Abstract Beauty: is beauty what a mind can predict?

A predictor f guesses each tile of an image from its surroundings; an improver g changes images so that f
guesses better.
"""

import lazy_loader

__version__ = "0.1.0"

# Each is imported when it is first asked for: torch takes seconds, training some more, and a command line that only
# prints its help needs neither.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "data.images": ["read_image", "resize_short_side", "write_image"],
        "errors": ["UserError"],
        "improvers": ["improve"],
        "interactive.given": ["crops", "judge", "judged", "photographs", "predictor"],
        "interactive.training": ["train_improver", "train_predictor"],
        "moving": ["move"],
        "params": ["Params", "load_params"],
        "prediction.full_prediction": ["CONTEXT", "MARGIN", "TILE", "contexts", "full_prediction"],
        "prediction.predictability": ["error_map", "phase_averaged", "predictability", "progress"],
        "project": ["Project", "find_project"],
        "scores.scores": ["Scores", "complexity", "score"],
        "weights": ["load_improver", "load_predictor"],
    },
)
