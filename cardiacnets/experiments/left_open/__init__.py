"""Chapter 09, what the study left open: fairness, use, explanations that can be wrong, leads, privacy."""
