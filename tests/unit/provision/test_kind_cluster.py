"""Making the cluster: what kind prints is shown, and nothing depends on how it words it. No Docker needed."""

import json

import pytest

from labkit.core.errors import CommandFailed
from labkit.provision import kind_cluster


@pytest.fixture
def kind(monkeypatch, tmp_path):
    """A program in kind's place, which prints lines and ends; yields what writes it, and what was added."""
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    monkeypatch.setattr(kind_cluster, "kind_env", lambda: None)
    added = []
    monkeypatch.setattr(kind_cluster, "delete", lambda client: False)
    monkeypatch.setattr(kind_cluster, "network", lambda client: "net")
    monkeypatch.setattr(kind_cluster, "nodes", lambda client: [])
    monkeypatch.setattr(kind_cluster, "finish_control_plane", added.append)

    def write(*lines, status=0):
        program = tmp_path / "bin" / "kind"
        program.parent.mkdir(exist_ok=True)
        words = "\n".join(lines)
        program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{words}\nEND\nexit {status}\n")
        program.chmod(0o755)

    return write, added


@pytest.mark.parametrize(
    "lines",
    [
        (" • Installing CNI 🔌  ...", " ✓ Installing CNI 🔌"),
        (" ✓ Installing CNI 🔌", " ✓ Installing CNI 🔌"),
        ("Le réseau est là",),
        (),
    ],
)
def test_the_add_ons_go_in_once_whatever_kind_says(kind, lines):
    write, added = kind
    write(*lines)
    shown = []
    kind_cluster.create("the client", "node:1", shown.append)
    assert added == ["the client"]
    assert len(shown) == max(len(lines), 1)
    assert json.loads(kind_cluster.mark().read_text()) == {}


def test_a_kind_that_fails_is_told_with_its_last_words_and_nothing_is_added(kind):
    write, added = kind
    write("ERROR: no room", status=1)
    with pytest.raises(CommandFailed, match="could not make the cluster") as e:
        kind_cluster.create("the client", "node:1", lambda text: None)
    assert e.value.found == "ERROR: no room"
    assert added == []
    assert not kind_cluster.mark().exists()
