"""Where a submission is run."""
