"""One training loop for all stages, its batches and its checkpoints."""
