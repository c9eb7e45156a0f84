"""What a chapter does: pre-train, align, generate, predict, explain."""
