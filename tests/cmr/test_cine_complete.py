"""A cine that lacks something says so; what is none of it stops nothing."""

import io
import warnings

import nibabel
import numpy as np
import pydicom
import pytest
from test_cine_geometry import plane
from test_cine_reading import FOUR, SAX, TWO, image, stack, write

from cardiacnets.cmr import read_cine, reading
from cardiacnets.cmr.views import is_short_axis, likely_view, long_axis

DERIVED = ["DERIVED", "PRIMARY", "M"]
GREYS = 10 * np.arange(10) + 5
"""Of ten images made by ``image``, in order."""


def slices(change=lambda depth, frame: {}, depths=range(4), frames=10, **common):
    """Images by slice and frame; ``change`` says what is unlike in each, None leaves it out."""
    files = []
    for depth in depths:
        for frame in range(frames):
            unlike = change(depth, frame)
            if unlike is not None:
                files.append(image(frame, 9.0 * depth, **common | unlike))
    return files


def assert_whole(cine, places=4):
    assert cine.frames.shape[:2] == (10, places) and cine.meta["times_known"]
    assert (cine.frames[:, :, 0, 0] == GREYS[:, None]).all()


# --- slices in parts


@pytest.mark.parametrize(
    "part",
    [
        {"ImageType": DERIVED},
        {"series": 5},
        {"series": 5, "ImageType": DERIVED},
        {"SOPInstanceUID": "1.2.3.4"},
    ],
)
@pytest.mark.parametrize(
    "chosen", [lambda frame: frame >= 5, lambda frame: frame % 2, lambda frame: frame > 0]
)
@pytest.mark.parametrize("where", [[3], [1]])
def test_a_slice_in_two_parts_is_whole(tmp_path, part, chosen, where):
    files = slices(lambda depth, frame: part if depth in where and chosen(frame) else {})
    assert_whole(read_cine(write(tmp_path / "cine", files)))


@pytest.mark.parametrize("part", [{"ImageType": DERIVED}, {"series": 5}])
def test_halves_of_all_slices_are_joined(tmp_path, part):
    files = slices(lambda depth, frame: part if frame >= 5 else {})
    assert_whole(read_cine(write(tmp_path / "cine", files)))


def test_a_derived_slice_counts_where_the_original_is_not_complete(tmp_path):
    drawn = slices(series=9, ImageType=DERIVED, TriggerTime=None, RescaleIntercept=1000)
    few = slices(lambda depth, frame: None if depth == 3 and frame > 2 else {})
    cine = read_cine(write(tmp_path / "cine", [*few, *drawn]))
    assert (cine.frames[0, :, 0, 0] >= 1000).tolist() in ([False] * 3 + [True], [True] + [False] * 3)


@pytest.mark.parametrize("left", [[0, 1, 2, 3, 4], [0, 2, 4, 6, 8], [0, 1, 2, 3, 4, 5], [0]])
@pytest.mark.parametrize("where", [3, 1])
@pytest.mark.parametrize("a_series_each", [False, True])
def test_a_slice_that_lost_its_frames_is_refused(tmp_path, left, where, a_series_each):
    files = slices(
        lambda depth, frame: (
            None if depth == where and frame not in left else {"series": 1 + depth * a_series_each}
        )
    )
    with pytest.raises(
        ValueError,
        match="cine: (slices of . and 10 frames: .*incomplete|.*the only image of a slice|.*missing)",
    ):
        read_cine(write(tmp_path / "cine", files))


def test_a_lone_plane_that_lost_half_its_beat_is_refused(tmp_path):
    for name, frames in (("late", range(5, 10)), ("early", range(5)), ("middle", (0, 1, 2, 8, 9))):
        files = [image(frame, turn=FOUR) for frame in frames]
        with pytest.raises(
            ValueError, match=f"{name}: slice 1 of 1 .*no image for 2[0-9]0 of the beat's 400 ms"
        ):
            read_cine(write(tmp_path / name, files), "4ch")
    files = [image(frame, turn=FOUR, CardiacNumberOfImages=10) for frame in range(0, 10, 2)]
    with pytest.raises(ValueError, match="5 images of a beat, of 10 by CardiacNumberOfImages"):
        read_cine(write(tmp_path / "every second", files), "4ch")


def test_images_of_another_kind_beside_the_stack_are_no_lost_slice(tmp_path):
    late = [image(0, 9.0 * depth, series=40 + depth, SequenceName="*tfl") for depth in range(6)]
    files = slices(lambda depth, frame: {"series": 1 + depth}, SequenceName="*tfi")
    assert_whole(read_cine(write(tmp_path / "cine", [*files, *late])))


@pytest.mark.parametrize("gone, words", [(0, "lacks 10 images by InstanceNumber, the most from 1 to 10"),
                                         (3, "30 images of 40 by ImagesInAcquisition")])  # fmt: skip
def test_a_whole_end_slice_that_is_gone_leaves_traces(tmp_path, gone, words):
    def numbers(depth, frame):
        return (
            None if depth == gone else {"InstanceNumber": 10 * depth + frame + 1, "ImagesInAcquisition": 40}
        )

    with pytest.warns(
        UserWarning, match=f"cine: slices may be lost: series 1 (lacks|has) {words.removeprefix('lacks ')}"
    ):
        assert_whole(read_cine(write(tmp_path / "cine", slices(numbers))), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_whole(read_cine(write(tmp_path / "whole", slices(ImagesInAcquisition=40))))


# --- units of time


@pytest.mark.parametrize("factor, unit", [(1e-3, "seconds"), (1e3, "microseconds")])
def test_trigger_times_that_are_no_milliseconds_are_refused(tmp_path, factor, unit):
    def times(depth, frame):
        return {"TriggerTime": round((10 + 40 * frame) * factor, 6), "NominalInterval": None}

    with pytest.raises(ValueError, match=f"cine: .*TriggerTime runs from .* ms .*C.8.3.1.*looks like {unit}"):
        read_cine(write(tmp_path / "cine", slices(times)))
    with pytest.raises(ValueError, match=f"NominalInterval .*looks like {unit}"):
        read_cine(write(tmp_path / "none", stack(TriggerTime=None, NominalInterval=800 * factor)))


def test_times_of_several_beats_are_no_cine(tmp_path):
    files = slices(lambda depth, frame: {"TriggerTime": 800 * frame})
    with pytest.raises(ValueError, match="TriggerTime runs from 0 to 7200 .*of one beat"):
        read_cine(write(tmp_path / "cine", files))


def test_an_image_without_trigger_time_keeps_its_place(tmp_path):
    files = slices(lambda depth, frame: {"TriggerTime": None} if frame == 7 else {})
    cine = read_cine(write(tmp_path / "cine", files))
    assert (cine.frames[:, :, 0, 0] == GREYS[:, None]).all() and not cine.meta["times_known"]


def test_images_without_any_order_are_refused(tmp_path):
    with pytest.raises(ValueError, match="cine: .*10 images of one slice.*order can't be told"):
        read_cine(write(tmp_path / "cine", stack(TriggerTime=None, InstanceNumber=None)))
    numbered = read_cine(write(tmp_path / "twice", [*stack(TriggerTime=None), *stack(TriggerTime=None)]))
    assert (numbered.frames[:, :, 0, 0] == GREYS[:, None]).all()


# --- repetitions


def twice(shift, second=None, **common):
    second = second or {}
    again = [
        image(frame, shift + 9.0 * depth, series=11, RescaleIntercept=1000, **common | second)
        for depth in range(4)
        for frame in range(10)
    ]
    return [*slices(**common), *again]


@pytest.mark.parametrize("shift", [4.5, -4.5])
def test_thin_slices_taken_twice_are_not_woven(tmp_path, shift):
    with pytest.raises(ValueError, match=r"8 slices 4.5 mm apart come from 2 series of 9.0 mm .*breath-hold"):
        read_cine(write(tmp_path / "unsaid", twice(shift, SliceThickness=4)))
    told = read_cine(write(tmp_path / "told", twice(shift, SliceThickness=4, SpacingBetweenSlices=9)))
    assert told.frames.shape[1] == 4 and told.frames.min() >= 1000
    assert told.spacing[0] == pytest.approx(9, abs=1e-3)
    own = [image(frame, 4.5 * place, SliceThickness=4, SpacingBetweenSlices=9) for place in range(8)
           for frame in range(10)]  # fmt: skip
    with pytest.raises(
        ValueError, match="8 slices of one series are 4.5 mm apart.*says 9.0 mm: 2 breath-holds"
    ):
        read_cine(write(tmp_path / "own", own))
    turns = read_cine(write(tmp_path / "turns", twice(shift, SliceThickness=4, SpacingBetweenSlices=4.5)))
    assert turns.frames.shape[1] == 8 and turns.spacing[0] == pytest.approx(4.5, abs=1e-3)


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0, 4.5, 9.0, 36.0])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("grid", [{}, {"PixelSpacing": [2.5, 2.5]}])
@pytest.mark.parametrize("each", [0, 1])
def test_the_stack_with_the_most_phases_counts(tmp_path, shift, first, grid, each):
    """Earlier or later, at the same place or another, of the same grid or another, in a series or several."""
    number = 1 if first else 20
    poor = [
        image(0, shift + 9.0 * depth, series=number + each * depth, TriggerTime=80.0 * moment, **grid)
        for depth in range(4)
        for moment in range(5)
    ]
    rich = slices(series=10, frames=8, RescaleIntercept=1000)
    folder = write(tmp_path / "cine", [*poor, *rich])
    if (
        each and shift == 36.0 and not grid
    ):  # behind the stack, nothing tells them from slices that lost frames
        with pytest.raises(ValueError, match="slices of 5 and 8 frames: .*incomplete"):
            read_cine(folder)
        return
    cine = read_cine(folder)
    assert cine.frames.shape[:2] == (8, 4) and cine.frames.min() >= 1000
    assert cine.meta["series"] == [10]


@pytest.mark.parametrize("series", [1, 30])
def test_the_four_chamber_plane_with_the_most_phases_counts(tmp_path, series):
    poor = [image(0, 2.0, turn=FOUR, series=series, TriggerTime=80.0 * moment) for moment in range(5)]
    cine = read_cine(write(tmp_path / "cine", [*poor, *plane(FOUR, 8)]), "4ch")
    assert cine.meta["series"] == [8] and len(cine.frames) == 10


# --- stacks of other planes


def with_normal(normal):
    normal = np.array(normal) / np.linalg.norm(normal)
    across = np.cross(normal, (0.0, 0.0, 1.0) if abs(normal[2]) < 0.9 else (0.0, 1.0, 0.0))
    across /= np.linalg.norm(across)
    return (*across, *np.cross(normal, across))


OBLIQUE = {
    "RVOT": (0.9, -0.3, -0.2),
    "axial": (0.35, -0.35, -0.9),
    "coronal": (0.2, -0.95, -0.2),
    "sagittal": (0.95, -0.35, -0.25),
}


@pytest.mark.parametrize("normal", OBLIQUE.values(), ids=OBLIQUE)
def test_an_oblique_stack_nearer_to_another_view_is_no_short_axis(tmp_path, normal):
    files = slices(turn=with_normal(normal))
    with pytest.raises(
        ValueError, match="no short-axis stack.*4 with normal .*nearest to (RVOT|axial|coronal|sagittal)"
    ):
        read_cine(write(tmp_path / "cine", files))
    beside = slices(turn=with_normal(normal), series=9, depths=range(3))
    assert_whole(read_cine(write(tmp_path / "exam", [*slices(), *beside])))


def test_long_axis_planes_tell_where_the_short_axis_is(tmp_path):
    """A heart that lies flat, whose short axis is nearer to the sagittal plane; and an atrial stack near the
    usual short axis of a heart that lies otherwise."""
    axis = np.array((0.88, -0.38, -0.28)) / np.linalg.norm((0.88, -0.38, -0.28))
    four = np.cross(axis, (-0.1, -0.72, -0.69))
    four = np.cross(np.cross(axis, (0, -0.72, 0.69)), axis)  # the usual normal, made to hold the axis
    two = np.cross(axis, four)
    assert likely_view(axis) != "short-axis" and likely_view(four) == "four-chamber"
    found = long_axis([four, two])
    assert found is not None and abs(found @ axis) == pytest.approx(np.linalg.norm(found), rel=1e-6)
    assert is_short_axis(axis, 4, found) and not is_short_axis(axis, 4)
    assert not is_short_axis(np.array((0.3, -0.7, -0.65)), 4, found)
    long = [*plane(with_normal(four), 8), *plane(with_normal(two), 9)]
    flat = slices(turn=with_normal(axis))
    assert_whole(read_cine(write(tmp_path / "flat", [*flat, *long])))
    atrial = slices(turn=with_normal((0.3, -0.7, -0.65)))
    with pytest.raises(ValueError, match="no short-axis stack"):
        read_cine(write(tmp_path / "atrial", [*atrial, *long]))


# --- strangers


def broken(**changes):
    return image(0, 20.0, turn=TWO, series=7, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"PixelSpacing": [0, 0]},
        {"PixelSpacing": [900, 900]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"PixelData": b"\0\0"},
        {"BitsStored": 9, "HighBit": 4},
        {"RescaleSlope": 0},
    ],
)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("turn", [TWO, SAX])
def test_images_that_can_not_be_used_stop_nothing_but_their_own_series(tmp_path, changes, count, turn):
    strangers = [
        image(0, 9.0, turn=turn, series=7, InstanceNumber=number, **changes) for number in range(count)
    ]
    assert_whole(read_cine(write(tmp_path / "cine", [*slices(), *strangers])))
    alone = write(tmp_path / "alone", strangers)
    with pytest.raises(ValueError, match="alone: "):
        read_cine(alone)


@pytest.mark.parametrize("changes", [{"PixelSpacing": [0, 0]}, {"PixelData": b"\0\0"}, {"RescaleSlope": 0}])
def test_an_image_the_cine_needs_is_named(tmp_path, changes):
    one = slices(lambda depth, frame: changes if (depth, frame) == (1, 4) else {})
    with pytest.raises(ValueError, match="one: 14.dcm: |one: .*dcm: an image can't be decoded"):
        read_cine(write(tmp_path / "one", one))
    end = slices(lambda depth, frame: {"series": depth + 1} | (changes if depth == 3 else {}))
    with pytest.raises(ValueError, match="end: 3..dcm: "):
        read_cine(write(tmp_path / "end", end))


def test_a_compressed_stranger_that_no_decoder_reads_stops_nothing(tmp_path):
    garbage = pydicom.encaps.encapsulate([b"\xff\x4f" + bytes(30)])
    strangers = []
    for number in range(3):
        one = pydicom.dcmread(io.BytesIO(image(number, 9.0, turn=TWO, series=7)))
        one.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
        one.PixelData = garbage
        one["PixelData"].is_undefined_length = True
        stream = io.BytesIO()
        one.save_as(stream, enforce_file_format=True)
        strangers.append(stream.getvalue())
    assert_whole(read_cine(write(tmp_path / "cine", [*slices(), *strangers])))
    with pytest.raises(ValueError, match="alone: 0.dcm: an image can't be decoded"):
        read_cine(write(tmp_path / "alone", strangers))


def test_a_film_beside_the_images_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "FILE_BYTES", 5000)
    folder = write(tmp_path / "cine", slices())
    (folder / "film.avi").write_bytes(bytes(6000))
    assert_whole(read_cine(folder))
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/film.dcm").write_bytes(bytes(6000))
    with pytest.raises(ValueError, match="alone: no MR images.*passed over: 1 larger than .* NIfTI"):
        read_cine(tmp_path / "alone")


def test_single_planes_of_other_views_are_named(tmp_path):
    with pytest.raises(
        ValueError, match="cine: none of its 1 other planes is four-chamber.*planes found: 1 with"
    ):
        read_cine(write(tmp_path / "cine", [*plane(SAX, 1), *plane(TWO, 2)]), "4ch")


def test_a_slice_half_in_negative_is_refused(tmp_path):
    def turned(depth, frame):
        return {"PhotometricInterpretation": f"MONOCHROME{1 if depth == 1 and frame < 5 else 2}"}

    files = slices(turned)
    with pytest.raises(ValueError, match="MONOCHROME1 and MONOCHROME2"):
        read_cine(write(tmp_path / "cine", files))


@pytest.mark.parametrize("normal", OBLIQUE.values(), ids=OBLIQUE)
def test_an_oblique_stack_in_nifti_is_no_short_axis(tmp_path, normal):
    normal = np.array(normal) / np.linalg.norm(normal)
    across, down = np.array(with_normal(normal)).reshape(2, 3)
    affine = np.eye(4)
    affine[:3, :3] = np.diag([-1, -1, 1]) @ np.stack([across, down, normal], axis=1) @ np.diag([1.5, 1.5, 9])
    volume = nibabel.Nifti1Image(np.zeros((20, 16, 4, 10), np.int16), affine)
    volume.header.set_zooms((1.5, 1.5, 9, 40))
    volume.header.set_xyzt_units("mm", "msec")
    nibabel.save(volume, tmp_path / "cine.nii")
    with pytest.raises(ValueError, match="cine.nii: by its affine these are no sax slices"):
        read_cine(tmp_path / "cine.nii")


# --- identifiers


def test_absent_and_equal_instance_uids_lose_no_image(tmp_path):
    assert_whole(read_cine(write(tmp_path / "equal", slices(SOPInstanceUID="1.2.3"))))
    assert_whole(read_cine(write(tmp_path / "empty", slices(SOPInstanceUID=""))))
    assert_whole(read_cine(write(tmp_path / "series", slices(SeriesInstanceUID=""))))
    assert_whole(
        read_cine(
            write(tmp_path / "one", [*slices(SeriesInstanceUID="1.2"), broken(SeriesInstanceUID="1.2")])
        )
    )
    assert_whole(read_cine(write(tmp_path / "nobody", slices(PatientID="", StudyInstanceUID=""))))


def test_identifiers_that_tear_images_apart_are_named(tmp_path):
    def own(tag):
        return slices(lambda depth, frame: {tag: f"1.2.{depth}.{frame}"})

    with pytest.raises(
        ValueError, match="study: each of 40 images has a StudyInstanceUID of its own: .*E.1-1a"
    ):
        read_cine(write(tmp_path / "study", own("StudyInstanceUID")))
    with pytest.raises(
        ValueError, match="series: .*40 images at 4 places each have a SeriesInstanceUID of their own"
    ):
        read_cine(write(tmp_path / "series", own("SeriesInstanceUID")))
    for tag, what in (("PatientID", "people"), ("StudyInstanceUID", "examinations")):
        some = slices(lambda depth, frame, tag=tag: {tag: ""} if depth == 2 else {})
        with pytest.raises(
            ValueError, match=f"10 of 40 images have no {tag}, .*several {what} can't be told"
        ):
            read_cine(write(tmp_path / tag, some))
