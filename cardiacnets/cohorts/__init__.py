"""Who is studied: manifests, tables, labels, splits, stored arrays, participant flow and the disclosure guard."""
