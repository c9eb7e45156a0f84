"""A stage that is killed (SIGKILL) at random moments ends with the bits of an undisturbed one."""

import multiprocessing
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from cardiacnets.profile import load_profile
from cardiacnets.training import Stage, fit, minibatches
from cardiacnets.training.state import FILE

EPOCHS, KILLS = 60, 5


def train(workspace: Path, target: Path) -> None:
    """The whole stage: dropout, augmentation, moving average, validation and a state after each epoch."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(96, 6, generator=generator)
    y = x[:, :1] - 2 * x[:, 1:2]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 256), nn.Dropout(0.1), nn.GELU(), nn.Linear(256, 1))
    settings = replace(load_profile("smoke").aligning, epochs=EPOCHS, batch=16, accumulate=2, ema=0.9)

    def batches(epoch, generator):
        for index in minibatches(96, 16, generator):
            yield x[index], y[index]

    def loss(model, batch):
        return {"loss": (model(batch[0]) - batch[1]).square().mean()}

    stage = Stage(
        "any",
        model,
        loss,
        batches,
        settings,
        seed=3,
        examples=96,
        augment=lambda batch, generator: [batch[0] + torch.rand(1, generator=generator) / 10, batch[1]],
        validate=lambda model: loss(model, (x, y))["loss"].item(),
    )
    history = fit(stage, workspace, progress=False)
    validation = torch.tensor([row["validation"] for row in history.epochs])
    save_file({**model.state_dict(), "validation": validation}, target)


def _saved_at(workspace: Path) -> int:
    path = workspace / FILE
    return path.stat().st_mtime_ns if path.is_file() else 0


def test_killed_at_random_moments_it_ends_with_equal_bits(tmp_path):
    # one server has the libraries loaded; its children start at once
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cardiacnets.training"])

    def start(name: str):
        process = context.Process(target=train, args=(tmp_path / name, tmp_path / f"{name}.safetensors"))
        process.start()
        return process

    whole = start("whole")
    whole.join(120)
    random, killed = np.random.default_rng(5), 0
    while killed < KILLS:
        before, process = _saved_at(tmp_path / "cut"), start("cut")
        # one epoch further than the last one came, so that the kills fall on different epochs, and then at
        # any moment of computing, validating or writing
        while process.is_alive() and _saved_at(tmp_path / "cut") == before:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it ended before it was killed"
        killed += 1
    last = start("cut")
    last.join(120)
    expected, found = (load_file(tmp_path / f"{name}.safetensors") for name in ("whole", "cut"))
    assert len(expected["validation"]) == EPOCHS + 1
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert not list((tmp_path / "cut").glob(f".{FILE}.*"))  # what was half written has been swept away
