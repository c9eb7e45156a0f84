"""DICOM waveforms: the multiplex group that holds the twelve leads longest (others hold median beats)."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.waveforms import multiplex_array

from cardiacnets.ecg.formats.recording import Recording, canonical_lead, millivolts_per

_MEASUREMENTS = {
    "Ventricular Heart Rate": "heart_rate", "P Duration": "p_ms", "PR Interval": "pr_ms",
    "QRS Duration": "qrs_ms", "QT Interval": "qt_ms", "QRS Axis": "axis_deg",
}


def is_dicom(head: bytes) -> bool:
    """Whether the first bytes of a file carry the DICOM mark."""
    return head[128:132] == b"DICM"


def read(path: Path) -> Recording:
    """The longest twelve-lead waveform of a DICOM file; ``ValueError`` on any fault or another modality."""
    try:
        dataset = pydicom.dcmread(path)
        groups = list(dataset.get("WaveformSequence", []))
        modality = dataset.get("Modality", "unknown")
        if groups:
            return _longest(dataset, groups)
    except ValueError:
        raise
    # pydicom parses what strangers wrote, much of it late, and fails in any way it likes
    except Exception as error:
        raise ValueError(f"cannot be read as DICOM ({type(error).__name__}: {error})") from None
    raise ValueError(f"DICOM of modality {modality} holds no waveform; an ECG object is needed")


def _longest(dataset: Dataset, groups: list[Dataset]) -> Recording:
    def extent(index: int) -> tuple[bool, float]:
        group = groups[index]
        seconds = group.NumberOfWaveformSamples / float(group.SamplingFrequency)
        return group.NumberOfWaveformChannels >= 12, seconds

    index = max(range(len(groups)), key=extent)
    group = groups[index]
    signal = multiplex_array(dataset, index, as_raw=False)  # (samples, channels) in each channel's unit
    channels = {}
    for column, channel in enumerate(group.ChannelDefinitionSequence):
        lead = canonical_lead(channel.ChannelSourceSequence[0].get("CodeMeaning", ""))
        if lead is not None and lead not in channels:
            unit = channel.ChannelSensitivityUnitsSequence[0].CodeValue
            channels[lead] = signal[:, column] * millivolts_per(unit)
    sex = {"F": "female", "M": "male"}.get(str(dataset.get("PatientSex", "")))
    age = str(dataset.get("PatientAge", ""))
    meta = {
        "format": "DICOM waveform", "sex": sex, "measurements": _measurements(dataset),
        "age": float(age[:-1]) if age[:-1].isdigit() and age.endswith("Y") else None,
    }
    return Recording(channels, float(group.SamplingFrequency), meta)


def _measurements(dataset: Dataset) -> dict[str, float]:
    found = {}
    for annotation in dataset.get("WaveformAnnotationSequence", []):
        names = annotation.get("ConceptNameCodeSequence") or []
        name = _MEASUREMENTS.get(names[0].get("CodeMeaning", "")) if names else None
        if name and annotation.get("NumericValue") is not None:
            found.setdefault(name, float(annotation.NumericValue))
    return found
