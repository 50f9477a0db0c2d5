"""What "done" means in the exercise of chapter 1: an inventory, a picture, and cleaning up."""

from __future__ import annotations

BASE = "debian:trixie-slim"
IMAGES = ()
