"""The export path: from finished records to a receiver."""
