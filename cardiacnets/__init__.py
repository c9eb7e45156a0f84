"""The CardiacNets book's library: from an ECG and a cine to every figure of the study."""
