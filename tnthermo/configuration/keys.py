"""Every key of the configuration file with what it may hold, its default and what it means: for the page, and for `tnthermo keys`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from chains import LONGEST_CHAIN
from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import FINEST
from tnthermo.configuration import fields
from tnthermo.configuration.cycle import StrokeTable
from tnthermo.configuration.densities import DENSITY_KINDS
from tnthermo.configuration.drives import DRIVE_SHAPES
from tnthermo.configuration.hints import nearest
from tnthermo.configuration.sections import SECTIONS
from tnthermo.model.operators import HIGHEST_LEVEL

TYPES: tuple[tuple[Any, str], ...] = (
    (fields.Number, "number"),
    (fields.Positive, "number > 0"),
    (fields.NotNegative, "number >= 0"),
    (fields.Count, "integer >= 1"),
    (fields.Numbers, "list of numbers"),
    (fields.Modes, f'"auto" or integer, 1 to {LONGEST_CHAIN}'),
    (fields.Levels, f'"auto", integer, 2 to {HIGHEST_LEVEL}, or a list of these'),
    (fields.Displacement, "number, or list of amplitudes"),
    (fields.Interval, '"never" or number > 0'),
    (fields.HermitianOperator, "Hermitian operator"),
    (fields.AnyOperator, "operator"),
    (bool, "true or false"),
    (str, "text"),
)
# What a validator of its own refuses; the type alone does not tell.
OWN_WORDS = {
    "system.initial": "name, vector, density matrix, or \"mean-force\"",
    "evolution.order": "2 or 4",
    "evolution.tolerance": f"number, {FINEST:g} to 1",
    "evolution.taper": "number >= 0 and < 1",
    "thermodynamics.bath_entropy_max_bond": "integer >= 2",
    "record.observables": "table of operators",
    "record.two_time": "table of pairs of operators",
    "accuracy.target": "number > 0 and <= 1, or table of columns",
    "accuracy.max_time": "number > 0, or text: \"2h\"",
    "laws.couplings": "list of numbers > 0, each once",
    "laws.resolution": "number > 0 and < 1",
    "sum.parts": "list of densities",
    "piecewise.profile": "\"linear\", \"smooth\", or a list of these",
    "cycle.operators": "table of Hermitian operators",
    "cycle.stroke": "tables [[cycle.stroke]]",
    "cycle.stroke.hamiltonian": "table of numbers, or of pairs [from, to]",
}  # fmt: skip
# One line each; what kinds or shapes share is said once, under the section.
MEANINGS = {
    "spectral_density.support": "where the weight is cut; none: by rule; what lies beyond is in the error columns",
    "spectral_density.resolution": "a finer discretisation before the chain is made",
    "spectral_density.reorganisation_energy": "lambda = int dw J(w)/w, energy",
    "drude-lorentz.width": "gamma of J(w) = (2/pi) lambda gamma w/(w^2 + gamma^2)",
    "brownian.width": "gamma of J(w) = (2/pi) lambda gamma w0^2 w/((w^2 - w0^2)^2 + gamma^2 w^2)",
    "power-law.alpha": "strength: J(w) = 2 alpha cutoff (w/cutoff)^exponent f(w/cutoff), no pi",
    "power-law.exponent": "1 is Ohmic, below sub-Ohmic, above super-Ohmic",
    "power-law.cutoff": "frequency at which the weight ends or falls off",
    "power-law.shape": "f(x): theta(1 - x), exp(-x) or exp(-x^2)",
    "drude-lorentz.cutoff": "where the tail is cut on a chain; none: 20 widths",
    "brownian.frequency": "w0, that of the damped mode",
    "qutip-ohmic.alpha": "QuTiP's, 2 pi times ours: pi J(w) = alpha w^s/wc^(s-1) exp(-w/wc)",
    "qutip-ohmic.wc": "frequency at which the weight falls off",
    "qutip-ohmic.s": "exponent: 1 is Ohmic",
    "qutip-drude-lorentz.lam": "reorganisation energy: pi J(w) = 2 lam gamma w/(w^2 + gamma^2)",
    "qutip-drude-lorentz.gamma": "width",
    "qutip-drude-lorentz.cutoff": "where the tail is cut on a chain; none: 20 widths",
    "qutip-underdamped.lam": "coupling, energy^(3/2): pi J(w) = lam^2 gamma w/((w^2 - w0^2)^2 + gamma^2 w^2)",
    "qutip-underdamped.gamma": "width",
    "qutip-underdamped.w0": "frequency of the damped mode",
    "oqupy-power-law.alpha": "strength: J(w) = 2 alpha w^zeta/cutoff^(zeta-1) X(w/cutoff)",
    "oqupy-power-law.zeta": "exponent: 1 is Ohmic",
    "oqupy-power-law.cutoff": "frequency at which the weight ends or falls off",
    "oqupy-power-law.cutoff_type": "X(x): theta(1 - x), exp(-x) or exp(-x^2)",
    "quantumdynamics-exponential.xi": "Kondo parameter: pi J(w) = (2 pi/delta_s^2) xi w^n/wc^(n-1) exp(-w/wc)",
    "quantumdynamics-exponential.wc": "frequency at which the weight falls off",
    "quantumdynamics-exponential.n": "exponent: 1 is Ohmic",
    "quantumdynamics-exponential.delta_s": "distance of the eigenvalues of A: 2 for sigma_z, 1 for sigma_z/2",
    "quantumdynamics-drude-lorentz.lam": "delta_s^2 times the reorganisation energy: pi J(w) = (2 lam/delta_s^2) gamma w/(w^2 + gamma^2)",
    "quantumdynamics-drude-lorentz.gamma": "width",
    "quantumdynamics-drude-lorentz.delta_s": "distance of the eigenvalues of A: 2 for sigma_z, 1 for sigma_z/2",
    "quantumdynamics-drude-lorentz.cutoff": "where the tail is cut on a chain; none: 20 widths",
    "semicircle.coupling": "to the first site of the band, energy: int dw J(w) = coupling^2",
    "semicircle.centre": "middle of the band",
    "semicircle.half_width": "half of the width of the band",
    "discrete.frequencies": "frequency of each mode",
    "discrete.couplings": "coupling g_k of each mode, energy",
    "table.file": "of a density two columns, w and J(w), of a drive t and f(t); path from the configuration file",
    "table.frequencies": "in place of a file: the first column",
    "table.values": "in place of a file: the second column",
    "table.source": "where these numbers came from; changes nothing",
    "table.ends": "what to do with a table that ends while it is still large",
    "sum.parts": "densities of one bath, [{ kind = ..., ... }, ...]",
    "bath.temperature": "k_B T of the bath, in the unit of energy; 0 is the vacuum",
    "bath.modes": 'sites of each chain, of star cells the physical modes; "auto": as many as the light cone needs',
    "bath.levels": 'boson levels of each site; "auto": grown where they fill',
    "bath.route": "how the bath is put on sites; time-bins: no chain at all, for densities without an end",
    "bath.allow_reflection": "run even where the system feels the end of its chain",
    "bath.displacement": "start with the bath relaxed to <A> = x, or with these amplitudes",
    "system.hamiltonian": "H_S: Pauli components { z = 0.1, x = 0.2 }, or a matrix of any size",
    "system.initial": '"+x" to "-z", a vector, a density matrix, or the equilibrium of the coupled whole',
    "system.normalise": "divide a vector by its norm, a density matrix by its trace",
    "coupling.operator": 'A, or L: Pauli components, a matrix, "sigma_minus", "sigma_plus"',
    "coupling.kind": "A (x) X, or exchange of quanta L (x) C^dag + L^dag (x) C",
    "evolution.until": "end of the run, 1/energy",
    "evolution.method": "how the state is evolved; tdvp: sweeps with bonds and levels that grow",
    "evolution.step": "time step, 1/energy; of time bins by rule unless it is given",
    "evolution.record_every": "interval of the records, a multiple of the step; none: every step",
    "evolution.tolerance": "what a step may add to the error of the state; of time bins 3e-4",
    "evolution.max_bond": "cap of the bond dimension; none: memory is the limit; 16 to 48 for long runs at T > 0",
    "evolution.order": "order of a step in time; none: 2, of time bins 4",
    "evolution.taper": "part of max_bond by which the cap falls with every site beyond the fifth; none: 0",
    "evolution.bond": "the bond dimension of tdvp1, which does not grow; none: 16",
    "evolution.layout": "where several chains stand",
    "thermodynamics.alpha_S": "part of h = Tr[rho_S (x) rho_B H_int] that is counted as the bath's energy",
    "thermodynamics.bath_entropy": "how the entropy of a warm bath is measured: exactly, between bounds, or not",
    "thermodynamics.bath_entropy_every": "interval of these measurements; none: 10 or 24 in a run, fewer where they are dear",
    "thermodynamics.bath_entropy_max_bond": "states that are kept for it; none: by rule",
    "thermodynamics.bath_entropy_accuracy": "half the distance of the bounds, nats, up to which their middle is a value, "
    "as it is up to 1 % of 2 S_S; none: 2e-3",
    "record.occupation_every": "interval of the modes' occupations; none: ten times in a run",
    "record.variance_every": "interval of the heat's variance; none: ten times in a run",
    "record.correlations_every": "interval of the chain's correlation matrices",
    "record.observables": "own columns, { NAME = operator, or { operator, boson, site, chain } }; those of the system alone are there",
    "record.two_time": "correlation functions <O(t) O'(0)>, { NAME = [O, O'] }",
    "run.strict": "refuse doubtful input; fail on what did not converge",
    "run.error_bars": "a second, rougher run, from which NAME_error comes",
    "run.checkpoint_every": "seconds between saves; none: 60, or more where saving is dear",
    "run.storage_patience": "seconds for which a full disk is waited for",
    "accuracy.target": "how exact the numbers are to be; step, tolerance and max_bond are refined until they are, unless given",
    "accuracy.max_time": 'seconds for all runs of a target, or "2h"; none: as long as it takes',
    "accuracy.check_route": "run the other engine too; the error columns hold what the two differ by",
    "units.energy": "of energies and frequencies; MHz, GHz and THz are frequencies f and stand for h f, with the 2 pi",
    "units.time": "of all times; needed beside energy, because hbar turns the one into the other",
    "units.temperature": "of temperatures; a unit of energy is that of k_B T; none: that of energy",
    "laws.couplings": "factors of J that `tnthermo laws` goes through",
    "laws.resolution": "largest error bar, in parts of the law's own scale, with which it is said to hold",
    "drive.operator": 'what "hamiltonian.NAME" multiplies; "hamiltonian.x" and couplings need none',
    "drive.start": "time at which it begins, 1/energy",
    "drive.duration": "how long it takes, 1/energy",
    "drive.base": "its value elsewhere",
    "ramp.initial": "value before",
    "ramp.final": "value after",
    "ramp.profile": "a straight line, or without kinks",
    "pulse.centre": "time of its maximum",
    "pulse.width": "standard deviation of the Gaussian, 1/energy",
    "pulse.height": "of its maximum, above the base",
    "cosine.amplitude": "offset + amplitude cos(frequency t + phase)",
    "cosine.frequency": "angular frequency, energy",
    "cosine.phase": "radians",
    "cosine.offset": "its mean",
    "square.stop": "time at which it ends; none, and no duration: for good",
    "square.height": "while it is on, above the base",
    "piecewise.times": "where pieces begin and end",
    "piecewise.initial": "value at the begin of each piece; another one than that before: it jumps",
    "piecewise.final": "value at the end of each piece",
    "piecewise.profile": "of all pieces, or of each",
    "piecewise.count": "how many times one after the other",
    "cycle.count": "how many cycles; until of [evolution] is count periods",
    "cycle.switching": "time in which a coupling changes, inside the stroke in which it is stronger; 0: it jumps",
    "cycle.stretch": "multiplies all durations, not the switching: an axis of a sweep",
    "cycle.limit": "distance of a cycle to the one before below which it is the limit cycle",
    "cycle.operators": "of parts of H_S other than x, y, z, i",
    "cycle.stroke": "the strokes, in their order",
    "cycle.stroke.duration": "how long it takes, 1/energy",
    "cycle.stroke.name": "what it is called in results; empty: its number",
    "cycle.stroke.hamiltonian": "driven parts of H_S: held, or from one value to another; left out: where they are",
    "cycle.stroke.coupling": "strength of the coupling of each bath; left out: as before",
    "cycle.stroke.profile": "of the driven parts: a straight line, or without kinks",
    "cycle.stroke.start": "when it begins in the cycle, to be checked; none: when the one before ends",
    "table.interpolation": "between the points: without overshooting, straight lines, or a spline",
    "table.times": "in place of a file: the first column",
}


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key.

    section  "bath"; tag: the kind of a density or the shape of a drive, else ""
    allowed  what it may hold, in words; default as TOML writes it, "required", or "none": it may be left out, and has no value then
    """

    section: str
    tag: str
    name: str
    allowed: str
    default: str
    meaning: str

    @property
    def heading(self) -> str:
        """The table it stands in."""
        word = {"spectral_density": "kind", "drive": "shape"}.get(self.section, "")
        return f"[{self.section}]" + (f' {word} = "{self.tag}"' if word else "")


def allowed(key: str, kind: Any) -> str:
    """What a key may hold, in words. Raises LookupError for a type that has none yet."""
    if key in OWN_WORDS:
        return OWN_WORDS[key]
    for known, words in TYPES:
        if kind == known:
            return words
    arguments = get_args(kind)
    if get_origin(kind) is Literal:
        return ", ".join(f'"{value}"' for value in arguments)
    if NoneType in arguments:
        return allowed(key, next(part for part in arguments if part is not NoneType))
    raise LookupError(f"{key}: no words yet for {kind}; put them into OWN_WORDS in tnthermo/configuration/keys.py")


def default(field: FieldInfo) -> str:
    """The default as TOML writes it; "required", or "none" where it may be left out without a value."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else "{ }" if value == {} else repr(value)


def meaning(section: str, tag: str, name: str) -> str:
    """What a key means. Raises LookupError for one that has no words yet."""
    for key in (f"{tag}.{name}", f"{section}.{name}"):
        if key in MEANINGS:
            return MEANINGS[key]
    raise LookupError(
        f"{section}.{name} ({tag}): no words yet; put them into MEANINGS in tnthermo/configuration/keys.py"
    )


def of_section(section: str, table: type[fields.Section], tag: str = "", leave_out: Sequence[str] = ()) -> list[Key]:
    """The keys of a table."""
    kinds = get_type_hints(table, include_extras=True)
    return [
        Key(
            section=section,
            tag=tag,
            name=name,
            allowed=allowed(f"{tag or section}.{name}", kinds[name]),
            default=default(field),
            meaning=meaning(section, tag, name),
        )
        for name, field in table.model_fields.items()
        if name not in leave_out
    ]


def every_key() -> list[Key]:
    """All of them, section after section."""
    found = []
    for kind, density in DENSITY_KINDS.items():
        found += of_section("spectral_density", density, kind, ("kind",))
    for name, table in SECTIONS.items():
        if isinstance(table, type):
            found += of_section(name, table)
    found += of_section("cycle.stroke", StrokeTable)
    for shape, drive in DRIVE_SHAPES.items():
        found += of_section("drive", drive, shape, ("shape",))
    return found


def keys_of(word: str) -> list[Key]:
    """Those of a section ("bath"), of a kind or shape ("power-law"), or a key ("step", "evolution.step").

    Raises `chains.InvalidInput`, with what is near, for a word that is none of these.
    """
    bare = word.strip("[]")
    every = every_key()
    found = [key for key in every if bare in (key.section, key.tag)]
    found = found or [key for key in every if bare in (key.name, f"{key.section}.{key.name}", f"{key.tag}.{key.name}")]
    if not found:
        sections = list(dict.fromkeys(key.section for key in every))
        near = sorted({*sections, *(key.tag for key in every if key.tag), *(key.name for key in every)})
        hint = nearest(bare.rpartition(".")[2], near)
        raise InvalidInput(
            [
                Problem(
                    key="SECTION", value=word, allowed=f"a section ({', '.join(sections)}), a kind or a key", hint=hint
                )
            ]
        )
    return found
