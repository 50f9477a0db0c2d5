"""Results in columns of text: what a cell prints is stored, compared with the next run, and read aloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from labkit.core.errors import Usage

GAP = "  "
FIGURE = 12
"""Least width of a column with measured figures: it stays the same when a figure gets a digit more."""


def table(rows: Mapping[object, object] | Iterable[Sequence[object]], *headings: str) -> None:
    """Prints rows in aligned columns; ``True`` and ``False`` are printed as yes and no.

    Measured figures look best in the last column, which is not padded.

    Args:
        rows: each row's name → its value, or a tuple or list of values; or the rows themselves.
        *headings: what stands above the columns; none prints no heading.

    Raises:
        Usage: there is no row, or rows and headings differ in length.
    """
    given = (_row(name, value) for name, value in rows.items()) if isinstance(rows, Mapping) else rows
    texts = [[_text(cell) for cell in row] for row in given]
    lines = [list(headings), *texts] if headings else texts
    if not texts or len({len(line) for line in lines}) > 1:
        found = f"{len(headings)} headings; rows of {sorted({len(row) for row in texts}) or 'nothing'}"
        raise Usage("A table wants rows, and as many cells in each as headings.", found=found)
    *widths, _ = (_width(column) for column in zip(*lines, strict=True))
    for *cells, last in lines:
        print(*(_padded(cell, width) for cell, width in zip(cells, widths, strict=True)), last, sep=GAP)


def _row(name: object, value: object) -> list[object]:
    """A row of a mapping."""
    return [name, *value] if isinstance(value, tuple | list) else [name, value]


def _text(cell: object) -> str:
    """A cell as it is printed."""
    return {True: "yes", False: "no"}[cell] if isinstance(cell, bool) else str(cell)


def _is_measured(cell: str) -> bool:
    """Whether a cell is a figure as `labkit.measured` writes it, the one text in which runs may differ."""
    return cell.startswith("⟨") and cell.endswith("⟩")


def _width(column: Sequence[str]) -> int:
    """The width of a column, whatever its measured figures are."""
    fixed = [len(cell) for cell in column if not _is_measured(cell)]
    return max([*fixed, FIGURE] if len(fixed) < len(column) else fixed)


def _padded(cell: str, width: int) -> str:
    """A cell in its column; a measured figure is padded inside its brackets, where runs may differ."""
    return f"⟨{cell[1:-1].rjust(width - 2)}⟩" if _is_measured(cell) else cell.ljust(width)
