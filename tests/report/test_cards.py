"""Cards say what lies in the run: networks by their cards, cohorts by what was stored, rounded if asked."""

from dataclasses import replace

import pandas as pd
import pytest
import yaml

from cardiacnets.artefacts import write_json
from cardiacnets.models import build
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.profile import load_profile
from cardiacnets.report.cards import data_cards, model_cards
from cardiacnets.run import SIDECAR, Run
from cardiacnets.training.checkpoints import save_checkpoint


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path / "trial", "trial", load_profile("smoke"))


def keep(run: Run, name: str, **how) -> int:
    """A network where ``name`` lies; its parameters."""
    model = build("video_autoencoder", run.profile)
    folder = save_checkpoint(
        model, run.models / name, "video_autoencoder", run.profile, data="made-up data", **how
    )
    write_json(folder / SIDECAR, {"commit": "abc123"})
    return sum(each.numel() for each in model.parameters())


def store(run: Run, name: str, people: int, recordings: int, **ingredients) -> None:
    folder = run.cohorts / name
    folder.mkdir(parents=True)
    write_json(folder / SIDECAR, {"ingredients": ingredients})
    table = pd.DataFrame({"participant_id": [f"p{place % people}" for place in range(recordings)]})
    table.to_parquet(folder / "recordings.parquet")


def card_of(page: str, title: str) -> str:
    (card,) = (part for part in page.split("\n## ") if part.startswith(f"{title}\n"))
    return card


def test_a_network_is_described_by_the_card_beside_its_weights(run):
    parameters = keep(run, "video_autoencoder")
    card = card_of(model_cards(run), "video_autoencoder")
    for said in (f"{parameters:,}", "made-up data", "`abc123`", "[chapter 04](04_diffusion)", "`smoke`"):
        assert said in card, said
    assert "Trained again" not in card


def test_other_trainings_are_counted_and_have_no_card_of_their_own(run):
    for name in ("aligned", "aligned_training2", "aligned_training3"):
        keep(run, name)
    page = model_cards(run)
    assert page.count("\n## ") == 1 and "- 2 times" in card_of(page, "aligned")


def test_networks_that_answer_tasks_stand_in_one_table(run):
    for name in ("ukb.cm/aligned_10", "ukb.cm/ecg", "ukb.all/cmr_supervised"):
        keep(run, name)
    table = card_of(model_cards(run), "Networks that answer the tasks")
    assert (
        "| UK Biobank: cardiomyopathy | aligned ECG (10 % of the labels), ECG-only network | `ukb.cm` |"
        in table
    )
    assert "| UK Biobank: all tasks |" in table


def test_trainings_and_draws_are_counted_beside_the_arm(run):
    again = ("", "_training2", "_training3")
    for name in (*(f"ukb.cm/aligned{each}" for each in again), "ukb.cm/ecg_30_seed1", "ukb.cm/ecg_30_seed2"):
        keep(run, name)
    page = model_cards(run)
    assert "| aligned ECG (3 trainings), ECG-only network (30 % of the labels, 2 draws of labels) |" in page
    assert "_training" not in page.split("## Networks that answer")[1]


def test_a_linear_code_is_said_to_be_fixed_and_whose(tmp_path):
    quick = load_profile("quick")
    patches = replace(quick.diffusion, autoencoder="patches", latent_channels=8, pretrained_vae="patches")
    run = Run(tmp_path / "trial", "trial", replace(quick, diffusion=patches))
    keep(run, "video_autoencoder")
    card = card_of(model_cards(run), "video_autoencoder")
    assert "a fixed linear code (`patches`)" in card
    assert "made-up data" not in card and "- 0\n" not in card


def test_a_simulated_cohort_says_so_and_what_it_stands_for(run):
    store(run, "mimic", people=7, recordings=11, preset="enriched", seed=3)
    card = card_of(data_cards(run), "MIMIC-IV-ECG, simulated")
    published = yaml.safe_load((MANIFESTS / "mimic_iv_ecg_simulated.yaml").read_text())["published"]
    for said in ("preset `enriched`, seed 3", "- 7\n", "- 11\n", f"{published['recordings']:,} recordings"):
        assert said in card, said


def test_counts_of_a_restricted_cohort_are_rounded(run):
    store(run, "ukb", people=1234, recordings=1238, manifest=str(MANIFESTS / "ukb.yaml"))
    card = card_of(data_cards(run), "UK Biobank")
    assert "real, UK Biobank" in card and "- 1,230, to the nearest 10\n" in card and "- 1,240\n" in card
    assert "1,234" not in card and "1,238" not in card and "Material Transfer Agreement" in card


def test_a_run_without_any_has_pages_without_cards(run):
    assert "\n## " not in model_cards(run) and "\n## " not in data_cards(run)
