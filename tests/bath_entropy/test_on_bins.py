"""The entropy of the bath on time bins: the same bounds as on a chain, and around the exact value of a bath of few modes."""

from __future__ import annotations

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.bath_entropy.correlation import Correlation, Unphysical
from tnthermo.bath_entropy.enclose import enclose
from tnthermo.bath_entropy.fields import Fields
from tnthermo.engines.engine import Prepared, engine_for
from tnthermo.evolution.start import system_alone
from tnthermo.types import Complex

H = {"z": 0.2, "x": 0.3}
UP = np.diag([1.0, 0.0]).astype(complex)
SOFT = chains.PowerLaw(alpha=0.3, cutoff=5.0, exponent=1.0, shape="exponential")


def enclosed(
    model: tt.Model, until: float, step: float, *, rho: Complex = UP, modes: int | None = None, most: int = 150
) -> Correlation:
    """The bounds at the end of a run on time bins."""
    times = step * np.arange(round(until / step) + 1, dtype=np.float64)
    algorithm = tt.TimeBins(step=step, tolerance=1e-5)
    engine = engine_for(model, Prepared(state=system_alone(rho), may_grow=True), algorithm, times=times)
    for k in range(1, times.size):
        engine.step(float(times[k] - times[k - 1]), float(times[k]))
    whole = engine.whole()
    weights = np.linalg.eigvalsh(rho)
    weights = weights[weights > 0]
    return enclose(
        whole.state(until), model, initial_entropy=float(-np.sum(weights * np.log(weights))), held=whole.held(), target=1e-4, most=most,
        budget=2e10, modes=modes,
    )  # fmt: skip


@pytest.mark.parametrize("rho", [UP, np.array([[0.7, 0.2j], [-0.2j, 0.3]])])
@pytest.mark.parametrize("temperature", [0.2, 0.5])
def test_around_the_exact_value_of_two_modes(rho: Complex, temperature: float) -> None:
    density = chains.Discrete(frequencies=[0.6, 1.3], couplings=[0.3, 0.25])
    cells = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.star_cells(density, temperature=temperature))
    exact = tt.evolve(
        cells, initial=rho, algorithm=tt.TDVP(step=0.05, tolerance=1e-7, order=4), until=2.0, record_every=2.0, bath_entropy="exact",
        bath_entropy_every=2.0, error_bars=False,
    )  # fmt: skip
    value = float(tt.ledger(exact)["S_chi"][-1])
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.Bath(density=density, temperature=temperature))
    found = enclosed(model, 2.0, 0.125, rho=rho)
    assert found.lower - 1e-4 < value < found.upper + 1e-4
    assert found.upper - found.lower < 3e-3
    other = enclosed(model, 1.75, 0.125, rho=rho)  # the negative twin: another time is another value
    assert not other.lower - 1e-4 < value < other.upper + 1e-4


def test_the_same_as_on_a_chain() -> None:
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    chain = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.chain(density, 14, temperature=0.2))
    run = tt.evolve(
        chain, initial="+z", algorithm=tt.TDVP(step=0.1, tolerance=1e-6), until=4.0, record_every=4.0, bath_entropy_every=4.0,
        error_bars=False,
    )  # fmt: skip
    ledger = tt.ledger(run).isel(t=-1)
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.Bath(density=density, temperature=0.2))
    found = enclosed(model, 4.0, 0.25)
    assert found.lower < float(ledger["S_chi_upper"]) + 2e-4
    assert float(ledger["S_chi_lower"]) < found.upper + 2e-4
    assert found.upper - found.lower < 3e-3
    assert abs(found.S_S - float(ledger["S_S"])) < 1e-4


def test_in_a_run_by_itself() -> None:
    """A continuum without an end, two baths: values with error bars, or bounds, at 24 times or fewer, and at the end."""
    drude = chains.DrudeLorentz(reorganisation_energy=0.2, width=1.0)
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.Bath(density=drude, temperature=0.5))
    run = tt.evolve(model, until=1.5, algorithm=tt.TimeBins(step=0.25, tolerance=1e-4), error_bars=False)
    ledger = tt.ledger(run)
    lower, upper = ledger["S_chi_lower"].values, ledger["S_chi_upper"].values
    assert np.isfinite(lower[-1])
    assert np.all((lower <= upper + 1e-9)[np.isfinite(lower)])
    assert upper[-1] - lower[-1] < 0.02
    assert 0 < lower[-1] < upper[-1] < 2 * float(ledger["S_S"][-1])


def test_without_sites_for_what_the_bins_do_not_hold_the_bounds_would_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The images of soft modes leave the bins' span: left out, the upper bound falls below the value."""
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.Bath(density=SOFT, temperature=0.2))
    right = enclosed(model, 1.0, 0.2, modes=2)

    def inside_alone(self: Fields, forms: Complex) -> Complex:
        found = (forms @ self.span.conj()) @ self.sites.T
        left, _, turned = np.linalg.svd(found, full_matrices=False)
        return np.asarray(left @ turned)

    monkeypatch.setattr(Fields, "place", inside_alone)
    assert right.upper - right.lower < 0.05
    with pytest.raises(Unphysical, match="above the upper one"):
        enclosed(model, 1.0, 0.2, modes=2)
