"""Abstract Beauty: is beauty what a mind can predict?

A predictor f guesses each tile of an image from its surroundings; an improver g changes images so that f
guesses better.
"""

import lazy_loader

__version__ = "0.1.0"

# The names are those of __init__.pyi. Each is imported when it is first asked for: torch takes seconds, training some
# more, and a command line that only prints its help needs neither.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
