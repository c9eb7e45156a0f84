"""Chapter 05: diseases and indices from an ECG, arm by arm."""
