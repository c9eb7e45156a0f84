"""Which channel is which lead: names, codes, groups of channels, limb leads that contradict one another."""

from itertools import combinations

import numpy as np
import pytest
from ecg_files import (
    EIGHT,
    dicom_group,
    heart,
    write_aecg,
    write_cardiosoft,
    write_dicom,
    write_muse,
    write_wfdb,
)

from cardiacnets.contracts import LEADS
from cardiacnets.ecg import read_ecg
from cardiacnets.ecg.formats.lead_names import canonical_lead, coded_lead
from cardiacnets.ecg.limb_leads import LIMB, limb_contradiction

AUGMENTED = {
    "aVR": "aVR, augmented voltage, right",
    "aVL": "aVL, augmented voltage, left",
    "aVF": "aVF, augmented voltage, foot",
}
MDC = {"I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "III": 61, "aVR": 62, "aVL": 63,
       "aVF": 64}  # fmt: skip
"""ISO/IEEE 11073-10101, as DICOM CID 3001 reprints it."""
SPELLINGS = {
    "as in CID 3001": lambda lead: AUGMENTED.get(lead, f"Lead {lead}"),
    "bare": lambda lead: lead,
    "capitals": str.upper,
    "small": str.lower,
    "spaces": lambda lead: f"  Lead   {lead} ",
    "MDC": lambda lead: f"MDC_ECG_LEAD_{lead.upper()}",
    "underscore": lambda lead: f"lead_{lead}",
    "ECG": lambda lead: f"ECG Lead {lead}",
    "German": lambda lead: f"Ableitung {lead}",
    "French": lambda lead: f"Dérivation {lead}",
    "Spanish": lambda lead: {"I": "DI", "II": "DII", "III": "DIII"}.get(lead, lead),
    "SCP-ECG": lambda lead: "Lead I (Einthoven)" if lead == "I" else f"Lead {lead}",
}
NO_LEADS = ["", "lead", "V7", "V4R", "V4 R", "Lead V3R", "VR", "Lead VF, nonaugmented voltage, vector of LL",
            "Derived Lead I", "MLII", "X", "I cal", "EASI Lead AI", "V1 and V2", "Frank Lead I", "-",
            "aVR aVL", "MDC_ECG_LEAD_V4R", "1", "II III"]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_names_its_lead_and_no_other(spelling):
    assert [canonical_lead(SPELLINGS[spelling](lead)) for lead in LEADS] == list(LEADS)


@pytest.mark.parametrize("name", NO_LEADS)
def test_other_names_are_none_of_the_twelve(name):
    assert canonical_lead(name) is None


@pytest.mark.parametrize(
    "name", ["-aVR", "−aVR", "–AVR", "aVR-", "Lead -aVR", "MDC_ECG_LEAD_AVRneg", "minus aVR", "aVR inverted"]
)
def test_an_inverted_lead_is_turned_over(tmp_path, name):
    assert canonical_lead(name) == "-aVR"
    signal = heart()
    signal[3] *= -1
    names = [name if lead == "aVR" else lead for lead in LEADS]
    for path in (
        write_cardiosoft(tmp_path / "c.xml", names=names, signal=signal),
        write_dicom(tmp_path / "d.dcm", [dicom_group(signal, names)]),
    ):
        np.testing.assert_allclose(read_ecg(path).signal, heart(), atol=2.6e-3)


def test_codes_of_both_schemes():
    for lead, number in MDC.items():
        assert coded_lead(f"2:{number}", "MDC") == lead
        assert coded_lead(str((2 << 16) + number), "MDC") == lead
        assert coded_lead(f"MDC_ECG_LEAD_{lead.upper()}", "MDC") == lead
        assert coded_lead(f"5.6.3-9-{number}", "SCPECG") == lead
    assert coded_lead("2:65", "MDC") == "-aVR"
    assert coded_lead("2:13", "MDC") == ""  # V5R
    assert coded_lead("2:0", "MDC") is None and coded_lead("L3", "MDC") is None  # unspecified; a local code
    assert coded_lead("2:1", "99LOCAL") is None and coded_lead("5", "MDC") is None


class TestDicom:
    def read(self, folder, groups):
        return read_ecg(write_dicom(folder / "ecg.dcm", groups)).signal

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_names(self, tmp_path, spelling):
        signal = self.read(tmp_path, [dicom_group(heart(), [SPELLINGS[spelling](lead) for lead in LEADS])])
        np.testing.assert_allclose(signal, heart(), atol=6e-4)

    @pytest.mark.parametrize("scheme", ["MDC", "SCPECG"])
    def test_codes_beside_words_of_another_language(self, tmp_path, scheme):
        prefix = {"MDC": "2:", "SCPECG": "5.6.3-9-"}[scheme]
        codes = [(scheme, f"{prefix}{MDC[lead]}") for lead in LEADS]
        signal = self.read(tmp_path, [dicom_group(heart(), [f"第{k}誘導" for k in range(12)], codes)])
        np.testing.assert_allclose(signal, heart(), atol=6e-4)

    def test_a_minus_that_a_character_set_lost(self, tmp_path):
        turned = heart()
        turned[3] *= -1
        codes = [("MDC", "2:65" if lead == "aVR" else f"2:{MDC[lead]}") for lead in LEADS]
        signal = self.read(tmp_path, [dicom_group(turned, LEADS, codes)])
        np.testing.assert_allclose(signal, heart(), atol=6e-4)

    @pytest.mark.parametrize(("code", "said"), [("2:64", "aVF"), ("2:13", "another lead")])
    def test_a_code_that_contradicts_the_name_is_refused(self, tmp_path, code, said):
        codes = [("MDC", code if lead == "aVL" else f"2:{MDC[lead]}") for lead in LEADS]
        with pytest.raises(ValueError, match=rf"channel 'aVL' is coded {code} of MDC, which is {said}"):
            self.read(tmp_path, [dicom_group(heart(), LEADS, codes)])

    @pytest.mark.parametrize("cuts", [(0, 3, 6, 9, 12), tuple(range(13)), (0, 6, 12), (0, 1, 12)])
    def test_leads_spread_over_groups_of_one_rate_and_length_are_joined(self, tmp_path, cuts):
        truth = heart()
        groups = [dicom_group(truth[a:b], LEADS[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
        groups.insert(1, dicom_group(2 * truth[:, :120], LEADS, label="MEDIAN BEAT"))
        np.testing.assert_allclose(self.read(tmp_path, groups), truth, atol=6e-4)

    def test_a_long_median_beat_is_no_rhythm(self, tmp_path):
        beat = dicom_group(heart(seconds=12) * 2, LEADS, label="Median Beat")
        signal = self.read(tmp_path, [beat, dicom_group(heart(), LEADS)])
        np.testing.assert_allclose(signal, heart(), atol=6e-4)

    def test_eight_leads_beside_a_median_beat_of_twelve_give_the_other_four(self, tmp_path):
        rows = [LEADS.index(lead) for lead in EIGHT]
        beat = dicom_group(heart(seconds=1.2), LEADS, label="MEDIAN BEAT")
        for unlabelled in (False, True):
            if unlabelled:
                del beat.MultiplexGroupLabel
            signal = self.read(tmp_path, [beat, dicom_group(heart()[rows], EIGHT)])
            np.testing.assert_allclose(signal, heart(), atol=1.1e-3)

    def test_the_longer_of_two_whole_groups_is_taken(self, tmp_path):
        groups = [dicom_group(heart(seconds=10), LEADS), dicom_group(heart(seconds=15), LEADS)]
        assert self.read(tmp_path, groups).shape == (12, 1500)

    def test_a_second_recording_of_one_length_is_not_mixed_in(self, tmp_path):
        groups = [dicom_group(heart(), LEADS), dicom_group(heart(size=2), LEADS)]
        np.testing.assert_allclose(self.read(tmp_path, groups), heart(), atol=6e-4)

    @pytest.mark.parametrize("how", ["start", "length", "rate"])
    def test_groups_that_do_not_belong_together_are_not_joined(self, tmp_path, how):
        first = dicom_group(heart()[:6], LEADS[:6])
        second = dicom_group(heart(seconds=11 if how == "length" else 10)[6:], LEADS[6:],
                             rate=200 if how == "rate" else 100)  # fmt: skip
        if how == "start":
            second.MultiplexGroupTimeOffset = "2500"
        with pytest.raises(ValueError, match=r"differ in rate, length or start \(1 of 10 s at 100 Hz"):
            self.read(tmp_path, [first, second])

    def test_what_was_found_is_told(self, tmp_path):
        names = [*LEADS[:11], "Lead V7"]
        with pytest.raises(ValueError, match=r"11 of 12 leads found, V6 absent; .*'V4', 'V5', 'Lead V7'"):
            self.read(tmp_path, [dicom_group(heart(), names)])


class TestOtherFormats:
    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_wfdb_and_cardiosoft(self, tmp_path, spelling):
        names = [SPELLINGS[spelling](lead) for lead in LEADS]
        for path in (write_wfdb(tmp_path, names=names), write_cardiosoft(tmp_path / "c.xml", names=names)):
            np.testing.assert_allclose(read_ecg(path).signal, heart(), atol=2.6e-3)

    def test_muse_and_aecg(self, tmp_path):
        names = [f"Lead {lead.lower()}" for lead in EIGHT]
        ecg = read_ecg(write_muse(tmp_path / "m.xml", names=names))
        np.testing.assert_allclose(ecg.signal, heart(), atol=2.1e-3)  # two roundings to 2 uV
        for spelling in ("MDC", "bare"):
            path = write_aecg(tmp_path / "a.xml", names=[SPELLINGS[spelling](lead) for lead in LEADS])
            np.testing.assert_allclose(read_ecg(path).signal, heart(), atol=2.6e-3)

    def test_a_lead_that_is_there_twice_is_refused(self, tmp_path):
        twice = (*LEADS[:11], "v1")
        extra, more = (*LEADS, "Lead II"), np.vstack([heart(), heart()[:1]])
        for path in (
            write_wfdb(tmp_path, names=twice),
            write_cardiosoft(tmp_path / "c.xml", names=extra, signal=more),
            write_dicom(tmp_path / "d.dcm", [dicom_group(more, extra)]),
            write_aecg(tmp_path / "a.xml", names=twice),
            write_muse(tmp_path / "m.xml", names=(*EIGHT[:7], "V1")),
        ):
            with pytest.raises(ValueError, match=rf"{path.name}: .*holds lead (V1|II) twice"):
                read_ecg(path)

    @pytest.mark.parametrize("write", [write_wfdb, write_cardiosoft, write_aecg])
    def test_what_was_found_is_told(self, tmp_path, write):
        path = tmp_path if write is write_wfdb else tmp_path / "ecg.xml"
        with pytest.raises(ValueError, match="11 of 12 leads found, aVF absent; .*'aVL', 'Fuß', 'V1'"):
            read_ecg(write(path, names=[*LEADS[:5], "Fuß", *LEADS[6:]]))


class TestLimbLeads:
    @pytest.mark.parametrize("pair", list(combinations(range(6), 2)))
    def test_exchanged_names_are_told(self, pair):
        rng = np.random.default_rng(sum(pair))
        one, two = rng.normal(size=(2, 3000)).cumsum(axis=1) / 60  # two shapes of their own
        signal = np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2] + 6 * [one])
        assert limb_contradiction(signal) is None
        signal[list(pair)] = signal[list(pair[::-1])]
        assert f"leads {LIMB[pair[0]]} and {LIMB[pair[1]]} are exchanged" in limb_contradiction(signal)

    @pytest.mark.parametrize("row", range(6))
    @pytest.mark.parametrize("ratio", [-1.0, 0.5, 2.0, 10.0, 1000.0])
    def test_another_gain_or_sign_is_told(self, row, ratio):
        one, two = np.random.default_rng(row).normal(size=(2, 3000)).cumsum(axis=1) / 60
        signal = np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2] + 6 * [one])
        signal[row] *= ratio
        assert f"lead {LIMB[row]} is {ratio:.3g} times what" in limb_contradiction(signal)

    @pytest.mark.parametrize(("row", "ratio"), [(1, 0.5), (3, -1), (5, 4)])
    def test_a_file_with_such_a_lead_is_refused(self, tmp_path, row, ratio):
        signal = heart()
        signal[row] *= ratio
        with pytest.raises(ValueError, match=rf"c\.xml: lead.* {LIMB[row]} .*; mend names, signs and gains"):
            read_ecg(write_cardiosoft(tmp_path / "c.xml", signal=signal))

    def test_offsets_rounding_noise_and_gains_within_a_quarter_are_no_contradiction(self):
        rng, signal = np.random.default_rng(1), heart()
        for changed in (
            signal + rng.normal(size=(12, 1)),
            np.round(signal / 0.005) * 0.005,
            signal + rng.normal(scale=0.03, size=signal.shape),
            signal * np.linspace(0.9, 1.1, 12)[:, None],
            rng.normal(size=signal.shape),
        ):
            assert limb_contradiction(changed) is None

    def test_electrodes_exchanged_keep_the_relations_and_are_left_to_the_quality_check(self):
        one, two, three, right, left, foot, *chest = heart()
        assert limb_contradiction(np.stack([-one, three, two, left, right, foot, *chest])) is None
