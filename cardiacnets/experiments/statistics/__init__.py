"""Chapter 06: claims that the study makes in words, as numbers."""
