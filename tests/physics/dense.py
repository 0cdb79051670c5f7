"""A run of discrete baths against the dense oracle `tests.oracles.general`, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

import tnthermo as tt
from tests.oracles.general import Bath, General, columns_at, ledger

# our name: the oracle's, which counts these from nothing and not from the uncoupled thermal bath
COUNTED = {"E_B": "E_B", "U_B": "U_B", "U_tot": "U_tot", "E_B_each": "E_B_each"}
INSTANT = ("E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot", "E_B_each")
RATES = ("Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "flux_each")
INTEGRALS = ("Q_S", "Q_B", "Q_chi", "W_S", "W_B", "W_chi", "W_total", "Q_B_each", "W_B_each")
CALLED = {"flux_each": "Edot_B_each"}  # in `columns_at`


def oracle_of(model: tt.Model, levels: int | tuple[int, ...], initial: Any = None, displacement: Any = None) -> General:
    """The same model told to the oracle; every bath discrete. ``initial`` (d, d), or None for global equilibrium.

    displacement  amplitudes for each bath, or None
    """
    displaced = displacement or (None,) * len(model.couplings)
    baths = tuple(
        Bath(
            operator=coupling.operator,
            frequencies=tuple(coupling.density.frequencies),
            couplings=tuple(coupling.density.couplings),
            beta=1 / coupling.temperature if coupling.temperature else np.inf,
            exchange=coupling.kind == "exchange",
            drive=None if coupling.strength is None else coupling.strength.value,
            drive_rate=None if coupling.strength is None else coupling.strength.slope,
            displacement=None if alphas is None else tuple(alphas),
        )
        for coupling, alphas in zip(model.couplings, displaced, strict=True)
    )
    H_S, rate = model.hamiltonian, None
    if model.drives:

        def H_S(t: float) -> np.ndarray:
            return model.hamiltonian + sum(part.drive.value(t) * part.operator for part in model.drives)

        def rate(t: float) -> np.ndarray:
            return sum(part.drive.slope(t) * part.operator for part in model.drives)

    return General(
        hamiltonian=H_S, hamiltonian_rate=rate, baths=baths, levels=levels, initial=initial,
        start="mean-force" if initial is None else "product", jumps=model.jumps,
    )  # fmt: skip


def deviations(
    dataset: xr.Dataset, system: General, times: Sequence[float], *, nodes: int = 8, kinks: Sequence[float] = ()
) -> dict[str, float]:
    """Largest deviation of every energy, heat, work and rate, and of S_S and rho_S, at ``times`` from 0.

    At T = 0 also of S_B and S_chi. At a ``kink`` of a drive powers are one-sided and not compared.
    """
    times = np.asarray(times, dtype=float)
    alpha_S = float(dataset.attrs["alpha_S"])
    expected = dict(ledger(system, times, alpha_S, nodes=nodes))
    at = dataset.sel(t=times, method="nearest", tolerance=1e-9)
    offset = system.thermal_energies
    for name in COUNTED:
        expected[name] = expected[name] - (offset if name.endswith("each") else offset.sum())
    expected |= {ours: expected[theirs] for ours, theirs in CALLED.items()}
    names = [*INSTANT, *RATES, *INTEGRALS, "S_S"]
    if all(np.isinf(bath.beta) for bath in system.baths) and system.start == "product":
        names += ["S_B", "S_chi"]
    smooth = np.array([all(abs(t - kink) > 1e-9 for kink in kinks) for t in times])
    found = {}
    for name in names:
        difference = np.abs(at[name].values - expected[name])
        found[name] = float(np.max(difference[smooth] if name in RATES else difference))
    rho_S = at["rho_S"].sel(complex="re").values + 1j * at["rho_S"].sel(complex="im").values
    found["rho_S"] = float(np.abs(rho_S - expected["rho_S"]).max())
    return found


def worst(found: dict[str, float]) -> tuple[float, str]:
    """The largest deviation and its name; a NaN is the largest."""
    name = max(found, key=lambda key: np.inf if np.isnan(found[key]) else found[key])
    return found[name], name


def assert_within(found: dict[str, float], limit: float) -> None:
    wrong = {name: size for name, size in found.items() if not size <= limit}
    assert not wrong, f"further than {limit:.1e} from what is expected: {wrong}"


__all__ = ["assert_within", "columns_at", "deviations", "oracle_of", "worst"]
