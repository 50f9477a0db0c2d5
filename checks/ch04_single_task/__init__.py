"""What "done" means in the exercise of chapter 4: a stop in order, two services apart, a hang noticed."""

from __future__ import annotations

IMAGES = ("web:1.0",)
WEB = "localhost:5001/web:1.0"
