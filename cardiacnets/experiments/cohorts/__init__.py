"""Chapter 00: who is studied, and what can be known of them."""
