"""Each way to put a bath on sites and each kind of coupling answers the same questions, and consistently."""

from typing import Any, get_args

import numpy as np
import pytest

import chains
from tnthermo.configuration.sections import Bath as BathSection
from tnthermo.model.coupling import couple
from tnthermo.model.coupling_kinds import COUPLING_KINDS, Kind, sign
from tnthermo.model.operators import boson
from tnthermo.model.representation import Bath, Route, represented

MODES = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3])
BATHS: dict[Route, Bath] = {
    "single-chain": chains.chain(MODES, temperature=0.5),
    "two-chains": chains.thermofield_chains(MODES, temperature=0.5),
    "star-cells": chains.star_cells(MODES, temperature=0.5),
}
L = np.array([[0.3, 0.2j], [1.0, -0.1]])


@pytest.mark.parametrize("route", BATHS)
def test_the_physical_modes_are_found_on_the_sites(route: Route) -> None:
    found = represented(BATHS[route])
    assert found.route == route
    assert found.separate == (route == "star-cells")
    functions = found.functions()
    positive, negative = found.over_sites(functions)
    sites = sum(chain.length for chain in found.chains)
    assert positive.shape == negative.shape == (2, sites)
    np.testing.assert_allclose(positive @ positive.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(positive @ negative.T, np.zeros((2, 2)), atol=1e-9)
    np.testing.assert_allclose(np.abs(found.mode_couplings(functions)), [0.2, 0.3], atol=1e-9)
    np.testing.assert_allclose(found.frequencies, [0.6, 1.1])
    # c_n displaced by what its modes are displaced: the same sites as those of b and b'
    ordinary, partner = functions.positive.T @ np.array([1.0, 2.0]), functions.negative.T @ np.array([0.3, -0.4])
    joined = found.joined(ordinary, partner)
    np.testing.assert_allclose(
        joined, positive.T @ np.array([1.0, 2.0]) + negative.T @ np.array([0.3, -0.4]), atol=1e-14
    )
    np.testing.assert_allclose(sum(k**2 for k in found.local_strengths), sum(c.coupling**2 for c in found.chains))


@pytest.mark.parametrize("route", BATHS)
def test_only_star_cells_have_cells(route: Route) -> None:
    found = represented(BATHS[route])
    assert found.cells is (BATHS[route] if found.separate else None)
    if found.separate:
        assert sorted(number for mode in range(found.modes) for number in found.cell_sites(mode)) == [0, 1, 2, 3]
    else:
        with pytest.raises(TypeError, match="has no cells"):
            found.cell_sites(0)


def test_the_words_are_those_of_the_configuration() -> None:
    assert (
        {"auto", "time-bins", *BATHS}
        == set(get_args(BathSection.model_fields["route"].annotation))
        == {"auto", *get_args(Route)}
    )
    assert set(COUPLING_KINDS) == set(get_args(Kind))


@pytest.mark.parametrize("kind", COUPLING_KINDS)
def test_phases_are_those_of_the_amplitudes(kind: Kind) -> None:
    """X_q = p C + h.c. with C = kappa_1 c_0 + kappa_2 d_0^dag."""
    one, other = pair = represented(BATHS["two-chains"]).chains
    found = COUPLING_KINDS[kind].amplitudes(pair)
    expected = [(p * one.coupling, np.conj(p) * other.coupling) for p in COUPLING_KINDS[kind].phases]
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize("kind", COUPLING_KINDS)
def test_terms_are_the_sum_of_the_channels(kind: Kind) -> None:
    """kappa sum (system matrix) (x) (boson operator) = sum_q A_q (x) (v_q c + h.c.), chain by chain."""
    coupling = couple({"z": 0.5, "y": 0.2} if COUPLING_KINDS[kind].hermitian else L, BATHS["two-chains"], kind=kind)
    lower = boson("lower", 4)
    for number, chain in enumerate(coupling.chains):
        terms: Any = sum(
            chain.coupling * np.kron(matrix, boson(name, 4))
            for matrix, name in COUPLING_KINDS[coupling.kind].terms(coupling.operator, chain)
        )
        channels: Any = 0.0
        for A, amplitudes in zip(coupling.operators, coupling.amplitudes, strict=True):
            field = amplitudes[number] * lower
            channels = channels + np.kron(A, field + field.conj().T)
        np.testing.assert_allclose(terms, channels, atol=1e-14)
    assert [sign(chain) for chain in coupling.chains] == [1.0, -1.0]


@pytest.mark.parametrize(
    ("kind", "temperature", "needs"), [("hermitian", 0.5, False), ("exchange", 0.5, True), ("exchange", 0.0, False)]
)
def test_what_one_chain_can_hold(kind: Kind, temperature: float, needs: bool) -> None:
    assert COUPLING_KINDS[kind].needs_pair(temperature) == needs
    bath = chains.chain(MODES, temperature=temperature)
    if needs:
        with pytest.raises(chains.InvalidInput, match="thermofield_chains"):
            couple("sigma_minus", bath, kind=kind)
    else:
        couple("sigma_minus" if kind == "exchange" else {"z": 1.0}, bath, kind=kind)
