"""Answers to the exercise of chapter 5, wrong and right."""

from __future__ import annotations

from checks.ch05_shareable.engine import run

FAR, LEAF = "docker exec --interactive ch05-far docker", "localhost:5000/ch05-leaf"


def on_far(lab, line):
    """Runs a line of shell on the other machine."""
    return run(lab.docker.containers.get("ch05-far"), line)
