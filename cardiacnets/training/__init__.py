"""One training loop for all stages, its batches and its checkpoints."""

from cardiacnets import torchvision_schemas as torchvision_schemas  # before any import of timm
from cardiacnets.training.batching import minibatches
from cardiacnets.training.checkpoints import from_pretrained, load_checkpoint, save_checkpoint
from cardiacnets.training.history import History
from cardiacnets.training.loop import beside, fit
from cardiacnets.training.processes import this_process
from cardiacnets.training.stage import Given, Stage

__all__ = [
    "Given",
    "History",
    "Stage",
    "beside",
    "fit",
    "from_pretrained",
    "load_checkpoint",
    "minibatches",
    "save_checkpoint",
    "this_process",
]
