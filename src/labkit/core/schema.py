"""Files of the course that are read against a schema: what does not fit is named, with what was wanted there.

A schema is a dataclass with the decorator `strict`. Its annotations say what a file may hold, and nothing
else may stand there: a number is no text, a text is no number, an unknown field is an error. What the
annotation of one field cannot say (an id that is there twice) is a validator of pydantic's. The same
dataclass is what the rest of the code works with::

    @strict
    @dataclass(frozen=True)
    class Cost:
        seconds: int

    COSTS: TypeAdapter[dict[str, Cost]] = TypeAdapter(dict[str, Cost])
    load(path, COSTS, empty={})

Source: https://docs.pydantic.dev/latest/concepts/strict_mode/ and …/concepts/type_adapter/.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import yaml
from pydantic import AfterValidator, ConfigDict, StringConstraints, TypeAdapter, ValidationError, with_config
from pydantic_core import ErrorDetails, PydanticCustomError

from labkit.core.errors import LabkitError, Usage

T = TypeVar("T")

strict = with_config(ConfigDict(strict=True, extra="forbid"))
"""Decorates a dataclass whose fields are exactly those of a file, each of exactly its type."""

BLANK = "string_pattern_mismatch"
Text = Annotated[str, StringConstraints(pattern=r"\S")]
"""A text in which something stands."""

SHOWN = 200
"""How much of a wrong value an error shows, in characters."""


class Named(Protocol):
    """An entry of a file that has an id."""

    @property
    def id(self) -> str:
        """Its name in the file."""
        ...


N = TypeVar("N", bound=Named)


def misfit(wanted: str, found: str) -> PydanticCustomError:
    """What a validator raises.

    Args:
        wanted: what should stand there, in words.
        found: what stands there.
    """
    return PydanticCustomError("misfit", "{wanted}", {"wanted": wanted, "found": found})


def ids_once(entries: list[N]) -> list[N]:
    """The entries, if no id is there twice; for pydantic's ``AfterValidator``.

    Raises:
        PydanticCustomError: one is.
    """
    twice = [name for name, times in Counter(entry.id for entry in entries).items() if times > 1]
    if twice:
        raise misfit("each id once", f"{', '.join(twice)} there twice")
    return entries


IdsOnce = AfterValidator(ids_once)


def load(
    path: Path,
    schema: TypeAdapter[T],
    *,
    empty: object = None,
    error: type[LabkitError] = Usage,
    fix: str | None = None,
) -> T:
    """What a file holds, as its schema says.

    Args:
        path: a file of YAML; of JSON, if its name ends so.
        schema: what it must hold.
        empty: what a file of YAML without any content stands for.
        error: what is raised.
        fix: what to do where it is wrong; None is to mend it.

    Raises:
        Usage: it cannot be read, is no YAML or JSON, or does not fit; `error` in its place, if that is given.
    """
    name, is_json = f"{path.parent.name}/{path.name}", path.suffix == ".json"
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if is_json else yaml.safe_load(text)
        # Validated as JSON: there a mapping is a dataclass and a list a tuple, and yet a text is no number.
        raw = json.dumps(empty if value is None else value, default=str)
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as e:
        wanted = "a file of JSON" if is_json else "a file of YAML"
        raise error(f"{name} cannot be read.", wanted=wanted, found=e, fix=fix or f"mend {name}") from None
    try:
        return schema.validate_json(raw)
    except ValidationError as e:
        faults = e.errors(include_url=False)
    first, more = faults[0], len(faults) - 1
    raise error(
        f"{name} is wrong{_place(first['loc'], value)}.",
        wanted=_wanted(first),
        found=_found(first) + (f"; and {more} more" if more else ""),
        fix=fix or f"mend {name}",
    )


def _place(loc: Sequence[int | str], value: Any) -> str:
    """Where in a file something is: its entry, by id where it has one, and the field."""
    parts = []
    for step in loc:
        inner: Any = value[step] if _has(value, step) else None
        if isinstance(step, int):
            parts.append(str(inner["id"]) if _has(inner, "id") else f"entry {step + 1}")
        else:
            parts.append(step)
        value = inner
    return f" at {', '.join(parts)}" if parts else ""


def _has(value: Any, step: int | str) -> bool:
    """Whether there is something in a value at a step."""
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _wanted(fault: ErrorDetails) -> str:
    """What should stand there, in words."""
    if fault["type"] == "missing":
        return "this field"
    if fault["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return "no field of this name"
    if fault["type"] == BLANK and fault.get("ctx", {}).get("pattern") == r"\S":
        return "a text"
    return fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")


def _found(fault: ErrorDetails) -> str:
    """What stands there."""
    if fault["type"] == "missing":
        return "nothing"
    if "found" in fault.get("ctx", {}):
        return str(fault["ctx"]["found"])
    shown = json.dumps(fault["input"], ensure_ascii=False, default=str)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"
