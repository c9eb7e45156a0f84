"""Synthetic ECG files of every format: nobody was recorded; each maker writes what it is told, no more."""

import base64
import zlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from cardiacnets.contracts import LEADS

RATE = 100
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def heart(seconds: float = 10, size: float = 1.0, rate: int = RATE) -> np.ndarray:
    """(12, T) mV, 72 beats a minute, the limb leads obeying Einthoven and Goldberger."""
    times = np.arange(int(seconds * rate)) / rate % (60 / 72)

    def wave(p: float, r: float, s: float, t: float) -> np.ndarray:
        bumps = ((p, 0.15, 0.03), (r, 0.3, 0.015), (-s, 0.33, 0.02), (t, 0.55, 0.06))
        return size * sum(high * np.exp(-(((times - at) / wide) ** 2)) for high, at, wide in bumps)

    one, two = wave(0.08, 0.7, 0.1, 0.25), wave(0.15, 1.1, 0.4, 0.2)
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    chest = [wave(0.05, 0.2 * k, 1.4 - 0.25 * k, 0.1 + 0.05 * k) for k in range(1, 7)]
    return np.stack(limb + chest)


def write_wfdb(folder: Path, lines=lambda line, lead: line, head=f"record 12 {RATE} 1000", names=LEADS,
               digits=None, comments=()) -> Path:  # fmt: skip
    """A record in format 16, ``digits (12, T)`` (1 uV each by default); ``lines`` changes a signal's line."""
    digits = (np.rint(heart() * 1000) if digits is None else digits).astype("<i2")
    digits.T.tofile(folder / "record.dat")
    signals = []
    for name, row in zip(names, digits, strict=True):
        checksum = int(row.astype(int).sum()) % 65536
        signals.append(lines(f"record.dat 16 1000(0)/mV 16 0 {row[0]} {checksum} 0 {name}", name))
    text = "\n".join([head, *signals, *(f"# {comment}" for comment in comments)])
    (folder / "record.hea").write_text(text + "\n", encoding="utf-8")
    return folder / "record"


def coded(scheme: str, code: str, meaning: str) -> Dataset:
    """One item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, scheme, meaning
    return item


def dicom_group(signal, names, codes=None, rate=RATE, label="RHYTHM", unit="uV", sensitivity="1") -> Dataset:
    """A multiplex group of ``signal (channels, T)`` mV in digits of 1 uV."""
    group = Dataset()
    group.WaveformOriginality, group.MultiplexGroupLabel = "ORIGINAL", label
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = signal.shape
    group.SamplingFrequency, group.WaveformBitsAllocated = str(rate), 16
    group.WaveformSampleInterpretation, group.ChannelDefinitionSequence = "SS", []
    for place, name in enumerate(names):
        channel = Dataset()
        code = codes[place] if codes else ("LOCAL", str(place))
        channel.ChannelSourceSequence = [coded(*code, name)]
        channel.ChannelSensitivityUnitsSequence = [coded("UCUM", unit, "")]
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = sensitivity, "1"
        channel.ChannelBaseline, channel.WaveformBitsStored = "0", 16
        group.ChannelDefinitionSequence.append(channel)
    group.WaveformData = np.rint(signal * 1000).astype("<i2").T.tobytes()
    return group


def write_dicom(path: Path, groups: list[Dataset] | None = None, change=lambda dataset: None) -> Path:
    """A DICOM ECG of ``groups``; by default one of twelve leads."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.Modality, dataset.PatientSex, dataset.PatientAge = "ECG", "F", "050Y"
    dataset.WaveformSequence = groups or [dicom_group(heart(), [f"Lead {lead}" for lead in LEADS])]
    change(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_cardiosoft(path: Path, age='<Age units="YEARS">50</Age>', sex="MALE", names=LEADS, step="5",
                     resolution='units="uVperLsb"', rate='<SampleRate units="Hz">100</SampleRate>',
                     signal=None, count="") -> Path:  # fmt: skip
    """A CardioSoft strip in steps of 5 uV."""
    digits = np.rint((heart() if signal is None else signal) * 200).astype(int)
    rows = "".join(f'<WaveformData lead="{name}">{",".join(map(str, row))}</WaveformData>'
                   for name, row in zip(names, digits, strict=True))  # fmt: skip
    path.write_text(
        f"<CardiologyXML><PatientInfo>{age}<Gender>{sex}</Gender></PatientInfo><StripData>{rate}{count}"
        f"<Resolution {resolution}>{step}</Resolution>{rows}</StripData></CardiologyXML>"
    )
    return path


def write_muse(path: Path, age="<PatientAge>50</PatientAge><AgeUnits>YEARS</AgeUnits>", sex="FEMALE",
               names=EIGHT, unit="<LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits>",
               gain="<LeadAmplitudeUnitsPerBit>2</LeadAmplitudeUnitsPerBit>", more="",
               rate="<SampleBase>100</SampleBase><SampleExponent>0</SampleExponent>") -> Path:  # fmt: skip
    """A MUSE rhythm of eight leads in steps of 2 uV."""
    leads = ""
    for name, row in zip(names, heart()[[LEADS.index(lead) for lead in EIGHT]], strict=True):
        content = np.rint(row * 500).astype("<i2").tobytes()
        leads += (
            f"<LeadData><LeadByteCountTotal>{len(content)}</LeadByteCountTotal>{gain}{unit}{more}"
            f"<LeadID>{name}</LeadID><LeadDataCRC32>{zlib.crc32(content)}</LeadDataCRC32>"
            f"<WaveFormData>{base64.b64encode(content).decode()}</WaveFormData></LeadData>"
        )
    path.write_text(
        f"<RestingECG><PatientDemographics>{age}<Gender>{sex}</Gender></PatientDemographics>"
        f"<Waveform><WaveformType>Rhythm</WaveformType>{rate}{leads}</Waveform></RestingECG>"
    )
    return path


def write_aecg(
    path: Path,
    names=None,
    scale='<scale value="5" unit="uV"/>',
    person="",
    control="",
    origin='<origin value="0" unit="uV"/>',
    increment='<increment value="10" unit="ms"/>',
) -> Path:
    """An HL7 annotated ECG in steps of 5 uV, recorded on 1 July 2020."""  # fmt: skip
    names = names or [f"MDC_ECG_LEAD_{lead.upper()}" for lead in LEADS]

    def sequence(code: str, value: str) -> str:
        return f'<component><sequence><code code="{code}"/><value>{value}</value></sequence></component>'

    rows = np.rint(heart() * 200).astype(int)
    leads = "".join(
        sequence(name, f"{origin}{scale}<digits>{' '.join(map(str, row))}</digits>")
        for name, row in zip(names, rows, strict=True)
    )
    path.write_text(
        '<AnnotatedECG xmlns="urn:hl7-org:v3"><effectiveTime><low value="20200701120000"/></effectiveTime>'
        f"<subjectDemographicPerson>{person}</subjectDemographicPerson>{control}"
        '<component><series><code code="RHYTHM"/><component><sequenceSet>'
        f"{sequence('TIME_ABSOLUTE', increment)}{leads}</sequenceSet></component></series></component>"
        "</AnnotatedECG>"
    )
    return path
