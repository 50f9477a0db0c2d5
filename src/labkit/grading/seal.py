"""What keeps the processes of a submission out of those that judge it, where one user runs both.

On Linux alone: prctl(2), PR_SET_DUMPABLE; capabilities(7), "Capability bounding set". Nothing here keeps a
process from sending signals to others of its user, or from reading and writing that user's files.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 24, 38
CAP_SYS_PTRACE = 19


def close_up() -> None:
    """From now on no other process of this user opens this process's memory or its open files.

    Its children are closed up likewise, until they start another program. Root's processes may look all the
    same, as long as they have CAP_SYS_PTRACE: see `give_up_looking`.

    Raises:
        OSError: the system refuses.
    """
    control(PR_SET_DUMPABLE, 0)


def give_up_looking() -> None:
    """Programs that this process and its children start cannot look into processes that are closed up.

    They get no rights that this process has not, and for root not CAP_SYS_PTRACE.

    Raises:
        OSError: the system refuses.
    """
    control(PR_SET_NO_NEW_PRIVS, 1)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        control(PR_CAPBSET_DROP, CAP_SYS_PTRACE)


def control(option: int, value: int) -> None:
    """Calls prctl(2), where there is one.

    Raises:
        OSError: it fails.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(option, value, 0, 0, 0):
            number = ctypes.get_errno()
            raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")
