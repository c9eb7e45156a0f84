"""Who is studied: manifests, tables, labels, splits, stored arrays, flow and the disclosure guard."""
