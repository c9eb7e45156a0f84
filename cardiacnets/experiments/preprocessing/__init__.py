"""Chapter 01: what cleaning takes away from an ECG."""
