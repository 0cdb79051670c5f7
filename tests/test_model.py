"""The Hamiltonian as labelled terms, and the model built from user input."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.naive import Naive
from tests.tolerances import DENSE
from tnthermo.exact import hamiltonian
from tnthermo.local import PAULI, boson
from tnthermo.terms import Term, with_role

TWO_MODES = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3])


def model(temperature: float = 0.0) -> tt.Model:
    bath = chains.chain(TWO_MODES, temperature=temperature)
    return tt.SpinBoson(hamiltonian={"x": 0.3, "z": 0.1}, coupling={"z": 0.5, "y": 0.2}, bath=bath)


def test_matrices_of_a_term():
    term = Term(role="bath", coefficient=0.5j, sites=(1, 2), factors=("raise", "lower"))
    first, second = term.matrices((2, 3, 4))
    np.testing.assert_array_equal(first, 0.5j * boson("raise", 3))  # the coefficient once, in the first
    np.testing.assert_array_equal(second, boson("lower", 4))
    system = Term(role="system", coefficient=2.0, sites=(0,), factors=(PAULI["y"],))
    np.testing.assert_array_equal(system.matrices((6,))[0], 2 * np.kron(PAULI["y"], np.eye(3)))  # the ancilla second


def test_roles_part_the_hamiltonian():
    m, dimensions = model(), (2, 4, 5)
    one = [np.eye(d) for d in dimensions]
    bath = m.bath
    number, lower = [boson("number", d) for d in (4, 5)], [boson("lower", d) for d in (4, 5)]
    hop = np.kron(lower[0].T, lower[1])
    parts = {
        "system": np.kron(np.kron(0.3 * PAULI["x"] + 0.1 * PAULI["z"], one[1]), one[2]),
        "interaction": np.kron(np.kron(m.coupling, bath.coupling * boson("position", 4)), one[2]),
        "bath": np.kron(
            one[0],
            bath.frequencies[0] * np.kron(number[0], one[2]) + bath.frequencies[1] * np.kron(one[1], number[1])
            + bath.hoppings[0] * (hop + hop.T),
        ),
    }  # fmt: skip
    for role, expected in parts.items():
        np.testing.assert_allclose(hamiltonian(with_role(m.terms, role), dimensions).toarray(), expected, atol=DENSE)
    np.testing.assert_allclose(hamiltonian(m.terms, dimensions).toarray(), sum(parts.values()), atol=DENSE)


def test_low_spectrum_is_that_of_the_star():
    """Chain and star differ by a rotation of the modes: the same lowest energies once levels are plenty."""
    m = model()
    star = Naive(
        hamiltonian=m.hamiltonian, coupling=m.coupling, frequencies=(0.6, 1.1), couplings=(0.2, 0.3), beta=np.inf,
        initial=np.diag([1.0, 0.0]), levels=14,
    )  # fmt: skip
    ours = np.linalg.eigvalsh(hamiltonian(m.terms, (2, 14, 14)).toarray())[:6]
    theirs = np.linalg.eigvalsh(star.total.toarray())[:6]
    np.testing.assert_allclose(ours, theirs, atol=1e-8)
    stronger = replace(star, couplings=(0.4, 0.6))
    assert np.abs(np.linalg.eigvalsh(stronger.total.toarray())[:6] - ours).max() > 1e-2


def test_thermal_chain_has_twice_the_modes_and_their_negatives():
    bath = model(0.5).bath
    matrix = np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [-1.1, -0.6, 0.6, 1.1], atol=1e-12)
    assert model(0.5).temperature == 0.5


def test_any_small_system():
    spin_one = np.diag([1.0, 0.0, -1.0])
    m = tt.SpinBoson(hamiltonian=np.zeros((3, 3)), coupling=spin_one, bath=chains.chain(TWO_MODES))
    assert m.dimension == 3


def test_all_problems_of_the_input_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        tt.SpinBoson(hamiltonian={"q": 1.0}, coupling=[[0, 1], [0, 0]], bath=chains.chain(TWO_MODES))
    assert {p.key for p in caught.value.problems} == {"hamiltonian.q", "coupling"}
    with pytest.raises(chains.InvalidInput) as caught:
        tt.SpinBoson(hamiltonian={"x": 1.0}, coupling=np.eye(3), bath=chains.chain(TWO_MODES))
    assert [p.key for p in caught.value.problems] == ["coupling"]
