"""What every other part stands on: errors, paths, labels, processes, the ways to engine and cluster."""
