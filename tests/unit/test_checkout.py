"""What a checkout must be like on every machine."""

from __future__ import annotations

import subprocess

from labkit.core.paths import repo


def test_line_ends_are_the_same_on_every_machine():
    """`core.autocrlf` made scripts that no shell reads, and images with other digests."""
    listed = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=repo(), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    texts = [line for line in listed if not line.startswith("i/-text")]
    assert len(texts) > 100
    assert [line for line in texts if "attr/text=auto eol=lf" not in line or "crlf" in line] == []
