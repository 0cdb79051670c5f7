"""What rho_S says by itself, and any operator's expectation value: against dense propagation, in every engine, with their errors."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from chains import InvalidInput
from tests.oracles.general import ledger as oracle_ledger
from tests.oracles.reference import load
from tests.physics.dense import oracle_of
from tests.physics.runs import bare, model_of
from tnthermo.results import netcdf
from tnthermo.thermo.definitions import OF_SYSTEM, QUBIT
from tnthermo.thermo.system import expectation_error

DENSITY = chains.Discrete(frequencies=[0.6, 1.3], couplings=[0.3, 0.25])
H2 = np.array([[0.4, 0.5 - 0.2j], [0.5 + 0.2j, -0.4]])
H3 = np.array([[0, 0.4, 0], [0.4, 0.5, 0.3j], [0, -0.3j, 1.0]])
MIXED = np.array([[0.7, 0.1 - 0.2j], [0.1 + 0.2j, 0.3]])
PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}
UNTIL, EVERY = 1.5, 0.25
SMALL = {"population", "ergotropy_incoherent", "ergotropy_coherent", "F_S"}  # columns that have no size in some case
FINE = tt.TDVP(step=0.125, tolerance=1e-6, max_bond=None, order=4)
WARM = tt.TDVP(step=0.125, tolerance=2e-5, max_bond=16, order=4)
SWEEP = tt.SystemDrive(operator={"z": 1.0}, drive=tt.Ramp(start=0.25, duration=1.0, final=-0.9))
JUMP = tt.SystemDrive(operator={"x": 1.0}, drive=tt.Square(start=0.75, duration=0.5, height=0.8))


def a_model(d: int, bath: Any, temperature: float = 0.5, drives: tuple[tt.SystemDrive, ...] = ()) -> tt.Model:
    coupling = {"z": 0.5, "x": 0.2} if d == 2 else np.diag([0.0, 0.4, 1.0])
    made = bath(density=DENSITY, temperature=temperature)
    return tt.assemble(hamiltonian=H2 if d == 2 else H3, couplings=[tt.couple(coupling, made)], drives=drives)


CASES: dict[str, tuple[tt.Model, Any, tt.Algorithm]] = {
    "qubit, dense": (a_model(2, chains.chain), "+y", tt.Exact(step=0.25, tolerance=1e-7)),
    "qubit, chain, mixed start": (a_model(2, chains.chain), MIXED, WARM),
    "qubit, star cells": (a_model(2, chains.star_cells), "-x", WARM),
    "qubit, time bins": (a_model(2, chains.Bath), MIXED, tt.TimeBins(step=0.125, tolerance=1e-6)),
    "three levels, chain": (a_model(3, chains.chain, 0.0), [0, 1, 0], FINE),
    "three levels, star cells": (a_model(3, chains.star_cells, 0.0), [1, 0, 0], FINE),
    "three levels, time bins": (a_model(3, chains.Bath, 0.0), [0.6, 0, 0.8j], tt.TimeBins(step=0.125, tolerance=1e-6)),
    "swept H_S": (a_model(2, chains.chain, 0.0, (SWEEP,)), "+z", FINE),
    "H_S that jumps": (a_model(2, chains.chain, 0.0, (JUMP,)), "+z", FINE),
}  # fmt: skip


def without_coherences(rho: np.ndarray, energies: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """sum_E P_E rho P_E, projector by projector."""
    found = np.zeros_like(rho)
    for energy in {round(float(E), 8) for E in energies}:
        here = vectors[:, np.abs(energies - energy) < 1e-7]
        projector = here @ here.conj().T
        found += projector @ rho @ projector
    return found


def extracted(rho: np.ndarray, hamiltonian: np.ndarray) -> float:
    """Tr[H rho] less the smallest energy that any order of its eigenvalues among the levels has."""
    weights, energies = np.linalg.eigvalsh(rho), np.linalg.eigvalsh(hamiltonian)
    least = min(float(np.dot(order, energies)) for order in itertools.permutations(weights))
    return float(np.trace(hamiltonian @ rho).real) - least


def from_states(rho: np.ndarray, hamiltonians: np.ndarray, T: float) -> dict[str, np.ndarray]:
    """The definitions, entry by entry, from rho_S and H_S (n, d, d)."""
    d = rho.shape[-1]
    found: dict[str, list[Any]] = {column.name: [] for column in OF_SYSTEM if d == 2 or column.name not in QUBIT}
    for state, hamiltonian in zip(rho, hamiltonians, strict=True):
        for axis in "xyz" if d == 2 else "":
            found[f"sigma_{axis}"].append(np.trace(np.array(PAULI[axis]) @ state).real)
        found["population"].append([state[k, k].real for k in range(d)])
        upper = [state[j, k] for k in range(d) for j in range(k)]
        found["coherence"].append([[z.real, z.imag] for z in upper])
        energies, vectors = np.linalg.eigh(hamiltonian)
        found["population_H"].append([(v.conj() @ state @ v).real for v in vectors.T])
        whole, part = (extracted(one, hamiltonian) for one in (state, without_coherences(state, energies, vectors)))
        found["ergotropy"].append(whole)
        found["ergotropy_incoherent"].append(part)
        found["ergotropy_coherent"].append(whole - part)
        weights = np.linalg.eigvalsh(state)
        entropy = -sum(p * np.log(p) for p in weights if p > 0)
        found["F_S"].append(np.trace(hamiltonian @ state).real - T * entropy)
    return {name: np.array(rows) for name, rows in found.items()}


@cache
def dense(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, rho_S, H_S) of a case from dense propagation, in which no chain is."""
    model, initial, _ = CASES[name]
    start = initial
    if isinstance(initial, str):
        start = {"+y": [1, 1j], "-x": [1, -1], "+z": [np.sqrt(2), 0]}[initial]
        start = np.array(start) / np.sqrt(2)
    rho = np.outer(start, np.conj(start)) if np.ndim(start) == 1 else np.asarray(start)
    times = np.arange(0, UNTIL + 1e-9, EVERY)
    system = oracle_of(model, 7 if model.temperatures[0] == 0 else 10, rho)
    found = oracle_ledger(system, times, 0.5)
    return times, found["rho_S"], np.array([system.H_S(t) for t in times])


@pytest.mark.parametrize("name", CASES)
def test_every_engine_against_dense_propagation(name: str) -> None:
    model, initial, algorithm = CASES[name]
    times, rho, hamiltonians = dense(name)
    run = bare(model, algorithm, UNTIL, initial=initial, record_every=EVERY, levels=9)
    dataset = tt.ledger(run).sel(t=times, method="nearest", tolerance=1e-9)
    expected = from_states(rho, hamiltonians, model.temperatures[0])
    assert {name for name in expected} == {c.name for c in OF_SYSTEM if c.name in dataset}
    for column, values in expected.items():
        np.testing.assert_allclose(dataset[column].values, values, atol=3e-4, err_msg=column)
        if column not in SMALL:  # nothing passes by having no size
            assert np.abs(values).max() > 0.1, column
    # the negative twin: a sign of y, a transposed matrix and another order of the levels are seen
    wrong = from_states(rho.conj(), hamiltonians, model.temperatures[0])
    assert np.abs(dataset["coherence"].values - wrong["coherence"]).max() > 1e-2
    assert np.abs(dataset["population_H"].values[:, ::-1] - expected["population_H"]).max() > 1e-2
    if run.rho_S.shape[-1] == 2:
        assert np.abs(dataset["sigma_y"].values - wrong["sigma_y"]).max() > 1e-2


def test_a_stored_reference() -> None:
    reference = load("tilted_coupling_mixed_start")
    until = float(reference.times[-1])
    run = bare(model_of(reference), tt.Exact(step=0.1, tolerance=1e-5), until, initial=reference.initial)
    at = tt.ledger(run).sel(t=reference.times, method="nearest", tolerance=1e-9)
    expected = from_states(
        reference.rho_S, np.array([reference.hamiltonian] * reference.times.size), 1 / reference.beta
    )
    for name, values in expected.items():
        np.testing.assert_allclose(at[name].values, values, atol=2e-5, err_msg=name)


@cache
def rough_run() -> tt.Trajectory:
    """Error bars that have something to say."""
    model, initial, _ = CASES["qubit, chain, mixed start"]
    algorithm = tt.TDVP(step=0.25, tolerance=1e-3, max_bond=6)
    return tt.evolve(model, initial=initial, algorithm=algorithm, until=UNTIL, levels=12, bath_entropy="off")


def test_errors_hold_the_truth_and_are_those_of_the_state() -> None:
    times, rho, hamiltonians = dense("qubit, chain, mixed start")
    dataset = tt.ledger(rough_run())
    at = dataset.sel(t=times, method="nearest", tolerance=1e-9)
    for name, values in from_states(rho, hamiltonians, 0.5).items():
        off, error = np.abs(at[name].values - values), at[f"{name}_error"].values
        assert error.shape == values.shape
        assert np.all(off <= error + 1e-9), name
        assert np.all(error[1:] > 0), name
        assert dataset[f"{name}_error"].attrs["units"] == dataset[name].attrs["units"]
    bar = at["rho_S_error"].values[:, 0, 0, 0]
    np.testing.assert_array_equal(at["coherence_error"].values[:, 0, 0], bar)
    assert np.all(at["population_error"].values[:, 0] >= bar)
    assert np.all(at["sigma_x_error"].values >= 2 * bar)


def test_errors_are_infinite_or_unknown_where_those_of_the_state_are() -> None:
    model, initial, _ = CASES["qubit, chain, mixed start"]
    blind = tt.evolve(model, initial=initial, algorithm=tt.TDVP(step=0.25, max_bond=1), until=0.5, bath_entropy="off")
    dataset = tt.ledger(blind)
    for name in (column.name for column in OF_SYSTEM):
        assert np.isinf(dataset[f"{name}_error"].values[-1]).all(), name
        assert dataset[f"{name}_error"].attrs["infinite"]
    assert np.isinf(dataset.tnthermo.expect("z").error.values[-1])
    without = tt.ledger(replace(rough_run(), rough=None))
    assert not [name for name in without.data_vars if str(name).endswith("_error")]
    assert "error" not in without.tnthermo.expect("z").coords


def test_no_operator_has_a_larger_error_than_is_said() -> None:
    """Random changes of rho_S within the bar, and the one that reaches it."""
    rng = np.random.default_rng(7)
    for d in (2, 3, 5):
        raw = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
        operator = raw + raw.conj().T
        rho = np.eye(d)[None] / d
        most = float(expectation_error(operator, rho, np.array([1e-3]))[0])
        largest = 0.0
        for _ in range(300):
            entries = rng.choice([-1e-3, 1e-3], size=(2, d, d))
            change = np.triu(entries[0] + 1j * entries[1], 1)
            change = change + change.conj().T + np.diag(entries[0].diagonal())
            change -= np.eye(d) * np.trace(change) / d  # no norm is lost
            largest = max(largest, abs(float(np.trace(operator @ change).real)))
        assert largest <= most * (2 - 2 / d) + 1e-12  # taking the trace out may double an entry on the diagonal
        assert largest > most / 4


def test_levels_of_equal_energy_share_what_they_hold() -> None:
    """H_S = 0, and one pair of three levels: no basis is picked."""
    bath = chains.chain(DENSITY)
    for hamiltonian, start, shares in (
        (np.zeros((2, 2)), [1, 0], [0.5, 0.5]),
        (np.diag([1.0, 0.2, 0.2]), [0, 1, 0], [0.5, 0.5, 0]),
        (np.diag([0.2, 0.2, -1.0]), [0, 0.6, 0.8], [0.64, 0.18, 0.18]),
    ):
        d = len(start)
        model = tt.SpinBoson(hamiltonian=hamiltonian, coupling=np.diag(np.arange(d)), bath=bath)
        dataset = tt.ledger(bare(model, tt.Exact(step=0.25, tolerance=1e-5), 0.5, initial=start, levels=5))
        np.testing.assert_allclose(dataset["population_H"].values, np.tile(shares, (dataset.t.size, 1)), atol=1e-8)
        assert "equal energies" in dataset["population_H"].attrs["degenerate"]
    unequal = tt.ledger(bare(a_model(2, chains.chain, 0.0), tt.Exact(step=0.25, tolerance=1e-5), 0.5, levels=5))
    assert not {"degenerate", "turns"} & set(unequal["population_H"].attrs)


def test_crossings_and_jumps_of_levels_are_said() -> None:
    """A level that crosses another is the k-th of another number from then on; where H_S turns slowly nothing is to be said."""
    bath = chains.chain(DENSITY)
    for x, said in ((0.0, True), (0.5, False)):
        through = tt.SystemDrive(operator={"z": 1.0}, drive=tt.Ramp(duration=1.0, initial=0.55, final=-0.45))
        model = tt.SpinBoson(hamiltonian={"x": x}, coupling={"z": 0.1}, bath=bath, drives=[through])
        run = bare(model, tt.Exact(step=0.1, tolerance=1e-6), 1.0, initial="+z", levels=5)
        found = tt.ledger(run)["population_H"]
        assert ("turns" in found.attrs) == said
        if said:
            assert "before t = 0.6" in found.attrs["turns"]
            np.testing.assert_allclose(found.values[:, 1], np.where(run.t < 0.55, 1, 0), atol=1e-8)
        else:
            assert np.abs(np.diff(found.values[:, 0])).max() < 0.2
    jumping = tt.ledger(bare(CASES["H_S that jumps"][0], tt.Exact(step=0.25, tolerance=1e-5), 1.5, levels=5))
    assert "turns" not in jumping["population_H"].attrs  # by less than half
    exact = tt.SystemDrive(operator={"z": 1.0}, drive=tt.Ramp(duration=1.0, initial=0.5, final=-0.5))
    model = tt.SpinBoson(hamiltonian={"x": 0.0}, coupling={"z": 0.1}, bath=bath, drives=[exact])
    at_zero = tt.ledger(bare(model, tt.Exact(step=0.25, tolerance=1e-6), 1.0, levels=5))["population_H"]
    assert "at t = 0.5" in at_zero.attrs["degenerate"]
    np.testing.assert_allclose(at_zero.sel(t=0.5), [0.5, 0.5], atol=1e-12)


def test_any_operator() -> None:
    dataset = tt.ledger(rough_run())
    rho = rough_run().rho_S[rough_run().recorded]
    operators: list[Any] = [
        "x",
        {"x": 0.3, "z": -1.0},
        "sigma_minus",
        [[1, "2-1j"], ["2+1j", 0]],
        np.array([[0, 1j], [0, 2]]),
    ]
    matrices = [
        PAULI["x"], [[-1, 0.3], [0.3, 1]], [[0, 0], [1, 0]], [[1, 2 - 1j], [2 + 1j, 0]], [[0, 1j], [0, 2]],
    ]  # fmt: skip
    for operator, matrix in zip(operators, matrices, strict=True):
        found = tt.expectation(dataset, operator)
        expected = np.einsum("ij,nji->n", np.array(matrix), rho)
        assert found.dims == ("t",)
        assert np.iscomplexobj(found.values) == (not np.allclose(matrix, np.conj(matrix).T))
        np.testing.assert_allclose(
            found.values, expected if np.iscomplexobj(found.values) else expected.real, atol=1e-14
        )
        assert found.error.dims == ("t",)
        assert (found.error.values[1:] > 0).all()
        assert found.identical(dataset.tnthermo.expect(operator))
    for axis in "xyz":  # the columns are what this gives
        np.testing.assert_array_equal(tt.expectation(dataset, axis).values, dataset[f"sigma_{axis}"].values)
        np.testing.assert_array_equal(tt.expectation(dataset, axis).error.values, dataset[f"sigma_{axis}_error"].values)
    one = tt.expectation(dataset, "i")
    np.testing.assert_allclose(one.values, dataset["norm"].values, atol=1e-12)
    np.testing.assert_allclose(one.error.values, np.abs(1 - dataset["norm"].values), atol=1e-12)


def test_an_own_observable_is_the_same_number() -> None:
    model, initial, _ = CASES["qubit, dense"]
    operator = [[0.3, "0.5-0.4j"], ["0.5+0.4j", -1.0]]
    run = bare(
        model, tt.Exact(step=0.25, tolerance=1e-5), 0.5, initial=initial, levels=6, observables={"mine": operator}
    )
    dataset = tt.ledger(run)
    np.testing.assert_allclose(dataset["mine"].values, tt.expectation(dataset, operator).values, atol=1e-12)
    # one that is called like a column, in a file of before, stays what its owner meant by it
    named = bare(model, tt.Exact(step=0.25, tolerance=1e-5), 0.5, levels=6, observables={"sigma_z": {"z": 0.5}})
    values = tt.ledger(named)["sigma_z"].values
    np.testing.assert_allclose(values, 0.5 * (named.rho_S[:, 0, 0] - named.rho_S[:, 1, 1]).real, atol=1e-14)


def test_what_is_wrong_comes_together() -> None:
    dataset = tt.ledger(rough_run())
    with pytest.raises(InvalidInput) as caught:
        tt.expectation(dataset, np.eye(3))
    assert str(caught.value.problems[0].allowed) == "the size of the system (2, 2), found (3, 3)"
    with pytest.raises(InvalidInput) as caught:
        tt.expectation(dataset.drop_vars("rho_S"), "sigma_minos")
    assert [problem.key for problem in caught.value.problems] == ["ledger", "operator"]
    assert "did you mean sigma_minus" in caught.value.problems[1].hint
    with pytest.raises(InvalidInput, match="rho_S with dimensions row, column, complex"):
        dataset.isel(row=0).tnthermo.expect("z")
    with pytest.raises(InvalidInput, match="a square matrix"):
        dataset.tnthermo.expect(np.ones((2, 3)))


def test_a_file_and_its_dimensions(tmp_path: Any) -> None:
    """netCDF and back, labels included; a ledger without these columns, as files of before are, gives the same expectation values."""
    dataset = tt.ledger(rough_run())
    path = tmp_path / "run.nc"
    path.write_bytes(netcdf.image_of({netcdf.ROOT: dataset}).getvalue())
    back = xr.load_dataset(path)
    for column in OF_SYSTEM:
        assert back[column.name].identical(dataset[column.name])
        assert {"units", "long_name", "equation"} <= set(back[column.name].attrs)
    np.testing.assert_array_equal(
        back["coherence"].sel(pair="0,1", complex="re").values, back["rho_S"].values[:, 0, 1, 0]
    )
    old = back.drop_dims(["level", "pair"]).drop_vars(
        [f"sigma_{axis}{end}" for axis in "xyz" for end in ("", "_error")]
    )
    np.testing.assert_array_equal(tt.expectation(old, "z").values, back["sigma_z"].values)


def test_further_dimensions_stay() -> None:
    """Those of a collected sweep."""
    dataset = tt.ledger(rough_run())
    both = xr.concat([dataset, dataset], dim="alpha").assign_coords(alpha=[0.1, 0.2])
    found = tt.expectation(both, "x")
    assert found.dims == ("alpha", "t")
    assert found.error.dims == ("alpha", "t")
    np.testing.assert_array_equal(found.sel(alpha=0.2).values, dataset["sigma_x"].values)


def test_the_accessor_is_there_when_xarray_came_first() -> None:
    """And otherwise from the first ledger on: importing this library does not import xarray."""
    root = Path(tt.__file__).parents[1]
    for source, there in (
        ("import xarray, tnthermo", True),
        ("import tnthermo, xarray", False),
        ("import tnthermo, xarray; tnthermo.ledger", True),
    ):
        command = f"{source}; print(hasattr(xarray.Dataset, 'tnthermo'))"
        environment = os.environ | {"PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(there), source


def test_second_order_has_them_too() -> None:
    model, initial, _ = CASES["swept H_S"]
    times = np.array([0.0, 0.5, 1.0])
    found = tt.weak_coupling(model, initial=initial, times=times, method="tcl2")
    rho = found["rho_S"].values[..., 0] + 1j * found["rho_S"].values[..., 1]
    for name, values in from_states(rho, model.hamiltonian_at(times), 0.0).items():
        np.testing.assert_allclose(found[name].values, values, atol=1e-12, err_msg=name)
    assert "error" not in tt.expectation(found, "x").coords
