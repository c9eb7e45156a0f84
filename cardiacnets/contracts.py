"""The conventions every stage shares: what an ECG and a cine look like once they are inside the library.

``ecg (..., 12, 5000)`` float32, millivolts, 500 Hz, ten seconds, leads in the order of :data:`LEADS`.
``cine (..., T, H, W)`` uint8 on disk, frame 0 at the R wave, pixels of :data:`PIXEL_MM`; the sizes below are
those of the study (arXiv 2411.13602), a profile may ask for fewer frames.
"""

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
ECG_RATE = 500
ECG_SECONDS = 10
ECG_SAMPLES = ECG_RATE * ECG_SECONDS

BEAT_RATE = 250
BEAT_SAMPLES = 180
"""A median beat: 720 ms around the R wave."""

CINE_FRAMES = 50
SAX_PIXELS = 80
LAX_PIXELS = 96
PIXEL_MM = 1.8

DISEASES = ("cad", "cm", "pc", "hf", "ph")
"""Screening tasks: coronary disease, cardiomyopathy, pericarditis, heart failure, pulmonary hypertension."""

SUBTYPES = ("dcm", "hcm", "rcm")
"""Cardiomyopathy subtypes: dilated, hypertrophic, restrictive."""

DIAGNOSIS_NAMES = {
    "cad": "coronary artery disease",
    "cm": "cardiomyopathy",
    "pc": "pericarditis",
    "hf": "heart failure",
    "ph": "pulmonary hypertension",
    "dcm": "dilated cardiomyopathy",
    "hcm": "hypertrophic cardiomyopathy",
    "rcm": "restrictive cardiomyopathy",
}
"""Diseases and subtypes as a page calls them."""
