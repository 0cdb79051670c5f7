"""The law report as a figure: the verdicts as a matrix, and how far the limits of weak coupling are missed as the coupling grows."""

from __future__ import annotations

import math
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from tnthermo.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, SKY, STYLE, WIDTH, write_figure
from tnthermo.lawbook.report import Report, Row
from tnthermo.lawbook.verdict import PAPER, Law

NAME = "laws"
COLOURS = {
    "holds": "#BFE3D5",
    "cannot tell": "#EEEEEE",
    "fails": "#F2BFA0",
}  # light shades of green, grey and red; the words tell as well
WORDS = {"holds": "holds", "cannot tell": "?", "fails": "fails"}
MARKERS = "osD^v<>"
SYMBOLS = {
    "T_ext_S": r"$T^{\mathrm{ext}}_S$",
    "T_chi": r"$T_\chi$",
    "T_S": "$T_S$",
    "T_B": "$T_B$",
    "S_chi": r"$S_\chi$",
    "dU_chi": r"$dU_\chi$",
    "alpha_S": r"$\alpha_S$",
    "U*": "$U^*$",
    "-T": "$-T$",
    "chi": r"$\chi$",
    "T": "$T$",
    "S": "$S$",
    "B": "$B$",
}
SYMBOL = re.compile("|".join(rf"(?<![\w]){re.escape(name)}(?!\w)" for name in SYMBOLS))


def law_figure(report: Report) -> Figure:
    """Left the verdict of every law at every strength, right |value - bound| of the limits and inequalities that are missed."""
    rows = list(report.rows())
    with mpl.rc_context(STYLE):
        height = 0.6 + 0.155 * len(rows)
        figure = Figure(figsize=(2 * WIDTH + 1.0, max(3.2, height)))
        grid = figure.add_gridspec(
            1, 2, left=0.41, right=0.97, top=0.95, bottom=0.11, wspace=0.42, width_ratios=(1, 1.15)
        )
        matrix(figure.add_subplot(grid[0]), report, rows)
        right = grid[1].subgridspec(2, 1, height_ratios=(1.5, 1), hspace=0.3)
        drawn = deviations(figure.add_subplot(right[0]), report, rows)
        if drawn:
            key = figure.add_subplot(right[1])
            key.axis("off")
            key.legend(handles=drawn, fontsize=5.5, frameon=False, loc="upper center", borderaxespad=0)
    return figure


def matrix(axes: Axes, report: Report, rows: list[Row]) -> None:
    """Coloured cells with the verdict in words."""
    verdicts = list(COLOURS)
    table = np.full((len(rows), len(report.runs)), np.nan)
    for i, row in enumerate(rows):
        for j, law in enumerate(row.cells):
            if law is not None:
                table[i, j] = verdicts.index(law.verdict)
                axes.text(j, i, WORDS[law.verdict], ha="center", va="center", fontsize=6.5, color=BLACK)
    axes.imshow(table, cmap=ListedColormap(list(COLOURS.values())), vmin=-0.5, vmax=2.5, aspect="auto")
    axes.set_xticks(range(len(report.runs)), [f"{factor:g}" for factor in report.factors])
    axes.set_yticks(range(len(rows)), [label(row.first) for row in rows], fontsize=6.5)
    axes.set_xlabel("factor of $J$")
    axes.tick_params(length=0)
    books = [row.first.book for row in rows]
    for i in range(1, len(rows)):
        if books[i] != books[i - 1]:
            axes.axhline(i - 0.5, color=BLACK, lw=0.8)
    axes.spines[["left", "bottom"]].set_visible(False)


def label(law: Law) -> str:
    """The title, with the book-keeping where it is not the paper's."""
    title = SYMBOL.sub(lambda found: SYMBOLS[found[0]], law.title)
    return title if law.book == PAPER else f"{title} ({law.book})"


def deviations(axes: Axes, report: Report, rows: list[Row]) -> list[ErrorbarContainer]:
    """What is missed somewhere: deviation in parts of the law's scale, error bars included, against the factor of J; what was drawn.

    Points of one strength are drawn a little beside each other, for lines that coincide.
    """
    drawn = []
    colours = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK)
    missed = [row for row in rows if any(law.verdict == "fails" for law in row.laws)]
    decades = np.log10(report.factors)
    gap = float(np.diff(decades).min(initial=1.0))
    apart = min(0.05 * max(float(np.ptp(decades)), 1.0), 0.4 * gap / max(len(missed), 1))
    for k, row in enumerate(missed):
        x, y, error = [], [], []
        for factor, law in zip(row.factors, row.cells, strict=True):
            if law is None:
                continue
            known = math.isfinite(law.deviation) and math.isfinite(law.error) and law.scale > 0 and law.deviation > 0
            if known:
                x.append(factor * 10 ** (apart * (k - (len(missed) - 1) / 2)))
                y.append(law.deviation / law.scale)
                error.append(law.error / law.scale)
        if not x:
            continue
        below = np.minimum(error, 0.999 * np.array(y))  # a bar to 0 leaves the log axis at its foot
        marker = MARKERS[(k + k // len(colours)) % len(MARKERS)]  # no two lines have colour and marker in common
        drawn.append(
            axes.errorbar(
                x, y, yerr=np.stack([below, np.array(error)]), color=colours[k % len(colours)], marker=marker, ms=3.5,
                lw=0.9, capsize=2, label=label(row.first),
            )
        )  # fmt: skip
    axes.set_xscale("log")
    if missed:
        axes.set_yscale("log")
    else:
        axes.text(0.5, 0.5, "no law fails", transform=axes.transAxes, ha="center", va="center")
    axes.set_xlabel("factor of $J$ (lines set apart)" if len(missed) > 1 else "factor of $J$")
    axes.set_ylabel("missed by, in parts of its scale")
    return drawn


def save_law_figure(report: Report, folder: Path) -> list[Path]:
    """laws.png and laws.pdf in ``folder``, which exists; returns the paths. Raises `tnthermo.errors.StorageError`."""
    figure = law_figure(report)
    with mpl.rc_context(STYLE):
        return write_figure(figure, folder, NAME)
