"""The screen of `plan`: chains, start, memory and time of a run that was not started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tnthermo.configuration.estimate import KEPT, Estimate, _tail_lines, checkpoint_bytes, estimate, untold_laws
from tnthermo.configuration.resolve import Resolved
from tnthermo.machine.words import duration, readable
from tnthermo.model.representation import WEIGHTS, represented
from tnthermo.record.target import as_target
from tnthermo.terminal.check import drive_lines, initial_entropy

if TYPE_CHECKING:
    from tnthermo.studies.pilot import Pilot

BOTH_ROUTES = "both routes  check_route: the other engine runs too, in other-route/; its time is not in the estimate"


def planned(resolved: Resolved, out: Path, tried: Pilot | None = None) -> str:
    """The text of `tnthermo plan`; time and memory as a pilot found them, or, without one, as counted."""
    found, model = estimate(resolved), resolved.model
    smallest, largest = checkpoint_bytes(resolved)
    bonds, levels = (f"{a} to {b}" if a != b else f"{a}" for a, b in (found.bonds, found.levels))
    initial = initial_entropy(resolved)
    dense = "  (the dense vector is what counts: levels^modes)" if resolved.algorithm.dense else ""
    shown, unit = resolved.units.shown_time, resolved.units.behind("time")
    lines = [
        *(resolved.units.said(line) for line in (*_chain_lines(resolved), *_tail_lines(model))),
        *(["layout       " + layout_text(resolved)] if len(model.chains) > 1 else []),
        *(f"{'drive':<13}{line.removeprefix('drive ')}" for line in drive_lines(resolved)),
        *_start_lines(resolved),
        f"evolution    {resolved.algorithm.name}, {found.steps} steps of {shown(resolved.algorithm.step):g}{unit} or less "
        f"to t = {shown(resolved.until):g}{unit}" + _beside(resolved),
        *([BOTH_ROUTES] if resolved.check_route else []),
        *([f"bonds        {bonds}, boson levels {levels}{dense}"] if tried is None else []),
        *([f"bath entropy {found.bath_entropy}"] if found.bath_entropy else []),
        *([f"S_B(0)       {initial}"] if initial else []),
        *([f"laws         {untold}"] if (untold := untold_laws(resolved)) else []),
        *(_counted(found) if tried is None else _tried(tried, found)),
        f"files        {out}/: result.nc, state.h5, config.toml, figures (PNG and PDF), checkpoint/ of "
        f"{readable(smallest)} to {readable(largest)} each, at most {KEPT}",
    ]
    if any(note.key == "evolution.step" and note.level == "warning" for note in resolved.notes):
        lines.append(
            "             (NOT VALID for a step that is too large: bonds and levels grow far beyond these ranges)"
        )
    return "\n".join([*lines, *(str(note) for note in resolved.notes)])


def _beside(resolved: Resolved) -> str:
    """What is run beside the run itself, in words."""
    if resolved.target is None:
        return ", and a rougher run for the error bars" if resolved.error_bars else ", no error bars"
    most = "" if resolved.max_time is None else f", in {duration(resolved.max_time)} at most"
    kept = f"; {', '.join(sorted(resolved.kept))} as given" if resolved.kept else ""
    return f" to begin with; refined until the target {as_target(resolved.target).describe()} is met{most}{kept}"


def _counted(found: Estimate) -> list[str]:
    """Memory and time where nothing was run."""
    low, high = found.seconds
    return [
        f"memory       {readable(found.memory[0])} to {readable(found.memory[1])} of {found.available}",
        f"time         {duration(low)} to {duration(high)}, first compilation apart",
        "             (operations counted at 10 to 25 GFlop/s on one thread for these bonds and levels; good to a factor of a few)",
    ]


def _tried(tried: Pilot, found: Estimate) -> list[str]:
    """Memory, time and accuracy as the pilot has them."""
    low, high = tried.range
    return [
        f"memory       about {readable(tried.memory)} of {found.available}",
        f"time         about {duration(tried.seconds)} ({duration(low)} to {duration(high)}), first compilation apart",
        f"             (a pilot of {duration(tried.spent)}: {tried.words}, bonds up to {tried.bond})",
        *([f"accuracy     {tried.error}"] if tried.error else []),
    ]


def _chain_lines(resolved: Resolved) -> list[str]:
    """A line for each chain, or for the cells of a star, or a bath without sites; of several baths with the bath it belongs to."""
    model, lines = resolved.model, []
    for j, coupling in enumerate(model.couplings):
        if represented(coupling.bath).separate or not coupling.chains:
            alone = "star" if coupling.chains else "bath"
            head = alone if len(model.couplings) == 1 else f"bath {j}"
            lines.append(f"{head:<13}{represented(coupling.bath).describe(coupling.kind)}")
            continue
        for chain in coupling.chains:
            head = "chain" if len(model.couplings) == 1 else f"bath {j}"
            weight = f", weight {WEIGHTS[chain.weight]}" if len(model.chains) > 1 else ""
            kind = f", {coupling.kind} coupling" if len(model.chains) > 1 else ""
            lines.append(
                f"{head:<13}{chain.length} sites at T = {chain.temperature:g}{weight}{kind}, "
                f"coefficients by {chain.method}, relative error {chain.error:.1e}"
            )
    return lines


def _start_lines(resolved: Resolved) -> list[str]:
    """Starts that are no product with thermal baths."""
    if resolved.rho is None:
        return ["start        mean-force: the equilibrium of system and baths, by imaginary time (comes first)"]
    if resolved.displacement is None:
        return []
    parts = [f"bath {j}" for j, entry in enumerate(resolved.displacement) if entry is not None]
    return ["start        displaced: " + ("the bath" if len(resolved.displacement) == 1 else ", ".join(parts))]


def layout_text(resolved: Resolved) -> str:
    """Where the system stands among the chains."""
    line = resolved.model.line
    left = [k for k, places in enumerate(line.chains) if places[0] < line.system]
    right = [k for k in range(len(line.chains)) if k not in left]

    def side(chains: list[int]) -> str:
        if any(represented(coupling.bath).separate for coupling in resolved.model.couplings):
            return "the cells, fast modes first" if len(resolved.model.couplings) == 1 else "all chains and cells"
        return "chain " + " and ".join(map(str, chains)) + (" interleaved" if len(chains) > 1 else "")

    return f"{side(left)}, system, {side(right)}" if left else f"system, {side(right)}"
