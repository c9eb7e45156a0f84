"""Chapter 08: everything the models say of one ECG."""
