"""What second-order perturbation theory says of a model, in the columns of the ledger: TCL2, Redfield, secular and local Lindblad.

A companion to an exact run: same model, same start, same times, same definitions. rho_S(t) solves a master equation of second order in
H_int, and what involves the bath is the second-order functional of rho_S(t) of `tnthermo.second_order.memory`; every energy, heat and work
then follows from the definitions that the exact run uses. The physical bath's entropy is known to second order at T > 0,
Delta S_B = sum_j beta_j Q_Bj [70, 103]: its production is 0 at that order [71, 104], and D_B = Sigma_total - S_chi.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.integrate import solve_ivp

import tnthermo.thermo.accessor  # noqa: F401  so that datasets have .tnthermo
from chains.checks import time_problems, word_problems
from chains.deprecated import formerly
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.checks import alpha_problems
from tnthermo.evolution.arguments import model_problems
from tnthermo.model.drives import just_before
from tnthermo.model.model import Model
from tnthermo.model.operators import density_matrix
from tnthermo.record.flag_text import flags_text
from tnthermo.second_order.columns import Solution, second_order_variables
from tnthermo.second_order.local import local_equation, local_problems
from tnthermo.second_order.markov import gammas, markov_problems, refuse_infinite
from tnthermo.second_order.memory import memory, moment, motion
from tnthermo.second_order.memory_driven import driven_solution
from tnthermo.second_order.secular import Secular, secular
from tnthermo.thermo.definitions import CONVENTION
from tnthermo.thermo.mean_field import channel_coordinates
from tnthermo.thermo.system import system_coordinates
from tnthermo.types import Complex, Real

Method = Literal["tcl2", "redfield", "lindblad", "local"]

METHODS = ("tcl2", "redfield", "lindblad", "local")
PHASE = (
    0.2  # of the fastest motion between two points of the inner grid: integrals of order 8 are then good to about 1e-9
)
MOST_POINTS = 400_000
RELATIVE, ABSOLUTE = 1e-11, 1e-13  # of the solver
NEGATIVE = -1e-10


@formerly(positional=("initial", "times", "method"))
def weak_coupling(
    model: Model,
    *,
    initial: Any,
    times: npt.ArrayLike,
    method: Method = "tcl2",
    alpha_S: float = 0.5,
    local: Sequence[Any] | None = None,
) -> xr.Dataset:
    """Second-order prediction for a model at the given times, dimension ``t``, with the ledger's column names.

    initial   of the system, as in `tnthermo.evolve`; the baths start thermal, in a product with it
    times     (n,) increasing, >= 0, in 1/energy: ``run.t`` of an exact run
    method    "tcl2": time-convolutionless master equation to second order, memory integrals up to the present (exact for pure dephasing);
              of the chains as they are, so that it stands for the same finite bath as a run. Drives are allowed.
              "redfield": the memory integrals taken to infinity, for the continuum that the chains were made from.
              "lindblad": besides, only terms that conserve the energy of the system (secular), with the Lamb shift: completely positive.
              The energy current into a bath is then that of its jumps, -Tr[H_S D_j rho_S].
              "local": Lindblad's form as well, but each bath has the jumps of a local Hamiltonian of its own, ``local``, as if the parts of
              the system were not coupled to each other; no Lamb shift, the same current. It may run from cold to hot (Levy and Kosloff).
    alpha_S   as in `tnthermo.ledger`
    local     what each bath sees of H_S, for "local" alone: a Hermitian (d, d) matrix for each bath, as of `tnthermo.local_hamiltonians`

    Columns: rho_S and what it says by itself (sigma_x sigma_y sigma_z population coherence population_H, ergotropy and its parts, F_S),
    E_S E_B E_int h U_S U_B U_chi U_tot, Q_S Q_B Q_chi W_S W_B W_chi W_total and rates, S_S Delta_S_B S_chi D_B, T_S T_B T_chi T_ext_S,
    both parts of 1/T_S, Sigma_S Sigma_B Sigma_total, H_S_eff A_q X_q, and those for each bath. Delta_S_B is that of second order, NaN at
    T = 0, where it is not analytic in the coupling. residual_energy, U_tot - U_tot(0) - W_total, is an error not of the solution but of
    the order: of fourth order (second for the Markov limits, whose E_int has no initial slip).

    Raises `chains.InvalidInput` with all problems: a start that is no state (mean-force starts are correlated, and refused), bad times,
    a bath whose tail has no end and is on no chain, a Markov limit of a driven model, of a discrete bath, or one that does not exist (a
    diagonal coupling to a sub-Ohmic bath at T > 0).
    """
    no_model = model_problems(model)
    problems = no_model + word_problems("method", method, METHODS) + _time_problems(times) + alpha_problems(alpha_S)
    if no_model:  # the rest is about it
        raise_if_any(problems)
    rho = np.zeros((0, 0), dtype=np.complex128)
    try:
        rho = density_matrix(initial, dimension=model.dimension, key="initial")
    except InvalidInput as error:
        hint = "second order starts from a product" if isinstance(initial, str) else ""
        problems += [Problem(key=p.key, value=p.value, allowed=p.allowed, hint=p.hint or hint) for p in error.problems]
    if isinstance(method, str) and method in ("redfield", "lindblad", "local"):
        problems += markov_problems(model, method)
    if isinstance(method, str) and method == "local":
        problems += local_problems(local, model)
    elif local is not None:
        problems.append(Problem(key="local", value=local, allowed='with method "local" only'))
    raise_if_any(problems)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    grid, recorded = inner_grid(model, t, bath=method == "tcl2")
    solution = _solve(model, rho, grid, method, () if local is None else local)
    variables = second_order_variables(model, solution, recorded, float(alpha_S))
    smallest = float(np.linalg.eigvalsh(solution.rho_S[recorded])[:, 0].min())
    flags = [f"rho_S has a negative eigenvalue, {smallest:.3g}"] if smallest < NEGATIVE else []
    attributes: dict[str, Any] = {
        "convention": CONVENTION,
        "method": method,
        "order": "second order in H_int",
        "alpha_S": float(alpha_S),
        "temperatures": json.dumps(list(model.temperatures)),
        "flags": flags_text(flags),
    }
    coordinates = {
        "t": ("t", t, {"units": "1/energy", "long_name": "time"}),
        "complex": ["re", "im"],
        **system_coordinates(model.dimension),
        **channel_coordinates([channel.bath for channel in model.channels]),
        "bath": ("bath", np.arange(len(model.couplings)), {"long_name": "bath"}),
        "temperature_of_bath": (
            "bath",
            np.array(model.temperatures),
            {"units": "energy", "long_name": "temperature of each bath"},
        ),
    }
    return xr.Dataset(variables, coords=coordinates, attrs=attributes)


def _time_problems(times: Any) -> list[Problem]:
    problems = time_problems(times)
    if problems:
        return problems
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if t.size == 0 or t[0] < 0 or np.any(np.diff(t) <= 0):
        return [Problem(key="times", value=times, allowed="strictly increasing times >= 0, at least one")]
    return []


def inner_grid(model: Model, times: Real, *, bath: bool) -> tuple[Real, npt.NDArray[np.int64]]:
    """(grid (m,) from 0, indices of ``times`` in it): so fine that time integrals on it are good to about 1e-9.

    ``bath``: whether the motion of the bath is among what they resolve; in the Markov limits it is over at once.

    Raises `chains.InvalidInput` for more than 400 000 points.
    """
    parts = memory(model, float(times[-1]))
    drives = [1 / factor.time_scale for factor in model.factors if factor.time_scale > 0]
    system, coupled = float(np.ptp(parts.energies)), float(np.linalg.norm(parts.modes.amplitude))
    fastest = max(system + parts.modes.fastest if bath else 2 * system + 0.1 * coupled, *drives, 1e-12)
    near = np.concatenate([[0.0], times])
    apart = [b for b in model.breaks if b < times[-1] and np.abs(near - b).min() > b - just_before(b)]
    stops = np.unique(np.concatenate([near, apart]))
    counts = np.maximum(1, np.ceil(np.diff(stops) * fastest / PHASE).astype(np.int64))
    # the polynomials of the integrals have eight points: a short run gets at least these
    counts = np.maximum(counts, -(-16 // max(1, counts.size)))
    if counts.sum() > MOST_POINTS:
        longest = MOST_POINTS * PHASE / fastest
        allowed = f"times up to about {longest:.4g}, with frequencies up to {fastest:.4g}"
        raise InvalidInput([Problem(key="times", value=float(times[-1]), allowed=allowed)])
    pieces = [np.linspace(a, b, n + 1)[:-1] for a, b, n in zip(stops[:-1], stops[1:], counts, strict=True)]
    grid = np.concatenate([*pieces, stops[-1:]])
    return grid, np.searchsorted(grid, times)


def integrate(rate: Callable[[float, Complex], Complex], start: Complex, grid: Real) -> Complex:
    """The solution (m, ...) of d y/dt = rate(t, y) on ``grid`` (m,), explicit, of order 8. Raises RuntimeError if it gives up."""
    if grid.size == 1:
        return start[None]
    found = solve_ivp(
        lambda t, y: rate(t, y.reshape(start.shape)).ravel(), (grid[0], grid[-1]), start.ravel(), method="DOP853",
        t_eval=grid, rtol=RELATIVE, atol=ABSOLUTE,
    )  # fmt: skip
    if not found.success:
        raise RuntimeError(f"the master equation could not be integrated: {found.message}")
    return np.ascontiguousarray(found.y.T.reshape(grid.size, *start.shape))


def _solve(model: Model, rho: Complex, grid: Real, method: Method, local: Sequence[Any]) -> Solution:
    """rho_S and the moments of the baths on the grid."""
    if method == "tcl2" and model.driven:
        return driven_solution(model, rho, grid, integrate)
    known = memory(model, float(grid[-1]))
    energies, vectors, operators = known.energies, known.vectors, known.operators
    hamiltonian = np.diag(energies).astype(np.complex128)
    one = np.ones(operators.shape[0])
    start = vectors.conj().T @ rho @ vectors
    jumps: Secular | None = None
    if method == "tcl2":
        K, L = known.at(grid)

        def rate(t: float, state: Complex) -> Complex:
            kernel = known.at(np.array([t]))[0][0]
            return motion(hamiltonian, operators, one, moment(kernel, state), state)
    else:
        K, L = _limits(model, energies, operators, known.modes.correlation(np.zeros(1))[0])
        if method == "lindblad":
            jumps = secular(model, energies, operators)
        elif method == "local":
            jumps = local_equation(model, energies, vectors, local)

        def rate(t: float, state: Complex) -> Complex:
            if jumps is not None:
                return jumps.rate(state)
            return motion(hamiltonian, operators, one, moment(K, state), state)

    states = integrate(rate, start, grid)
    back = vectors.conj().T
    moments = [moment(kernel, states) for kernel in (K, L)]
    turned = [vectors @ of_bath @ back for of_bath in moments]
    if jumps is None:
        rates = motion(hamiltonian, operators, one, moments[0], states)
    else:
        rates = np.stack([jumps.rate(state) for state in states])
    return Solution(
        times=grid,
        rho_S=vectors @ states @ back,
        rho_S_rate=vectors @ rates @ back,
        moment_X=turned[0],
        moment_P=turned[1],
        current=None if jumps is None else jumps.currents(states),
    )


def _limits(model: Model, energies: Real, operators: Complex, at_zero: Complex) -> tuple[Complex, Complex]:
    """(K_q, L_q) (Q, d, d) at infinity: int_0^inf (dC/ds) exp(i w s) ds = -C(0) - i w Gamma(w)."""
    gamma = gammas(model, energies, operators)
    refuse_infinite(gamma, "redfield")
    w = energies[None, :] - energies[:, None]
    K = np.einsum("qrab,rab->qab", gamma, operators)
    L = -np.einsum("qr,rab->qab", at_zero, operators) - 1j * w * K
    return K, L
