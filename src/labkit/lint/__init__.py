"""The house rules of chapters and exercises."""
