"""Chapter 07: readers with and without movies, simulated or in a class."""
