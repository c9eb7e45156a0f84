"""The training loop: it learns, stops, averages, survives being killed, and says what went wrong."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from cardiacnets.profile import load_profile
from cardiacnets.training import Stage, fit, minibatches
from cardiacnets.training.state import FILE

SETTINGS = replace(load_profile("smoke").aligning, epochs=5, batch=16, learning_rate=0.02, warmup_epochs=1.0)
X = torch.randn(100, 6, generator=torch.Generator().manual_seed(0))
Y = X[:, :1] - 2 * X[:, 1:2]
STEPS = 100 // 16


def _model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.Dropout(0.1), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 1))


def _batches(epoch, generator):
    for index in minibatches(len(X), SETTINGS.batch, generator):
        yield X[index], Y[index]


def _loss(model, batch):
    x, y = batch
    return {"loss": (model(x) - y).square().mean()}


def _validate(model):
    return _loss(model, (X, Y))["loss"].item()


def _fit(model, settings=SETTINGS, loss=_loss, batches=_batches, workspace=None, **options):
    stage = Stage("any", model, loss, batches, settings, **{"seed": 3, "examples": len(X)} | options)
    return fit(stage, workspace, progress=False)


def _weights(model):
    return torch.cat([value.flatten() for value in model.state_dict().values()])


def test_it_learns_and_tells_its_history():
    model = _model()
    history = _fit(model, validate=_validate)
    table = history.table()
    assert table.index.tolist() == [0, 1, 2, 3, 4, 5]
    assert math.isnan(table["loss"][0]) and table["validation"][0] > 4  # the variance of Y is 5
    assert table["loss"][5] < table["loss"][1] and table["validation"][5] < 1
    assert table["learning_rate"][1] == pytest.approx(0.02) and table["learning_rate"][5] < 0.001
    assert not model.training


def test_the_same_seed_gives_the_same_bits_and_torchs_state_is_left_alone():
    first, second, other = _model(), _model(), _model()
    before = torch.get_rng_state()
    _fit(first)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    _fit(second)
    _fit(other, seed=4)
    assert torch.equal(_weights(first), _weights(second))
    assert not torch.equal(_weights(first), _weights(other))


def test_every_epoch_has_its_own_order_and_its_own_dropout():
    orders, noises = [], []

    def batches(epoch, generator):
        orders.append(torch.randperm(1000, generator=generator))
        return _batches(epoch, generator)

    def noisy(model, batch):
        noises.append(torch.rand(1).item())
        return _loss(model, batch)

    _fit(_model(), loss=noisy, batches=batches)
    assert len({tuple(order.tolist()) for order in orders}) == SETTINGS.epochs
    assert len(set(noises)) == len(noises)


@pytest.mark.parametrize("killed_at", [3, STEPS, STEPS + 1, 4 * STEPS + 2])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_killed_fit_resumes_to_equal_bits(tmp_path, killed_at, ema):
    settings, whole = replace(SETTINGS, ema=ema), _model()
    expected = _fit(whole, settings, validate=_validate)
    steps = []

    def mortal(model, batch):
        steps.append(1)
        if len(steps) == killed_at:
            raise KeyboardInterrupt
        return _loss(model, batch)

    with pytest.raises(KeyboardInterrupt):
        _fit(_model(), settings, mortal, validate=_validate, workspace=tmp_path)
    resumed = _model()
    history = _fit(resumed, settings, validate=_validate, workspace=tmp_path)
    assert torch.equal(_weights(whole), _weights(resumed))
    assert history.best_epoch == expected.best_epoch
    assert [row["validation"] for row in history.epochs] == [row["validation"] for row in expected.epochs]


def test_the_best_epoch_before_a_kill_is_remembered(tmp_path):
    scores = iter([9.0, 1.0, 5.0, 4.0, 3.0, 2.0])
    steps, at_best = [], []

    def mortal(model, batch):
        steps.append(1)
        if len(steps) == 2 * STEPS + 1:
            raise KeyboardInterrupt
        if len(steps) == STEPS + 1:
            at_best.append(_weights(model).clone())
        return _loss(model, batch)

    resumed = _model()
    with pytest.raises(KeyboardInterrupt):
        _fit(_model(), loss=mortal, validate=lambda model: next(scores), workspace=tmp_path)
    history = _fit(resumed, validate=lambda model: next(scores), workspace=tmp_path)
    assert history.best_epoch == 1 and torch.equal(_weights(resumed), at_best[0])


def test_a_finished_fit_is_not_repeated_and_another_stage_is_not_continued(tmp_path):
    first, second, other, alone = _model(), _model(), _model(), _model()
    _fit(first, workspace=tmp_path)
    history = _fit(second, loss=None, workspace=tmp_path)
    assert torch.equal(_weights(first), _weights(second)) and len(history.epochs) == 5
    changed = replace(SETTINGS, learning_rate=0.01)
    _fit(other, changed, workspace=tmp_path)
    _fit(alone, changed)
    assert torch.equal(_weights(other), _weights(alone))


def test_the_best_epoch_is_kept_and_patience_ends_the_stage():
    scores = iter([9.0, 5.0, 3.0, 4.0, 6.0, 1.0])
    seen = []

    def validate(model):
        seen.append(_weights(model).clone())
        return next(scores)

    model = _model()
    history = _fit(model, replace(SETTINGS, patience=2), validate=validate)
    assert history.best_epoch == 2 and history.epochs[-1]["epoch"] == 4
    assert torch.equal(_weights(model), seen[2])


def test_a_start_that_is_never_beaten_is_kept():
    model = _model()
    start = _weights(model).clone()
    scores = iter([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    history = _fit(model, validate=lambda model: next(scores))
    assert history.best_epoch == 0 and torch.equal(_weights(model), start)


def test_accumulation_equals_one_large_batch():
    def quarter(epoch, generator):
        for index in minibatches(96, 8, generator):
            yield X[index], Y[index]

    def whole(epoch, generator):
        for index in minibatches(96, 32, generator):
            yield X[index], Y[index]

    plain = nn.Linear(6, 1)
    twin = nn.Linear(6, 1)
    twin.load_state_dict(plain.state_dict())
    _fit(plain, replace(SETTINGS, batch=32), batches=whole, examples=96)
    _fit(twin, replace(SETTINGS, batch=8, accumulate=4), batches=quarter, examples=96)
    assert torch.allclose(plain.weight, twin.weight, atol=1e-6)


def test_a_smaller_last_group_is_a_mean_too():
    def single(epoch, generator):
        yield X[:16], Y[:16]

    gradients = []
    for accumulate in (1, 4):
        torch.manual_seed(0)
        model = nn.Linear(6, 1)
        model.weight.register_hook(lambda gradient: gradients.append(gradient.clone()))
        settings = replace(SETTINGS, accumulate=accumulate, epochs=1)
        _fit(model, settings, batches=single, examples=16)
    assert torch.equal(*gradients)


def test_the_moving_average_is_the_formula():
    path = []

    def recording(model, batch):
        path.append(model.weight.detach().clone())
        return _loss(model, batch)

    torch.manual_seed(0)
    model = nn.Linear(6, 1)
    last = []
    _fit(model, replace(SETTINGS, ema=0.8), loss=recording, workspace=None)
    torch.manual_seed(0)
    plain = nn.Linear(6, 1)
    _fit(plain, replace(SETTINGS, ema=0.0))
    last = [*path[1:], plain.weight.detach()]
    average = path[0]
    for update, weight in enumerate(last):
        decay = min(0.8, (1 + update) / (10 + update))
        average = decay * average + (1 - decay) * weight
    assert torch.allclose(model.weight, average, atol=1e-6)


def test_frozen_parameters_stay_and_thaw():
    model = _model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    _fit(model, trainable=lambda name: name.startswith("4."))
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"4.weight", "4.bias"}
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_weights(tmp_path):
    model, steps, good = _model(), [], []

    def failing(network, batch):
        steps.append(1)
        good.append(_weights(model).clone())
        values = _loss(network, batch)
        return {"loss": values["loss"] * (math.nan if len(steps) == STEPS + 3 else 1)}

    with pytest.raises(FloatingPointError, match=f"loss is nan in epoch 2, batch 3 of {STEPS}"):
        _fit(model, loss=failing, workspace=tmp_path)
    assert torch.equal(_weights(model), good[-1]) and _weights(model).isfinite().all()
    assert (tmp_path / FILE).is_file()


def test_a_gradient_that_is_not_finite_stops_too():
    model = nn.Linear(6, 1)

    def steep(network, batch):
        x, _ = batch
        return {"loss": (network(x) * 0).abs().sum().sqrt()}  # the square root's slope at 0 is infinite

    with pytest.raises(FloatingPointError, match="gradient is not finite in epoch 1, batch 1"):
        _fit(model, loss=steep)
    assert model.weight.isfinite().all()


OUT_OF_MEMORY = {
    "the device": torch.OutOfMemoryError("out of memory"),
    "the machine": RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    "python": MemoryError(),
}


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_no_memory_says_the_way_out(error):
    def hungry(model, batch):
        raise OUT_OF_MEMORY[error]

    with pytest.raises(MemoryError, match="epoch 1, batch 1 of 6: halve the stage's `batch`"):
        _fit(_model(), loss=hungry)


def test_memory_that_the_machine_does_not_have_is_reported():
    def hungry(model, batch):
        return {"loss": torch.empty(2**46).sum()}  # 256 TB, as torch's own allocator refuses them

    with pytest.raises(MemoryError, match="set `checkpointing: true`"):
        _fit(_model(), loss=hungry)


def test_another_fault_is_not_taken_for_missing_memory():
    def broken(model, batch):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        _fit(_model(), loss=broken)


def test_fp16_needs_a_gpu():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="fp16 needs a GPU"):
        _fit(_model(), replace(SETTINGS, precision="fp16"))


def test_batches_are_augmented_from_a_stream_of_their_own():
    seen = []

    def augment(batch, generator):
        seen.append(torch.rand(1, generator=generator).item())
        return [batch[0] * 0, batch[1]]

    def blind(model, batch):
        assert not batch[0].any()
        return _loss(model, batch)

    _fit(_model(), loss=blind, augment=augment)
    first = list(seen)
    _fit(_model(), loss=blind, augment=augment)
    assert len(set(first)) == SETTINGS.epochs * STEPS and seen[len(first) :] == first


def test_an_unreadable_state_names_its_file(tmp_path):
    (tmp_path / FILE).write_bytes(b"not a state")
    with pytest.raises(ValueError, match=f"{FILE}: no readable training state.*delete it"):
        _fit(_model(), workspace=tmp_path)


def test_an_empty_epoch_and_a_wrong_count_are_refused():
    with pytest.raises(ValueError, match="smaller than one batch"):
        _fit(_model(), examples=SETTINGS.batch - 1)
    with pytest.raises(ValueError, match=f"epoch 1 had {STEPS} batches, 112 examples make 7"):
        _fit(_model(), examples=7 * SETTINGS.batch)


def test_half_precision_trains_close_to_single():
    half, single = _model(), _model()
    precise = _fit(single).epochs[-1]["loss"]
    rounded = _fit(half, replace(SETTINGS, precision="bf16")).epochs[-1]["loss"]
    assert rounded == pytest.approx(precise, rel=0.1)  # bfloat16 keeps 8 bits
    assert half(X).dtype == torch.float32


def test_threads_are_set_for_the_stage_only():
    inside = []

    def watching(model, batch):
        inside.append(torch.get_num_threads())
        return _loss(model, batch)

    before = torch.get_num_threads()
    _fit(_model(), replace(SETTINGS, threads=before + 1, epochs=1), watching)
    assert set(inside) == {before + 1} and torch.get_num_threads() == before
