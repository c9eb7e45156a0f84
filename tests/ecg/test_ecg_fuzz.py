"""Damaged files of every format raise nothing but ``ValueError`` that names the file."""

import numpy as np
import pytest

from cardiacnets.ecg import example_ecg_path, read_ecg

RECORDS = {
    "dicom": [None],
    "cardiosoft": ["cardiosoft_xml/onyx_cardiosoft_Ecg.XML"],
    "muse": ["muse_xml/braveheart_example1.xml"],
    "hl7": ["hl7_aecg/hl7_example_aECG.xml"],
    "wfdb header": ["cinc2021/E07500.hea", "cinc2021/E07500.mat"],
    "wfdb signals": ["ptb_xl/00001_lr.dat", "ptb_xl/00001_lr.hea"],
    "code15": ["code15/code_15_358121.mat"],
}
MUTATIONS = 60
HEAD = 4000
"""Bytes in which most changes fall: what is parsed, rather than the samples behind it."""


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, taken out, put in or cut off; digits and punctuation more often than others."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 8)):
        position = int(rng.integers(max(1, min(len(changed), HEAD if rng.random() < 0.8 else len(changed)))))
        kind = rng.integers(6)
        if kind == 0:
            changed[position : position + 1] = bytes([rng.integers(256)])
        elif kind == 1:
            changed[position : position + 1] = bytes([rng.choice(list(b"0123456789-.x:+/() \n<>"))])
        elif kind == 2:
            del changed[position : position + int(rng.integers(1, 50))]
        elif kind == 3:
            changed[position:position] = rng.integers(0, 256, rng.integers(1, 20), dtype=np.uint8).tobytes()
        elif kind == 4:
            changed[position:position] = b"9" * int(rng.integers(1, 12))
        else:
            del changed[position + 1 :]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # libraries warn about damage before they give up
@pytest.mark.parametrize("kind", RECORDS)
def test_damage_raises_only_value_errors_that_name_the_file(kind, request, tmp_path):
    if kind == "dicom":
        files = [example_ecg_path()]
    else:
        files = [request.getfixturevalue("sample_data") / "ecg" / name for name in RECORDS[kind]]
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    target, original = tmp_path / files[0].name, files[0].read_bytes()
    rng = np.random.default_rng(20)
    refused = 0
    for _ in range(MUTATIONS):
        target.write_bytes(mutate(original, rng))
        try:
            ecg = read_ecg(target)
        except ValueError as error:
            assert str(target) in str(error)
            refused += 1
        else:
            assert ecg.signal.shape[0] == 12 and np.isfinite(ecg.signal).all()
    assert refused > MUTATIONS // 3  # otherwise the damage would not reach what is parsed
