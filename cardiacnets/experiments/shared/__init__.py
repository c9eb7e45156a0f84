"""What several chapters need: inputs, tasks, stages of training, readouts, attribution."""
