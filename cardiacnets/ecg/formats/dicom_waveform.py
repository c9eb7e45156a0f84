"""DICOM waveforms (PS3.3 C.10.9): the multiplex groups that together hold the twelve leads longest.

A group is what was sampled together; twelve leads may lie in one group or be spread over several of one rate,
length and start. Groups that hold a median beat are no rhythm and never taken.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.waveforms.numpy_handler import WAVEFORM_DTYPES

from cardiacnets.contracts import LEADS
from cardiacnets.ecg.formats.lead_names import add_channel, canonical_lead, coded_lead, listed
from cardiacnets.ecg.formats.person import age_between, age_from_text, sex_in_words
from cardiacnets.ecg.formats.recording import MILLIVOLTS, Recording, finite, millivolts_per, positive
from cardiacnets.ecg.limb_leads import derive_limb_leads

_MEASUREMENTS = {
    "Ventricular Heart Rate": "heart_rate",
    "P Duration": "p_ms",
    "PR Interval": "pr_ms",
    "QRS Duration": "qrs_ms",
    "QT Interval": "qt_ms",
    "QRS Axis": "axis_deg",
}
_BEATS = ("MEDIAN", "BEAT", "AVERAGE", "TEMPLATE")
"""Words in the label of a group that holds one representative beat."""


def is_dicom(head: bytes) -> bool:
    """Whether the first bytes of a file carry the DICOM mark."""
    return head[128:132] == b"DICM"


def read(path: Path) -> Recording:
    """The longest twelve leads of a DICOM file, I and II standing for the other limb leads where these are
    absent; ``ValueError`` on any fault or another modality.

    A digit is worth Channel Sensitivity x Correction Factor, and 0 lies at Channel Baseline, all in Channel
    Sensitivity Units (PS3.3 C.10.9.1.4). Sensitivity and units, type 1C, are refused where absent: only
    "arbitrary units" may lack them. Factor and baseline are taken as 1 and 0 where absent, and ``meta`` says
    so under ``warnings``.
    """
    try:
        dataset = pydicom.dcmread(path)
        groups = list(dataset.get("WaveformSequence", []))
        modality = dataset.get("Modality", "unknown")
        if groups:
            return _recording(dataset, groups)
    except ValueError:
        raise
    # pydicom parses what strangers wrote, much of it late, and fails in any way it likes
    except Exception as error:
        raise ValueError(f"cannot be read as DICOM ({type(error).__name__}: {error})") from None
    raise ValueError(f"DICOM of modality {modality} holds no waveform; an ECG object is needed")


def _recording(dataset: Dataset, groups: list[Dataset]) -> Recording:
    names = [_name(channel) for group in groups for channel in group.get("ChannelDefinitionSequence", [])]
    chosen = _longest(groups)
    channels, warnings = {}, set()
    big = dataset.file_meta.get("TransferSyntaxUID") == pydicom.uid.ExplicitVRBigEndian
    for group in chosen:
        samples = _samples(group, big)
        for column, channel in enumerate(group.ChannelDefinitionSequence):
            lead = _lead(channel)
            if lead is not None:
                scale, baseline = _calibration(channel, lead, warnings)
                add_channel(channels, lead, samples[:, column] * scale + baseline)
    meta = {
        "format": "DICOM waveform", "sex": sex_in_words(dataset.get("PatientSex")),
        "age": _age(dataset), "measurements": _measurements(dataset),
        "warnings": tuple(sorted(warnings)),
    }  # fmt: skip
    return Recording(derive_limb_leads(channels), _rate(chosen[0]), meta, names)


def _longest(groups: list[Dataset]) -> list[Dataset]:
    """The group, or the groups of one rate, length and start, that give twelve leads for longest."""
    rhythms = [group for group in groups if not _is_beat(group)]
    if not rhythms:
        seconds = max(_seconds(group) for group in groups)
        raise ValueError(
            f"holds median beats alone: the longest lasts {seconds:.2f} s, shorter than the ten seconds that "
            "are needed; export the rhythm"
        )
    together = defaultdict(list)
    for group in rhythms:
        start = float(group.get("MultiplexGroupTimeOffset") or 0)
        together[_rate(group), int(group.NumberOfWaveformSamples), start].append(group)
    sets = [_joined(one) for one in together.values()]
    complete = [one for one in sets if _complete(one)]
    if not complete and len(sets) > 1 and _complete(rhythms):
        found = "; ".join(f"{len(one)} of {_seconds(one[0]):g} s at {_rate(one[0]):g} Hz" for one in sets)
        raise ValueError(
            f"spreads its leads over multiplex groups that differ in rate, length or start ({found}); export "
            "twelve leads recorded together"
        )
    return max(complete or sets, key=lambda one: (len(_leads(one)), _seconds(one[0])))


def _joined(groups: list[Dataset]) -> list[Dataset]:
    """All ``groups`` where none repeats another's lead; else the first that is whole, where one is: what
    stands beside it is another recording.
    """
    channels = [lead for group in groups for channel in group.ChannelDefinitionSequence
                if (lead := _lead(channel))]  # fmt: skip
    if len(channels) == len(set(channels)):
        return groups
    return next(([group] for group in groups if _complete([group])), groups)


def _is_beat(group: Dataset) -> bool:
    label = str(group.get("MultiplexGroupLabel") or "").upper()
    return any(word in label for word in _BEATS) and "RHYTHM" not in label


def _complete(groups: list[Dataset]) -> bool:
    return len(_leads(groups)) == len(LEADS)


def _leads(groups: list[Dataset]) -> set[str]:
    found = {lead.removeprefix("-") for group in groups
             for channel in group.ChannelDefinitionSequence if (lead := _lead(channel))}  # fmt: skip
    return found | set(LEADS[2:6]) if {"I", "II"} <= found else found


def _rate(group: Dataset) -> float:
    return positive(group.get("SamplingFrequency"), "SamplingFrequency (003A,001A)")


def _seconds(group: Dataset) -> float:
    return int(group.NumberOfWaveformSamples) / _rate(group)


def _source(channel: Dataset) -> Dataset:
    return (channel.get("ChannelSourceSequence") or [Dataset()])[0]


def _name(channel: Dataset) -> str:
    return str(_source(channel).get("CodeMeaning") or channel.get("ChannelLabel") or "")


def _lead(channel: Dataset) -> str | None:
    """The lead by its code and by its words, which must not contradict each other."""
    source, name = _source(channel), _name(channel)
    code, scheme = (str(source.get(word) or "") for word in ("CodeValue", "CodingSchemeDesignator"))
    coded, named = coded_lead(code, scheme), canonical_lead(name)
    if coded is None or coded == named:
        return named
    # CID 3001 calls 2:65 "-aVR", with a minus sign that does not survive every character set
    if named is None or coded == f"-{named}":
        return coded or None
    raise ValueError(
        f"channel {listed([name])} is coded {code} of {scheme}, which is {coded or 'another lead'}; mend one"
    )


def _samples(group: Dataset, big_endian: bool) -> np.ndarray:
    """Digits (samples, channels) as float64, NaN where they are padding."""
    count, width = int(group.NumberOfWaveformSamples), int(group.NumberOfWaveformChannels)
    if width != len(group.ChannelDefinitionSequence):
        raise ValueError(
            f"multiplex group of {width} channels defines {len(group.ChannelDefinitionSequence)}"
        )
    bits, kind = int(group.WaveformBitsAllocated), str(group.WaveformSampleInterpretation)
    if kind in ("MB", "AB") or (bits, kind) not in WAVEFORM_DTYPES:
        raise ValueError(
            f"samples of {bits} bits in interpretation {kind!r} are not linear; export 16-bit ones"
        )
    dtype = np.dtype(WAVEFORM_DTYPES[bits, kind]).newbyteorder(">" if big_endian else "<")
    content, expected = bytes(group.WaveformData), count * width * dtype.itemsize
    if not expected <= len(content) <= expected + 1:  # padded to an even length
        raise ValueError(
            f"WaveformData holds {len(content)} bytes, {width} channels of {count} samples take {expected}"
        )
    digits = np.frombuffer(content[:expected], dtype=dtype).reshape(count, width)
    samples = digits.astype(np.float64)
    padding = group.get("WaveformPaddingValue")
    if isinstance(padding, bytes) and len(padding) >= dtype.itemsize:
        samples[digits == np.frombuffer(padding[: dtype.itemsize], dtype=dtype)[0]] = np.nan
    return samples


def _calibration(channel: Dataset, lead: str, warnings: set[str]) -> tuple[float, float]:
    """Millivolts of one digit, and of digit 0; what was taken for granted goes to ``warnings``."""
    where = f"lead {lead.removeprefix('-')}"
    sensitivity = positive(channel.get("ChannelSensitivity"), f"{where}: ChannelSensitivity (gain)")
    units = (channel.get("ChannelSensitivityUnitsSequence") or [Dataset()])[0]
    code, meaning = (str(units.get(word) or "").strip() for word in ("CodeValue", "CodeMeaning"))
    unit = millivolts_per(code, f"{where}: ChannelSensitivityUnitsSequence")
    if MILLIVOLTS.get(meaning.lower(), unit) != unit:  # the code counts, its meaning is for people (PS3.3 8)
        warnings.add(f"unit {code!r} is called {meaning!r}: the code is taken")
    factor, baseline = channel.get("ChannelSensitivityCorrectionFactor"), channel.get("ChannelBaseline")
    if factor is None:
        warnings.add("no ChannelSensitivityCorrectionFactor: taken as 1")
    if baseline is None:
        warnings.add("no ChannelBaseline: taken as 0")
    factor = 1.0 if factor is None else positive(factor, f"{where}: ChannelSensitivityCorrectionFactor")
    baseline = 0.0 if baseline is None else finite(baseline, f"{where}: ChannelBaseline")
    return sensitivity * factor * unit, baseline * unit


def _age(dataset: Dataset) -> float | None:
    """PatientAge (``008M``), or from the dates of birth and recording where it is absent."""
    if stated := str(dataset.get("PatientAge") or ""):
        return age_from_text(stated)
    when = dataset.get("AcquisitionDateTime") or dataset.get("StudyDate") or ""
    return age_between(str(dataset.get("PatientBirthDate") or ""), str(when))


def _measurements(dataset: Dataset) -> dict[str, float]:
    found = {}
    for annotation in dataset.get("WaveformAnnotationSequence", []):
        names = annotation.get("ConceptNameCodeSequence") or []
        name = _MEASUREMENTS.get(names[0].get("CodeMeaning", "")) if names else None
        if name and annotation.get("NumericValue") is not None:
            found.setdefault(name, float(annotation.NumericValue))
    return found
