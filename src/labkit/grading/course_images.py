"""The course's images on a private engine: a judge runs those that were there before the first cell.

Checks and scenes name an image as a learner does. On a private engine a name is the learner's to give anew:
each is led back to the image that it had, before anything is judged or set up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import docker
import requests
from docker.errors import DockerException, ImageNotFound

from labkit.core.errors import BrokenEnvironment, EngineUnavailable, root
from labkit.lab.clients import docker_client


@contextmanager
def told() -> Iterator[None]:
    """An engine that does not answer in this block is told as that.

    Raises:
        EngineUnavailable: it does not.
    """
    try:
        yield
    except (DockerException, requests.exceptions.RequestException) as e:
        raise EngineUnavailable("The images of the course could not be looked at.", found=root(e)) from None


class CourseImages:
    """The images of some names, as they are now.

    Args:
        engine: the client of the private engine.
        names: of images, each with its tag.

    Raises:
        EngineUnavailable: the engine does not answer, or has none of such a name.
    """

    def __init__(self, engine: docker.DockerClient, names: Iterable[str]):
        self._engine = engine
        with told():
            self._ids = {name: engine.images.get(name).id or "" for name in names}

    def moved(self) -> list[str]:
        """The names that lead to another image by now, or to none.

        Raises:
            EngineUnavailable: the engine does not answer.
        """
        with told():
            return [name for name, known in self._ids.items() if self._id_of(name) != known]

    def restore(self) -> list[str]:
        """Leads every name back to its image; one that is gone is copied from the course's engine again.

        Returns:
            The names that had led elsewhere.

        Raises:
            EngineUnavailable: an engine does not answer.
            BrokenEnvironment: the course's engine has another image of that name.
        """
        moved = self.moved()
        with told():
            for name in moved:
                if self._id_of(self._ids[name]) is None:
                    self._copy(name)
                repository, _, tag = name.rpartition(":")
                self._engine.api.tag(self._ids[name], repository, tag)
        return moved

    def _id_of(self, name: str) -> str | None:
        """The id of an image by its name or id, or None."""
        try:
            return self._engine.images.get(name).id
        except ImageNotFound:
            return None

    def _copy(self, name: str) -> None:
        """Copies an image from the course's engine.

        Raises:
            BrokenEnvironment: that one has another image of that name by now.
        """
        with closing(docker_client({})) as course:
            parts: Any = course.images.get(name).save(named=True)
            self._engine.images.load(parts)
        if self._id_of(self._ids[name]) is None:
            raise BrokenEnvironment("An image of the course was changed while grading went on.", found=name)
