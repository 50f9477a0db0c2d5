"""What ``docker image inspect`` says of images that are made up, for functions that compare two of them."""

from __future__ import annotations

from random import Random
from typing import Any


def described(seed: str, **changes: Any) -> dict[str, Any]:
    """An image's description, shortened.

    Args:
        seed: what its digests are drawn from.
        **changes: fields that are otherwise.
    """
    random = Random(seed)
    digests = [f"sha256:{random.getrandbits(256):064x}" for _ in range(4)]
    return {
        "Id": digests[0],
        "RepoTags": ["shop:1.0"],
        "RepoDigests": [],
        "Created": "2026-11-23T09:00:00Z",
        "Os": "linux",
        "Architecture": "amd64",
        "Size": 78497919,
        "Config": {"Env": ["PATH=/usr/bin"], "Cmd": ["/shop"]},
        "RootFS": {"Type": "layers", "Layers": digests[1:]},
        "Metadata": {"LastTagTime": "2026-11-23T09:00:01Z"},
        **changes,
    }


def pairs(seed: str, other: str) -> tuple[tuple[str, dict[str, Any], bool], ...]:
    """Descriptions to hold against a seed's: what the two are, the second, whether it is of the same bytes.

    Args:
        seed: of the first.
        other: what digests of other bytes are drawn from.
    """
    new = described(other)
    apart = {"Id": new["Id"], "RootFS": new["RootFS"]}
    renamed = {"RepoTags": ["far/shop:1.0"], "RepoDigests": [f"far/shop@{new['Id']}"]}
    renamed["Metadata"] = {"LastTagTime": "2026-11-27T17:00:00Z"}
    config = {"Id": new["Id"], "Config": {"Env": ["PATH=/"], "Cmd": ["/shop"]}}
    later = {"Id": new["Id"], "Created": "2026-11-27T17:00:00Z"}
    return (
        ("another image under the same tag", new, False),
        ("the same image, under another name", described(seed, **renamed), True),
        ("equal layers under another config", described(seed, **config), False),
        ("a rebuild, equal but for its time", described(seed, **later), False),
        ("equal settings over other layers", described(seed, **apart), False),
        ("the same image, asked twice", described(seed), True),
    )
