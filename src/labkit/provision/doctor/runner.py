"""What the course needs, one finding a line: found, wanted, the command that mends it.

Each check is a small function in ``machine`` or ``cluster``; it looks and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from labkit.provision.doctor.finding import FAIL, SKIPPED, Finding


def guarded(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Runs one check; a check that breaks is a failed finding, not the end of the doctor."""
    try:
        return list(check())
    except Exception as e:  # the doctor must be able to speak of anything
        return [Finding(name, FAIL, f"{type(e).__name__}: {e}".splitlines()[0], "an answer", "make up")]


def examine(only: str | None = None) -> list[Finding]:
    """Runs all checks.

    Args:
        only: ``docker`` leaves out the registry and the cluster.

    Returns:
        The findings, in the order in which things depend on each other.
    """
    from labkit.provision.doctor import cluster, machine, settings

    found = guarded("python", machine.python)
    found += settings.none_set([f for name, check in settings.CHECKS.items() for f in guarded(name, check)])
    found += guarded("engine", machine.engine)
    if any(f.state == FAIL and f.name == "engine" for f in found):
        why = "the engine does not answer"
        return [*found, *(Finding(n, SKIPPED, why, "", "") for n in ("machine", "registry", "cluster"))]
    groups = dict(machine.CHECKS)
    if only != "docker":
        groups |= cluster.CHECKS
    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(lambda item: guarded(*item), groups.items()):
            found += result
    return found


def exit_code(found: list[Finding]) -> int:
    """0 if nothing failed, else 1."""
    return int(any(f.state == FAIL for f in found))
