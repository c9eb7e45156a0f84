"""What every test can use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of openly licensed real records; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("CARDIACNETS_SAMPLE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set CARDIACNETS_SAMPLE_DATA to their folder")
    return folder
