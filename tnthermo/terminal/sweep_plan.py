"""A sweep as text, before it runs: the screens of `tnthermo check` and `tnthermo plan`."""

from __future__ import annotations

from pathlib import Path

from tnthermo.machine.words import duration, readable
from tnthermo.sweeps.axes import Axes, read_axes
from tnthermo.sweeps.points import Planned, Sweep, sweep_points

SHOWN = 20  # points that are listed


def checked_sweep(config: str | Path) -> str:
    """The points with their run ids, what is doubtful, and that nothing is wrong. Raises :class:`chains.InvalidInput`."""
    sweep = sweep_points(read_axes(config))
    listed = [f"{run}  {sweep.axes.label(number)}" for number, run in enumerate(sweep.runs[:SHOWN])]
    if len(sweep.runs) > SHOWN:
        listed.append(f"and {len(sweep.runs) - SHOWN} more points")
    warnings = sum(note.partition("warning")[1] == "warning" for note in sweep.notes)
    verdict = "no errors" + (f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else "")
    return "\n".join(
        [
            f"sweep, {sweep.axes.mode} of {shape_text(sweep.axes)}: {sweep.axes.count} points",
            *listed,
            *sweep.notes,
            verdict,
        ]
    )


def planned_sweep(config: str | Path, out: Path) -> str:
    """Points, time and memory of all of them. Raises :class:`chains.InvalidInput`."""
    sweep = sweep_points(read_axes(config))
    files = f"files        {out}/: sweep.json, points/RUN/ with result.nc, state.h5, config.toml"
    return "\n".join([*cost_lines(sweep), files, *sweep.notes])


def cost_lines(sweep: Sweep) -> list[str]:
    """What the sweep will take, for `tnthermo plan`."""
    low, high = (sum(one.seconds[end] for one in sweep.planned) for end in (0, 1))
    dear, cheap = sweep.planned[0], sweep.planned[-1]
    memory = max(one.memory[1] for one in sweep.planned)

    def line(one: Planned) -> str:
        return f"{duration(one.seconds[0])} to {duration(one.seconds[1])}  ({sweep.label(one.run)})"

    return [
        f"sweep        {sweep.axes.mode} of {shape_text(sweep.axes)}: {sweep.axes.count} points, {len(sweep.planned)} runs",
        f"time         {duration(low)} to {duration(high)} of processor time in all; start of the program and first compilation apart",
        f"dearest      {line(dear)}",
        f"cheapest     {line(cheap)}",
        f"memory       up to {readable(memory)} a worker",
    ]


def shape_text(axes: Axes) -> str:
    """``alpha (3) x temperature (4)`` with the full keys."""
    joint = " x " if axes.mode == "product" else ", "
    return joint.join(f"{key} ({len(values)})" for key, values in axes.values.items())
