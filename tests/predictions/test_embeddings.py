"""The audit of embeddings finds what was put in, and says in one line what is wrong with a file."""

import json

import numpy as np
import pandas as pd
import pytest

from cardiacnets.__main__ import main
from cardiacnets.predictions.embeddings import (
    FEWEST,
    Embeddings,
    audit_embeddings,
    read_embeddings,
    read_truths,
)

N = 400


@pytest.fixture(scope="module")
def world():
    """A heart of four numbers; the embedding sees them through noise, age sees the first one a little."""
    rng = np.random.default_rng(8)
    heart, people = rng.normal(size=(N, 4)), np.array([f"p{i}" for i in range(N)])
    mixed = rng.normal(size=(4, 16))
    vectors = heart @ mixed + 0.5 * rng.normal(size=(N, 16))
    partners = heart @ mixed + 0.5 * rng.normal(size=(N, 16))
    table = pd.DataFrame({
        "participant": people, "age": 60 + 3 * heart[:, 0] + 3 * rng.normal(size=N),
        "mass": 100 + 20 * heart[:, 0], "volume": heart[:, 1] + rng.normal(size=N),
        "cm": (heart[:, 2] + 0.5 * rng.normal(size=N) > 0).astype(int),
    })  # fmt: skip
    return people, vectors, partners, table


def found(world, tmp_path, **changes):
    people, vectors, partners, table = world
    file = tmp_path / "truths.csv"
    changes.get("table", table).to_csv(file, index=False)
    embeddings = Embeddings(people, changes.get("vectors", vectors), changes.get("partners", partners),
                            changes.get("tested"))  # fmt: skip
    return audit_embeddings(embeddings, *read_truths(file, changes.get("covariates", ["age"])), resamples=200)


def row(rows, read, task, against=""):
    (one,) = rows[(rows["read"] == read) & (rows["task"] == task) & (rows["against"] == against)].to_dict(
        "records"
    )
    return one


def test_what_an_embedding_knows_stands_beside_strangers_and_covariates(world, tmp_path):
    rows = found(world, tmp_path).rows
    values, disease = row(rows, "embedding", "values"), row(rows, "embedding", "cm")
    assert 0.7 < values["estimate"] < 0.95 and values["metric"] == "mean r" and values["n"] == N
    assert 0.85 < disease["estimate"] <= 1 and disease["metric"] == "auc"
    for task in ("values", "cm"):
        for against in ("strangers", "covariates"):
            assert row(rows, "embedding", task, against)["low"] > 0
    assert row(rows, "embedding beside covariates", "values", "covariates")["low"] > 0


def test_strangers_embeddings_know_nothing(world, tmp_path):
    rows = found(world, tmp_path, vectors=np.roll(world[1], 7, axis=0)).rows
    for task, nothing in (("values", 0.0), ("cm", 0.5)):
        own, less = row(rows, "embedding", task), row(rows, "embedding", task, "strangers")
        assert abs(own["estimate"] - nothing) < 0.12 and less["low"] < 0 < less["high"]
    added = row(rows, "embedding beside covariates", "values", "covariates")
    assert added["low"] < 0.02, "noise beside age adds nothing"


def test_retrieval_finds_partners_and_no_strangers(world, tmp_path):
    own = found(world, tmp_path).retrieval.set_index("place")
    assert own.loc[10, "low"] > 5 * own.loc[10, "chance"] and own.loc[10, "chance"] == 10 / N
    assert own["estimate"].is_monotonic_increasing
    others = found(world, tmp_path, partners=np.roll(world[2], 3, axis=0)).retrieval.set_index("place")
    assert others.loc[10, "low"] < others.loc[10, "chance"] + 0.02 < own.loc[10, "low"]
    assert found(world, tmp_path, partners=None).retrieval.empty


def test_with_a_split_only_test_people_are_judged(world, tmp_path):
    tested = np.arange(N) % 4 == 0
    shown = found(world, tmp_path, tested=tested)
    assert row(shown.rows, "embedding", "values")["n"] == tested.sum() == shown.retrieval["n"].iloc[0]


def test_unknown_truths_are_left_out_of_their_own_number_only(world, tmp_path):
    table = world[3].copy()
    table.loc[:99, "cm"] = np.nan
    rows = found(world, tmp_path, table=table.iloc[:-20]).rows
    assert row(rows, "embedding", "cm")["n"] == N - 120 and row(rows, "embedding", "values")["n"] == N - 20
    assert found(world, tmp_path, table=table.iloc[:-20]).left_out == 20


def test_without_covariates_their_rows_are_absent(world, tmp_path):
    rows = found(world, tmp_path, covariates=[]).rows
    assert set(rows["read"]) == {"embedding"} and set(rows["against"]) == {"", "strangers"}


def files(tmp_path, world, **arrays):
    people, vectors, partners, table = world
    table.to_csv(tmp_path / "t.csv", index=False)
    held = {"participant": people, "embedding": vectors, "partner": partners} | arrays
    np.savez(tmp_path / "e.npz", **{name: value for name, value in held.items() if value is not None})
    return str(tmp_path / "e.npz"), str(tmp_path / "t.csv")


def test_the_command_reads_both_formats_alike(world, tmp_path, capsys):
    npz, truths = files(tmp_path, world)
    people, vectors, partners, _ = world
    columns = {f"e{k}": vectors[:, k] for k in range(16)} | {f"p{k}": partners[:, k] for k in range(16)}
    pd.DataFrame({"participant": people} | columns).to_parquet(tmp_path / "e.parquet")
    printed = []
    for file in (npz, str(tmp_path / "e.parquet")):
        asked = ["audit", file, "--truths", truths, "--beside", "age", "--resamples", "50"]
        assert main(asked) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "read from the embedding\nvalues: mean r 0." in printed[0] and "less strangers" in printed[0]
    assert "own partner among the first 10: " in printed[0]
    assert main([*asked, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"rows", "retrieval", "left_out"}


def spoiled(vectors):
    changed = vectors.copy()
    changed[3, 5] = np.nan
    return changed


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (lambda people, vectors: {"embedding": None}, "no array 'embedding'; there are participant"),
        (
            lambda people, vectors: {"embedding": spoiled(vectors)},
            "NaN or infinity in column 5 of participant 'p3'",
        ),
        (
            lambda people, vectors: {"participant": np.append(people[:-1], "p0")},
            "participant 'p0' stands twice",
        ),
        (lambda people, vectors: {"embedding": vectors[:-1]}, "it has to be numbers (400, D)"),
        (lambda people, vectors: {"partner": vectors[:, :3]}, "partner has 3 columns, embedding 16"),
        (lambda people, vectors: {"split": np.full(N, "train")}, "needs people of the split 'test'"),
        (
            lambda people, vectors: {"participant": np.array([f"q{i}" for i in range(N)])},
            f"0 people have an embedding and a truth; at least {FEWEST}",
        ),
    ],
)
def test_a_bad_file_of_embeddings_is_one_line(arrays, said, world, tmp_path, capsys):
    npz, truths = files(tmp_path, world, **arrays(world[0], world[1]))
    assert main(["audit", npz, "--truths", truths, "--resamples", "20"]) == 1
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="age"), "no column 'age'; there are participant, mass"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "participant 'p0' stands twice"),
        (lambda table: table.assign(name="x"), "column 'name' holds no numbers"),
        (lambda table: table.assign(mass=np.inf), "column 'mass' holds infinity"),
        (lambda table: table.assign(mass=1.0), "truth 'mass' is the same for everyone"),
        (
            lambda table: table.assign(mass=np.nan),
            "truth 'mass' is the same for everyone, or known of nobody",
        ),
        (lambda table: table[["participant", "age"]], "no truths beside"),
        (lambda table: table.iloc[:20], "20 people have an embedding and a truth"),
    ],
)
def test_a_bad_table_of_truths_is_one_line(change, said, world, tmp_path, capsys):
    npz, truths = files(tmp_path, world)
    change(world[3]).to_csv(truths, index=False)
    assert main(["audit", npz, "--truths", truths, "--beside", "age", "--resamples", "20"]) == 1
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_a_file_that_is_none_and_embeddings_without_truths_are_named(world, tmp_path, capsys):
    npz, truths = files(tmp_path, world)
    assert main(["audit", npz]) == 1 and "--truths FILE" in capsys.readouterr().err
    (tmp_path / "broken.npz").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"broken\.npz: no readable \.npz"):
        read_embeddings(tmp_path / "broken.npz")
    np.savez(tmp_path / "o.npz", participant=np.array(["a", object()], object), embedding=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no readable .npz of plain arrays"):
        read_embeddings(tmp_path / "o.npz")
    pd.DataFrame({"participant": ["a"], "x": [1.0]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="no column 'e0'"):
        read_embeddings(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="no readable table"):
        read_truths(tmp_path / "absent.parquet")
