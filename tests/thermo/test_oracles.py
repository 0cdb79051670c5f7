"""The oracles themselves: against the printed references, against each other, and each with an error it must notice."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from tests.oracles.dephasing import Dephasing
from tests.oracles.naive import Naive, definitions_at, naive_ledger, slope, snapshots
from tests.oracles.reference import COLUMNS, NAMES, load, naive_of
from tests.tolerances import DENSE, DIFFERENCES, PRINTED

SIGMA_X, SIGMA_Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
# alpha, wc, T = .3, 5, .2; printed digits.
OHMIC = Dephasing(alpha=0.3, cutoff=5.0, temperature=0.2)
PRINTED_TIMES = (0.5, 2.0, 5.0)
PRINTED_DIGITS = {
    "coherence": (0.273421120457, 0.108578556439, 0.034221173156),
    "bath_energy": (1.293103448276, 1.485148514851, 1.497603833866),
    "heat_variance": (8.2497693270, 7.5814665102, 7.5377942224),
    "system_entropy": (0.5351094038, 0.6693796712, 0.6908031711),
    "entropy_production": (7.0006266452, 8.0951222455, 8.1788223405),
}


def one_mode(beta: float, levels: int = 24) -> Naive:
    """H = sigma_x/2 + a^dag a + 0.5 (sigma_z/2)(a + a^dag), start |up>."""
    return Naive(
        hamiltonian=SIGMA_X / 2, coupling=SIGMA_Z / 2, frequencies=(1.0,), couplings=(0.5,), beta=beta,
        initial=np.diag([1.0, 0.0]), levels=levels,
    )  # fmt: skip


def worst(name: str, levels: int | None, every: int = 1) -> float:
    reference = load(name)
    system = naive_of(reference, levels)
    rows = list(snapshots(system, reference.times[::every], reference.alpha_S))
    columns = {c: np.array([row[c] for row in rows]) for c in COLUMNS}
    return max(np.abs(columns[c] - reference.columns[c][::every]).max() for c in COLUMNS)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "dephasing_two_modes"])
def test_references_are_reproduced_at_a_smaller_cutoff(name: str) -> None:
    assert worst(name, 16, every=3) < 2e-8


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_references_are_reproduced_at_their_own_cutoff(name: str) -> None:
    assert worst(name, None) < DENSE


@pytest.mark.parametrize(
    ("beta", "expected"),
    [
        (np.inf, {"sz": -0.7001922581, "Delta_E_B": 0.2534579327, "E_int": -0.0387865900, "S_S": 0.3006819404,
                  "S_B": 0.3006819404, "S_chi": 0.6013638808, "U_chi": -0.0679352824}),
        (2.0, {"sz": -0.6392703671, "Delta_E_B": 0.2468326154, "E_int": -0.0468701478, "S_S": 0.3720087089,
               "S_B": 0.6404178049, "S_B0": 0.4584487434, "S_chi": 0.5539777704, "U_chi": -0.0760037168,
               "Sigma_total": 0.8656739396}),
    ],
)  # fmt: skip
def test_one_mode_has_the_printed_thermodynamics(beta: float, expected: dict[str, float]) -> None:
    system = one_mode(beta)
    start, end = (definitions_at(system, t, 0.5) for t in (0.0, 3.0))
    delta_E_B = end["E_B"] - start["E_B"]
    found = end | {
        "sz": np.real(np.trace(end["rho_S"] @ SIGMA_Z)),
        "Delta_E_B": delta_E_B,
        "S_B0": start["S_B"],
        "Sigma_total": end["S_S"] + (beta * delta_E_B if np.isfinite(beta) else 0.0),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=PRINTED)
    if np.isfinite(beta):  # Delta S_S + beta Delta E_B = S_chi + D_B
        assert found["Sigma_total"] == pytest.approx(end["S_chi"] + end["D_B"], abs=PRINTED)


def test_bits_or_a_doubled_bath_would_be_noticed() -> None:
    nats = definitions_at(one_mode(2.0), 3.0, 0.5)["S_S"]
    assert nats / np.log(2) != pytest.approx(0.3720087089, abs=PRINTED)
    doubled = replace(one_mode(2.0), couplings=(0.5 * np.sqrt(2),))
    assert definitions_at(doubled, 3.0, 0.5)["E_int"] != pytest.approx(-0.0468701478, abs=PRINTED)


@pytest.mark.parametrize("exchange", [False, True])
def test_heat_and_work_by_definition_are_the_rates_of_the_energies(exchange: bool) -> None:
    reference = load("jaynes_cummings_two_modes" if exchange else "tilted_coupling_mixed_start")
    system = naive_of(reference, 6)
    here = definitions_at(system, 1.7, 0.3)
    rates = slope(system, 1.7, 0.3, ("U_S", "U_B", "U_chi"))
    for part in ("S", "B"):
        assert here[f"Qdot_{part}"] + here[f"Wdot_{part}"] == pytest.approx(rates[f"U_{part}"], abs=DIFFERENCES)
    assert here["Qdot_chi"] == pytest.approx(rates["U_chi"], abs=DIFFERENCES)


def test_accumulated_heat_and_work_add_up_to_the_energies() -> None:
    system = naive_of(load("spin_boson_warm_two_modes"), 5)
    columns = naive_ledger(system, np.linspace(0, 3, 7), 0.3)
    for part in ("S", "B"):
        change = columns[f"U_{part}"] - columns[f"U_{part}"][0]
        assert np.abs(columns[f"Q_{part}"] + columns[f"W_{part}"] - change).max() < DENSE


@pytest.mark.parametrize("name", list(PRINTED_DIGITS))
def test_dephasing_closed_forms_have_the_printed_digits(name: str) -> None:
    found = [getattr(OHMIC, name)(t) for t in PRINTED_TIMES]
    assert found == pytest.approx(PRINTED_DIGITS[name], abs=PRINTED)


@pytest.mark.parametrize("name", list(PRINTED_DIGITS))
def test_a_factor_two_in_the_spectral_density_would_be_noticed(name: str) -> None:
    doubled = replace(OHMIC, alpha=2 * OHMIC.alpha)
    assert [getattr(doubled, name)(t) for t in PRINTED_TIMES] != pytest.approx(PRINTED_DIGITS[name], rel=1e-3)


def test_closed_forms_are_the_integrals_they_stand_for() -> None:
    wc, beta, t = OHMIC.cutoff, 1 / OHMIC.temperature, 0.8

    def density(w: float) -> float:
        return 2 * OHMIC.alpha * w * np.exp(-w / wc)

    def coth(w: float) -> float:
        return 1 / np.tanh(beta * w / 2)

    # A = sigma_z/2 is a quarter of the exponent 8 sum g^2/w^2 coth sin^2 of A = sigma_z.
    exponent = quad(lambda w: 2 * density(w) / w**2 * coth(w) * np.sin(w * t / 2) ** 2, 0, 200, limit=500)[0]
    variance = quad(lambda w: density(w) / 2 * (1 - np.cos(w * t)) * coth(w), 0, 200, limit=500)[0]
    energy = quad(lambda w: density(w) / w * np.sin(w * t / 2) ** 2, 0, 200, limit=500)[0]
    assert OHMIC.coherence(t) == pytest.approx(0.5 * np.exp(-exponent), rel=1e-8)
    assert OHMIC.heat_variance(t) == pytest.approx(variance, rel=1e-8)
    assert OHMIC.bath_energy(t) == pytest.approx(energy, rel=1e-8)
