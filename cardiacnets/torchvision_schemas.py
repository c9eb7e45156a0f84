"""Let timm import beside a CPU-only torch.

On Linux the package registry's torchvision is built for CUDA. Beside a CPU-only torch its compiled operators
cannot be loaded, and ``import torchvision`` then fails with "operator torchvision::nms does not exist",
although nothing here uses those operators; timm imports torchvision. Declaring the two schemas torchvision
registers shapes for is enough. Where torchvision is whole, or absent, this module does nothing.
"""

import importlib.util
from pathlib import Path

import torch

SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def declare_missing_operators() -> list[str]:
    """Declare the operators torchvision lacks where its compiled library cannot be loaded; their names."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None or hasattr(torch.ops.torchvision, "nms"):
        return []
    for library in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(library)
        except OSError:
            continue
        return []
    for name, schema in SCHEMAS.items():
        torch.library.define(f"torchvision::{name}", schema)
    return list(SCHEMAS)


declare_missing_operators()
