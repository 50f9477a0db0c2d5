"""What checks ask of an engine and of a cluster, by the kind of thing that they look at.

Each module is for one kind: ``containers``, ``workloads``, ``services`` and so on. Here stands what all
questions to a cluster have in common.
"""

from labkit.core.kube import ask, find

__all__ = ["ask", "find"]
