"""The cine: reading it from files, finding the heart in it, bringing it to the study's grid, showing it."""

from cardiacnets.cmr.cine import Cine
from cardiacnets.cmr.localising import HeartLocation, locate_heart
from cardiacnets.cmr.reading import read_cine

__all__ = ["Cine", "HeartLocation", "locate_heart", "read_cine"]
