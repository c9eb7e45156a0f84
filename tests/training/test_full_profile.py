"""One training step of each stage at the sizes of ``full``, two rows a batch, in its own precision."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models import build
from cardiacnets.models.heads import index_loss
from cardiacnets.profile import load_profile
from cardiacnets.training import Stage, fit

FULL = load_profile("full")


def _ecg():
    return torch.randn(2, 12, FULL.ecg_input.samples)


def _cines():
    sizes = FULL.cmr_autoencoder
    return torch.rand(2, 2, sizes.frames, sizes.pixels, sizes.pixels).unbind()


def _latents(model):
    sizes = FULL.diffusion
    side = sizes.pixels // model.autoencoder.factor
    shape = (2, sizes.latent_channels, sizes.frames, side, side)
    return torch.randn(shape), torch.randn(2, 600, FULL.ecg_encoder.width)


def _features(model):
    return torch.randn(2, 2, model.cmr_heads["sax"][1].in_features).unbind()


STAGES = {
    "ecg_autoencoder": ("ecg_pretraining", {}, lambda model: [_ecg()]),
    "cmr_autoencoder": ("pretraining", {}, lambda model: [*_cines()]),
    "aligner": ("aligning", {}, lambda model: [_ecg(), *_features(model)]),
    "video_autoencoder": ("autoencoding", {}, lambda model: [_cines()[0][:, 0]]),
    "diffusion": ("generation", {}, lambda model: [*_latents(model)]),
    "downstream": ("finetuning", {"outputs": 82}, lambda model: [_ecg()]),
}


@pytest.mark.parametrize("kind", STAGES)
def test_every_stage_of_full_steps(kind):
    stage, options, rows = STAGES[kind]
    torch.manual_seed(0)
    model = build(kind, FULL, **options)
    before = {name: value.clone() for name, value in model.named_parameters()}

    def loss(model, batch):
        values = model(*batch)
        return values if isinstance(values, dict) else {"loss": index_loss(values, torch.ones(2, 82))}

    settings = replace(getattr(FULL, stage), epochs=1, batch=2, ema=0.0)
    history = fit(Stage(
        kind, model, loss, lambda epoch, generator: [rows(model)], settings, seed=1, examples=2,
        trainable=lambda name: not (kind == "diffusion" and name.startswith("autoencoder")),
    ), progress=False)  # fmt: skip
    assert history.epochs[-1]["loss"] > 0
    moved = [name for name, value in model.named_parameters() if not torch.equal(value, before[name])]
    assert len(moved) > 0.5 * len([name for name in before if not name.startswith("autoencoder")])
