"""Shards: in order, from one process or several, resumed where a job was killed, named where one fails."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiacnets.shards import (
    Part,
    leave_shard,
    load_shard,
    over_shards,
    parse_part,
    shard_file,
    shards_of,
)

JOBS = [(shard, 3) for shard in shards_of(20, 6)]
"""Rows 0-5, 6-11, 12-17, 18-19."""


def powers(shard: range, exponent: int) -> dict[str, np.ndarray]:
    """What is made of a shard, in this process or another."""
    return {"power": np.array(shard) ** exponent, "process": np.array(os.getpid())}


def fails_at_twelve(shard: range, exponent: int) -> dict[str, np.ndarray]:
    """A fault in one shard of four."""
    if 12 in shard:
        raise OSError("disk full")
    return powers(shard, exponent)


def ends_at_twelve(shard: range, exponent: int) -> dict[str, np.ndarray]:
    """A process that the system kills."""
    if 12 in shard:
        os._exit(9)
    return powers(shard, exponent)


@given(st.integers(0, 300), st.integers(1, 70))
def test_shards_hold_all_rows_once_in_order(count, size):
    found = shards_of(count, size)
    assert [row for shard in found for row in shard] == list(range(count))
    assert all(len(shard) == size for shard in found[:-1]) and all(map(len, found))


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_shards(processes):
    made = list(over_shards(powers, JOBS, processes))
    assert np.concatenate([one["power"] for one in made]).tolist() == [row**3 for row in range(20)]
    here = {int(one["process"]) == os.getpid() for one in made}
    assert here == {processes == 1}
    assert list(over_shards(powers, [], processes)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_job_has_left_is_taken_and_the_rest_is_made(tmp_path, processes):
    for start in (6, 18):
        leave_shard(tmp_path, start, lambda start=start: {"power": np.array([-start])})
    made = list(over_shards(powers, JOBS, processes, tmp_path))
    assert [one["power"][0] for one in made] == [0, -6, 12**3, -18]


@pytest.mark.parametrize("harm", ["cut", "emptied", "changed"])
def test_a_torn_shard_is_made_again(tmp_path, harm):
    for shard, exponent in JOBS:
        leave_shard(tmp_path, shard.start, lambda job=(shard, exponent): powers(*job))
    torn = shard_file(tmp_path, 6)
    whole = torn.read_bytes()
    middle = whole.index(np.int64(6**3).tobytes())
    harmed = {"cut": whole[:100], "emptied": b"", "changed": whole[:middle] + b"!" + whole[middle + 1 :]}
    torn.write_bytes(harmed[harm])
    assert load_shard(tmp_path, 6) is None
    made = list(over_shards(powers, JOBS, 1, tmp_path))
    assert np.concatenate([one["power"] for one in made]).tolist() == [row**3 for row in range(20)]
    if harm != "changed":  # a job that goes on leaves a whole one in its place
        leave_shard(tmp_path, 6, lambda: powers(*JOBS[1]))
        assert load_shard(tmp_path, 6)["power"].tolist() == [row**3 for row in range(6, 12)]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_fault_names_its_rows_and_keeps_its_kind(processes):
    made = over_shards(fails_at_twelve, JOBS, processes)
    assert [next(made)["power"][0] for _ in range(2)] == [0, 6**3]
    with pytest.raises(OSError, match="disk full") as fault:
        next(made)
    assert fault.value.__notes__ == ["while rows 12 to 17 of 20 were made"]


def test_a_process_that_was_ended_says_what_to_do():
    with pytest.raises(RuntimeError) as fault:
        list(over_shards(ends_at_twelve, JOBS, 2))
    rows, way_out = fault.value.__notes__
    assert rows.startswith("while rows") and rows.endswith("of 20 were made") and "ask for fewer" in way_out


def test_a_job_killed_between_shards_goes_on_where_it_was(tmp_path):
    """Ended without warning in its third shard: two lie there whole, and only the others are made."""
    code = (
        "import os, sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from cardiacnets.shards import leave_shard, shards_of\n"
        "def make(shard):\n"
        "    if shard.start == 12: os._exit(9)\n"
        "    return {'power': np.array(shard) ** 3}\n"
        "for shard in shards_of(20, 6):\n"
        "    leave_shard(Path(sys.argv[1]), shard.start, lambda: make(shard))\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == 9
    assert [load_shard(tmp_path, shard.start) is not None for shard, _ in JOBS] == [True, True, False, False]
    seen = []

    def make(shard: range, exponent: int) -> dict[str, np.ndarray]:
        seen.append(shard.start)
        return powers(shard, exponent)

    made = list(over_shards(make, JOBS, 1, tmp_path))
    assert seen == [12, 18]
    assert np.concatenate([one["power"] for one in made]).tolist() == [row**3 for row in range(20)]


@given(st.integers(0, 50), st.integers(1, 60))
def test_parts_share_all_shards_in_order_and_evenly(shards, of):
    shares = [Part(number, of).share(range(shards)) for number in range(1, of + 1)]
    assert [shard for share in shares for shard in share] == list(range(shards))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "x", "", "1", "1/0", "-1/3", "1/3/3", "1.0/3"])
def test_a_part_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="no part .*write 1/3"):
        parse_part(text)
    assert str(parse_part("2/3")) == "2/3"


def test_a_shard_is_left_whole_or_not_at_all_and_once(tmp_path):
    def fails():
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        leave_shard(tmp_path, 6, fails)
    assert not shard_file(tmp_path, 6).exists()
    leave_shard(tmp_path, 6, lambda: {"beats": np.arange(3), "reasons": np.array(["", "flat"])})
    leave_shard(tmp_path, 6, fails)
    shard = load_shard(tmp_path, 6)
    assert shard["beats"].tolist() == [0, 1, 2] and shard["reasons"].tolist() == ["", "flat"]
    assert [path.name for path in shard_file(tmp_path, 6).parent.iterdir()] == ["000000006.npz"]
