"""What "done" means: the model of a check, and running it to a verdict.

What authors of checks (``checks/``) and of example answers (``tests/graders/``) use is in ``__all__``;
`labkit.observe` has what checks ask of engine and cluster.
"""

from labkit.checks.answers import DOCKER, Function, hand_in
from labkit.checks.examples import cli, right, wrong
from labkit.checks.model import check, scene
from labkit.core.paths import REGISTRY

__all__ = ["DOCKER", "REGISTRY", "Function", "check", "cli", "hand_in", "right", "scene", "wrong"]
