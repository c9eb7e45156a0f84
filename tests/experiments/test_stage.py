"""A network is declared once, and a declaration that cannot be met is refused at import."""

import pickle
import subprocess
import sys

import pytest

from cardiacnets.experiments.contrastive_alignment import align
from cardiacnets.experiments.diffusion import generate
from cardiacnets.experiments.downstream_tasks import downstream
from cardiacnets.experiments.shared.stage import DECLARED, trained
from cardiacnets.profile import load_profile
from cardiacnets.run import ARTEFACTS, REPOSITORY, Run, chapter_of


def any_stage(run, arm="aligned"):
    """Makes nothing."""


@pytest.mark.parametrize(
    ("place", "more", "fault"),
    [
        ("cmr_autoencoder", {},
         "models/cmr_autoencoder is declared twice: by .*pretrain.cmr_autoencoder_stage and by .*any_stage"),
        ("aligned", {"needs": ["clean/ukb", "dreams/ukb"]},
         "models/aligned needs dreams/ukb: no chapter makes it"),
        ("nowhere", {}, "models/nowhere: no chapter makes it"),
        ("cmr_autoencoder", {"needs": ["models/video_autoencoder"]},
         "models/cmr_autoencoder of chapter 02.* needs models/video_autoencoder, which chapter 04.* later"),
        ("aligned", {"reads": ["alinging"]},
         "any_stage reads 'alinging': a profile has the sections cohorts,"),
        ("aligned", {"reads": ["aligning.rate"]},
         "any_stage reads 'aligning.rate': aligning has the keys epochs, batch,"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_met_names_the_fault(place, more, fault):
    before = dict(DECLARED)
    with pytest.raises(ValueError, match=fault):
        trained(place, **{"needs": ["clean/ukb"], "reads": ["aligning"]} | more)(any_stage)
    assert DECLARED == before


def test_every_network_has_its_place_and_its_chapter():
    assert set(ARTEFACTS.values()) >= {chapter_of(f"models/{place}") for place in DECLARED}
    assert {"cmr_autoencoder", "aligned", "permuted", "diffusion_sax", "ukb.cm/aligned"} <= DECLARED.keys()
    network, choices = DECLARED["diffusion_lax"]
    assert network is generate.diffusion_stage and choices == ("lax",)


def test_a_network_goes_to_another_process_by_its_name():
    fit = pickle.loads(pickle.dumps(generate.fit_diffusion))
    assert fit == generate.fit_diffusion and fit.__self__ is generate.diffusion_stage
    assert align.aligner_stage.__doc__.startswith("Augmented ECGs")


def test_choices_rows_and_settings_are_in_the_fingerprint(monkeypatch, tmp_path):
    network, run = downstream.network_stage, Run(tmp_path, "none", load_profile("smoke"))
    monkeypatch.setattr(network, "needs", [])
    plain, told = (network.ingredients(run, "ukb.cm", arm) for arm in ("aligned", "aligned_covariates"))
    once = {"fraction": 1.0, "seed": None, "training": 1}
    assert plain["choices"] == {"key": "ukb.cm", "arm": "aligned"} | once
    assert plain["rows"] == ("aligned", False) and told["rows"] == ("aligned", True)
    assert plain["settings"]["downstream.labels"] == run.profile.downstream.labels
    assert plain["settings"]["seed"] == run.profile.seed and plain["source"] == told["source"]


def test_the_command_lists_the_networks_that_there_are():
    command = [sys.executable, "-m", "cardiacnets", "train", "echo"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: unknown network 'echo': choose one of")
    named = set(done.stderr.strip().partition("choose one of ")[2].split(", "))
    assert named == set(DECLARED)
