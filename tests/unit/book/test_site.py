"""What is said of a site that was not built."""

from __future__ import annotations

import datetime as dt
import tomllib

import yaml

from labkit.book.site import edition, trouble
from labkit.core.paths import repo

CHAIN = """reading sources...
Traceback (most recent call last):
  File "x.py", line 57, in run
labkit.core.errors.LedgerError: The stored proof of C01.1 is not that of the ledger.
  found: nothing stored

The above exception was the direct cause of the following exception:

sphinx.errors.ExtensionError: What we proved: The stored proof of C01.1 is not that of the ledger.
  found: nothing stored
RuntimeError:
=====
"""


def test_an_error_of_ours_is_named_and_its_chain_is_not():
    assert trouble(CHAIN).splitlines() == [
        "labkit.core.errors.LedgerError: The stored proof of C01.1 is not that of the ledger.",
        "  found: nothing stored",
        "sphinx.errors.ExtensionError: What we proved: The stored proof of C01.1 is not that of the ledger.",
    ]


def test_a_warning_is_named():
    assert trouble("reading\na.md:3: WARNING: no such page\ndone") == "a.md:3: WARNING: no such page"


def test_without_any_the_last_lines_are_shown():
    assert trouble("one\ntwo") == "one\ntwo"


def test_what_is_built_has_the_date_of_its_edition():
    cited = yaml.safe_load((repo() / "CITATION.cff").read_text())["version"]
    assert cited == tomllib.loads((repo() / "pyproject.toml").read_text())["project"]["version"]
    assert f"{dt.datetime.fromtimestamp(edition(repo()), dt.UTC):%Y.%m %d %H:%M:%S}" == f"{cited} 01 00:00:00"
