"""From files that were handed in to scores."""
