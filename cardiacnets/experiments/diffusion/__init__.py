"""Chapter 04: movies of the heart drawn from an ECG."""
