"""Renormalizer: TDVP by projector splitting on one site at a fixed bond, or on two sites. setting: step, levels, modes, max_bond, sites."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
from common import Problem, drive, mixed
from renormalizer import BasisHalfSpin, BasisSHO, Model, Mpo, Mps, Op
from renormalizer.utils import CompressConfig, CompressCriteria, EvolveConfig, EvolveMethod

PAULI = {
    "I": np.eye(2, dtype=complex),
    "sigma_x": np.array([[0, 1], [1, 0]], dtype=complex),
    "isigma_y": np.array([[0, 1], [-1, 0]], dtype=complex),
    "sigma_z": np.diag([1.0 + 0j, -1.0]),
}


def pauli(matrix: Any) -> list[tuple[str, complex]]:
    """A (2, 2) matrix as a sum; real factors where they are."""
    found = [(name, complex(np.trace(p.conj().T @ matrix)) / 2) for name, p in PAULI.items()]
    return [(name, c.real if abs(c.imag) < 1e-15 else c) for name, c in found if abs(c) > 1e-15]


def model(problem: Problem, levels: int, basis: Any) -> Any:
    """The terms of H with the system in ``basis`` (columns)."""
    turned = [basis.conj().T @ matrix @ basis for matrix in (problem.hamiltonian, problem.operator)]
    up, down, number = r"b^\dagger", "b", r"b^\dagger b"
    terms = [Op(name, "s", factor=c) for name, c in pauli(turned[0])]
    for matrix, name in ((turned[1], up), (turned[1].conj().T, down)):
        terms += [Op(f"{p} {name}", ["s", 0], factor=problem.kappa * c) for p, c in pauli(matrix)]
    terms += [Op(number, i, factor=float(e)) for i, e in enumerate(problem.frequencies)]
    for i, t in enumerate(problem.hoppings):
        terms += [Op(f"{a} {b}", [i, i + 1], factor=float(t)) for a, b in ((up, down), (down, up))]
    bosons = [BasisSHO(i, 1.0, levels) for i in range(problem.frequencies.size)]
    return Model([BasisHalfSpin("s"), *bosons], terms)


def evolve(problem: Problem, setting: dict[str, Any], start: Any) -> tuple[Any, Any]:
    """In a basis of the system that begins with the start."""
    start = np.asarray(start, dtype=complex)
    basis = np.column_stack([start, [-start[1].conj(), start[0].conj()]])
    own = model(problem, setting["levels"], basis)
    mpo = Mpo(own)
    z = Mpo(own, [Op(name, "s", factor=c) for name, c in pauli(basis.conj().T @ PAULI["sigma_z"] @ basis)])
    mps = Mps.hartree_product_state(own, {"s": 0})
    methods = {1: EvolveMethod.tdvp_ps, 2: EvolveMethod.tdvp_ps2}
    mps.evolve_config = EvolveConfig(methods[setting["sites"]])
    mps.compress_config = CompressConfig(CompressCriteria.fixed, max_bonddim=setting["max_bond"])
    if setting["sites"] == 1:
        mps = mps.expand_bond_dimension(mpo, include_ex=False)
    every, step = problem.every(setting["step"]), setting["step"]
    t, found = [0.0], [mps.expectation(z)]
    for k in range(1, problem.steps(step) + 1):
        mps = mps.evolve(mpo, step)
        if k % every == 0:
            t.append(k * step)
            found.append(mps.expectation(z))
    return np.array(t), np.real(found)


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    short = problem.shortened(setting["modes"])
    return mixed(short, lambda start: evolve(short, setting, start))


if __name__ == "__main__":
    drive("renormalizer", run, packages=("numpy",))
