"""Checks of the machine and the cluster, each with what mends it."""
