"""`labkit learn` as a learner meets it: one line with addresses, a lab behind a token, pages that render."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from labkit.book import notebooks
from labkit.core.paths import repo
from labkit.wait.until import until

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lab():
    """The address that `learn` prints; everything is up already, so this is the second run of it."""
    command = [sys.executable, "-m", "labkit", "learn", "--no-browser", "--port", "8899"]
    with subprocess.Popen(
        command, cwd=repo(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        line = next((line for line in process.stdout if "token=" in line), "")
        assert line, "learn ended without an address"
        address = re.search(r"http://\S+", line)[0]
        refused = (urllib.error.URLError, ConnectionError)
        until(
            lambda: urllib.request.urlopen(address).status == 200,
            timeout=60,
            what="JupyterLab",
            ignore=refused,
        )
        yield line, address
        process.terminate()
        process.stdout.read()


def test_the_line_names_the_site_and_the_lab(lab):
    line, address = lab
    assert "_build/html/index.html" in line
    assert urlsplit(address).hostname == "127.0.0.1"


def test_nobody_without_the_token_is_let_in(lab):
    at = urlsplit(lab[1])
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(f"http://{at.netloc}/api/contents/chapters")
    assert e.value.code == 403


def test_a_chapter_renders_with_no_foreign_request(lab, chromium):
    page, asked = chromium.new_page(viewport={"width": 1280, "height": 1600}), []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(lab[1].replace("ch01_docker_manages", notebooks.stems()[0]))
    shown = page.locator(".jp-NotebookPanel:visible .jp-MarkdownCell")  # a reader's other tabs come back too
    shown.locator("details summary").first.wait_for(timeout=90_000)
    shown.locator("figure img").first.wait_for(timeout=30_000)
    assert shown.locator(":text(':::{'):visible").count() == 0
    foreign = [
        u for u in asked if not u.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
    ]
    assert foreign == []
    page.close()
