"""The built site and a browser that asks nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright

from labkit.book import site
from labkit.devtools import browser


@pytest.fixture(scope="session")
def html(tmp_path_factory, worker_id):
    """The folder of the site, built once for all workers of a run."""
    if worker_id == "master":
        return site.build()
    built = tmp_path_factory.getbasetemp().parent / "site"
    with FileLock(f"{built}.lock"):
        if not built.exists():
            built.write_text(str(site.build()))
        return Path(built.read_text())


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser.ensure(), args=list(browser.FLAGS))
        yield running
        running.close()
