"""What was felt of a bath, over nodes and over sites: the same inner products, and those of C(t)."""

from collections.abc import Callable

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.bath_entropy.components import choose_modes, components, rows
from tnthermo.bath_entropy.fields import Fields, Window, fields

UNTIL = 4.0
OF_NODES = 1e-8  # of C(0): nodes are made until C(t) changes by less than 1e-9 of it
OF_SITES = 1e-5  # a chain of `required_length` is good to 3e-7 of C(0)
ROUNDING = 1e-10

HARD = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
SOFT = chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=0.5, shape="exponential")
MODES = chains.Discrete(frequencies=[0.3, 0.8], couplings=[0.2, 0.4])


def of(density: chains.SpectralDensity, temperature: float) -> tt.Model:
    length = (
        None
        if isinstance(density, chains.Discrete)
        else chains.required_length(density, temperature=temperature, until=UNTIL)
    )
    bath = chains.chain(density, length, temperature=temperature)
    return tt.SpinBoson(hamiltonian={"x": 0.3}, coupling={"z": 0.5}, bath=bath)


MODELS: dict[str, Callable[[], tt.Model]] = {
    "hard": lambda: of(HARD, 0.2),
    "hot": lambda: of(HARD, 3.0),
    "soft": lambda: of(SOFT, 0.5),
    "modes": lambda: of(MODES, 0.7),
    "star": lambda: tt.SpinBoson(
        hamiltonian={"x": 0.3}, coupling={"z": 0.5}, bath=chains.star_cells(MODES, temperature=0.7)
    ),
    "pair": lambda: tt.JaynesCummings(
        hamiltonian={"z": 0.3},
        bath=chains.thermofield_chains(
            HARD, chains.required_length(HARD, temperature=0.5, until=UNTIL), temperature=0.5
        ),
    ),
}


def felt(found: Fields, tau: np.ndarray) -> np.ndarray:
    """(2M, k) forms over the nodes of X(-tau), the first channel."""
    return found.z @ found.coordinates([nodes.felt(tau)[:, : tau.size] for nodes in found.nodes])


@pytest.mark.parametrize("name", list(MODELS))
def test_inner_products_are_the_correlation_function(name):
    """<v(t)|v(s)> = C(t - s) or its conjugate, of the nodes and of what is placed on the sites."""
    model = MODELS[name]()
    found, tau = fields(model, UNTIL), np.linspace(0.0, UNTIL, 7)
    coupling = model.couplings[0]
    if isinstance(coupling.bath, chains.StarCells):
        C = coupling.bath.correlation(tau)
    else:
        C = chains.correlation(coupling.density, times=tau, temperature=coupling.temperature)
    forms = felt(found, tau)
    np.testing.assert_allclose(
        forms[:, 0].conj() @ forms, C.conj(), atol=OF_NODES * abs(C[0]) + 1e-3 * abs(C[0]) * (name == "soft")
    )
    sites = found.sites @ (found.span.conj().T @ forms)
    np.testing.assert_allclose(sites[:, 0].conj() @ sites, forms[:, 0].conj() @ forms, atol=OF_SITES * abs(C[0]))


@pytest.mark.parametrize("name", list(MODELS))
def test_the_mirror_is_half_an_imaginary_period_away(name):
    """<v(0)|v'(0)> = C(-i/2T) = sum_k 2 g_k^2 cosh sinh of the nodes, and images commute with all of the bath."""
    found = fields(MODELS[name](), UNTIL)
    (nodes,) = found.nodes
    v = found.coordinates([nodes.felt(np.array([0.0]))[:, :1]])[:, 0]
    product = np.vdot(found.z @ v, found.image @ v)
    assert product == pytest.approx(np.sum(nodes.couplings**2 * np.sinh(2 * nodes.theta)), rel=1e-10)
    commutators = (found.z.T @ found.image.conj()).imag
    assert np.abs(commutators).max() < ROUNDING
    wrong = np.vstack([found.image[: found.image.shape[0] // 2], -found.image[found.image.shape[0] // 2 :]])
    assert np.abs((found.z.T @ wrong.conj()).imag).max() > 0.1


def test_what_no_site_has_met_is_a_mode_in_its_vacuum():
    """An isometry: rows stay orthonormal, with further sites where the span does not hold them."""
    found = fields(of(SOFT, 0.5), 1.0)
    random = np.random.default_rng(3).normal(size=(4, found.z.shape[0], 2)) @ [1, 1j]
    forms = np.linalg.qr(random.T)[0].T
    placed = found.place(forms)
    assert placed.shape[1] > found.sites.shape[0]
    np.testing.assert_allclose(placed @ placed.conj().T, np.eye(4), atol=ROUNDING)


@pytest.mark.parametrize("temperature", [0.05, 0.3, 3.0])
@pytest.mark.parametrize("modes", [1, 2, 4])
def test_chosen_modes_are_independent(temperature, modes):
    """Variance 1 and commutator 2i kappa within a mode, none between modes; what is left commutes and is independent."""
    found = fields(of(HARD, temperature), UNTIL)
    chosen = choose_modes(found, components(found, found.seen(UNTIL, Window(forget=UNTIL))), modes)
    c = chosen.coordinates
    np.testing.assert_allclose(c.T @ c, np.eye(2 * modes), atol=ROUNDING)
    pairs = np.kron(np.diag(chosen.kappa), [[0, 1], [-1, 0]])
    np.testing.assert_allclose(c.T @ found.form @ c, pairs, atol=ROUNDING)
    assert list(chosen.occupations) == sorted(chosen.occupations)
    np.testing.assert_allclose(chosen.left @ c, 0, atol=ROUNDING)
    np.testing.assert_allclose(chosen.left @ found.form @ c, 0, atol=1e-7)
    for mirror in (False, True):
        assert rows(found, chosen, mirror=mirror).defect < 1e-6


def test_modes_of_two_baths_stay_apart():
    parts = [tt.couple({"z": 0.5}, chains.chain(HARD, 8, temperature=T)) for T in (0.2, 1.0)]
    model = tt.assemble(hamiltonian={"x": 0.3}, couplings=parts)
    found = fields(model, 2.0)
    chosen = choose_modes(found, components(found, found.seen(2.0, Window())), 3)
    for column in chosen.coordinates.T:
        weights = [np.sum(column[found.bath == j] ** 2) for j in (0, 1)]
        assert min(weights) < ROUNDING
