"""Two dozen small hearts through every stage: what each stage promises to the next."""

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from cardiacnets.cohorts.preprocessing import open_clean, preprocess_cohort, resize_cine
from cardiacnets.cohorts.store import open_cohort, simulate_cohort
from cardiacnets.experiments.cmr_self_supervision import (
    components,
    contrast,
    features,
    pretrain,
    readout,
)
from cardiacnets.experiments.cmr_self_supervision.encoder import (
    cmr_encoder_folder,
    load_cmr_encoder,
    untrained_cmr_encoder,
)
from cardiacnets.experiments.contrastive_alignment import (
    align,
    as_published,
    closed_form,
    ecg_pretraining,
    gate,
    information_limited,
    switches,
)
from cardiacnets.experiments.contrastive_alignment.retrieval import found_more, retrieval_table
from cardiacnets.experiments.diffusion import generate, video_autoencoder
from cardiacnets.experiments.diffusion.movie_quality import frechet_distance, halved_distances
from cardiacnets.experiments.downstream_tasks import (
    cmr_supervised,
    downstream,
    leak_check,
    map_of_gain,
    oracle_arm,
    presentation,
)
from cardiacnets.experiments.downstream_tasks.parts import Parts
from cardiacnets.experiments.downstream_tasks.predictions import network_scores
from cardiacnets.experiments.shared import encoding, stage, tasks
from cardiacnets.experiments.shared.attribution import grad_cam, occlusion
from cardiacnets.experiments.shared.inputs import Standardiser
from cardiacnets.experiments.shared.tasks import TASKS, asked_tasks, labelled
from cardiacnets.experiments.your_own_ecg.explain import explain_ecg
from cardiacnets.models.linear_twin import CineComponents, ClosedFormAlignment
from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import SECTIONS, Profile, load_profile
from cardiacnets.reach import reached
from cardiacnets.report.results import make_result
from cardiacnets.run import open_run
from cardiacnets.statistics import Estimate, pearson
from cardiacnets.study import ARMS
from cardiacnets.training import from_pretrained

EXECUTED: dict[Callable, set[tuple[str, str]]] = {}
"""For each function that makes an artefact, the definitions of the package that ran meanwhile."""

READ: dict[Callable, set[str]] = {}
"""And the sections of the profile that were asked for."""


GENERATED = {"__create_fn__", "<module>", "<lambda>", "<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>"}
"""What the interpreter and dataclasses call by names that nobody wrote at the top of a module."""


def watched(function, *arguments, **options):
    """Call ``function`` and note in :data:`EXECUTED` what of the package runs, in other threads too, and in
    :data:`READ` the settings.
    """
    ran, read = EXECUTED.setdefault(function, set()), READ.setdefault(function, set())

    def settings(profile, name):
        if sys._getframe(1).f_globals["__name__"] != "dataclasses":  # a copy reads what it takes along
            read.update({name} & SECTIONS.keys())
        return object.__getattribute__(profile, name)

    def note(frame, event, value):
        module = frame.f_globals.get("__name__", "")
        name = frame.f_code.co_qualname.split(".")[0]
        if event == "call" and module.startswith("cardiacnets.") and name not in GENERATED:
            ran.add((module, name))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Profile, "__getattribute__", settings)
        threading.setprofile(note), sys.setprofile(note)
        try:
            return function(*arguments, **options)
        finally:
            sys.setprofile(None), threading.setprofile(None)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of 160 pairs, aligned for an epoch."""
    profile = load_profile("smoke")
    small = dataclasses.replace(profile, cohorts=dataclasses.replace(profile.cohorts, ukb=160, frames=8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARDIACNETS_RUNS", str(tmp_path_factory.mktemp("runs")))
        run = open_run(small, "small")
    simulate_cohort(run, "ukb", processes=1)
    watched(preprocess_cohort, run, "ukb", processes=1, progress=False)
    watched(pretrain.fit_cmr_autoencoder, run)
    watched(components.fit_cine_components, run)
    watched(contrast.fit_cine_contrast, run)
    watched(features.cache_cmr_features, run, "ukb")
    watched(align.fit_aligner, run, "aligned")
    return run


@pytest.fixture(scope="module")
def twins(run):
    """The run with the linear twins of both arms."""
    for arm in align.ARMS:
        watched(closed_form.fit_closed_form, run, arm)
    return run


def test_all_that_runs_while_an_artefact_is_made_is_in_its_fingerprint(run, twins):
    watched(switches.try_switches, run)
    watched(information_limited.try_limited, run)
    watched(map_of_gain.fit_map_of_gain, twins)
    watched(downstream.fit_network, run, "ukb.indices", "aligned")
    for function in EXECUTED:
        assert not_in_the_fingerprint(function, run) == set(), function


def not_in_the_fingerprint(function, run) -> set[tuple[str, str]]:
    """What ran and makes nothing stale if it changes; a profile counts by its values."""
    ran = EXECUTED[function] - {("cardiacnets.profile", "Profile")}
    assert len({module for module, _ in ran}) > 3
    if isinstance(declared := getattr(function, "__self__", None), stage.Network):
        return ran - reached(*declared.code(run.profile))
    short = (switches.try_switches, information_limited.try_limited)
    chosen = stage.chosen_code(run.profile, switches.READS) if function in short else []
    if function is map_of_gain.fit_map_of_gain:
        chosen = stage.chosen_code(run.profile, ["ecg_encoder"])
    return ran - reached(function, *chosen)


def settings_of(network: stage.Network, run, *choices) -> set[str]:
    """The sections that its fingerprint holds, through those of the networks that it is made from."""
    found = {name.split(".")[0] for name in network.reads}
    for place in network.ingredients(run, *choices)["needs"]:
        if place.startswith("models/"):
            other, chosen = stage.DECLARED[place.removeprefix("models/")]
            found |= settings_of(other, run, *chosen)
    return found


def test_every_setting_that_is_read_while_a_network_is_fitted_is_in_its_fingerprint(run):
    watched(ecg_pretraining.fit_ecg_autoencoder, run)
    watched(video_autoencoder.fit_video_autoencoder, run)
    watched(video_autoencoder.fit_brief, run)
    watched(generate.fit_diffusion, run, "sax")
    watched(downstream.fit_network, run, "ukb.indices", "ecg_covariates")
    watched(as_published.fit_published, run)
    watched(cmr_supervised.fit_cmr_supervised, run)
    arguments = {
        align.fit_aligner: ["aligned"], generate.fit_diffusion: ["sax"],
        downstream.fit_network: ["ukb.indices", "aligned"],
    }  # fmt: skip
    fits = [function for function in READ if isinstance(getattr(function, "__self__", None), stage.Network)]
    assert {function.__self__.__name__ for function in fits} == {
        network.__name__ for network, _ in stage.DECLARED.values()
    }
    for function in fits:
        inside = settings_of(function.__self__, run, *arguments.get(function, []))
        assert READ[function] - inside == set(), function
        assert not_in_the_fingerprint(function, run) == set(), function
    for name in ("ecg_autoencoder", "video_autoencoder", "video_autoencoder_brief", "diffusion_sax"):
        shutil.rmtree(run.models / name)  # other tests share the run, and chapter 04 is not to have run


def test_clean_rows_stay_aligned_with_the_cohort(run):
    clean, cohort = open_clean(run, "ukb"), open_cohort(run, "ukb")
    assert (clean.index["recording_id"] == cohort.recordings["recording_id"]).all()
    assert clean.beats.shape == (160, 12, 180) and clean.sax.shape == (160, 8, 32, 32)
    rows = np.concatenate([clean.rows(split) for split in ("train", "validation", "test")])
    assert len(np.unique(rows)) == len(rows) == clean.index["usable"].sum()


def test_a_second_pass_makes_nothing_again(run):
    before = {path: path.stat().st_mtime_ns for path in run.root.rglob("*") if path.is_file()}
    preprocess_cohort(run, "ukb", processes=1, progress=False)
    pretrain.fit_cmr_autoencoder(run)
    align.fit_aligner(run, "aligned")
    assert before == {path: path.stat().st_mtime_ns for path in run.root.rglob("*") if path.is_file()}


def test_two_processes_train_what_one_trains_and_leave_one_network(run, tmp_path):
    twin = tmp_path / "smoke"
    for part in ("cohorts", "clean"):
        shutil.copytree(run.root / part, twin / part)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "cardiacnets"]
    environment = {"CARDIACNETS_RUNS": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, *launch, "train", "cmr_autoencoder", "--profile", "smoke"],
        env=os.environ | environment | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [str(twin / "models" / "cmr_autoencoder")]
    assert [path.name for path in (twin / "models").iterdir()] == ["cmr_autoencoder"]
    one, two = (load_file(root / "models/cmr_autoencoder/model.safetensors") for root in (run.root, twin))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, atol=1e-4, rtol=1e-4, msg=name)


def test_cached_features_are_standardised_by_the_training_rows(run):
    training = open_clean(run, "ukb").rows("train")
    for view in ("sax", "lax"):
        encoded = features.cmr_features(run, "ukb", view)[0, training]
        np.testing.assert_allclose(encoded.mean(0), 0, atol=1e-4)
        np.testing.assert_allclose(encoded.std(0), 1, atol=1e-3)


def test_features_hold_the_linear_twin_and_what_is_added(run):
    kept, training = run.profile.linear_twin.components, open_clean(run, "ukb").rows("train")
    scores, untrained = components.cine_scores(run), untrained_cmr_encoder(run)
    for place, view in enumerate(("sax", "lax")):
        encoded = features.cmr_features(run, "ukb", view)
        assert encoded.shape == (run.profile.alignment.views, 160, kept + run.profile.cmr_encoder.condensed)
        linear = (scores[:, place] - scores[training, place].mean(0)) / scores[training, place].std(0)
        np.testing.assert_allclose(encoded[0, :, :kept], linear, atol=2e-3)
        before = readout.encoded(untrained.encode, open_clean(run, "ukb"), view, training)
        spread = scores[training, place].std(0)
        np.testing.assert_allclose(before[:, :kept], scores[training, place] / spread, atol=2e-3)
        assert not np.allclose(before[:, kept:], encoded[0, training, kept:], atol=0.1)


def test_the_epoch_with_the_lowest_contrast_of_validation_people_is_kept(run):
    clean, history = open_clean(run, "ukb"), stage.history(run, "cine_contrast")
    model = load_cmr_encoder(run)
    found = contrast.contrast_of(model, clean, clean.rows("validation"))
    assert len(found) == len(clean.rows("validation"))
    assert float(found.mean()) == pytest.approx(history["validation"].min(), rel=1e-4)


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((3.0, 4.0), "leaves guessing"),  # ln 64 is 4.16
        ((4.0, 4.2), "does not leave guessing"),
        ((5.0, 6.0), "does not leave guessing"),
        ((float("nan"), 4.0), "cannot be judged"),
    ],
)
def test_a_contrast_leaves_guessing_where_its_interval_does(interval, said):
    assert readout.against_guessing(Estimate(4.0, interval, 64, "InfoNCE")).startswith(said)


def test_the_gate_reads_the_student_as_chapter_02_reads_the_teacher(run):
    known, read = gate.student_and_teacher(run), readout.cmr_readouts(run, "ukb.indices")
    assert known.mean("teacher").estimate == pytest.approx(read.mean("trained").estimate, abs=1e-6)
    difference = known.mean("student").estimate - known.mean("teacher").estimate
    assert known.mean_difference("student", "teacher").estimate == pytest.approx(difference, abs=1e-6)
    arms = ("trained", "untrained", "twin", "masked", "masked_untrained", "ecg")
    assert len({read.mean(arm).estimate for arm in arms}) == len(arms)


def test_an_encoder_without_its_twin_names_the_chapter(run, tmp_path):
    bare = dataclasses.replace(run, root=tmp_path)
    (tmp_path / "clean").mkdir()
    shutil.copytree(run.root / "clean" / "ukb", tmp_path / "clean" / "ukb")
    with pytest.raises(ValueError, match="linear_twin/components.*chapter 02_cmr_self_supervision makes it"):
        contrast.fit_cine_contrast(bare)
    with pytest.raises(ValueError, match="cine_contrast.*chapter 02_cmr_self_supervision makes it"):
        load_cmr_encoder(bare)


def test_the_published_encoder_is_a_setting(run):
    published = replace(run.profile, cmr_encoder=replace(run.profile.cmr_encoder, kind="masked_swin"))
    swin = dataclasses.replace(run, profile=published)
    assert cmr_encoder_folder(swin) == run.models / "cmr_autoencoder"
    assert cmr_encoder_folder(run) == run.models / "cine_contrast"
    rows = open_clean(run, "ukb").rows("test")[:3]
    given = encoding.cine_batch(open_clean(run, "ukb").sax, rows)
    published_features = load_cmr_encoder(swin).encode(given, "sax")
    assert torch.equal(published_features, pretrain.load_cmr_autoencoder(run).encode(given, "sax"))
    assert published_features.shape[1] != load_cmr_encoder(run).encode(given, "sax").shape[1]


def test_the_supervised_arm_sees_every_label_but_none_of_test_people(run):
    clean = open_clean(run, "ukb")
    lesson = cmr_supervised.lesson_of(clean, {key: labelled(run, key) for key in asked_tasks(run, "ukb")})
    assert np.isnan(lesson.target[clean.rows("test")]).all()
    assert set(lesson.training) <= set(clean.rows("train"))
    assert set(lesson.validation) <= set(clean.rows("validation"))
    for key, place in lesson.columns.items():
        labels = labelled(run, key)
        rows = labels.table["row"].to_numpy()[labels.of("train")]
        told = lesson.target[rows, place] * lesson.deviation[place] + lesson.mean[place]
        expected = np.asarray(labels.target, np.float64)[labels.of("train")].reshape(told.shape)
        np.testing.assert_allclose(told, expected, rtol=1e-5, atol=1e-5)
        others = np.setdiff1d(clean.rows("train"), rows)
        assert np.isnan(lesson.target[others, place]).all()


def test_the_supervised_arm_answers_in_the_units_of_the_task(run):
    cmr_supervised.fit_cmr_supervised(run)
    clean = open_clean(run, "ukb")
    held_out = np.concatenate([clean.rows("validation"), clean.rows("test")])
    scores = cmr_supervised.supervised_scores(run, "ukb.indices")
    assert np.isnan(scores[clean.rows("train")]).all() and np.isfinite(scores[held_out]).all()
    labels = labelled(run, "ukb.indices")
    centre = np.nanmean(labels.target[labels.of("train")], axis=0)
    spread = np.nanstd(labels.target[labels.of("train")], axis=0)
    assert (np.abs(scores[held_out].mean(0) - centre) < 3 * spread).all()
    assert cmr_supervised.supervised_scores(run, "ukb.cm").shape == (160, 1)


def test_all_tasks_are_one_loss_and_a_missing_label_counts_nothing():
    outputs, target = torch.zeros(2, 86), torch.full((2, 86), torch.nan)
    target[0, :82] = 2.0  # squared error 4
    target[1, 82], target[0, 84] = 1.0, 0.0  # ln 2 each, over four diseases
    loss = cmr_supervised.all_tasks_loss(outputs, target)
    assert loss.item() == pytest.approx(4 + 2 * np.log(2) / 4, rel=1e-5)


def test_missing_features_name_the_chapter_that_makes_them(run, tmp_path):
    empty = dataclasses.replace(run, root=tmp_path)
    with pytest.raises(ValueError, match="features.*chapter 02_cmr_self_supervision makes it"):
        features.cmr_features(empty, "ukb", "sax")


def test_permuted_partners_are_strangers_of_the_same_split(run):
    clean = open_clean(run, "ukb")
    partner = align.partners(clean, permuted=True, seed=1)
    usable = clean.index["usable"].to_numpy()
    assert (partner != np.arange(len(partner)))[usable].all()
    assert (clean.index["split"].to_numpy()[partner] == clean.index["split"].to_numpy())[usable].all()
    assert (align.partners(clean, permuted=False, seed=1) == np.arange(len(partner))).all()


def test_switches_differ_in_one_choice_each_and_are_asked_of_the_validation_split(run):
    table = pd.read_parquet(switches.try_switches(run) / "table.parquet")
    clean = open_clean(run, "ukb")
    assert list(table["participant_id"]) == list(clean.index["participant_id"][clean.rows("validation")])
    for published, corrected in switches.AS_PUBLISHED.items():
        assert table[f"loss.{published}"].ne(table[f"loss.{corrected}"]).all()
        one, other = (asdict(switches.VARIANTS[name]) for name in (published, corrected))
        assert sum(one[choice] != other[choice] for choice in one) == 1
    costs = switches.switch_costs(run).set_index("variant")
    for published, corrected in switches.AS_PUBLISHED.items():
        low, high = costs.loc[published, "cost_interval"]
        assert low < costs.loc[published, "cost"] < high
        difference = costs.loc[published, "loss"] - costs.loc[corrected, "loss"]
        assert costs.loc[published, "cost"] == pytest.approx(difference, rel=1e-5)


def test_controls_as_published_are_the_first_healthy_rows(run):
    settings = replace(run.profile.downstream, controls="as_published")
    published = replace(run, profile=replace(run.profile, downstream=settings))
    drawn, first = (labelled(each, "ukb.cm") for each in (run, published))
    index = open_clean(run, "ukb").index
    for split in ("train", "validation", "test"):
        chosen = first.table["row"][(first.target == 0) & (first.table["split"] == split)]
        healthy = index[index["usable"] & index["healthy"] & ~index["cm"] & (index["split"] == split)]
        assert len(chosen) and list(chosen) == list(healthy.index[: len(chosen)])
    assert set(drawn.table["row"]) != set(first.table["row"])
    assert set(drawn.table["row"][drawn.target == 1]) == set(first.table["row"][first.target == 1])


def test_stages_as_published_flip_what_they_are_shown(run):
    def shown(stage, batch):
        return stage.augment(batch, torch.Generator().manual_seed(0))

    upright, ramp = torch.ones(300, 12, 20), torch.linspace(0, 255, 32).expand(100, 4, 32, 32)
    flipped = {}
    for name in ("corrected", "as_published"):
        profile = replace(
            run.profile,
            aligning=replace(run.profile.aligning, augmentation=name),
            pretraining=replace(run.profile.pretraining, augmentation=name),
        )
        other = replace(run, profile=profile)
        ecg, *_ = shown(align.aligner_stage(other), [upright])
        cines = shown(pretrain.cmr_autoencoder_stage(other), [ramp, ramp])
        right, left = (cines["sax"][..., part].mean((1, 2, 3)) for part in (slice(20, 28), slice(4, 12)))
        flipped[name] = [float((one < 0).float().mean()) for one in (ecg.mean((1, 2)), right - left)]
    assert flipped["corrected"] == [0, 0]
    # p = .33 of 300 ECGs and .5 of 100 cines: four standard errors
    assert flipped["as_published"] == [pytest.approx(0.33, abs=0.11), pytest.approx(0.5, abs=0.2)]


def test_untrained_heads_stay_as_they_were_drawn(run):
    clean, variant = open_clean(run, "ukb"), switches.VARIANTS["untrained_heads"]
    drawn = encoding.build_seeded("aligner", variant.profile(run.profile)).state_dict()
    trained = switches.align_shortly(run.profile, clean, switches.open_features(run), variant)[0].state_dict()
    assert {name.split(".")[0] for name in drawn if torch.equal(drawn[name], trained[name])} == {"cmr_heads"}
    assert all(torch.equal(drawn[name], trained[name]) for name in drawn if name.startswith("cmr_heads"))


def test_strangers_hearts_lie_in_the_same_bodies_and_are_read_by_the_same_rules(run, monkeypatch, tmp_path):
    clean = open_clean(run, "ukb")
    limited = information_limited.limited_cohort(run.profile, clean, tmp_path / "ecg.npy")
    assert limited.beats.shape == clean.beats.shape and limited.index is clean.index
    assert limited.sax is clean.sax and not np.array_equal(limited.beats, clean.beats)
    gains = information_limited.limited_gains(run).set_index("readout")
    labels = labelled(run, "ukb.indices")
    assert (gains["n"] == len(labels.of("test"))).all()
    truth = np.load(run.predictions / "limited.ukb" / "truth.npy")
    assert np.array_equal(truth, labels.target[labels.of("test")])
    alone = gains.loc["covariates", "r"]
    for heart in information_limited.HEARTS:
        for encoder in information_limited.ENCODERS:
            row = gains.loc[f"{heart}.{encoder}"]
            assert row["gain"] == pytest.approx(row["r"] - alone)
            assert row["gain_interval"][0] < row["gain"] < row["gain_interval"][1]
    monkeypatch.setattr(information_limited, "may_show", lambda run, name: False)
    real = information_limited.limited_gains(run)
    assert list(real.columns) == list(gains.reset_index().columns)
    for row in real.itertuples():  # as the chapter records them
        found = make_result("ukb.limited.gain.x", Estimate.of(row, "gain"))
        assert str(found) == "not available"


def test_the_twin_of_the_encoder_learns_from_training_people_alone(twins):
    clean, twin = open_clean(twins, "ukb"), components.cine_components(twins)
    training = clean.rows("train")
    settings = twins.profile.linear_twin
    afresh = CineComponents.fit(components.cines_of(clean, training), settings.components, settings.pixels, 1)
    np.testing.assert_array_equal(twin.axes, afresh.axes)
    rows = clean.rows("test")
    scores = components.cine_scores(twins)
    assert scores.shape == (160, 2, settings.components)
    np.testing.assert_allclose(twin.encode(components.cines_of(clean, rows)), scores[rows], atol=0.01)
    np.testing.assert_allclose(scores[training].mean(0), 0, atol=0.05)


def test_training_people_get_what_others_predict_and_new_people_what_all_do(twins):
    clean, twin = open_clean(twins, "ukb"), closed_form.open_closed_form(twins)
    training, test = clean.rows("train"), clean.rows("test")
    mixed = np.concatenate([test[:3], training[5:7]])
    predicted = twin(clean, mixed)
    np.testing.assert_array_equal(predicted[3:], twin.alignment.out_of_fold[5:7])
    np.testing.assert_allclose(predicted[:3], twin.alignment(twin.features(clean.beats[test[:3]])))
    elsewhere = twin(dataclasses.replace(clean, name="mimic"), training[5:7])
    assert not np.allclose(elsewhere, predicted[3:])


def test_the_twin_has_the_strangers_that_the_network_has(twins):
    clean = open_clean(twins, "ukb")
    training = clean.rows("train")
    partner = align.partners(clean, permuted=True, seed=twins.profile.seed)[training]
    strangers = closed_form.open_closed_form(twins, "permuted")
    hearts = closed_form.true_components(
        components.cine_scores(twins)[partner], twins.profile.linear_twin.aligned
    )
    afresh = ClosedFormAlignment.fit(strangers.features(clean.beats[training]), hearts, seed=1)
    np.testing.assert_allclose(strangers.alignment.ridge.weight, afresh.ridge.weight)
    own = closed_form.open_closed_form(twins)
    assert not np.allclose(strangers.alignment.out_of_fold, own.alignment.out_of_fold)


def test_each_view_has_its_own_half_of_the_twins_space(twins):
    rows, count = open_clean(twins, "ukb").rows("test"), twins.profile.linear_twin.aligned
    vectors = closed_form.twin_embeddings(twins, rows)
    assert all(vector.shape == (len(rows), 2 * count) for vector in vectors.values())
    assert (vectors["sax"][:, count:] == 0).all() and (vectors["lax"][:, :count] == 0).all()
    assert vectors["sax"][:, :count].any() and vectors["lax"][:, count:].any() and vectors["ecg"].all()


def test_more_found_is_counted_on_the_same_ecgs():
    vectors = np.eye(12)
    right, wrong = {"ecg": vectors, "sax": vectors}, {"ecg": vectors, "sax": -vectors}
    gain = found_more(right, wrong, place=1, resamples=50, seed=0)
    assert gain.estimate == 1 and gain.n == 12
    assert found_more(wrong, right, place=1, resamples=50, seed=0).estimate == -1
    assert found_more(right, right, place=1, resamples=50, seed=0).interval == (0, 0)


def test_a_twin_that_cannot_be_is_refused_with_the_setting_at_fault(twins, tmp_path):
    def changed(**settings):
        linear_twin = dataclasses.replace(twins.profile.linear_twin, **settings)
        return dataclasses.replace(twins, profile=replace(twins.profile, linear_twin=linear_twin))

    with pytest.raises(ValueError, match="linear_twin: aligned 40 is more than components 32"):
        closed_form.fit_closed_form(changed(aligned=40))
    with pytest.raises(ValueError, match="people cannot span 128 components"):
        components.fit_cine_components(changed(components=128))
    with pytest.raises(ValueError, match="linear_twin.*chapter 03_contrastive_alignment makes it"):
        closed_form.open_closed_form(dataclasses.replace(twins, root=tmp_path))


def test_the_map_knows_its_teachers_and_says_which_a_real_cohort_lacks(twins, monkeypatch):
    map_of_gain.fit_map_of_gain(twins)
    table, settings = map_of_gain.map_of_gain(twins), twins.profile.linear_twin
    clean = open_clean(twins, "ukb")
    people = len(clean.rows("train"))
    feasible = (table["labels"] <= people) & (table["pairs"] <= people)
    assert set(table.loc[feasible, "teacher"]) == set(map_of_gain.TEACHERS)
    assert np.isfinite(table.loc[feasible, "estimate"]).all() and (table.loc[feasible, "note"] == "").all()
    assert (table.loc[feasible, "n"] == len(clean.rows("test"))).all() and feasible.any()
    assert table.loc[~feasible, "note"].str.startswith(f"not available: {people} training people").all()

    simulated = map_of_gain.open_world(twins, clean)
    width = 2 * settings.aligned
    assert {name: each.shape for name, each in simulated.teachers.items() if name != "perfect"} == (
        dict.fromkeys(list(map_of_gain.TEACHERS)[:-1], (people, width))
    )
    assert simulated.teachers["perfect"].shape == (people, 82)
    cohort = dataclasses.replace(open_cohort(twins, "ukb"), indices_true=None)
    monkeypatch.setattr(map_of_gain, "open_cohort", lambda run, name: cohort)
    world = map_of_gain.open_world(twins, clean)
    assert "perfect" not in world.teachers and world.missing["perfect"].startswith("not available: ")
    few = replace(settings, map_labels=(40,), map_pairs=(40,), map_draws=1)
    real = map_of_gain.gains(world, few, resamples=20, seed=1).set_index("teacher")
    assert real.loc["perfect", "note"] == world.missing["perfect"]
    assert np.isfinite(real.loc["components", "estimate"])
    recorded = make_result("ukb.indices.r_map.x", Estimate.of(real.loc["perfect"]))
    assert str(recorded) == "not available (n = 0)"


def test_label_fractions_are_nested_and_leave_the_test_split_alone(run):
    few, all_of_them = (labelled(run, "ukb.indices", fraction, 3) for fraction in (0.1, 1.0))
    few_ids, all_ids = (
        set(part.table["participant_id"].iloc[part.of("train")]) for part in (few, all_of_them)
    )
    assert few_ids < all_ids
    assert list(few.table["recording_id"].iloc[few.of("test")]) == list(
        all_of_them.table["recording_id"].iloc[all_of_them.of("test")]
    )


def test_screening_takes_all_cases_and_as_many_controls(run):
    labels = labelled(run, "ukb.cm")
    index = open_clean(run, "ukb").index
    assert labels.target.sum() == index.loc[index["usable"], "cm"].sum()
    controls = labels.table["row"].iloc[np.flatnonzero(labels.target == 0)]
    assert index.loc[controls, "healthy"].all() and len(controls) <= labels.target.sum()


def test_a_task_without_cases_to_validate_with_is_left_out_and_an_essential_one_refused(run, monkeypatch):
    before = tasks.asked_tasks(run, "ukb")
    assert before[0] == "ukb.indices" and {"ukb.cm", "ukb.hf"} <= set(before)
    monkeypatch.setattr(tasks, "open_clean", without_cases("hf"))
    after = tasks.asked_tasks(run, "ukb")
    assert set(before) - set(after) == {"ukb.hf"}
    with pytest.raises(tasks.TooFewError, match="ukb.hf: the validation split of ukb has too few"):
        labelled(run, "ukb.hf")
    told = presentation.left_out([key for key in TASKS if key != "ukb.hf"])
    assert told.endswith("for want of people or cases to learn from: UK Biobank: heart failure.")
    assert presentation.left_out(TASKS) == ""
    monkeypatch.setattr(downstream, "asked_tasks", lambda run: after)
    assert {job[1] for job in downstream.all_jobs(run)} == set(after)
    monkeypatch.setattr(tasks, "open_clean", without_cases("cm"))
    with pytest.raises(tasks.TooFewError, match="ukb.cm: the validation split of ukb has too few"):
        tasks.asked_tasks(run, "ukb")


def without_cases(disease: str) -> Callable:
    """:func:`open_clean` of cohorts whose validation split has nobody with ``disease``."""

    def opened(run, name):
        clean = open_clean(run, name)
        index = clean.index.copy()
        index.loc[index["split"] == "validation", [disease, "healthy"]] = [False, True]
        return replace(clean, index=index)

    return opened


def test_an_unknown_task_lists_what_there_is(run):
    with pytest.raises(ValueError, match="unknown task 'ukb.gout': choose one of ukb.indices"):
        labelled(run, "ukb.gout")


def test_chapters_that_have_not_run_are_named(run):
    with pytest.raises(ValueError, match="papermill notebooks/04_diffusion.ipynb"):
        generate.load_diffusion(run, "sax")
    with pytest.raises(ValueError, match="papermill notebooks/00_cohorts.ipynb"):
        open_cohort(run, "mimic")


def test_a_pretrained_autoencoder_is_used_as_it_is(run, tmp_path):
    torch.manual_seed(5)
    colour = replace(run.profile.diffusion, pretrained_vae="colour")
    theirs = VideoAutoencoder(colour).vae
    theirs.register_to_config(scaling_factor=0.5)
    theirs.save_pretrained(tmp_path / "vae")
    sizes = replace(run.profile.diffusion, pretrained_vae=str(tmp_path / "vae"))
    other = replace(run, profile=replace(run.profile, diffusion=sizes))
    video_autoencoder.fit_video_autoencoder(other)
    generate.fit_diffusion(other, "sax")
    loaded = generate.load_diffusion(other, "sax").autoencoder
    found, expected = loaded.vae.state_dict(), theirs.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert float(loaded.scale) == 0.5
    for name in ("video_autoencoder", "diffusion_sax"):
        shutil.rmtree(run.models / name)  # other tests share the run


def test_fine_tuning_never_ends_worse_on_validation_than_its_probe(run):
    folder = downstream.fit_network(run, "ukb.indices", "aligned")
    history = stage.history(run, "ukb.indices/aligned")["validation"]
    scores, labels = np.load(folder / "scores.npy"), labelled(run, "ukb.indices")
    validation = labels.of("validation")
    spread = labels.target[labels.of("train")].std(axis=0)
    final = (((scores - labels.target)[validation] / spread) ** 2).mean()
    assert final == pytest.approx(history.min(), rel=1e-3) and final <= history.iloc[0] + 1e-6
    assert np.isnan(scores[labels.of("train")]).all()


def test_another_training_is_another_network_from_another_alignment(run):
    again = downstream.fit_network(run, "ukb.cm", "aligned")
    with pytest.raises(ValueError, match=r"aligned_training2 does not exist yet: chapter 03"):
        downstream.fit_network(run, "ukb.cm", "aligned", training=2)
    align.fit_aligner(run, "aligned", training=2)
    starts = [align.load_aligner(run, "aligned", number).encoder.state_dict() for number in (1, 2)]
    assert any(not torch.equal(starts[0][name], starts[1][name]) for name in starts[0])
    other = downstream.fit_network(run, "ukb.cm", "aligned", training=2)
    first, second = (np.load(folder / "scores.npy") for folder in (again, other))
    asked = np.isfinite(first)
    assert (asked == np.isfinite(second)).all(), "the same people have labels"
    assert not np.allclose(first[asked], second[asked])
    labels = labelled(run, "ukb.cm")
    test = labels.of("test")
    networks = [downstream.load_network(run, "ukb.cm", "aligned", training) for training in (1, 2)]
    rows = labels.table["row"].to_numpy()[test]
    said = network_scores(networks, open_clean(run, "ukb"), rows, run.profile.ecg_input)
    both = np.stack([first, second])[:, test]
    np.testing.assert_allclose(said, both, atol=1e-5)


def test_an_untrained_encoder_is_the_same_each_time_and_another_each_training(run):
    clean, rows = open_clean(run, "ukb"), np.arange(12)
    read = [Parts(run, clean, None)(ARMS["untrained"], clean, rows, number) for number in (1, 1, 2)]
    assert read[0].shape == (12, run.profile.ecg_encoder.width)
    np.testing.assert_array_equal(read[0], read[1])
    assert not np.allclose(read[0], read[2])


def test_the_oracle_knows_hearts_and_only_those_that_it_draws(run):
    oracle_arm.fit_oracle(run)
    told, cohort = oracle_arm.oracle_scores(run), open_cohort(run, "ukb")
    new = np.concatenate([open_clean(run, "ukb").rows(split) for split in ("validation", "test")])
    r = pearson(told[new], cohort.indices_true[new])
    assert r[INDEX_NAMES.index("lv_edv")] > 0.5
    assert r.mean() > 0.15  # after 112 hearts; chance is 0 with a standard error of .15 for one index of 48
    shutil.rmtree(run.predictions / "oracle.ukb")
    with pytest.raises(ValueError, match="not those that preset enriched draws from seed 7; simulate"):
        oracle_arm.fit_oracle(replace(run, profile=replace(run.profile, seed=7)))


def test_the_oracle_is_not_asked_of_real_hearts(run, monkeypatch):
    real = replace(open_cohort(run, "ukb"), indices_true=None)
    monkeypatch.setattr(oracle_arm, "open_cohort", lambda run, name: real)
    assert oracle_arm.fit_oracle(run) is None and oracle_arm.oracle_scores(run) is None


def test_alignment_as_published_scales_flips_averages_and_leaves_heads_alone(run):
    published = as_published.as_published(run.profile)
    assert published.ecg_input.scale == "min_max" and published.cmr_autoencoder.feature_grid == 1
    made = as_published.published_stage(replace(run, profile=published))
    ecg, sax, lax = next(iter(made.batches(1, torch.Generator().manual_seed(0))))
    assert ecg.min() == -1 and ecg.max() == 1
    encoder = pretrain.load_cmr_autoencoder(run)
    assert sax.shape[1] * run.profile.cmr_autoencoder.feature_grid**2 == encoder.feature_width
    before = {name: value.clone() for name, value in made.model.cmr_heads.state_dict().items()}
    as_published.fit_published(run)
    after = as_published.load_published(run).cmr_heads.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_hearts_drawn_anew_say_nothing_of_the_diagnosis(run):
    downstream.fit_network(run, "ukb.cm", "aligned")
    found = leak_check.foreign_auc(run)
    assert found.n == len(labelled(run, "ukb.cm").of("test"))
    assert found.interval[0] < 0.5 < found.interval[1]


def test_heat_maps_are_leads_by_columns(run):
    downstream.fit_network(run, "ukb.indices", "aligned")
    model, _ = downstream.load_network(run, "ukb.indices", "aligned")
    ecg = torch.randn(3, 12, 180)
    for heat, columns in ((occlusion(model, ecg, output=2), 12), (grad_cam(model, ecg, output=2), 3)):
        assert heat.shape == (3, 12, columns)
        assert heat.min() >= 0 and heat.max() == 1


def test_occlusion_finds_the_window_that_a_score_reads():
    """A score that is the peak of V2 between 240 and 300 ms, in a beat with peaks everywhere."""

    class Reads(torch.nn.Module):
        encoder = SimpleNamespace(grid=(12, 1))

        def forward(self, ecg):
            return ecg[:, 7, 60:75].amax(1, keepdim=True)

    ecg = torch.randn(2, 12, 180, generator=torch.Generator().manual_seed(0))
    ecg[:, 7, 67] = 5
    heat = occlusion(Reads(), ecg)
    assert (heat[:, 7, 4] == 1).all() and heat.sum() == 2


@pytest.mark.parametrize(
    ("ecg", "fault"),
    [
        (np.zeros((12, 5000), np.float32), "flat lead"),
        (np.full((12, 5000), np.nan, np.float32), "NaN"),
        (np.zeros((12, 4000), np.float32), r"\(12, 5000\) mV at 500 Hz is needed"),
        (np.zeros((8, 5000), np.float32), r"\(12, 5000\)"),
    ],
)
def test_an_unusable_ecg_is_refused_with_its_fault(run, ecg, fault):
    with pytest.raises(ValueError, match=fault):
        explain_ecg(ecg, run)


def test_standardised_covariates_fill_gaps_with_the_mean(run):
    table = open_clean(run, "ukb").index.head(20).copy()
    table.loc[table.index[0], "age"] = np.nan
    values = Standardiser.fit(table, ("age", "sex"))(table)
    assert values[0, 0] == 0 and abs(values[:, 0].mean()) < 1e-6


def test_retrieval_finds_partners_and_chance_does_not():
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(200, 16)).astype(np.float32)
    strangers = generator.normal(size=(200, 16)).astype(np.float32)
    table = retrieval_table({
        "same": {"ecg": vectors, "sax": vectors + 0.1, "lax": vectors},
        "other": {"ecg": vectors, "sax": strangers, "lax": strangers},
    })  # fmt: skip
    found = table.set_index(["arm", "direction"])["recall_1"]
    assert found["same", "ECG to SAX"] > 0.95
    # at chance the expected count is 1 of 200; 6 or more has a probability below .001
    assert found["other", "ECG to SAX"] < 6 / 200
    assert table.iloc[-1]["median_rank"] == 100.5


def test_frechet_distance_of_known_gaussians():
    generator = np.random.default_rng(0)
    a = generator.normal(0, 1, (20_000, 3))
    b = generator.normal([2, 0, 0], [1, 2, 1], (20_000, 3))
    # closed form: 2^2 + (1 - 2)^2 = 5; sampling error of 20,000 draws is about .05
    assert frechet_distance(a, b) == pytest.approx(5, abs=0.2)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_halves_of_one_sample_are_nearer_than_those_of_two():
    rng = np.random.default_rng(1)
    real, other = rng.normal(size=(200, 3)), rng.normal(0.8, 1, size=(200, 3))
    same, apart = (halved_distances(real, drawn, 20, seed=1) for drawn in (real, other))
    assert same.shape == (20,) and same.max() < apart.min()
    assert apart.mean() == pytest.approx(3 * 0.8**2, abs=0.4)
    assert np.array_equal(apart, halved_distances(real, other, 20, seed=1))


def test_resizing_keeps_brightness_and_picks_even_phases():
    cine = np.repeat(np.arange(8, dtype=np.uint8)[None, :, None, None] * 10, 20, 2).repeat(20, 3)
    small = resize_cine(cine, frames=4, pixels=10)
    assert small.shape == (1, 4, 10, 10)
    assert small[0, :, 5, 5].tolist() == [0, 20, 40, 60]


def test_every_task_is_answered_by_models_of_its_own_name():
    for task in TASKS.values():
        assert TASKS[f"{task.trained_on}.{task.name}"].kind == task.kind


def test_alignment_can_start_from_an_ecg_autoencoder(run):
    profile = dataclasses.replace(
        run.profile,
        alignment=dataclasses.replace(run.profile.alignment, start="masked"),
        # nothing moves: the aligner ends with the encoder that it started from
        aligning=dataclasses.replace(run.profile.aligning, learning_rate=0.0, epochs=1),
    )
    warm = dataclasses.replace(run, profile=profile)
    with pytest.raises(ValueError, match="call align.prepare"):
        align.fit_aligner(warm, "permuted")
    align.prepare(warm)
    folder = align.fit_aligner(warm, "permuted")
    start = from_pretrained(run.models / "ecg_autoencoder").encoder.state_dict()
    found = from_pretrained(folder).encoder.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in start.items())
    assert "simulated hearts (preset enriched" in (folder / "README.md").read_text()
