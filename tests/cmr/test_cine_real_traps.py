"""The traps of the real cines, each shown to be in the files and shown to be survived."""

import dataclasses
import io
import re
import warnings
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from scipy.interpolate import RegularGridInterpolator

from cardiacnets.cmr import Cine, locate_heart, read_cine

CINES: dict[tuple[str, str], Cine] = {}
"""Real cines take a second each to read, and several tests look at the same."""


def read(path: Path, view: str = "sax") -> Cine:
    """``read_cine``, once a file and view; for tests that do not change it."""
    if (path.name, view) not in CINES:
        CINES[path.name, view] = read_cine(path, view)
    return CINES[path.name, view]


def images(path: Path) -> list[pydicom.Dataset]:
    with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            pydicom.dcmread(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
            if not name.endswith("/")
        ]


@pytest.fixture(scope="module")
def sunnybrook(sample_data):
    return sample_data / "cmr/sunnybrook/SCD0000101.zip"


@pytest.fixture(scope="module")
def siemens(sample_data):
    return sample_data / "cmr/biv_me/patient1.zip"


def save(folder: Path, datasets: list[pydicom.Dataset]) -> Path:
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, image in enumerate(datasets):
            image.save_as(folder / f"{number}.dcm")
    return folder


def test_slice_location_is_not_the_distance_of_slices(sunnybrook):
    locations = sorted({float(image.SliceLocation) for image in images(sunnybrook)})
    assert np.diff(locations) == pytest.approx(np.full(11, 6.72), abs=0.01)
    assert read(sunnybrook).spacing[0] == pytest.approx(10.0, abs=1e-3)


def test_volumes_by_the_experts_contours_need_the_true_distance_and_order(sample_data, sunnybrook):
    """EDV 191.3 ml, ESV 141.3 ml, EF 26.2 %; and neither moment is frame 0."""
    cine = read(sunnybrook)
    volumes: dict[int, float] = {}
    for file in (sample_data / "cmr/sunnybrook/contourfiles/SC-HF-I-1/i-contours").iterdir():
        number = int(re.search(r"IM-0001-(\d+)", file.name).group(1))  # 20 moments a slice, counted from 1
        x, y = np.loadtxt(file).T
        area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2 * np.prod(cine.spacing[1:])  # mm2
        moment = (number - 1) % 20
        volumes[moment] = volumes.get(moment, 0) + area * cine.spacing[0] / 1000
    assert sorted(volumes) == [7, 18]  # end-systole, end-diastole
    assert volumes[18] == pytest.approx(191.3, abs=0.05)
    assert volumes[7] == pytest.approx(141.3, abs=0.05)
    assert 100 * (1 - volumes[7] / volumes[18]) == pytest.approx(26.2, abs=0.05)
    # the picture agrees on the moment: the pool, bright within its contour, is smallest there
    middle = cine.frames[:, 6]
    row, column = locate_heart(cine.frames, cine.spacing).ventricle[6].round().astype(int)
    patch = middle[:, row - 30 : row + 31, column - 30 : column + 31]
    bright = (patch > np.percentile(patch, 60)).sum(axis=(1, 2))
    assert abs(int(bright.argmin()) - 7) <= 2 and bright[18] > bright[7]


def test_trigger_times_differ_from_slice_to_slice_and_phases_agree(sunnybrook):
    starts: dict[str, list[float]] = {}
    for image in images(sunnybrook):
        starts.setdefault(str(image.ImagePositionPatient), []).append(float(image.TriggerTime))
    last = [max(times) for times in starts.values()]
    assert len(last) == 12 and max(last) - min(last) > 50  # ms, one and a half frames
    cine = read(sunnybrook)
    phases = cine.times / cine.meta["cycle_ms"]
    np.testing.assert_allclose(phases, (np.arange(20) + 0.5) / 20, atol=1e-3)


def test_a_wrong_series_description_deceives_nobody(siemens, tmp_path):
    changed = images(siemens)
    wrong = {"cine_trufi_retro 2CH": "cine_trufi_retro 4CH", "cine_trufi_retro 4CH": "cine_trufi_retro",
             "cine_trufi_retro": "cine_trufi_retro 2CH"}  # fmt: skip
    assert {image.SeriesDescription for image in changed} == set(wrong)
    for image in changed:
        image.SeriesDescription = wrong[image.SeriesDescription]
    folder = save(tmp_path / "renamed", changed)
    for view in ("sax", "4ch"):
        np.testing.assert_array_equal(read_cine(folder, view).frames, read(siemens, view).frames)


def test_two_peoples_images_in_one_folder_are_refused(sunnybrook, siemens, tmp_path):
    folder = save(tmp_path / "mixed", [*images(sunnybrook)[:20], *images(siemens)[:20]])
    with pytest.raises(ValueError, match=f"{folder}: images of 2 people are mixed"):
        read_cine(folder)


def test_other_objects_of_pydicoms_own_examples_are_no_cine(tmp_path):
    for name, fault in (("CT_small.dcm", "modality CT"), ("MR_small.dcm", "no cine"),
                        ("waveform_ecg.dcm", "modality ECG")):  # fmt: skip
        folder = tmp_path / name
        folder.mkdir()
        content = Path(pydicom.data.get_testdata_file(name, download=False)).read_bytes()
        (folder / name).write_bytes(content)
        with pytest.raises(ValueError, match=fault) as caught:
            read_cine(folder)
        assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name, view", [
    ("sunnybrook/SCD0000101", "sax"), ("biv_me/patient1", "sax"), ("biv_me/patient1", "4ch"),
])  # fmt: skip
def test_standard_is_the_circle_in_time_and_the_millimetre_grid_in_space(sample_data, name, view):
    """By an independent route: each pixel periodic in time, and mm by a grid interpolator."""
    cine = read(sample_data / f"cmr/{name}.zip", view)
    location = locate_heart(cine.frames, cine.spacing, round_ventricle=view == "sax")
    # as the scanner stored it: how pictures are turned is told apart, by tests/cmr/test_orientation.py
    stored = dataclasses.replace(cine, meta={**cine.meta, "affine": None})
    standard = stored.standard(location=location)
    side = standard.shape[1]
    raw = cine.frames[:, location.middle_slice]
    away = (np.arange(side) - (side - 1) / 2) * 1.8  # mm from the middle of the crop
    rows, columns = np.arange(raw.shape[1]) * cine.spacing[1], np.arange(raw.shape[2]) * cine.spacing[2]
    grid = np.stack(
        np.meshgrid(
            location.centre[0] * cine.spacing[1] + away,
            location.centre[1] * cine.spacing[2] + away,
            indexing="ij",
        ),
        axis=-1,
    )
    sampled = np.stack(
        [
            RegularGridInterpolator((rows, columns), frame, bounds_error=False, fill_value=0)(grid)
            for frame in raw
        ]
    )  # fmt: skip  (T, side, side)
    phases = cine.times / cine.meta["cycle_ms"]
    courses = sampled.reshape(len(raw), -1).T
    expected = np.stack([np.interp(np.arange(50) / 50, phases, course, period=1) for course in courses])
    expected = expected.T.reshape(50, side, side)
    low, high = np.percentile(expected, (0.5, 99.5))
    expected = 255 * np.clip((expected - low) / (high - low), 0, 1)
    # the library also averages pixels finer than its own, which softens edges a little
    assert np.abs(standard - expected).mean() < 3
    assert np.corrcoef(standard.ravel(), expected.ravel())[0, 1] > 0.995


def test_a_real_cine_survives_the_way_through_nifti(siemens, tmp_path):
    cine = read(siemens)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ cine.meta["affine"][:, [2, 1, 0, 3]]
    volume = nibabel.Nifti1Image(cine.frames.transpose(3, 2, 1, 0).astype(np.int16), affine)
    step = cine.meta["cycle_ms"] / len(cine.frames)
    volume.header.set_zooms((*cine.spacing[::-1], step))
    volume.header.set_xyzt_units("mm", "msec")
    nibabel.save(volume, tmp_path / "cine.nii.gz")
    again = read_cine(tmp_path / "cine.nii.gz")
    np.testing.assert_array_equal(again.frames, cine.frames)
    np.testing.assert_allclose(again.spacing, cine.spacing, rtol=1e-5)
    np.testing.assert_allclose(again.meta["affine"], cine.meta["affine"], atol=1e-3)
    assert np.abs(again.standard().astype(int) - cine.standard()).mean() < 2


def some(path: Path, names: slice) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist())[names]}


@pytest.mark.filterwarnings("ignore")  # libraries warn about damage before they give up
@pytest.mark.parametrize("kind", ["sunnybrook zip", "siemens zip", "sunnybrook image", "siemens image",
                                  "nifti", "compressed nifti"])  # fmt: skip
def test_damaged_real_files_raise_only_value_errors_that_name_the_file(kind, sunnybrook, siemens, tmp_path):
    view = "4ch" if kind.startswith("siemens") else "sax"
    if "nifti" in kind:
        target = tmp_path / ("cine.nii.gz" if kind.startswith("compressed") else "cine.nii")
        data = read(siemens).frames[:4, :, ::8, ::8].transpose(3, 2, 1, 0).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(data, np.diag([11.0, 11.0, 17.7, 1.0])), target)
        cine, original = target, target.read_bytes()
    else:
        source = siemens if kind.startswith("siemens") else sunnybrook
        wanted = slice(0, 4) if source == siemens else slice(0, 240, 20)
        files = some(source, wanted)
        cine = tmp_path / ("cine.zip" if kind.endswith("zip") else "cine")
        if kind.endswith("zip"):
            with zipfile.ZipFile(cine, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            target = cine
        else:
            cine.mkdir()
            for number, content in enumerate(files.values()):
                (cine / f"{number}.dcm").write_bytes(content)
            target = cine / "1.dcm"
        original = target.read_bytes()
    rng, refused, trials = np.random.default_rng(30), 0, 60
    for trial in range(trials):
        broken = bytearray(original)
        reach = len(broken) if trial % 2 else min(2000, len(broken))  # half of it falls where headers lie
        for place in rng.integers(0, reach, int(rng.integers(1, 9))):
            broken[place] = int(rng.integers(0, 256))
        if trial % 5 == 0:
            del broken[int(rng.integers(1, len(broken))) :]
        target.write_bytes(bytes(broken))
        try:
            assert np.isfinite(read_cine(cine, view).frames).all()
        except ValueError as error:
            assert str(cine) in str(error) and "\n" not in str(error)
            refused += 1
    assert refused >= trials // 6  # what was cut off, at least
