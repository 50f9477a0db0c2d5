"""What the Pod of a `labkit.load.client.PodClient` runs: it reads a URL a line, and prints what was answered.

The source of this module is handed to ``python -c`` there, so it needs nothing but the standard library. One
line is answered before the next is read.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterable

TRIES, PATIENCE = 3, 5.0
"""How often a request is sent until one is answered, and the seconds that each may take."""


def get(url: str, tries: int = TRIES, patience: float = PATIENCE) -> tuple[str | None, str | None]:
    """Sends a request on a connection of its own; the answer, or the last exception.

    Args:
        url: with ``http``.
        tries: how often, if no answer of a status below 400 comes.
        patience: seconds for each.
    """
    error = None
    for _ in range(tries):
        try:
            with urllib.request.urlopen(url, timeout=patience) as answer:
                return answer.read().decode(), None
        except Exception as e:  # whatever it is, there is no answer
            error = repr(e)
    return None, error


def main(lines: Iterable[str]) -> None:
    """Answers each line by one of its own, with the pair that `get` returns as JSON."""
    for line in lines:
        print(json.dumps(get(line.strip())), flush=True)


if __name__ == "__main__":
    main(sys.stdin)
