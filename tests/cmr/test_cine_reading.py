"""Reading real cines past their traps, and refusing what is no cine in one clear line."""

import gzip
import io
import shutil
import warnings
import zipfile

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from cardiacnets.cmr import read_cine

SAX = (0.79, 0.0, 0.61, 0.38, 0.79, -0.48)
FOUR = (1.0, 0.0, 0.1, 0.08, -0.57, -0.82)
TWO = (-0.62, 0.78, 0.0, 0.04, 0.02, -1.0)
LYING = np.eye(4)
"""Right, front and head of a NIfTI short axis whose rows run as in DICOM, slices base to apex."""
LYING[:3, :3] = np.stack([(-0.79, 0, 0.61), (-0.38, -0.79, -0.48), (-0.48, 0.61, -0.62)], axis=1)
LYING[:3, :3] /= np.linalg.norm(LYING[:3, :3], axis=0)
STUDY, PERSON = generate_uid(), "anonymous"


def image(frame=0, depth=0.0, turn=SAX, series=1, **changes):
    """Bytes of one simulated DICOM image at ``depth`` mm along its normal; grey by frame."""
    turn = np.array(turn).reshape(2, 3) / np.linalg.norm(np.array(turn).reshape(2, 3), axis=1, keepdims=True)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = changes.get("SOPClassUID", MRImageStorage)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    one = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    values = {
        "SOPClassUID": MRImageStorage, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID, "Modality": "MR",
        "PatientID": PERSON, "StudyInstanceUID": STUDY, "SeriesInstanceUID": f"1.2.{series}",
        "SeriesNumber": series,
        "SeriesDescription": "wrong", "InstanceNumber": frame + 1, "TriggerTime": 10.0 + 40 * frame,
        "NominalInterval": 400, "SliceLocation": 3.3 * depth, "SliceThickness": 8,
        "ImagePositionPatient": [round(float(x), 5) for x in depth * np.cross(*turn)],
        "ImageOrientationPatient": [round(float(x), 6) for x in turn.ravel()], "PixelSpacing": [1.5, 1.5],
        "Rows": 16, "Columns": 20, "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
        "PixelRepresentation": 0, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "PixelData": np.full((16, 20), 10 * frame + 5, np.uint16).tobytes(),
    } | changes  # fmt: skip
    for tag, value in values.items():
        if value is not None:
            setattr(one, tag, value)
    stream = io.BytesIO()
    one.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def stack(slices=4, frames=10, **changes):
    """A short-axis stack, 9 mm apart, in a shuffled order of files."""
    files = [image(frame, 9.0 * depth, **changes) for depth in range(slices) for frame in range(frames)]
    return [files[index] for index in np.random.default_rng(0).permutation(len(files))]


def write(folder, files, suffix=".dcm"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(files):
        (folder / f"{number}{suffix}").write_bytes(content)
    return folder


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


# --- real cines


def test_sunnybrook_spacing_comes_from_positions_and_frames_from_trigger_times(sample_data):
    cine = read_cine(sample_data / "cmr/sunnybrook/SCD0000101.zip")
    assert cine.frames.shape == (20, 12, 256, 256)
    assert cine.spacing == pytest.approx((10.0, 1.367188, 1.367188), abs=1e-3)  # SliceLocation steps by 6.7
    assert (np.diff(cine.times) > 0).all() and 0 < cine.times[0] < 30
    assert 700 < cine.times[-1] < cine.meta["cycle_ms"] < 800


def test_sunnybrook_frames_and_slices_are_those_of_the_experts(sample_data):
    """Image n, as the contours are numbered, is frame (n - 1) % 20 of slice (n - 1) // 20."""
    cine = read_cine(sample_data / "cmr/sunnybrook/SCD0000101.zip")
    with zipfile.ZipFile(sample_data / "cmr/sunnybrook/SCD0000101.zip") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in archive.namelist()[::37]:
            one = pydicom.dcmread(io.BytesIO(archive.read(name)))
            slice_index, frame = divmod(int(one.InstanceNumber) - 1, 20)
            assert np.array_equal(cine.frames[frame, slice_index], one.pixel_array)


def test_siemens_views_are_told_apart_in_one_zip(sample_data):
    path = sample_data / "cmr/biv_me/patient1.zip"
    short = read_cine(path)
    assert short.frames.shape == (25, 6, 208, 256)
    assert short.spacing == pytest.approx(
        (17.7, 1.40625, 1.40625), abs=1e-3
    )  # the gap is far wider than 6 mm thick
    assert short.meta["series"] == [7001, 8001, 9001, 10001, 11001, 12001]
    four = read_cine(path, view="4ch")
    assert four.frames.shape == (25, 1, 208, 256) and four.meta["series"] == [14001]  # 17001 is two-chamber
    assert four.times[0] == 0 and four.meta["cycle_ms"] == 876


def test_sunnybrook_has_no_four_chamber_view(sample_data):
    with pytest.raises(ValueError, match="SCD0000101.zip: .* no four-chamber"):
        read_cine(sample_data / "cmr/sunnybrook/SCD0000101.zip", view="4ch")


@pytest.mark.parametrize("name, view", [("sunnybrook/SCD0000101", "sax"), ("biv_me/patient1", "4ch")])
def test_real_cines_reach_the_contract(sample_data, name, view):
    cine = read_cine(sample_data / f"cmr/{name}.zip", view)
    standard = cine.standard()
    assert standard.shape == ((50, 80, 80) if view == "sax" else (50, 96, 96)) and standard.dtype == np.uint8
    # a beat is a circle: the step from the last frame to the first is like any other
    steps = np.abs(np.diff(standard.astype(float), axis=0, append=standard[:1])).mean(axis=(1, 2))
    assert steps[-1] < 2 * np.median(steps)


def test_damaged_bytes_of_a_real_cine_raise_nothing_else(sample_data, tmp_path):
    whole = (sample_data / "cmr/biv_me/patient1.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        names = [name for name in archive.namelist() if name.startswith("Se6/")][:3]
        real = [archive.read(name) for name in names]
    draw = np.random.default_rng(1)
    for trial in range(60):
        files = [bytearray(content) for content in real]
        broken = files[trial % 3]
        limit = 1500 if trial % 2 else len(broken)  # half of the damage falls into the header
        for place in draw.integers(0, limit, size=8):
            broken[place] = int(draw.integers(0, 256))
        if trial % 5 == 0:
            del broken[int(draw.integers(0, len(broken))) :]
        folder = write(tmp_path / str(trial), [bytes(content) for content in files])
        try:
            assert read_cine(folder, view="4ch").frames.ndim == 4
        except ValueError as error:
            assert str(folder) in str(error) and "\n" not in str(error)


# --- simulated files


def test_order_of_files_does_not_matter(tmp_path):
    cine = read_cine(write(tmp_path / "cine", stack()))
    assert cine.frames.shape == (10, 4, 16, 20)
    assert cine.spacing == pytest.approx((9, 1.5, 1.5), abs=1e-3)
    assert (cine.frames[:, 2, 3, 4] == 10 * np.arange(10) + 5).all()
    assert cine.times == pytest.approx(10 + 40 * np.arange(10)) and cine.meta["times_known"]


def test_slices_run_from_base_to_apex(tmp_path):
    cine = read_cine(write(tmp_path / "cine", stack()))
    assert cine.meta["affine"][:3, 0] @ (0.6, -0.6, -0.5) > 0  # a step of one slice goes towards the apex


def test_a_zip_a_folder_and_other_files_beside_them_read_alike(tmp_path):
    files = stack()
    folder = read_cine(write(tmp_path / "cine", [*files, files[0]]))  # one image is there twice
    members = {f"a/{number}": content for number, content in enumerate(files)}  # UK Biobank: no suffix
    archive = zipped(tmp_path / "cine.zip", members | {"manifest.csv": "a,b", "__MACOSX/._1.dcm": "x"})
    assert np.array_equal(read_cine(archive).frames, folder.frames)


def test_geometry_overrules_the_name_of_a_series(tmp_path):
    two = [image(frame, turn=TWO, series=8, SeriesDescription="CINE 4CH") for frame in range(10)]
    four = [image(frame, turn=FOUR, series=9, SeriesDescription="CINE 2CH") for frame in range(10)]
    folder = write(tmp_path / "cine", [*stack(), *two, *four])
    assert read_cine(folder, "4ch").meta["series"] == [9]
    assert read_cine(folder, "sax").meta["series"] == [1]
    with pytest.raises(ValueError, match="two- or three-chamber"):
        read_cine(write(tmp_path / "two", two), "4ch")
    with pytest.raises(ValueError, match="no short-axis stack"):
        read_cine(write(tmp_path / "both", [*two, *four]), "sax")


def test_scouts_and_repeated_slices_do_no_harm(tmp_path):
    scout = [image(0, 50, series=7)]
    again = [image(frame, 9.0, series=5, RescaleIntercept=1000) for frame in range(10)]
    cine = read_cine(write(tmp_path / "cine", [*stack(), *scout, *again]))
    assert cine.frames.shape[1] == 4
    repeated = cine.frames[0, :, 0, 0] > 1000
    assert repeated.sum() == 1 and (repeated[1] or repeated[2])  # the later one counts, in its place


def test_without_trigger_times_the_order_of_instances_stands(tmp_path):
    cine = read_cine(write(tmp_path / "cine", stack(TriggerTime=None, NominalInterval=None)))
    assert not cine.meta["times_known"]
    assert (cine.frames[:, 0, 0, 0] == 10 * np.arange(10) + 5).all()
    assert cine.standard(frames=10, pixels=16).shape == (10, 16, 16)


def test_a_beat_without_its_length_closes_one_step_after_its_last_frame(tmp_path):
    cine = read_cine(write(tmp_path / "cine", stack(NominalInterval=None)))
    assert cine.meta["cycle_ms"] == pytest.approx(410) and cine.times[0] == pytest.approx(10)
    late = [
        image(frame, 9.0 * depth, TriggerTime=600.0 + 40 * frame) for depth in range(3) for frame in range(10)
    ]
    cine = read_cine(write(tmp_path / "late", late))  # 600 ms cannot lie in a beat of 400
    assert cine.times[0] == 0 and cine.meta["cycle_ms"] == pytest.approx(400)


def test_a_slice_with_fewer_frames_is_brought_to_the_common_moments(tmp_path):
    files = [
        image(frame, 9.0 * depth)
        for depth in range(3)
        for frame in range(10)
        if not (depth == 1 and frame == 4)
    ]
    cine = read_cine(write(tmp_path / "cine", files))
    assert cine.frames.shape[:2] == (10, 3)
    assert cine.frames[4, 1, 0, 0] == pytest.approx(45)  # between the grey levels 35 and 55 around the gap
    few = [image(frame, 9.0 * depth) for depth in range(3) for frame in range(10) if depth != 1 or frame < 3]
    with pytest.raises(ValueError, match="slices of 3 and 10 frames"):
        read_cine(write(tmp_path / "few", few))


def test_images_a_scanner_drew_contours_into_are_passed_over(tmp_path):
    drawn = stack(series=9, ImageType=["DERIVED", "SECONDARY"], RescaleIntercept=5000)
    assert read_cine(write(tmp_path / "cine", [*stack(), *drawn])).frames.max() < 1000
    assert (
        read_cine(write(tmp_path / "alone", drawn)).frames.min() >= 5000
    )  # an export that calls all derived


def test_velocity_images_are_not_anatomy(tmp_path):
    velocity = stack(series=2, ImageType=["ORIGINAL", "PRIMARY", "P"], RescaleIntercept=5000)
    cine = read_cine(write(tmp_path / "cine", [*stack(), *velocity]))
    assert cine.frames.max() < 1000


@pytest.mark.parametrize(
    "files, fault",
    [
        ([], "no MR images"),
        ([image(0, 9.0 * depth) for depth in range(4)], "no cine"),
        (stack(Modality="CT", SOPClassUID=CTImageStorage), "modality CT"),
        (stack(ImagePositionPatient=None), "no MR images with positions"),
        ([*stack(), *stack(PatientID="other")], "2 people are mixed"),
        ([*stack(), *stack(StudyInstanceUID="1.2.9")], "2 examinations are mixed"),
        ([*stack(), *stack(turn=(0, 1, 0, 0, 0, -1), series=2)], "two stacks"),
        (stack(NumberOfFrames=2), "NIfTI"),
        (stack(PixelSpacing=None), "PixelSpacing"),
        ([*stack()[1:], stack()[0][:-300]], "cut short"),
        ([*stack()[1:], stack()[0][:100]], "cut short"),
        ([*stack()[1:], b"garbage"], "not a DICOM file"),
    ],
)  # fmt: skip
def test_what_is_no_cine_is_refused_by_name(tmp_path, files, fault):
    folder = write(tmp_path / "cine", files)
    with pytest.raises(ValueError, match=fault) as caught:
        read_cine(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../evil.dcm", "/etc/evil.dcm", "a/../../evil.dcm", "..\\evil.dcm", "C:\\evil.dcm"]
)
def test_a_zip_that_points_outside_is_refused(tmp_path, name):
    path = zipped(tmp_path / "cine.zip", {name: image()})
    with pytest.raises(ValueError, match="cine.zip: .* points outside"):
        read_cine(path)
    assert [file.name for file in tmp_path.iterdir()] == ["cine.zip"]


def test_a_zip_bomb_is_refused(tmp_path):
    path = zipped(tmp_path / "cine.zip", {"1.dcm": bytes(30 * 2**20)})
    assert path.stat().st_size < 2**16
    with pytest.raises(ValueError, match="zip bomb"):
        read_cine(path)


def test_truncated_and_missing_zips_are_refused(tmp_path):
    path = zipped(tmp_path / "cine.zip", {f"{n}.dcm": content for n, content in enumerate(stack())})
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ValueError, match="cine.zip: .*whole zip"):
        read_cine(path)
    with pytest.raises(ValueError, match="no such file"):
        read_cine(tmp_path / "absent.zip")
    with pytest.raises(ValueError, match="view '3ch'"):
        read_cine(path, view="3ch")


def test_nifti_is_read_and_a_single_moment_refused(tmp_path):
    data = np.random.default_rng(0).random((20, 16, 4, 10), dtype=np.float32)
    volume = nibabel.Nifti1Image(data, LYING @ np.diag([1.5, 1.6, 8.0, 1.0]))
    volume.header.set_zooms((1.5, 1.6, 8.0, 0.04))
    volume.header.set_xyzt_units("mm", "sec")
    nibabel.save(volume, tmp_path / "cine.nii.gz")
    cine = read_cine(tmp_path / "cine.nii.gz")
    assert np.allclose(cine.frames, data.transpose(3, 2, 1, 0))
    assert cine.spacing == pytest.approx((8, 1.6, 1.5)) and cine.times[1] == pytest.approx(40)
    nibabel.save(nibabel.Nifti1Image(data[..., 0], np.eye(4)), tmp_path / "still.nii.gz")
    with pytest.raises(ValueError, match="still.nii.gz: .* one moment"):
        read_cine(tmp_path / "still.nii.gz")
    (tmp_path / "cut.nii.gz").write_bytes((tmp_path / "cine.nii.gz").read_bytes()[:500])
    with pytest.raises(ValueError, match="cut.nii.gz: not a whole NIfTI"):
        read_cine(tmp_path / "cut.nii.gz")


def test_nothing_is_written(tmp_path):
    folder = write(tmp_path / "cine", stack())
    before = sorted(tmp_path.rglob("*"))
    read_cine(folder)
    assert sorted(tmp_path.rglob("*")) == before
    shutil.rmtree(folder)


def test_a_nifti_header_that_promises_too_much_is_refused(tmp_path):
    volume = nibabel.Nifti1Image(np.zeros((4, 4, 2, 3), np.int16), np.eye(4))
    nibabel.save(volume, tmp_path / "cine.nii")
    content = bytearray((tmp_path / "cine.nii").read_bytes())
    content[42:50] = np.array([32767] * 4, "<i2").tobytes()  # dim[1] to dim[4]
    for name, stored in (("cine.nii", bytes(content)), ("cine.nii.gz", gzip.compress(bytes(content)))):
        (tmp_path / name).write_bytes(stored)
        with pytest.raises(ValueError, match=f"{name}: .*usual size"):
            read_cine(tmp_path / name)


@pytest.mark.parametrize("name", ["0.dcm", "cine.zip", "cine.nii", "cine.nii.gz"])
def test_damaged_bytes_raise_nothing_else(tmp_path, name):
    path = tmp_path / name
    cine = tmp_path if name == "0.dcm" else path  # one damaged image of a folder, or the only file
    if name == "0.dcm":
        write(tmp_path, stack(3, 3))
    elif name == "cine.zip":
        zipped(path, {f"{number}.dcm": content for number, content in enumerate(stack(3, 3))})
    else:
        data = np.random.default_rng(0).integers(0, 99, (6, 5, 3, 4)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(data, np.eye(4)), path)
    whole = path.read_bytes()
    draw = np.random.default_rng(2)
    for trial in range(80):
        broken = bytearray(whole)
        limit = min(400, len(whole)) if trial % 2 else len(whole)
        for place in draw.integers(0, limit, size=6):
            broken[place] = int(draw.integers(0, 256))
        path.write_bytes(
            bytes(broken[: int(draw.integers(1, len(broken)))]) if trial % 4 == 0 else bytes(broken)
        )
        try:
            assert read_cine(cine).frames.ndim == 4
        except ValueError as error:
            assert str(cine) in str(error) and "\n" not in str(error)
