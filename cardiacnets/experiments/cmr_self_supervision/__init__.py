"""Chapter 02: masked self-supervision of the CMR encoder."""
