"""The verb as it is typed, on good and on wrong files; its pages in a browser, where axe finds nothing."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import axe_playwright_python
import psutil
import pytest
from playwright.sync_api import sync_playwright

from labkit import until
from labkit.devtools import browser

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
STEM = "ch01_docker_manages"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
EVIL = "print('<script>alert(1)</script>' * 3); raise ValueError('</main><script>alert(2)</script>\\x1b[31m')"
BUILT = "client.images.build(fileobj=open('my.Dockerfile', 'rb'), tag='ch01-clock:2.0')"
"""An answer that reads what lies beside the notebook."""


def labkit(*arguments, **options):
    """Begins ``labkit grade``."""
    command = [sys.executable, "-m", "labkit", "grade", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


@pytest.fixture(scope="module")
def done(work, tmp_path_factory):
    """The folder of reports, what was printed, and the exit status."""
    folder = tmp_path_factory.mktemp("class")
    ada = work().solve("inventory", "picture").answer("built", BUILT)
    ada.answer("inventory", f"%%time\n{ada.solutions['inventory-answer']}")
    ada.write_bare(folder / "ada" / f"{STEM}.ipynb")
    (folder / "ada" / "my.Dockerfile").write_text('FROM debian:trixie-slim\nCMD ["sleep", "infinity"]\n')
    (folder / "ada" / "other.ipynb").symlink_to(folder / "ada" / f"{STEM}.ipynb")
    work().answer("built", EVIL).write(folder / "=evil <b>" / f"{STEM}.ipynb")
    other = work()
    other.notebook.metadata["labkit"]["stem"] = "ch99_other"
    other.write(folder / "wrong stem.ipynb")
    (folder / "empty.ipynb").write_text("")
    (folder / "no json.ipynb").write_text("print(1)")
    (folder / "json.ipynb").write_text("{}")
    (folder / "folder.ipynb").mkdir()
    (folder / "notes.txt").write_text("")
    out = tmp_path_factory.mktemp("out")
    running = labkit(folder, "--out", out, "--jobs", 2)
    said, _ = running.communicate(timeout=500)
    return out, said, running.returncode


def test_everything_has_its_row(done):
    out, said, status = done
    assert status == 0
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as f:
        rows = {r["submission"]: r for r in csv.DictReader(f)}
    assert {name: (r["verdict"], r["total"]) for name, r in rows.items()} == {
        f"'=evil <b>/{STEM}": ("graded", "0"),
        f"ada/{STEM}": ("graded", "5"),
        "empty": ("rejected", ""),
        "folder": ("rejected", ""),
        "ada/my.Dockerfile": ("used", ""),
        "ada/other.ipynb": ("left out", ""),
        "json": ("rejected", ""),
        "no json": ("rejected", ""),
        "notes.txt": ("left out", ""),
        "wrong stem": ("rejected", ""),
    }
    assert rows["wrong stem"]["notes"] == "It is not a submission of this course."
    assert rows["folder"]["notes"] == "It is a folder, not a notebook."
    assert "2 graded, 5 no submission of this course" in said
    assert "notes.txt" in said
    assert "\x1b" not in said


def test_json_says_what_was_wrong(done):
    told = json.loads((done[0] / "grades.json").read_text())["submissions"]
    ada = next(s for s in told if s["submission"].startswith("ada"))
    last = ada["results"][-1]
    assert (last["name"], last["verdict"], last["earned"]) == ("cleaned", "fail", 0)
    assert "team blue" in last["message"]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pages_are_accessible_and_run_nothing(done, mode):
    pages = [done[0] / "index.html", *sorted((done[0] / "submissions").glob("*.html"))]
    assert len(pages) == 8
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.ensure(), args=list(browser.FLAGS))
        for width in (1280, 390):
            size = {"width": width, "height": 900}
            context = chromium.new_context(viewport=size, color_scheme=mode, bypass_csp=True)
            for path in pages:
                page, asked = context.new_page(), []
                page.on("request", lambda r, asked=asked: asked.append(r.url))
                page.on("dialog", lambda d: pytest.fail("a learner's script ran"))
                page.goto(path.as_uri(), wait_until="load")
                assert asked == [path.as_uri()]
                page.add_script_tag(path=AXE)
                assert page.evaluate("async () => (await axe.run()).violations.map(v => v.id)") == []
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
                page.close()
            context.close()
        chromium.close()


def test_an_interrupted_run_leaves_nothing(work, tmp_path, plain):
    before = {c.name for c in plain.containers.list(all=True, ignore_removed=True) if "grade-" in c.name}
    work().answer("inventory", "import time\ntime.sleep(300)").write(tmp_path / f"{STEM}.ipynb")
    running = labkit(tmp_path, "--out", tmp_path / "out", start_new_session=True)
    me = psutil.Process(running.pid)
    started = until(lambda: kernels(me), timeout=300, what="its kernel is there")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=120)
    assert running.returncode != 0
    assert not [p for p in started if p.is_running()]
    after = {c.name for c in plain.containers.list(all=True, ignore_removed=True) if "grade-" in c.name}
    assert after <= before


def kernels(process):
    """The kernels that a process has started."""
    return [p for p in process.children(recursive=True) if is_kernel(p)]


def is_kernel(process):
    """Whether a process is a kernel; one that has ended since it was listed is none."""
    try:
        return "ipykernel_launcher" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
