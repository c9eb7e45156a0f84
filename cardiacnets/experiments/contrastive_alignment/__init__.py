"""Chapter 03: alignment of the ECG encoder to frozen CMR features."""
