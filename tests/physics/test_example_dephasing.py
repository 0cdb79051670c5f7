"""Example II of the paper in whole runs: every closed form at weak and strong coupling, cold and warm; its limits and their orders.

Two modes, so that the chain is the whole bath and its entropy is measured exactly; and a hard Ohmic continuum. A = sigma_z.
"""

from functools import cache

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.physics.runs import bare, few_modes
from tnthermo import closed_forms as forms

FREQUENCIES = (0.8, 1.5)
WEAK, STRONG = (0.05, 0.08), (0.5, 0.6)
PURE, MIXED = np.array([0.8, 0.6j]), np.array([[0.7, 0.2 - 0.3j], [0.2 + 0.3j, 0.3]])
SPLITTING, ALPHA = 0.6, 0.3
# of the ledger and of the closed forms: energies, heat and work, their rates, entropies, productions
COLUMNS = (
    "E_S",
    "E_B",
    "E_int",
    "h",
    "U_S",
    "U_B",
    "U_chi",
    "Q_S",
    "Q_B",
    "W_S",
    "W_B",
    "Qdot_B",
    "Wdot_B",
    "S_S",
    "Sdot_S",
)
THERMAL = ("Sigma_S", "Sigma_total")
LIMIT = 1e-6


def against(run: tt.Trajectory, exact: forms.PureDephasing, *, bath_entropy: bool = True) -> dict[str, float]:
    """Largest deviation of each column at the record times."""
    dataset = tt.ledger(run, alpha_S=ALPHA)
    names = COLUMNS + (THERMAL if run.model.temperature else ()) + (("Delta_S_B",) if bath_entropy else ())
    found = {name: float(np.nanmax(np.abs(dataset[name].values - getattr(exact, name)))) for name in names}
    found["rho_S"] = float(np.abs(run.rho_S[run.recorded] - exact.rho_S).max())
    moment = np.real(np.einsum("mii->m", run.moment_X[:, 0]))[run.recorded]
    found["X"] = float(np.abs(moment - exact.X).max())
    # T_S = dU_S/dS_S, as accurate as the rates: its deviation times dS_S/dt is one of dU_S/dt. No T_ext_S: no heat flows.
    moving = np.abs(exact.Sdot_S) > 1e-3
    found["T_S"] = float(np.max(np.abs((dataset.T_S.values - exact.T_S) * exact.Sdot_S)[moving], initial=0.0))
    assert np.isnan(dataset.T_ext_S.values).all()
    assert "|dQ_S| is zero" in dataset.T_ext_S.attrs["reason"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("initial", [PURE, MIXED], ids=["pure", "mixed"])
@pytest.mark.parametrize("temperature", [0.0, 0.4])
@pytest.mark.parametrize("couplings", [WEAK, STRONG], ids=["weak", "strong"])
def test_every_closed_form(couplings: tuple[float, ...], temperature: float, initial: np.ndarray) -> None:
    model = few_modes(FREQUENCIES, couplings, temperature, {"z": SPLITTING / 2}, {"z": 1.0})
    entropies = {"bath_entropy": "exact", "bath_entropy_every": 1.5} if temperature > 0 else {}
    # two displaced branches: bond 2, and as much for the ancilla of a mixed start
    algorithm = tt.TDVP(step=0.025, tolerance=1e-10, max_bond=4, order=4)
    run = bare(model, algorithm, 3.0, initial=initial, record_every=0.5, variance_every=np.inf, **entropies)
    density = chains.Discrete(frequencies=list(FREQUENCIES), couplings=list(couplings))

    def exact(**changes: float) -> forms.PureDephasing:
        arguments = {"temperature": temperature, "splitting": SPLITTING, "alpha_S": ALPHA} | changes
        return forms.pure_dephasing(density, initial=initial, times=run.t, exact_bath_entropy=True, **arguments)

    found = against(run, exact())
    print(max(found.items(), key=lambda item: item[1]), {"Delta_S_B": found["Delta_S_B"]})
    assert all(size < LIMIT for size in found.values()), found
    wrong = against(run, exact(alpha_S=ALPHA + 0.1))
    assert wrong["U_S"] > 1e3 * max(found["U_S"], 1e-12)
    colder = exact(temperature=0.8 * temperature if temperature > 0 else 0.5)
    assert np.abs(run.rho_S[run.recorded] - colder.rho_S).max() > 10 * LIMIT


@cache
def continuum_run(strength: float, temperature: float) -> tt.Trajectory:
    bath = chains.chain(hard(strength), length=24, temperature=temperature)
    model = tt.SpinBoson(hamiltonian={"z": SPLITTING / 2}, coupling={"z": 1.0}, bath=bath)
    algorithm = tt.TDVP(step=0.025, tolerance=1e-8, max_bond=2, order=4)
    return bare(model, algorithm, 5.0, initial=PURE, record_every=0.5, variance_every=np.inf)


def hard(strength: float) -> chains.PowerLaw:
    return chains.PowerLaw(alpha=strength, cutoff=1.0, exponent=1.0, shape="hard")


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.0, 0.2])
@pytest.mark.parametrize("strength", [0.005, 0.4])
def test_every_closed_form_in_a_continuum(strength: float, temperature: float) -> None:
    """A pure start: at T = 0 the entropy of the bath is measured, too."""
    run = continuum_run(strength, temperature)
    exact = forms.pure_dephasing(
        hard(strength), temperature=temperature, initial=PURE, times=run.t, splitting=SPLITTING, alpha_S=ALPHA
    )
    found = against(run, exact, bath_entropy=temperature == 0)
    print(max(found.items(), key=lambda item: item[1]))
    assert all(size < LIMIT for size in found.values()), found
    wrong = forms.pure_dephasing(
        hard(1.01 * strength), temperature=temperature, initial=PURE, times=run.t, alpha_S=ALPHA
    )
    assert against(run, wrong, bath_entropy=False)["E_B"] > 10 * LIMIT


@pytest.mark.slow
def test_pseudo_temperature_of_the_bath_approaches_its_second_order() -> None:
    """T_B/[102] - 1, Delta S_B/[101] - 1 and Sigma_B/Delta S_B fall as lambda^2; T_B -> T for alpha_S = 1."""
    strengths, T = np.array([0.1, 0.05, 0.025]), 0.6
    found = []
    for strength in strengths:
        couplings = tuple(strength * np.array([1.0, 1.3]))
        model = few_modes(FREQUENCIES, couplings, T, {"z": SPLITTING / 2}, {"z": 1.0})
        algorithm = tt.TDVP(step=0.05, tolerance=1e-9, max_bond=None, order=4)
        run = bare(model, algorithm, 1.6, initial=PURE, record_every=0.1, bath_entropy="exact", bath_entropy_every=0.1)
        density = chains.Discrete(frequencies=list(FREQUENCIES), couplings=list(couplings))
        row = {}
        for alpha in (ALPHA, 1.0):
            dataset = tt.ledger(run, alpha_S=alpha).isel(t=slice(6, 13))
            second = forms.pure_dephasing(density, temperature=T, initial=PURE, times=dataset.t.values, alpha_S=alpha)
            row[f"T_B, {alpha}"] = np.abs(dataset.T_B.values / second.T_B_second_order - 1).max()
        row["Delta_S_B"] = np.abs(dataset.Delta_S_B.values / second.Delta_S_B_second_order - 1).max()
        row["Sigma_B"] = np.abs(dataset.Sigma_B.values / dataset.Delta_S_B.values).max()
        row["T_B - T"] = np.abs(dataset.T_B.values / T - 1).max()
        found.append(row)
    orders = {name: np.polyfit(np.log(strengths), np.log([row[name] for row in found]), 1)[0] for name in found[0]}
    print(orders, found[-1])
    assert all(order == pytest.approx(2, abs=0.1) for order in orders.values()), orders
    assert found[-1]["T_B - T"] < 0.05


@pytest.mark.slow
def test_the_markovian_rate_is_approached() -> None:
    """Coherence at gamma t = 1 against exp(-gamma t), gamma = 4 pi T dJ/dw(0) [115, 116]: log|rho_01| is off by O(lambda^2)."""
    T, strengths, off = 0.5, np.array([4e-3, 2e-3, 1e-3]), []
    for alpha in strengths:
        gamma = forms.dephasing_rate(hard(alpha), temperature=T)
        until = round(1 / gamma / 0.1) * 0.1
        bath = chains.chain(hard(alpha), length=int(14 + 1.1 * until), temperature=T)
        model = tt.SpinBoson(hamiltonian={"z": 0.0}, coupling={"z": 1.0}, bath=bath)
        algorithm = tt.TDVP(step=0.1, tolerance=1e-7, max_bond=2, order=4)
        run = bare(model, algorithm, until, initial="+x", record_every=until, variance_every=np.inf)
        coherence = abs(run.rho_S[-1, 0, 1])
        exact = 0.5 * np.exp(-8 * forms.decoherence(hard(alpha), [until], temperature=T)[0][0])
        assert coherence == pytest.approx(exact, abs=LIMIT)
        off.append(abs(np.log(2 * coherence) + gamma * until))
    order = np.polyfit(np.log(strengths) / 2, np.log(off), 1)[0]  # lambda^2 = 2 alpha
    print(order, off)
    assert order == pytest.approx(2, abs=0.25)
    doubled = [abs(np.log(2 * 0.5 * np.exp(-1)) + 2) for _ in off]  # twice the rate: off by 1, whatever the coupling
    assert min(doubled) > 10 * off[-1]
