"""Reference ledgers from exact diagonalisation (JSON files beside this module), and how a ledger is compared with one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from tests.oracles.naive import Naive

FOLDER = Path(__file__).parent / "reference"
NAMES = (
    "dephasing_two_modes",
    "spin_boson_cold_two_modes",
    "spin_boson_warm_two_modes",
    "tilted_coupling_mixed_start",
    "jaynes_cummings_two_modes",
)
COLUMNS = (
    "U_S", "U_B", "U_chi", "U_tot", "E_S", "E_B", "E_int", "Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B",
    "S_S", "S_B", "S_SB", "S_chi",
)  # fmt: skip
# The files hold these as absolute values of the physical bath; ledgers count from the uncoupled thermal bath.
CHANGES = ("E_B", "U_B", "U_tot", "S_B")
LOOSEST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One reference ledger: the model, and columns (13,) at ``times``.

    coupling      A, or None for exchange coupling sum_k g_k (sigma_plus a_k + h.c.)
    beta          inf for T = 0
    cutoff        Fock levels of each mode, and the largest error this makes in any column
    """

    name: str
    hamiltonian: np.ndarray
    coupling: np.ndarray | None
    frequencies: tuple[float, ...]
    couplings: tuple[float, ...]
    beta: float
    initial: np.ndarray
    alpha_S: float
    cutoff: int
    cutoff_error: float
    times: np.ndarray
    rho_S: np.ndarray
    columns: Mapping[str, np.ndarray]

    @property
    def tolerance(self) -> float:
        return max(LOOSEST, self.cutoff_error)


def load(name: str) -> Reference:
    """The reference ledger of that name, one of ``NAMES``."""
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))

    def matrix(entries: list) -> np.ndarray:
        return np.asarray(entries, dtype=float) @ np.array([1, 1j])

    return Reference(
        name=name,
        hamiltonian=matrix(data["H_S"]),
        coupling=None if data["A"] is None else matrix(data["A"]),
        frequencies=tuple(data["omega"]),
        couplings=tuple(data["g"]),
        beta=np.inf if data["beta"] is None else data["beta"],
        initial=matrix(data["rho_S0"]),
        alpha_S=data["alpha_S"],
        cutoff=data["fock_cutoff"],
        cutoff_error=max(data["cutoff_error"].values()),
        times=np.array(data["t"]),
        rho_S=matrix(data["rho_S"]),
        columns={name: np.array(data[name]) for name in COLUMNS},
    )


def naive_of(reference: Reference, levels: int | None = None) -> Naive:
    """The oracle for the model of a reference, with its Fock cut-off unless ``levels`` is given."""
    lowering = np.array([[0.0, 0.0], [1.0, 0.0]])
    return Naive(
        hamiltonian=reference.hamiltonian,
        coupling=lowering if reference.coupling is None else reference.coupling,
        exchange=reference.coupling is None,
        frequencies=reference.frequencies,
        couplings=reference.couplings,
        beta=reference.beta,
        initial=reference.initial,
        levels=levels or reference.cutoff,
    )


def deviations(
    dataset: xr.Dataset, times: np.ndarray, columns: Mapping[str, np.ndarray], names: Sequence[str]
) -> dict[str, float]:
    """Largest deviation of each named column of a ledger from ``columns`` at ``times``; NaN where the ledger has none.

    E_B, U_B, U_tot and S_B are compared as changes since the first of the times. A time that the ledger lacks is a KeyError.
    """
    at = dataset.sel(t=times, method="nearest", tolerance=1e-9)
    result = {}
    for name in names:
        ours, theirs = np.asarray(at[name].values, dtype=float), np.asarray(columns[name])
        if name in CHANGES:
            ours, theirs = ours - ours[0], theirs - theirs[0]
        result[name] = float(np.max(np.abs(ours - theirs)))
    return result


def assert_ledger_matches(
    dataset: xr.Dataset,
    reference: Reference,
    *,
    columns: Sequence[str] | None = None,
    tolerance: float | None = None,
) -> dict[str, float]:
    """Fail unless every column of the ledger is within ``tolerance`` of the reference at its times; rho_S is always compared.

    columns    default: all of the reference, at T > 0 without the entropies of the physical bath (S_B, S_chi)
    tolerance  default: 1e-6, or the error of the reference's own cut-off where that is larger

    Returns the largest deviation of each column.
    """
    if columns is None:
        unknown = ("S_SB",) if np.isinf(reference.beta) else ("S_SB", "S_B", "S_chi")
        columns = [name for name in COLUMNS if name not in unknown]
    limit = reference.tolerance if tolerance is None else tolerance
    found = deviations(dataset, reference.times, reference.columns, columns)
    at = dataset.sel(t=reference.times, method="nearest", tolerance=1e-9)
    rho_S = at["rho_S"].sel(complex="re").values + 1j * at["rho_S"].sel(complex="im").values
    found["rho_S"] = float(np.abs(rho_S - reference.rho_S).max())
    wrong = {name: size for name, size in found.items() if not size <= limit}
    assert not wrong, f"{reference.name}: further than {limit:.1e} from the reference: {wrong}"
    return found
