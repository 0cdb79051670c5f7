"""Measuring: everything the trajectory records, read off a `BlockState` whose centre is site 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import chains
from tnthermo.blocks import BlockState
from tnthermo.kernels.measure import correlations, level_populations, site_moment, system_block
from tnthermo.local import Matrix, boson
from tnthermo.model import Model

Real = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Local:
    """What is measured after every step; see `tnthermo.trajectory.Trajectory` for the meaning of each."""

    rho_S: Matrix
    moment_X: Matrix
    moment_P: Matrix
    chain_energy: float
    total_energy: float
    norm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """What is measured at record times, per chain site; entropy in nats."""

    cut_entropy: float
    bonds: npt.NDArray[np.int64]
    occupations: Real
    levels: npt.NDArray[np.int64]
    top_populations: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeEnergies:
    """sum_k w_k Delta n_k of the physical modes and of the ancilla modes."""

    physical: float
    ancilla: float


def measure_local(blocks: BlockState, model: Model) -> Local:
    """Reduced state, its moments with X and P, and the energies; costs a few products of bond matrices."""
    bath = model.bath
    center = blocks.tensors[0]
    matrix = center[0]
    right = blocks.rights[1]

    def moment(site: int, operator: Matrix) -> Matrix:
        return _trace_ancilla(site_moment(blocks.tensors, site, operator), blocks.ancilla)

    def position(site: int) -> Matrix:
        return boson("position", blocks.tensors[site].shape[1]).astype(np.complex128)

    def momentum(site: int) -> Matrix:
        # -i (c - c^dag)
        lower = boson("lower", blocks.tensors[site].shape[1]).astype(np.complex128)
        return -1j * (lower - lower.conj().T)

    identity = np.eye(right.shape[1], dtype=np.complex128)
    moment_X = bath.coupling * moment(1, position(1))
    moment_P = bath.coupling * bath.frequencies[0] * moment(1, momentum(1))
    if bath.length > 1:
        moment_P = moment_P + bath.coupling * bath.hoppings[0] * moment(2, momentum(2))
    acted = np.zeros_like(matrix)
    finished = int(blocks.widths[1]) - 1
    for (_, b, row, column), value in zip(blocks.tables[0], blocks.values[0], strict=True):
        acted[row] += value * (matrix[column] if b == finished else matrix[column] @ right[b])
    return Local(
        rho_S=_trace_ancilla(system_block(center, identity), blocks.ancilla),
        moment_X=moment_X,
        moment_P=moment_P,
        chain_energy=float(np.vdot(matrix, matrix @ right[0]).real),
        total_energy=float(np.vdot(matrix, acted).real),
        norm=float(np.vdot(matrix, matrix).real),
    )


def measure_profile(blocks: BlockState) -> Profile:
    """Bonds, levels, occupations and the entropy of the cut system | chain."""
    n = len(blocks.tensors)
    largest = max(t.shape[1] for t in blocks.tensors)
    populations = np.zeros((n, largest))
    level_populations(blocks.tensors, n, populations)
    levels = blocks.levels
    occupations = populations[1:] @ np.arange(largest, dtype=np.float64)
    top = populations[np.arange(1, n), levels - 1]
    squares = np.linalg.svd(blocks.tensors[0][0], compute_uv=False) ** 2
    squares = squares[squares > 0]
    return Profile(
        cut_entropy=float(-np.sum(squares * np.log(squares))),
        bonds=blocks.bonds,
        occupations=occupations,
        levels=levels,
        top_populations=top,
    )


def measure_modes(blocks: BlockState, modes: chains.ModeFunctions) -> ModeEnergies:
    """Energy changes of the physical and the ancilla modes from <c_m^dag c_n> and <c_m c_n>, chain and thermofield maps undone.

    b_j = sum_n U_j,n c_n, a_j = cosh b_j + sinh b'_j^dag, a'_j = cosh b'_j + sinh b_j^dag. Cost O(N^2) contractions.
    """
    n = len(blocks.tensors) - 1
    normal = np.zeros((n, n), dtype=np.complex128)
    anomalous = np.zeros((n, n), dtype=np.complex128)
    correlations(blocks.tensors, n + 1, normal, anomalous)
    plus = np.einsum("jm,mn,jn->j", modes.positive, normal, modes.positive, optimize=True).real
    minus = np.einsum("jm,mn,jn->j", modes.negative, normal, modes.negative, optimize=True).real
    cross = 2 * np.einsum("jm,mn,jn->j", modes.positive, anomalous, modes.negative, optimize=True).real
    physical = modes.cosh**2 * plus + modes.sinh**2 * minus + modes.cosh * modes.sinh * cross
    ancilla = modes.cosh**2 * minus + modes.sinh**2 * plus + modes.cosh * modes.sinh * cross
    return ModeEnergies(physical=float(modes.frequencies @ physical), ancilla=float(modes.frequencies @ ancilla))


def _trace_ancilla(matrix: Matrix, ancilla: int) -> Matrix:
    d = matrix.shape[0] // ancilla
    return np.ascontiguousarray(np.trace(matrix.reshape(d, ancilla, d, ancilla), axis1=1, axis2=3))
