"""Answers to the exercise of chapter 6, wrong and right."""

from __future__ import annotations

from labkit.observe.containers import run

POSTGRES, REDIS, WEB = (f"localhost:5001/{name}" for name in ("postgres:17", "redis:8", "web:1.0"))
BASE = "debian:trixie-slim"
SECRET = {"POSTGRES_PASSWORD": "secret"}


def tool(lab, line, *mounts):
    """A line of shell in a container with these mounts; that it fails is fine."""
    return run(lab, "bash", "-c", f"({line}) 2>&1 || true", image=BASE, volumes=list(mounts))
