"""Learning rate and weight decay."""

import math

import pytest

from cardiacnets.models import build
from cardiacnets.profile import load_profile
from cardiacnets.training.schedule import parameter_groups, warmup_cosine


def test_warmup_is_linear_and_cosine_ends_at_zero():
    rates = [warmup_cosine(step, total=110, warmup=10, peak=0.1) for step in range(111)]
    assert rates[:10] == pytest.approx([0.01 * (step + 1) for step in range(10)])
    assert [rates[10], rates[60], rates[110]] == pytest.approx([0.1, 0.05, 0.0])
    assert rates[35] == pytest.approx(0.1 * (1 + math.cos(math.pi / 4)) / 2)
    assert all(later < earlier for earlier, later in zip(rates[10:], rates[11:], strict=False))


@pytest.mark.parametrize("kind", ["ecg_encoder", "cmr_autoencoder", "diffusion"])
def test_biases_norms_and_learned_tables_do_not_decay(kind):
    model, settings = build(kind, "smoke"), load_profile("smoke").aligning
    decayed, undecayed = parameter_groups(model, settings)
    assert decayed["weight_decay"] == settings.weight_decay and undecayed["weight_decay"] == 0
    assert len(decayed["params"]) + len(undecayed["params"]) == len(list(model.parameters()))
    kept = {id(parameter) for parameter in undecayed["params"]}
    for name, parameter in model.named_parameters():
        table = name.endswith(("bias", "pos_embed", "bias_table", "position", "hidden", "null"))
        expected = table or "norm" in name
        assert (id(parameter) in kept) == (expected or parameter.ndim == 1), name
