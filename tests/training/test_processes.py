"""Two CPU processes under ``accelerate launch`` train what one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

SCRIPT = """
import sys
from dataclasses import replace

import torch
from accelerate import PartialState
from safetensors.torch import save_file

from cardiacnets.models import Aligner
from cardiacnets.profile import load_profile
from cardiacnets.training import fit, minibatches

profile = load_profile("smoke")
profile = replace(profile, ecg_encoder=replace(profile.ecg_encoder, dropout=0.0))
generator = torch.Generator().manual_seed(0)
ecg = torch.randn(32, 12, profile.ecg_input.samples, generator=generator)
sax, lax = torch.randn(2, 32, 24, generator=generator)


def batches(epoch, generator):
    for index in minibatches(32, 16, generator):
        yield ecg[index], sax[index], lax[index]


torch.manual_seed(0)
model = Aligner(profile, cmr_width=24)
settings = replace(profile.aligning, epochs=2, batch=16)
fit(model, lambda model, batch: model(*batch), batches, settings, steps_per_epoch=2, seed=1, progress=False)
if PartialState().is_main_process:
    save_file(model.state_dict(), sys.argv[1])
"""


def _launch(script: Path, target: Path, processes: int) -> None:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", str(processes),
               "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, script, target], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


def test_two_processes_equal_one(tmp_path):
    script = tmp_path / "align.py"
    script.write_text(SCRIPT)
    for processes in (1, 2):
        _launch(script, tmp_path / f"{processes}.safetensors", processes)
    one, two = (load_file(tmp_path / f"{processes}.safetensors") for processes in (1, 2))
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=1e-5), name
