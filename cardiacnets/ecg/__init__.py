"""The electrocardiogram: reading, checking, cleaning, beats, measurements and the paper plot."""

from cardiacnets.ecg.augmenting import EcgAugmentation
from cardiacnets.ecg.beat import detect_r_peaks, heart_rate, median_beat
from cardiacnets.ecg.cleaning import Stages, clean, clean_stages, denoise_wavelet, remove_drift, smooth
from cardiacnets.ecg.measurements import measure_beats
from cardiacnets.ecg.paper import plot_beats, plot_ecg
from cardiacnets.ecg.quality import Quality, check_ecg
from cardiacnets.ecg.reading import Ecg, example_ecg_path, read_ecg
from cardiacnets.ecg.resampling import resample
from cardiacnets.ecg.scale import Scale, describe_scale, summarise_scales
from cardiacnets.ecg.scaling import scale_millivolt, scale_min_max

__all__ = [
    "Ecg", "EcgAugmentation", "Quality", "Scale", "Stages", "check_ecg", "clean", "clean_stages",
    "denoise_wavelet", "describe_scale", "detect_r_peaks", "example_ecg_path", "heart_rate", "measure_beats",
    "median_beat", "plot_beats", "plot_ecg", "read_ecg", "remove_drift", "resample",
    "scale_millivolt", "scale_min_max", "smooth", "summarise_scales",
]
