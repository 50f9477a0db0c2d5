"""Waiting by events: containers, objects of the cluster, and what has no event."""
