"""What "done" means in the exercise of chapter 3: a bounded program, a hardened app, a leak closed."""

from __future__ import annotations

IMAGES = ()
MB = 2**20
