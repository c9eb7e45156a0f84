"""Two processes under accelerate train what one process trains.

``accelerate launch`` starts several processes on a CPU only through MPI, on GPUs through torchrun; here
torchrun starts them.
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
print(f"process {PartialState().process_index}", flush=True)
if PartialState().is_main_process:
    save_file(model.state_dict(), sys.argv[1])
"""


def _run(script: Path, target: Path, processes: int) -> dict[str, torch.Tensor]:
    root = Path(__file__).parents[2]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
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
        assert torch.allclose(value, two[name], atol=1e-5), name
