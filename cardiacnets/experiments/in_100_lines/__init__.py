"""Chapter 90: cross-modal learning in a hundred lines, which stand in the notebook itself."""
