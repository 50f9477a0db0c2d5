"""Answers to the exercise of chapter 4, wrong and right."""

from __future__ import annotations

WEB = "localhost:5001/web:1.0"


def run(lab, name, **options):
    """Starts a container of the web app."""
    image = options.pop("image", WEB)
    return lab.docker.containers.run(image, name=name, detach=True, **options)
