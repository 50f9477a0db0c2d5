"""The environment of a submission's kernel: the course's interpreter and packages, and none of its folders.

A virtual environment of its own lies over the course's. What a submission installs goes there, and with it
when it is graded; ``pip uninstall`` finds the course's packages outside of it and leaves them. The course's
packages come first, so that another version of one does not keep its own cells from running.

The kernel is the one of this interpreter, whatever kernel is registered as ``python3`` on this machine.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

DROPPED = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONSTARTUP", "CONDA_PREFIX")
"""Variables of the user's that would lead an installation elsewhere, or run something of theirs first."""

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""With one of these, requests takes the user's authorities in place of those that docker-py was given for an
engine, and ``docker.from_env()`` reaches no private one."""

PIP = """#!/bin/sh
exec {python} -m pip "$@"
"""
PATHS = (
    "import os, sys; "
    "i = [*map(os.path.realpath, sys.path), {site!r}].index({site!r}); "
    "sys.path[i:i] = [path for path in {paths!r} if path not in sys.path]\n"
)
"""A line of a path file, which Python runs when it starts: the course's packages come before its own."""


class KernelEnvironment:
    """An environment for kernels.

    Args:
        folder: where it is made.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        venv.EnvBuilder(symlinks=os.name != "nt").create(folder)
        where = {"base": str(folder), "platbase": str(folder)}
        self.scripts = Path(sysconfig.get_path("scripts", "venv", where))
        self.python = self.scripts / ("python.exe" if os.name == "nt" else "python")
        site = sysconfig.get_path("purelib", "venv", where)
        paths = [p for p in sys.path if os.path.isdir(p) and p != os.getcwd()]
        text = PATHS.format(site=os.path.realpath(site), paths=paths)
        (Path(site) / "course.pth").write_text(text, encoding="utf-8")
        for name in ("pip", "pip3"):
            (self.scripts / name).write_text(PIP.format(python=shlex.quote(str(self.python))))
            (self.scripts / name).chmod(0o755)

    def variables(self, env: dict[str, str]) -> dict[str, str]:
        """Variables with which programs find this environment first.

        Args:
            env: those that they get otherwise.
        """
        kept = {name: value for name, value in env.items() if name not in (*DROPPED, *BUNDLES)}
        if bundle := next(filter(None, map(env.get, BUNDLES)), None):
            kept.setdefault("PIP_CERT", bundle)
        path = os.pathsep.join([str(self.scripts), *filter(None, [env.get("PATH")])])
        own = {"VIRTUAL_ENV": str(self.folder), "IPYTHONDIR": str(self.folder / "ipython"), "PIP_USER": "0"}
        return {**kept, **own, "PATH": path}


class CourseKernel(KernelSpecManager):
    """Knows one kernel, by whatever name: the one of an interpreter.

    Args:
        python: the interpreter.
    """

    def __init__(self, python: Path, **options: Any):
        super().__init__(**options)
        self._python = python

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The kernel's specification."""
        spec = get_kernel_dict()
        return KernelSpec(**{**spec, "argv": [str(self._python), *spec["argv"][1:]]})
