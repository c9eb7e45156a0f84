"""Damaged files of every format raise nothing but ``ValueError`` that names the file."""

import numpy as np
import pytest

from cardiacnets.ecg import example_ecg_path, read_ecg

RECORDS = {
    "dicom": (None,),
    "cardiosoft": ("cardiosoft_xml/onyx_cardiosoft_Ecg.XML",),
    "muse": tuple(f"muse_xml/braveheart_example{number}.xml" for number in (1, 2, 3)),
    "hl7": ("hl7_aecg/hl7_example_aECG.xml", "hl7_aecg/fda_subject1_0.xml"),
    "wfdb headers": tuple(f"cinc2021/{name}.hea" for name in ("E07500", "HR06000", "JS20000"))
    + ("ptb_xl/00001_lr.hea", "ptbdb/s0010_re.hea"),
    "wfdb signals": ("cinc2021/E07500.mat", "cinc2021/HR06000.mat", "ptb_xl/00001_lr.dat"),
    "code15": ("code15/code_15_358121.mat", "code15/code_15_438277.mat"),
}
"""Every kind of real file; those left out are further records of the same device and layout."""

MUTATIONS = 90
"""For each format, shared by its files: a few seconds."""

HEAD = 4000
"""Bytes in which most changes fall: what is parsed, rather than the samples behind it."""


def change_numbers(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three digits turned into others: what stays well-formed and gets past the parser."""
    changed = bytearray(content)
    digits = np.flatnonzero(np.isin(np.frombuffer(content, np.uint8), list(b"0123456789")))
    near = digits[digits < HEAD] if rng.random() < 0.7 else digits
    for place in rng.choice(near, min(len(near), int(rng.integers(1, 4)))) if len(near) else ():
        changed[place] = rng.choice(list(b"0123456789-"))
    return bytes(changed)


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
    rng, refused, tried = np.random.default_rng(20), 0, 0
    for name in RECORDS[kind]:
        file = example_ecg_path() if name is None else request.getfixturevalue("sample_data") / "ecg" / name
        for part in file.parent.glob(f"{file.stem}.*"):  # a header and its signals belong together
            (tmp_path / part.name).write_bytes(part.read_bytes())
        target, original = tmp_path / file.name, file.read_bytes()
        for trial in range(MUTATIONS // len(RECORDS[kind])):
            target.write_bytes((change_numbers if trial % 3 == 0 else mutate)(original, rng))
            tried += 1
            try:
                ecg = read_ecg(target)
            except ValueError as error:
                assert str(target) in str(error) and "\n" not in str(error)
                refused += 1
            else:
                assert ecg.signal.shape[0] == 12 and np.isfinite(ecg.signal).all()
                assert ecg.standard().shape == (12, 5000)
    assert refused > tried // 3  # otherwise the damage would not reach what is parsed
