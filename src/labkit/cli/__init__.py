"""The verbs: one file each in this folder, loaded only when called."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from labkit.core.errors import CommandFailed, EngineUnavailable, LabkitError
from labkit.core.faults import named


class Verbs(click.Group):
    """A click group that finds its commands in this folder: ``prove_all.py`` holds that of ``prove-all``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, sorted."""
        return sorted(
            m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")
        )

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Loads one verb, or None where there is no such file."""
        if name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"labkit.cli.{name.replace('-', '_')}").command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def group() -> None:
    """Containers, Proven: a Docker engine, a kind cluster and the course that runs on them."""


def main() -> None:
    """Runs a verb; an error of the course, or of its engine, becomes a message and an exit status."""
    try:
        group(prog_name="labkit")
    except LabkitError as e:
        error = (named(e.found) if isinstance(e, CommandFailed) and e.found else None) or e
        print(f"labkit: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except Exception as e:
        if not is_of_the_engine(e):
            raise
        # The daemon was there when the verb began: it went away, or it refused something.
        gone = EngineUnavailable("The Docker daemon failed in the middle of it.", found=e, fix="make doctor")
        error = named(e) or gone
        print(f"labkit: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


def is_of_the_engine(e: Exception) -> bool:
    """Whether the SDK, or the HTTP client below it, raised this."""
    from docker.errors import DockerException  # late: `--help` does not wait for the SDK
    from requests.exceptions import RequestException

    return isinstance(e, (DockerException, RequestException))
