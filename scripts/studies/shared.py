"""What the studies have in common: how they are called, the modes of a bath, their table."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chains


def asked(name: str, description: str, quick: str, arguments: list[str] | None) -> argparse.Namespace:
    """--quick and --out (default results/NAME; the folder is made)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--out", type=Path, default=Path("results") / name)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def star_modes(cells: chains.StarCells) -> chains.Discrete:
    """The modes of star cells, as a density of their own."""
    return chains.Discrete(frequencies=list(cells.frequencies), couplings=list(cells.couplings))


def write_table(rows: Sequence[Mapping[str, Any]], folder: Path, name: str = "table.csv") -> None:
    """A CSV table, one line for each row; all have the same columns."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
