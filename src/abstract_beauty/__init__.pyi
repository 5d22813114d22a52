from .data.images import (
    read_image as read_image,
)
from .data.images import (
    resize_short_side as resize_short_side,
)
from .data.images import (
    write_image as write_image,
)
from .errors import UserError as UserError
from .improvers import improve as improve
from .interactive.given import crops as crops
from .interactive.given import judge as judge
from .interactive.given import judged as judged
from .interactive.given import photographs as photographs
from .interactive.given import predictor as predictor
from .interactive.training import train_improver as train_improver
from .interactive.training import train_predictor as train_predictor
from .moving import move as move
from .params import Params as Params
from .params import load_params as load_params
from .prediction.full_prediction import CONTEXT as CONTEXT
from .prediction.full_prediction import MARGIN as MARGIN
from .prediction.full_prediction import TILE as TILE
from .prediction.full_prediction import contexts as contexts
from .prediction.full_prediction import full_prediction as full_prediction
from .prediction.predictability import error_map as error_map
from .prediction.predictability import phase_averaged as phase_averaged
from .prediction.predictability import predictability as predictability
from .prediction.predictability import progress as progress
from .project import Project as Project
from .project import find_project as find_project
from .scores.scores import Scores as Scores
from .scores.scores import complexity as complexity
from .scores.scores import score as score
from .weights import load_improver as load_improver
from .weights import load_predictor as load_predictor

__version__: str
