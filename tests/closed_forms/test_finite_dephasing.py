"""Pure dephasing solved exactly, against dense diagonalisation, reference ledgers, printed figures, limits and wrong factors."""

from functools import cache

import mpmath
import numpy as np
import pytest
from scipy.linalg import expm

import chains
import tnthermo as tt
from tests.oracles.commuting import DephasingModes
from tests.oracles.naive import Naive, definitions_at
from tests.oracles.reference import load
from tests.tolerances import DENSE, ROUNDING
from tnthermo.closed_forms.configurations import count, most_probable
from tnthermo.closed_forms.finite_dephasing import Dephasing, decoherence_function, dephasing, displacement_function
from tnthermo.closed_forms.gram import displacement, mixture_spectrum
from tnthermo.model.density_matrix import gibbs_entropy, spectrum, von_neumann

# Figures printed with five digits, and the weight 1e-6 left out.
PRINTED_DIGITS = 1.6e-5
MIXED = np.array([[0.7, 0.2 - 0.3j], [0.2 + 0.3j, 0.3]])


@cache
def gauss_modes(weight: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss nodes of J = weight w on [0, 1]."""
    J = chains.PowerLaw(alpha=weight / 2, cutoff=1.0, exponent=1.0, shape="hard")
    star = chains.star(chains.chain(J, length=count, temperature=0.0))
    return star.frequencies, star.couplings


def at_eight(weight: float, beta: float, modes: int, **changes: float) -> Dephasing:
    w, g = gauss_modes(weight, modes)
    return dephasing(w, g, temperature=1 / beta, initial="+x", times=[8.0], **changes)


# Displacement operators.


def digits(m: int, n: int, x: float) -> float:
    """<m|D(x)|n>, m >= n, by the explicit sum, with digits for its cancellation, about exp(2 |x| sqrt n)."""
    with mpmath.workdps(50 + int(abs(x) * np.sqrt(n))):
        y, r = mpmath.mpf(x) ** 2, m - n
        total = term = mpmath.binomial(m, n)
        for k in range(n):
            term *= -y * (n - k) / ((k + 1) * (r + k + 1))
            total += term
        front = mpmath.sqrt(mpmath.factorial(n) / mpmath.factorial(m)) * mpmath.mpf(x) ** r * mpmath.exp(-y / 2)
        return float(front * total)


@pytest.mark.parametrize("x", [1e-6, 0.3, -0.7, 4.0, 12.0, 45.0])
def test_displacement_of_high_levels_has_all_digits(x: float) -> None:
    D = displacement(x, 701)
    for m, n in [(0, 0), (1, 0), (7, 3), (50, 50), (300, 20), (700, 0), (700, 650), (700, 700), (600, 250)]:
        assert D[m, n] == pytest.approx(digits(m, n, x), rel=1e-10, abs=1e-12)
        assert D[n, m] == pytest.approx((-1) ** (m - n) * D[m, n], abs=0)


def test_displacement_is_the_exponential_and_is_unitary() -> None:
    a = np.diag(np.sqrt(np.arange(1.0, 120)), 1)
    for x in (0.4, -1.3):
        assert np.abs(expm(x * (a.T - a))[:40, :40] - displacement(x, 40)).max() < ROUNDING
    D = displacement(2.0, 400)[:, :200]
    assert np.abs(D.T @ D - np.eye(200)).max() < ROUNDING
    assert np.abs(displacement(0.0, 5) - np.eye(5)).max() == 0


# Configurations.


def test_the_most_probable_configurations_are_taken() -> None:
    w, beta = np.array([0.3, 0.5, 1.1]), 1.3
    kept = most_probable(w, beta, missing=1e-4, at_most=10**5)
    grid = np.stack(np.meshgrid(*[np.arange(60)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    energies = np.sort(grid @ w)
    assert kept.occupations @ w == pytest.approx(energies[: kept.size], abs=ROUNDING)
    assert len({tuple(n) for n in kept.occupations}) == kept.size
    p = np.exp(-beta * energies) * np.prod(-np.expm1(-beta * w))
    assert kept.missing == pytest.approx(1 - p[: kept.size].sum(), abs=ROUNDING)
    # As few as possible: without the last ones of equal energy the weight is too small.
    fewer = energies < energies[kept.size - 1] - 1e-9
    assert kept.missing <= 1e-4 < 1 - p[fewer].sum()
    assert kept.complete
    assert count(w, beta, 1e-4) == pytest.approx(kept.size, rel=0.1)


def test_ties_are_taken_together() -> None:
    w, beta = np.array([1.0, 2.0, 3.0]), 0.5  # the number of configurations of energy n: 1 1 2 3 4 5 7 8 10 ...
    sizes = np.cumsum([1, 1, 2, 3, 4, 5, 7, 8, 10, 12, 14, 16, 19, 21, 24, 27, 30, 33, 37, 40])
    for missing in (0.3, 0.1, 0.03):
        assert most_probable(w, beta, missing=missing, at_most=10**4).size in sizes
    assert not most_probable(w, beta, missing=0.03, at_most=20).complete


# The whole solution.


def against(found: Dephasing, system: Naive, t: float, i: int) -> dict[str, float]:
    start, end = (definitions_at(system, time, 0.5) for time in (0.0, t))
    ours = {
        "rho_S": found.rho_S[i], "S_S": found.S_S[i], "S_chi": found.S_chi[i], "D_B": found.D_B[i], "h": found.h[i],
        "U_chi": found.U_chi[i], "E_int": found.E_int[i],
    }  # fmt: skip
    result = {name: float(np.abs(value - end[name]).max()) for name, value in ours.items()}
    for name, value in {"S_B": found.Delta_S_B[i], "E_B": found.E_B[i]}.items():
        result[name] = abs(value - (end[name] - start[name]))
    return result | {"S_B0": abs(found.S_B0 - start["S_B"])}


def turned(diagonal: list[float]) -> np.ndarray:
    """A Hermitian matrix with these eigenvalues, in one basis for all."""
    rng = np.random.default_rng(5)
    U = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0]
    return U @ np.diag(diagonal) @ U.conj().T


@pytest.mark.parametrize("eigenvalues", [[0.9, -0.4, 0.1], [0.8, 0.8, -0.5], [0.7, 0.0, -0.7], [0.5, 0.5, 0.5]])
def test_three_levels_in_a_turned_basis_are_those_of_a_dense_run(eigenvalues: list[float]) -> None:
    psi = np.array([0.6, 0.48 + 0.36j, 0.4 - 0.34641016j])
    initial = 0.8 * np.outer(psi, psi.conj()) / np.vdot(psi, psi).real + 0.2 * np.diag([0.2, 0.3, 0.5])
    A, H = turned(eigenvalues), turned([0.3, -0.2, 0.1])
    system = Naive(hamiltonian=H, coupling=A, frequencies=(1.2,), couplings=(0.5,), beta=1.6, initial=initial,
                   levels=40, exchange=False)  # fmt: skip
    found = dephasing([1.2], [-0.5], temperature=1 / 1.6, initial=initial, times=[0.4, 2.1], operator=A, hamiltonian=H,
                      missing=1e-12)  # fmt: skip
    deviations = against(found, system, 2.1, 1)
    assert max(deviations.values()) < 1e-9, deviations
    assert found.S_B_error.max() < 1e-9


def test_two_modes_are_those_of_a_dense_run() -> None:
    system = Naive(hamiltonian=np.diag([0.4, -0.4]), coupling=np.diag([1.0, -1.0]), frequencies=(1.0, 1.7),
                   couplings=(0.25, 0.4), beta=2.5, initial=MIXED, levels=18, exchange=False)  # fmt: skip
    found = dephasing([1.0, 1.7], [0.25, 0.4], temperature=0.4, initial=MIXED, times=[1.4], hamiltonian={"z": 0.4},
                      missing=1e-12)  # fmt: skip
    deviations = against(found, system, 1.4, 0)
    assert max(deviations.values()) < 1e-7, deviations  # 18 levels


def reference_deviations(**changes: float) -> dict[str, float]:
    reference = load("dephasing_two_modes")
    scale = changes.get("scale", 1.0)
    found = dephasing(
        reference.frequencies, scale * np.array(reference.couplings), temperature=1 / reference.beta, initial=reference.initial,
        times=reference.times, operator=reference.coupling, hamiltonian=reference.hamiltonian, missing=1e-9,
    )  # fmt: skip
    columns = reference.columns
    pairs = {
        "rho_S": (found.rho_S, reference.rho_S),
        "S_S": (found.S_S, columns["S_S"]),
        "S_B": (found.S_B, columns["S_B"]),
        "S_chi": (found.S_chi, columns["S_chi"]),
        "E_B": (found.E_B, columns["E_B"] - columns["E_B"][0]),
        "E_int": (found.E_int, columns["E_int"]),
        "U_chi": (found.U_chi, columns["U_chi"]),
    }
    return {name: float(np.abs(ours - theirs).max()) for name, (ours, theirs) in pairs.items()}


def test_the_reference_ledger() -> None:
    found = reference_deviations()
    assert max(found.values()) < load("dephasing_two_modes").tolerance, found
    # A factor 2 in the displacement shows everywhere.
    assert min(reference_deviations(scale=2.0).values()) > 1e-2


CASES = [
    (0.25, 20.0, 6, 0.68791, None, None),
    (0.25, 20.0, 8, 0.68791, 1.4, None),
    (0.025, 20.0, 8, 0.32622, 1.4, 0.366995),
    pytest.param(0.25, 20.0, 12, 0.6879, 2.9, None, marks=pytest.mark.slow),
    pytest.param(0.025, 10.0, 8, 0.2712, 2.8, 0.408990, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("weight", "beta", "modes", "change", "start", "system"), CASES)
def test_printed_entropy_changes(
    weight: float, beta: float, modes: int, change: float, start: float | None, system: float | None
) -> None:
    found = at_eight(weight, beta, modes)
    half_a_digit = 0.5 * 10.0 ** -len(str(change).split(".")[1])
    assert found.Delta_S_B[0] == pytest.approx(change, abs=half_a_digit + PRINTED_DIGITS)
    assert start is None or abs(found.S_B0 - start) < 0.06
    assert system is None or found.S_S[0] == pytest.approx(system, abs=1e-6)
    assert found.S_B_error[0] < PRINTED_DIGITS
    # Bits, and a factor 2 in the displacement, are something else.
    assert found.Delta_S_B[0] / np.log(2) != pytest.approx(change, abs=1e-2)


def test_a_wrong_displacement_or_temperature_is_noticed() -> None:
    w, g = gauss_modes(0.025, 8)
    right = at_eight(0.025, 20.0, 8).Delta_S_B[0]
    for factor, beta in ((2.0, 20.0), (0.5, 20.0), (1.0, 40.0), (1.0, 18.0)):
        wrong = dephasing(w, factor * g, temperature=1 / beta, initial="+x", times=[8.0])
        assert abs(wrong.Delta_S_B[0] - right) > 100 * PRINTED_DIGITS


def test_bounds_hold_whatever_is_left_out() -> None:
    exact = at_eight(0.025, 20.0, 6, missing=1e-10)
    for missing in (0.3, 0.1, 1e-2, 1e-4, 1e-6):
        found = at_eight(0.025, 20.0, 6, missing=missing)
        assert found.missing <= missing
        assert found.Delta_S_B_lower[0] <= exact.Delta_S_B_upper[0]
        assert found.Delta_S_B_upper[0] >= exact.Delta_S_B_lower[0]
        assert abs(found.Delta_S_B - exact.Delta_S_B)[0] <= found.S_B_error[0] + exact.S_B_error[0]
        assert found.Delta_S_B_lower[0] <= found.Delta_S_B[0] <= found.Delta_S_B_upper[0]
        assert found.S_B0 - exact.S_B0 == 0


def test_bounds_of_unequal_branches_hold_and_close() -> None:
    w, g = np.array([0.5, 0.9]), np.array([0.3, 0.5])
    arguments = {"temperature": 0.7, "initial": [0.8, 0.6], "times": [1.0, 3.0, 5.0]}
    exact = dephasing(w, g, missing=1e-12, **arguments)
    widths = []
    for missing in (0.2, 1e-2, 1e-3, 1e-5):
        found = dephasing(w, g, missing=missing, **arguments)
        assert np.all(found.Delta_S_B_lower < exact.Delta_S_B)
        assert np.all(exact.Delta_S_B < found.Delta_S_B_upper)
        assert np.all(abs(found.Delta_S_B - exact.Delta_S_B) < found.S_B_error)
        widths.append(np.max(found.Delta_S_B_upper - found.Delta_S_B_lower))
    assert np.all(np.diff(widths) < 0)
    assert widths[-1] < 2e-4
    # Without the weight left out in them the bounds do not hold: 1e-2 is felt.
    assert np.any(abs(dephasing(w, g, missing=1e-2, **arguments).Delta_S_B - exact.Delta_S_B) > 1e-5)


def test_mirrored_branches_have_the_spectrum_of_the_whole_matrix() -> None:
    kept = most_probable(np.array([0.6, 1.1]), 1.5, missing=1e-4, at_most=500)
    shifts = np.array([0.4, -0.7])
    cases = [([1.0, -1.0], [0.5, 0.5]), ([0.3, -0.9], [0.5, 0.5]), ([1.0, 0.2, -0.6], [0.3, 0.4, 0.3]),
             ([3.0, 1.0, -1.0, -3.0], [0.2, 0.3, 0.3, 0.2])]  # fmt: skip
    for a, q in cases:
        mirrored = mixture_spectrum(kept, np.array(a), np.array(q), shifts)
        # Weights that differ by 1e-9 are not mirrored: the whole matrix is diagonalised.
        lopsided = np.array(q) + 1e-9 * np.arange(len(q))
        whole = mixture_spectrum(kept, np.array(a), lopsided / lopsided.sum(), shifts)
        assert mirrored.size == whole.size == len(a) * kept.size
        assert mirrored == pytest.approx(whole, abs=3e-9)
        assert mirrored.sum() == pytest.approx(1, abs=ROUNDING)
    wrong = mixture_spectrum(kept, np.array([1.0, -1.0]), np.array([0.5, 0.5]), 2 * shifts)
    assert np.abs(wrong - mixture_spectrum(kept, np.array([1.0, -1.0]), np.array([0.5, 0.5]), shifts)).max() > 1e-2


def test_vacuum_and_pure_start_share_one_entropy() -> None:
    found = dephasing(
        [0.4, 0.9, 2.0], [0.2, 0.3, 0.1], temperature=0.0, initial=[0.6, 0.8j], times=np.linspace(0, 9, 31)
    )
    assert found.configurations == 1
    assert np.abs(found.S_B - found.S_S).max() < DENSE
    assert found.S_B0 == 0
    assert found.S_B_error.max() < ROUNDING
    assert np.isnan(found.D_B).all()
    assert np.isnan(found.Sigma_total).all()
    three = dephasing([0.4, 0.9], [0.2, 0.3], temperature=0.0, initial=np.ones(3) / np.sqrt(3), times=[1.0, 2.5],
                      operator=np.diag([1.0, 0.3, -0.5]))  # fmt: skip
    assert np.abs(three.S_B - three.S_S).max() < DENSE


def test_hot_baths_are_classical_noise() -> None:
    """I(S:B)/S_S goes from 2 at T = 0 to 1."""
    shares = []
    for T in (0.0, 1.0, 5.0, 20.0):
        g = 0.1 / np.sqrt(1 + 2 * T)  # about the same coherence at every T
        found = dephasing([1.0], [g], temperature=T, initial="+x", times=[np.pi])
        shares.append(found.S_chi[0] / found.S_S[0])
    assert shares[0] == pytest.approx(2, abs=1e-9)
    assert np.all(np.diff(shares) < 0)
    assert shares[-1] == pytest.approx(1, abs=0.06)


def test_small_couplings_heat_the_bath_reversibly() -> None:
    """Second order: Delta S_B = beta Delta E_B of the branches' spread = 4 beta (1 - m^2) Delta [101], D_B of fourth order but for m."""
    w, g = np.array([0.7, 1.3]), np.array([1e-3, 2e-3])
    found = dephasing(w, g, temperature=1.0, initial=MIXED, times=[2.0], missing=1e-12)
    expected = 4 * (1 - 0.4**2) * found.Delta[0]
    assert found.Delta_S_B[0] == pytest.approx(expected, rel=1e-4)
    assert found.D_B[0] == pytest.approx(4 * 0.4**2 * found.Delta[0], rel=1e-3)


@pytest.mark.parametrize("initial", ["+z", "-z", [[1.0, 0], [0, 0]], [1e-9, 1.0]])
def test_a_single_branch_changes_no_entropy(initial: object) -> None:
    found = dephasing([0.8], [0.4], temperature=0.5, initial=initial, times=[0.0, 1.0, 3.0])
    assert np.abs(found.Delta_S_B).max() < ROUNDING
    assert np.abs(found.S_chi).max() < 1e-9
    assert np.abs(found.D_B - 4 * found.Delta / 0.5).max() < 1e-9


def test_start_and_recurrences() -> None:
    w = np.array([1.0, 2.0])
    found = dephasing(w, [0.3, 0.2], temperature=0.6, initial="+x", times=[0.0, 1.0, 2 * np.pi])
    for values in (found.Delta_S_B, found.S_chi, found.D_B, found.E_B, found.U_chi):
        assert values[[0, 2]] == pytest.approx([0, 0], abs=DENSE)
        assert abs(values[1]) > 0.02
    assert found.S_B0 - gibbs_entropy(w, 1 / 0.6) == 0
    assert np.all((found.S_chi >= -DENSE) & (found.S_chi <= 2 * found.S_S + DENSE))
    assert found.smallest_eigenvalue.min() > -1e-15
    assert found.rho_S.shape == (3, 2, 2)


def test_closed_forms_are_those_of_the_oracle() -> None:
    w, g, t = np.array([0.6, 1.1]), np.array([0.2, 0.3]), np.array([0.5, 2.2])
    oracle = DephasingModes(energies=(0.2, -0.5), eigenvalues=(0.9, -0.3), frequencies=tuple(w), couplings=tuple(g),
                            beta=1.5, initial=MIXED)  # fmt: skip
    found = dephasing(w, g, temperature=1 / 1.5, initial=MIXED, times=t, operator=np.diag([0.9, -0.3]),
                      hamiltonian=np.diag([0.2, -0.5]), missing=1e-3)  # fmt: skip
    for i, time in enumerate(t):
        assert np.abs(found.rho_S[i] - oracle.rho_S(time)).max() < ROUNDING
        assert found.X[i] == pytest.approx(oracle.position(time), abs=ROUNDING)
        assert found.U_chi[i] == pytest.approx(oracle.binding_energy(time), abs=ROUNDING)
    assert np.array_equal(found.S_S, von_neumann(spectrum(found.rho_S)))
    Gamma = decoherence_function(w, g, temperature=1 / 1.5, times=t)
    coherences = dephasing(w, g, temperature=1 / 1.5, initial="+x", times=t, missing=1e-3).rho_S[:, 0, 1]
    assert np.abs(coherences) == pytest.approx(0.5 * np.exp(-8 * Gamma), abs=ROUNDING)
    assert displacement_function(w, g, times=t) == pytest.approx(found.Delta, abs=0)


def test_equal_frequencies_are_one_mode() -> None:
    merged = dephasing([1.0, 1.0, 2.0], [0.3, 0.4, 0.0], temperature=0.5, initial="+x", times=[1.0])
    single = dephasing([1.0], [0.5], temperature=0.5, initial="+x", times=[1.0])
    assert merged.Delta_S_B == pytest.approx(single.Delta_S_B, abs=ROUNDING)
    assert any("merged" in note for note in merged.notes)
    assert any("D_B" in note for note in merged.notes)


# What is refused.


def test_all_problems_at_once() -> None:
    with pytest.raises(chains.InvalidInput) as caught:
        dephasing([1.0, -2.0], [0.1], temperature=-1.0, initial="+q", times=[np.nan], operator={"z": 1.0},
                  hamiltonian={"x": 0.1}, missing=0.0, limit=0)  # fmt: skip
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {
        "frequencies[1]",
        "couplings",
        "temperature",
        "times[0]",
        "missing",
        "limit",
        "hamiltonian",
        "initial",
    }
    with pytest.raises(chains.InvalidInput, match="missing"):
        dephasing([1.0], [0.1], temperature=1.0, initial="+x", times=[1.0], missing=1.0)
    with pytest.raises(chains.InvalidInput, match="shape"):
        dephasing([1.0], [0.1], temperature=1.0, initial="+x", times=[1.0], hamiltonian=np.eye(3))
    with pytest.raises(chains.InvalidInput, match="temperature"):
        decoherence_function([1.0], [0.1], temperature="hot", times=[1.0])


def test_too_many_configurations_are_refused_with_their_number() -> None:
    w, g = gauss_modes(0.25, 20)
    with pytest.raises(chains.InvalidInput, match=r"S_B\(0\) = 6\.\d+ nats"):
        dephasing(w, g, temperature=0.05, initial="+x", times=[8.0])
    # 134 configurations in two branches: 268 will do.
    assert at_eight(0.25, 20.0, 8, limit=268).configurations == 134
    with pytest.raises(chains.InvalidInput, match=r"about 2 x 1\d\d configurations"):
        at_eight(0.25, 20.0, 8, limit=267)


def test_no_population_but_one_and_no_coupling() -> None:
    idle = dephasing([1.0], [0.3], temperature=0.5, initial=MIXED, times=[2.0], operator=np.zeros((2, 2)))
    assert np.abs(idle.rho_S[0] - MIXED).max() < ROUNDING
    assert np.abs([idle.Delta_S_B, idle.E_B, idle.S_chi, idle.D_B]).max() < ROUNDING
    # A branch that is empty but for rounding needs no configurations of its own.
    kept = dephasing([1.0], [0.3], temperature=0.5, initial=[1.0, 0.0], times=[2.0]).configurations
    assert dephasing([1.0], [0.3], temperature=0.5, initial=[1.0, 0.0], times=[2.0], limit=kept).configurations == kept


def test_it_is_public() -> None:
    assert tt.dephasing is dephasing
