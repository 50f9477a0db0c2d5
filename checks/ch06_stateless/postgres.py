"""What a check asks of a PostgreSQL in a container."""

from __future__ import annotations

from docker.models.containers import Container

from labkit import Mismatch, TimedOut, until
from labkit.observe.containers import last_words

READY_SECONDS = 60


def sql(box: Container, query: str, database: str = "postgres") -> str | None:
    """A query's answer, one text; None if the server or the table does not answer."""
    env = dict(line.split("=", 1) for line in box.attrs["Config"]["Env"])
    user = env.get("POSTGRES_USER", "postgres")
    command = ["psql", "--no-psqlrc", "-XAtq", "-U", user, "-d", database, "-c", query]
    code, out = box.exec_run(command)
    return out.decode(errors="replace").strip() if code == 0 else None


def accepting(box: Container, seconds: float = READY_SECONDS) -> None:
    """Waits until a PostgreSQL answers.

    Args:
        box: its container.
        seconds: how long.

    Raises:
        Mismatch: its container ended.
        TimedOut: it did not answer.
    """

    def asked() -> bool:
        box.reload()
        return box.status != "running" or sql(box, "select 1") == "1"

    try:
        until(asked, timeout=seconds, what=f"{box.name} answers")
    except TimedOut:
        message = f"The database did not answer within {seconds:g} s."
        raise TimedOut(message, evidence=last_words(box)) from None
    if box.status != "running":
        raise Mismatch("The database ended when it was started.", found=last_words(box))
