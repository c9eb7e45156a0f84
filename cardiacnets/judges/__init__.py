"""Networks of others that have seen real hearts only, and what is measured on their answers."""
