"""A Lab: labelled clients, workspaces, private engines, and the one way to remove what was made."""
