"""Two processes under accelerate train what one process trains.

``accelerate launch --cpu`` starts several processes only through MPI; with ``--multi_gpu`` it starts them
through torchrun, and ``ACCELERATE_USE_CPU`` puts them on the CPU.
"""

import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path

import torch
from accelerate import PartialState
from safetensors.torch import save_file

from cardiacnets.models import Aligner, build
from cardiacnets.profile import load_profile
from cardiacnets.training import Stage, fit, minibatches

profile = load_profile("smoke")
sizes = profile.cmr_autoencoder
profile = replace(profile, ecg_encoder=replace(profile.ecg_encoder, dropout=0.0))
generator = torch.Generator().manual_seed(0)
ecg = torch.randn(32, 12, profile.ecg_input.samples, generator=generator)
features = torch.randn(2, 32, 24, generator=generator)
cines = torch.rand(2, 32, sizes.frames, sizes.pixels, sizes.pixels, generator=generator)


def train(model, rows, augment, workspace=None, **options):
    def batches(epoch, generator):
        for index in minibatches(32, 16, generator):
            yield [array[index] for array in rows]

    settings = replace(profile.aligning, epochs=2, batch=16)
    stage = Stage(
        "any", model, lambda model, batch: model(*batch) if isinstance(batch, list) else model(**batch),
        batches, settings, seed=1, examples=32, augment=augment, **options,
    )
    history = fit(stage, workspace, progress=False)
    return {**model.state_dict(), "losses": torch.tensor([row.get("loss", 0) for row in history.epochs])}


torch.manual_seed(0)
aligner = Aligner(profile, build("ecg_encoder", profile), cmr_width=24)
autoencoder = build("cmr_autoencoder", profile)
weights = train(
    aligner, [ecg, *features],
    lambda batch, generator: [batch[0] + torch.randn(batch[0].shape, generator=generator), *batch[1:]],
    validate=lambda model: model(ecg, *features)["loss"].item(), workspace=Path(sys.argv[1]).with_suffix(""),
)
weights |= train(
    autoencoder, cines,
    lambda pair, generator: {
        "sax": pair[0], "lax": pair[1], "visible": autoencoder.draw_masks(*pair, generator)
    },
)
print(f"process {PartialState().process_index}", flush=True)
if PartialState().is_main_process:
    save_file(weights, sys.argv[1])
"""


# the console script `accelerate`, after what lets torchvision be imported beside a CPU-only torch
ACCELERATE = """
import cardiacnets.torchvision_schemas
from accelerate.commands.accelerate_cli import main
main()
"""
DEFAULTS = [
    "--num_machines",
    "1",
    "--mixed_precision",
    "no",
    "--dynamo_backend",
    "no",
    "--main_process_port",
    "0",
]


def _run(script: Path, target: Path, processes: int) -> dict[str, torch.Tensor]:
    root = Path(__file__).parents[2]
    launch = ["-c", ACCELERATE, "launch", "--multi_gpu", "--num_processes", str(processes), *DEFAULTS]
    command = [sys.executable, *(launch if processes > 1 else []), script, target]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("process") == processes
    return load_file(target)


def test_two_processes_equal_one(tmp_path):
    script = tmp_path / "align.py"
    script.write_text(SCRIPT)
    one, two = (_run(script, tmp_path / f"{processes}.safetensors", processes) for processes in (1, 2))
    for name, value in one.items():
        found = two[name]
        if name.endswith("qkv.bias"):
            # a key's bias adds the same to all scores of a query, which softmax ignores: its gradient is
            # rounding alone, and Adam makes steps of it
            value, found = (torch.cat([bias.chunk(3)[part] for part in (0, 2)]) for bias in (value, found))
        assert torch.allclose(value, found, atol=1e-5), name
