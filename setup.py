"""The wheel takes ``data_manifests/`` along inside the package; all else stands in ``pyproject.toml``."""

from setuptools import find_packages, setup

INSIDE = "cardiacnets.data_manifests"

setup(
    packages=[*find_packages(include=["cardiacnets", "cardiacnets.*"]), INSIDE],
    package_dir={INSIDE: "data_manifests"},
)
