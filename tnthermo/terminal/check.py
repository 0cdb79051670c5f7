"""What a configuration resolves to, as text: the screen of `tnthermo check`."""

from __future__ import annotations

from dataclasses import replace

import chains
from chains.problems import InvalidInput
from tnthermo.algorithms import Algorithm
from tnthermo.bath_entropy.choice import states_of_exact
from tnthermo.configuration.estimate import of_bath
from tnthermo.configuration.resolve import Resolved
from tnthermo.machine.words import duration
from tnthermo.model.drives import Cosine, Drive
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.record.target import USUAL, USUAL_TIME, as_target
from tnthermo.thermo.definitions import CONVENTION
from tnthermo.units.units import NATURAL

LONGEST = 300  # characters of a line of values: the numbers of a table may be thousands


def checked(resolved: Resolved) -> str:
    """All values, the convention, what the baths and drives are, and what is doubtful."""
    values = resolved.text.split("\n\n", 1)[1].rstrip().splitlines()
    lines = [
        *(value if len(value) <= LONGEST else f"{value[:LONGEST]} ... ({len(value)} characters)" for value in values),
        "",
        "convention",
        *(f"  {part}" for part in CONVENTION.replace(NATURAL.describe(), resolved.units.describe(), 1).split("; ")),
        "",
        *(resolved.units.said(line) for line in bath_lines(resolved.model, resolved.until)),
    ]
    capped = target_line(resolved) or cap_line(resolved.algorithm)
    lines += [capped, ""] if capped else []
    initial = initial_entropy(resolved)
    lines += [f"S_B(0) {initial}", ""] if initial else []
    driven = drive_lines(resolved)
    lines += [*driven, ""] if driven else []
    lines += [str(note) for note in resolved.notes]
    lines += [f"sha256 {resolved.hash}", "no errors" + warnings(resolved)]
    return "\n".join(lines)


def target_line(resolved: Resolved) -> str:
    """What the numbers are to be, in words; "" without a target."""
    if resolved.target is None:
        return ""
    usual = (
        " (the usual one: nothing numerical is given)"
        if (resolved.target, resolved.max_time) == (USUAL, USUAL_TIME)
        else ""
    )
    most = "" if resolved.max_time is None else f", for {duration(resolved.max_time)} at most"
    return f"accuracy: step, tolerance and bonds are refined until the target {as_target(resolved.target).describe()} is met{usual}{most}"


def cap_line(algorithm: Algorithm) -> str:
    """How far bonds may grow, in words; "" for a method whose bonds do not, or that has none."""
    if algorithm.dense or algorithm.fixed_bond is not None:
        return ""
    if algorithm.max_bond is not None:
        return f"bonds grow up to {algorithm.max_bond}"
    return f"bonds grow without a cap: a file has none unless evolution.max_bond gives one (in Python it is {Algorithm.max_bond})"


def initial_entropy(resolved: Resolved) -> str:
    """S_B(0) and the states of the bath that bath_entropy = "exact" would take, in words; "" where no finite warm baths are measured."""
    how = of_bath(resolved)
    if how is None or how.frame is None:
        return ""
    states, limit, fits = states_of_exact(how.frame, resolved.recording.bath_entropy_max_bond)
    return (
        f'{how.frame.entropies.sum():.3g} nats in {how.frame.modes} modes; bath_entropy = "exact" takes {states}: '
        f"{'allowed' if fits else 'refused'}, the limit is {limit}"
    )


def bath_lines(model: Model, until: float) -> list[str]:
    """What each chain of each bath is worth."""
    lines: list[str] = []
    one = len(model.chains) == 1
    for j, coupling in enumerate(model.couplings):
        if not one or represented(coupling.bath).separate or not coupling.chains:
            lines.append(bath_line(model, j))
        if represented(coupling.bath).separate or not coupling.chains:
            lines += [f"  {line}" for line in coupling.density.describe().splitlines()]
            lost = chains.lost_tail(coupling.bath)
            tail = chains.tail(coupling.density)
            if not coupling.chains and tail.reorganisation > 0.0:
                lines.append(f"  here it is not cut: with its tail the reorganisation energy is {tail.whole:.10g}")
            lines += [*([f"  {lost.describe()}"] if lost.noticeable else []), ""]
            continue
        said = ""
        for chain in coupling.chains:
            description = chain.density.describe()
            try:
                text = str(chains.diagnose(chain, until))
            except (
                InvalidInput
            ) as error:  # so long a run, or so fast a mode, that C(t) is not integrated: the run does not need it
                text = f"{description}\nC(t) of the chain is not compared: {error.problems[0].allowed}"
            if said == description:  # the second chain of a pair: the same density
                text = text.removeprefix(said).lstrip("\n")
                text = "\n".join(line for line in text.splitlines() if not line.startswith("diverges"))
            said = description
            lines += text.splitlines() if one else [f"  {line}" for line in text.splitlines()]
        lines.append("")
    return lines


def bath_line(model: Model, number: int) -> str:
    """One bath in a line: temperature, coupling, chains."""
    coupling = model.couplings[number]
    return f"bath {number}: {represented(coupling.bath).describe(coupling.kind)}"


def drive_lines(resolved: Resolved) -> list[str]:
    """What changes with time, as formulas."""
    unit = "" if resolved.units.natural else f"; t in {resolved.units.name('time')}"

    def text(drive: Drive) -> str:
        return f"{in_time_of(drive, resolved.units.hbar).describe()}{unit}"

    names = [key for key in resolved.values["drive"] if key.startswith("hamiltonian.")]
    if resolved.cycle is not None:
        names += [f"hamiltonian.{name}" for name in resolved.cycle.parts]
    lines = [f"drive {name}: {text(part.drive)}" for name, part in zip(names, resolved.model.drives, strict=True)]
    couplings = resolved.model.couplings
    if "coupling" in resolved.values["drive"] and couplings[0].strength is not None:
        return [*lines, f"drive coupling, a factor: {text(couplings[0].strength)}"]
    driven = [(j, coupling.strength) for j, coupling in enumerate(couplings) if coupling.strength is not None]
    return [*lines, *(f"drive coupling.{j}, a factor: {text(strength)}" for j, strength in driven)]


def in_time_of(drive: Drive, unit: float) -> Drive:
    """The drive as a function of another time, ``unit`` times the old one: a cosine turns by so much more slowly."""
    if unit == 1.0:
        return drive
    if isinstance(drive, Cosine):
        return replace(drive, frequency=drive.frequency / unit)
    changed = {
        name: getattr(drive, name)
        for name in ("start", "duration", "centre", "width", "stop", "times")
        if hasattr(drive, name)
    }
    return replace(drive, **{name: value * unit for name, value in changed.items() if value is not None})  # type: ignore[type-var]


def warnings(resolved: Resolved) -> str:
    """ ", 2 warnings" or nothing."""
    count = sum(note.level == "warning" for note in resolved.notes)
    return f", {count} warning{'s' if count > 1 else ''}" if count else ""
