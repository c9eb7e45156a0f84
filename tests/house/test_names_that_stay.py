"""The names that are promised to outsiders: each is imported here, takes and gives what it is promised to."""

import importlib
import inspect
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from cardiacnets.cmr import Cine, read_cine
from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart import Cohort
from cardiacnets.ecg import Ecg
from cardiacnets.models import KINDS

CALLED = {
    "cardiacnets.ecg.read_ecg": ["path"],
    "cardiacnets.ecg.clean": ["signal", "rate", "heart_rate"],
    "cardiacnets.cmr.read_cine": ["path", "view"],
    "cardiacnets.digital_heart.simulate": ["n", "cohort", "preset", "seed", "frames"],
    "cardiacnets.statistics.delong_test": ["labels", "scores_a", "scores_b"],
    "cardiacnets.statistics.auc_interval": ["labels", "scores"],
    "cardiacnets.statistics.wilson_interval": ["k", "n"],
    "cardiacnets.statistics.pearson_interval": ["x", "y"],
    "cardiacnets.statistics.compare_correlations": ["y", "a", "b"],
    "cardiacnets.statistics.obuchowski_rockette": ["table"],
    "cardiacnets.models.build": ["kind", "profile"],
    "cardiacnets.experiments.explain_ecg": ["ecg", "run", "covariates"],
}
"""What is called by its full name, and its parameters in the order in which they can be given."""

DEFAULTS = {
    "cardiacnets.ecg.clean": {"rate": 500, "heart_rate": None},
    "cardiacnets.digital_heart.simulate": {"cohort": "ukb", "preset": "enriched", "seed": 0, "frames": 50},
    "cardiacnets.experiments.explain_ecg": {"covariates": None},
}


def found(dotted: str):
    module, name = dotted.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("dotted", CALLED)
def test_a_promised_function_takes_what_it_did(dotted):
    parameters = inspect.signature(found(dotted)).parameters.values()
    positional = [one for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    promised, added = positional[: len(CALLED[dotted])], positional[len(CALLED[dotted]) :]
    assert [one.name for one in promised] == CALLED[dotted]
    assert all(one.default is not inspect.Parameter.empty for one in added), "an old call must still do"
    defaults = {one.name: one.default for one in promised}
    assert defaults.items() >= DEFAULTS.get(dotted, {}).items()


def test_what_is_read_and_simulated_has_its_parts():
    assert {"signal", "rate", "leads", "meta"} <= {field.name for field in fields(Ecg)}
    assert {"frames", "spacing", "times", "meta"} <= {field.name for field in fields(Cine)}
    assert {
        "ecg", "sax", "lax", "indices", "indices_true", "covariates", "labels", "masks",
    } <= {field.name for field in fields(Cohort)}  # fmt: skip
    ecg = Ecg(np.zeros((12, 2500), np.float32), 250, LEADS, {})
    assert ecg.standard().shape == (12, 5000)
    with pytest.raises(ValueError, match="sax, 4ch"):
        read_cine("anywhere", view="2ch")


def test_every_result_with_an_interval_says_so():
    labels, x = np.tile([0, 1], 20), np.arange(40.0)
    scores = np.sin(x) + labels
    call = {name.rsplit(".", 1)[1]: found(name) for name in CALLED if ".statistics." in name}
    study = pd.DataFrame(
        [
            (reader, modality, case, case % 2, round(case % 2 + np.sin(7 * reader + 3 * modality + case), 3))
            for reader in range(3)
            for modality in range(2)
            for case in range(20)
        ],
        columns=["reader", "modality", "case", "truth", "rating"],
    )
    test = call["delong_test"](labels, scores, -scores)
    assert test.auc_a == pytest.approx(1 - test.auc_b)
    assert test.z > 0 and 0 <= test.pvalue <= 1
    mrmc = call["obuchowski_rockette"](study)
    assert mrmc.f >= 0 and mrmc.ddf > 0 and 0 <= mrmc.pvalue <= 1
    assert mrmc.difference == mrmc.estimate and mrmc.components.error_variance > 0
    results = [
        test,
        mrmc,
        call["auc_interval"](labels, scores),
        call["wilson_interval"](3, 10),
        call["pearson_interval"](x, x + 9 * scores),
        call["compare_correlations"](x, x + 9 * scores, scores),
    ]
    for result in results:
        low, high = result.interval
        assert low <= result.estimate <= high


@pytest.mark.parametrize("kind", ["ecg_encoder", "cmr_autoencoder", "aligner", "diffusion"])
def test_the_four_networks_keep_their_names(kind):
    assert kind in KINDS
