"""The built site and a browser that asks nobody else."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from labkit import browser, site


@pytest.fixture(scope="session")
def html():
    """The folder of the built site."""
    return site.build()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser.ensure(), args=list(browser.FLAGS))
        yield running
        running.close()
