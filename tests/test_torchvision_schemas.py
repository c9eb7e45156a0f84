"""The stand-in for torchvision's compiled operators."""

import torch

from cardiacnets.torchvision_schemas import SCHEMAS, declare_missing_operators


def test_timm_and_torchvision_import_beside_any_torch():
    import timm
    import torchvision

    assert timm.__version__ and torchvision.__version__


def test_a_second_call_declares_nothing():
    assert declare_missing_operators() == []
    assert all(hasattr(torch.ops.torchvision, name) for name in SCHEMAS)
