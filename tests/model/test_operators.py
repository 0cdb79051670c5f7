"""Local operators and states: Pauli components, matrices from user input, boson operators, purification."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import InvalidInput
from tests.tolerances import ROUNDING
from tnthermo.model.operators import NAMED, PAULI, STATES, as_array, boson, density_matrix, operator, purify


def refused(call, *arguments, **settings) -> list:
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **settings)
    return caught.value.problems


def test_pauli_algebra():
    x, y, z = PAULI["x"], PAULI["y"], PAULI["z"]
    np.testing.assert_array_equal(x @ y, 1j * z)
    np.testing.assert_array_equal(y @ z, 1j * x)
    np.testing.assert_array_equal(NAMED["sigma_plus"], (x + 1j * y) / 2)
    np.testing.assert_array_equal(NAMED["sigma_minus"], (x - 1j * y) / 2)


@pytest.mark.parametrize("name", STATES)
def test_named_states_are_eigenstates_of_their_component(name):
    sign = 1 if name[0] == "+" else -1
    np.testing.assert_allclose(PAULI[name[1]] @ STATES[name], sign * STATES[name], atol=ROUNDING)
    rho = density_matrix(name, dimension=2)
    assert np.trace(rho @ PAULI[name[1]]).real == pytest.approx(sign)


@given(levels=st.integers(2, 9))
def test_boson_operators(levels):
    lower, raising = boson("lower", levels), boson("raise", levels)
    np.testing.assert_array_equal(raising, lower.T)
    np.testing.assert_allclose(raising @ lower, boson("number", levels), atol=ROUNDING)
    np.testing.assert_array_equal(boson("position", levels), lower + raising)
    # [c, c^dag] = 1 but for the highest level, which knows of the cut
    commutator = lower @ raising - raising @ lower
    np.testing.assert_allclose(np.diag(commutator), [1.0] * (levels - 1) + [1.0 - levels], atol=ROUNDING)
    np.testing.assert_array_equal(boson("identity", levels), np.eye(levels))


def test_boson_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="squeeze"):
        boson("squeeze", 3)


def test_operator_from_components_names_and_matrices():
    np.testing.assert_array_equal(operator({"x": 0.2, "z": -1}, key="A"), [[-1, 0.2], [0.2, 1]])
    np.testing.assert_array_equal(operator({}, key="A"), np.zeros((2, 2)))
    np.testing.assert_array_equal(
        operator([["0.1", "0.1-0.2j"], ["0.1 + 0.2i", 3]], key="A"), [[0.1, 0.1 - 0.2j], [0.1 + 0.2j, 3]]
    )
    np.testing.assert_array_equal(operator("sigma_minus", key="L", hermitian=False), NAMED["sigma_minus"])
    assert operator(np.eye(3), key="A").shape == (3, 3)


def test_rounding_across_the_diagonal_is_averaged_and_more_is_refused():
    matrix = np.array([[1.0, 0.5], [0.5 + 1e-14, 2.0]])
    found = operator(matrix, key="A")
    np.testing.assert_array_equal(found, found.conj().T)
    assert refused(operator, matrix + [[0, 1e-9], [0, 0]], key="A")[0].key == "A"
    np.testing.assert_array_equal(operator(matrix, key="A", hermitian=False), matrix)


@pytest.mark.parametrize(
    "value",
    [
        "sigma_x", "", [[1, 2], [3, 4]], [[1, 0, 0], [0, 1, 0]], [[1]], [1, 2], [], 3.0, None, [[1, "a"], ["a", 1]],
        [[1, 2], [2]], [[np.nan, 0], [0, 1]], [[np.inf, 0], [0, 1]], [[True, 0], [0, 1]], [[0, 1j], [1j, 0]],
    ],
    ids=repr,
)  # fmt: skip
def test_operator_refuses_with_its_key(value):
    assert [p.key for p in refused(operator, value, key="coupling")] == ["coupling"]


@pytest.mark.parametrize(
    "value",
    [
        [[1, 0], "01"], ["01", [1, 0]], [[1, 0], {0: 1, 1: 0}], [[1, 0], {0, 1}], {1, 0}, b"01", [b"10", b"01"], [[1, 0], b"01"],
        [["\uff11", 0], [0, 1]], [["1_0", 0], [0, 1]], [["1 0", 0], [0, 1]], [["", 0], [0, 1]], [["infinity", 0], [0, 1]],
        np.array([["\uff11", "0"], ["0", "1"]]), np.array([[True, False], [False, True]]), [[np.True_, 0], [0, 1]],
        np.array([[1, 0], [0, None]]), np.array([[1, 0], [0, 1]], dtype="m8[ns]"), [[1, 0], [0, 10**400]], iter([[1, 0], [0, 1]]),
    ],
    ids=lambda value: repr(value).split(' at 0x')[0][:40],
)  # fmt: skip
def test_what_python_would_take_for_a_number_or_a_row(value):
    for check in (operator, as_array):
        assert [p.key for p in refused(check, value, key="A")] == ["A"]
    assert {p.key for p in refused(density_matrix, value, dimension=2, key="A")} == {"A"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("-.5", -0.5), ("1.", 1), ("1e-3", 1e-3), ("0.1-0.2j", 0.1 - 0.2j), (" 0.1 + 2E1i ", 0.1 + 20j), ("-j", -1j),
        ("1+i", 1 + 1j), ("(1-2j)", 1 - 2j), ("+3J", 3j),
    ],
)  # fmt: skip
def test_texts_that_are_numbers(text, number):
    assert as_array([text, 0, np.float32(0.5), np.int8(1)], key="A").tolist() == [number, 0, 0.5, 1]
    assert as_array(np.array([[text, "0"]]), key="A").tolist() == [[number, 0]]


def test_operator_names_every_wrong_component():
    found = refused(operator, {"x": 0.1, "w": 1.0, "z": "1", "y": np.nan, "i": True}, key="H")
    assert {p.key for p in found} == {"H.w", "H.z", "H.y", "H.i"}


def test_density_matrix_from_vector_and_matrix():
    psi = np.array([0.6, 0.8j])
    np.testing.assert_allclose(density_matrix(psi, dimension=2), np.outer(psi, psi.conj()), atol=ROUNDING)
    rho = np.array([[0.7, 0.1j, 0], [-0.1j, 0.2, 0], [0, 0, 0.1]])
    np.testing.assert_allclose(density_matrix(rho, dimension=3), rho, atol=ROUNDING)
    np.testing.assert_allclose(
        density_matrix([["0.5", "0.5j"], ["-0.5j", 0.5]], dimension=2), [[0.5, 0.5j], [-0.5j, 0.5]]
    )


def test_norm_and_trace_are_divided_out_only_when_asked():
    np.testing.assert_allclose(density_matrix([3, 4], dimension=2, normalise=True), [[0.36, 0.48], [0.48, 0.64]])
    np.testing.assert_allclose(density_matrix([[3, 0], [0, 1]], dimension=2, normalise=True), np.diag([0.75, 0.25]))
    assert "norm 1" in refused(density_matrix, [3, 4], dimension=2)[0].allowed
    assert "trace 1" in refused(density_matrix, np.diag([0.5, 0.4]), dimension=2)[0].allowed


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("up", "+z"), (np.ones(3) / np.sqrt(3), "shape"), (np.eye(3) / 3, "shape"), (np.diag([1.1, -0.1]), "negative"),
        ([[0.5, 0.1], [0.2, 0.5]], "Hermitian"), ([0, 0], "norm"), ([[0.5, "x"], [0, 0.5]], "numbers"),
        ([np.nan, 1], "finite"),
    ],
    ids=repr,
)  # fmt: skip
def test_density_matrix_refuses(value, word):
    (problem,) = refused(density_matrix, value, dimension=2, key="initial")
    assert problem.key == "initial"
    assert word in problem.allowed


def test_qubit_names_are_for_qubits():
    assert refused(density_matrix, "+z", dimension=3)[0].key == "system.initial"


@given(seed=st.integers(0, 2**32 - 1), dimension=st.integers(2, 5), rank=st.integers(1, 5))
def test_purification(seed, dimension, rank):
    rng = np.random.default_rng(seed)
    rank = min(rank, dimension)
    vectors = rng.normal(size=(dimension, rank)) + 1j * rng.normal(size=(dimension, rank))
    rho = vectors @ vectors.conj().T
    rho /= np.trace(rho).real
    psi = purify(rho)
    np.testing.assert_allclose(psi @ psi.conj().T, rho, atol=1e-11)
    assert psi.shape[1] <= rank
    assert np.abs(psi @ psi.T - rho).max() > 1e-9 or np.allclose(rho.imag, 0)  # the conjugate matters
