"""Bringing the lab up and taking it down: engine, images, registry, cluster."""
