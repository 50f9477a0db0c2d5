"""What a run costs: peaks from samples, one file, and which chapters are to be measured again."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit import Usage
from labkit.book import notebooks
from labkit.devtools import cost
from labkit.devtools.cost import Cost


@pytest.fixture
def root(tmp_path):
    (tmp_path / "chapters").mkdir()
    put(tmp_path, "ch01_a", "x = 1")
    put(tmp_path, "ch02_b", "y = 1")
    return tmp_path


def put(root, stem, code):
    cells = [new_markdown_cell("# T"), new_code_cell(code), new_code_cell("lab.close()")]
    notebooks.write(new_notebook(cells=cells), notebooks.path(stem, root=root))


def test_peaks_are_counted_from_the_first_sample():
    lines = ["10240 2048", "4096 2048", "12288 5120", "12288 1024", "12", "", "x y"]
    assert cost.peaks("\n".join(lines)) == (6, 3)


def test_a_machine_that_got_emptier_cost_nothing():
    assert cost.peaks("1024 2048\n4096 1024\n") == (0, 0)


def test_no_sample_is_no_measurement():
    with pytest.raises(Usage, match="Nothing was sampled"):
        cost.peaks("awk: not found\n")


def test_costs_are_kept_by_chapter_and_in_order(root):
    second = Cost(62, 410, 290, *cost.measured("ch02_b", root))
    first = Cost(5, 1, 0, *cost.measured("ch01_a", root))
    cost.keep("ch02_b", second, root)
    cost.keep("ch01_a", first, root)
    assert list(cost.costs(root).items()) == [("ch01_a", first), ("ch02_b", second)]
    assert cost.stale(root) == []


def test_what_has_changed_is_measured_again(root):
    cost.keep("ch01_a", Cost(5, 1, 0, *cost.measured("ch01_a", root)), root)
    assert cost.stale(root) == ["ch02_b"]
    put(root, "ch01_a", "x = 2")
    assert cost.stale(root) == ["ch01_a", "ch02_b"]


def test_the_cells_that_hold_code_are_counted(root):
    assert cost.measured("ch01_a", root)[0] == 2


LIMITS = "src/labkit/core/limits.py"

CHANGES = {
    "text": ("chapters/ch01_a.ipynb", "# T", "# Another title", False),
    "a comment in a cell": ("chapters/ch01_a.ipynb", "x = SECONDS", "x = SECONDS  # how long", False),
    "a cell": ("chapters/ch01_a.ipynb", "x = SECONDS", "x = SECONDS + 1", True),
    "a comment on a bound": (LIMITS, "SECONDS = 30", "SECONDS = 30  # as measured", False),
    "a bound": (LIMITS, "SECONDS = 30", "SECONDS = 31", True),
    "what it does not use": (LIMITS, "UNUSED = 1", "UNUSED = 2", False),
    "a manifest": ("k8s/ch01_a/web.yaml", "replicas: 2", "replicas: 3", True),
    "a comment in a manifest": ("k8s/ch01_a/web.yaml", "# two", "# a pair", False),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_cost_is_due_when_what_the_chapter_uses_has_changed(root, case):
    name, before, after, is_due = CHANGES[case]
    files = {LIMITS: "SECONDS = 30\nUNUSED = 1\n", "k8s/ch01_a/web.yaml": "spec:\n  replicas: 2  # two\n"}
    files |= {"src/labkit/__init__.py": "", "src/labkit/core/__init__.py": ""}
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    put(root, "ch01_a", "from labkit.core.limits import SECONDS\nx = SECONDS")
    for stem in ("ch01_a", "ch02_b"):
        cost.keep(stem, Cost(5, 1, 0, *cost.measured(stem, root)), root)
    text = (root / name).read_text()
    assert before in text
    (root / name).write_text(text.replace(before, after))
    assert cost.stale(root) == ["ch01_a"] * is_due


def test_a_chapter_that_is_gone_is_dropped(root):
    cost.keep("ch02_b", Cost(1, 1, 1, 1, "0"), root)
    notebooks.path("ch02_b", root=root).unlink()
    cost.keep("ch01_a", Cost(1, 1, 1, 1, "0"), root)
    assert list(cost.costs(root)) == ["ch01_a"]


SOUND = "ch01_a: {seconds: 3, memory_mib: 1, disk_mib: 1, cells: 1, inputs: x}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ch01_a: {seconds: 3}", "is wrong at ch01_a, memory_mib."),
        ("- 1", "is wrong."),
        ("{", "cannot be read."),
        ("ch01_a: 3", "is wrong at ch01_a."),
        (SOUND.replace("seconds: 3", "seconds: -3"), "is wrong at ch01_a, seconds."),
        (SOUND.replace("seconds: 3", "seconds: '3'"), "is wrong at ch01_a, seconds."),
        (SOUND.replace("ch01_a", "one"), "is wrong at one"),
    ],
)
def test_a_damaged_file_is_told(root, text, message):
    (root / cost.FILE).write_text(text)
    with pytest.raises(Usage, match=message) as e:
        cost.costs(root)
    assert e.value.fix == "rm chapters/costs.yml; labkit cost"


@pytest.mark.parametrize(
    ("seconds", "memory", "disk", "said"),
    [
        (5, 410, 0, "5 s and, at the peak, 410 MiB of memory and 0 MiB of disk"),
        (65, 1023, 1229, "1 min 5 s and, at the peak, 1023 MiB of memory and 1.2 GiB of disk"),
        (120, 1024, 1, "2 min and, at the peak, 1.0 GiB of memory and 1 MiB of disk"),
        (0, 1, 1, "0 s and, at the peak, 1 MiB of memory and 1 MiB of disk"),
    ],
)
def test_in_words(seconds, memory, disk, said):
    assert cost.said(Cost(seconds, memory, disk, 1, "x")) == said


def test_the_real_file_is_sound():
    assert set(cost.costs()) <= set(notebooks.stems())
