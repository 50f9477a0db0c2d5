"""What chapter 6's check reads out of a database's log, without a database."""

from __future__ import annotations

import pytest

from checks.ch06_stateless.repair import complaint

DENIED = 'initdb: error: could not access directory "/var/lib/postgresql/data": Permission denied'
BROKEN = 'FATAL:  could not open file "global/pg_control": No such file or directory'
OWNER = 'FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership'
TALK = "The default text search configuration will be set to english.\nData page checksums are disabled."
LOGS = [
    (DENIED, "somebody else"),
    (f"{TALK}\n{DENIED}", "somebody else"),
    (f"{DENIED}\n{TALK}", "somebody else"),  # output that was written before the error, and arrives after it
    (f"{BROKEN}\n{TALK}\n{OWNER}\nHINT:  The server must be started by the owner.", "somebody else"),
    (f"{OWNER}\n{BROKEN}", "not whole"),  # mended once, and then another archive
    ("an empty log", "not whole"),
]


@pytest.mark.parametrize(("log", "hint"), LOGS)
def test_the_last_error_decides_wherever_it_stands(log, hint):
    assert hint in complaint(log)
