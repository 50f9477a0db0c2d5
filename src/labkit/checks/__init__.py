"""What "done" means: the model of a check, and running it to a verdict."""
