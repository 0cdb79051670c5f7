"""The local Lindblad equation: each bath damps its own part of the system as if the parts were not coupled to each other.

d rho/dt = -i [H_S, rho] + sum_j D_j(rho), with the whole H_S in the commutator and D_j the secular dissipator
(`tnthermo.second_order.secular`) of bath j for a local Hamiltonian h_j in place of H_S, without a Lamb shift. For a qubit of splitting w_j
and A_j = sigma_x/2 it has jumps sigma_minus at the rate 2 pi J(w_j) (n(w_j) + 1)/4, sigma_plus at 2 pi J(w_j) n(w_j)/4.
Levy and Kosloff, EPL 107, 20004 (2014): its steady current between two baths may run from cold to hot, for two coupled qubits or
oscillators of frequencies w_h, w_c wherever w_c/T_c < w_h/T_h, T_h > T_c; the global equation, with the jumps of H_S itself, has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chains.checks import integer_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.evolution.arguments import model_problems
from tnthermo.model.model import Model
from tnthermo.model.operators import operator as read
from tnthermo.second_order.secular import Secular, secular
from tnthermo.types import Complex, Real


def local_hamiltonians(model: Model, parts: Sequence[int]) -> tuple[Complex, ...]:
    """What each bath sees of H_S by itself: H_S of those parts of the system on which its coupling acts, (d, d) for each bath.

    parts  dimensions of the parts of the system, in the order of the tensor product in which its matrices are written; their product is d

    h_j = Tr_rest[H_S]/d_rest (x) 1: the couplings of the parts to each other drop out where they have no part of a trace.
    Raises :class:`chains.InvalidInput` for a model that is none, or dimensions that are none of its system.
    """
    raise_if_any(model_problems(model) + parts_problems(parts))
    sizes = [int(part) for part in parts]
    d = model.dimension
    if math.prod(sizes) != d:
        allowed = f"dimensions whose product is that of the system, {d}"
        raise InvalidInput([Problem(key="parts", value=list(sizes), allowed=allowed)])
    found = []
    for coupling in model.couplings:
        acts = [any(_moved(operator, sizes, k) for operator in coupling.operators) for k in range(len(sizes))]
        found.append(_reduced(model.hamiltonian, sizes, acts))
    return tuple(found)


def parts_problems(parts: Any) -> list[Problem]:
    """Why ``parts`` are no dimensions of parts of a system, whatever system that is."""
    if not isinstance(parts, Sequence) or isinstance(parts, str | bytes) or not parts:
        return [Problem(key="parts", value=parts, allowed="dimensions of the parts of the system, e.g. (2, 2)")]
    return [problem for k, part in enumerate(parts) for problem in integer_problems(f"parts[{k}]", part, at_least=1)]


def _reduced(operator: Complex, sizes: list[int], kept: list[bool]) -> Complex:
    """Tr_rest[O]/d_rest (x) 1 (d, d), ``kept`` the parts that are not in the rest."""
    count = len(sizes)
    tensor = operator.reshape(*sizes, *sizes)
    for k in range(count):
        if not kept[k]:
            mean = np.trace(tensor, axis1=k, axis2=count + k) / sizes[k]
            tensor = np.moveaxis(np.multiply.outer(mean, np.eye(sizes[k])), (-2, -1), (k, count + k))
    return np.ascontiguousarray(tensor.reshape(operator.shape))


def _moved(operator: Complex, sizes: list[int], part: int) -> bool:
    """Whether an operator acts on a part at all: it is not what is left when that part is traced out."""
    rest = _reduced(operator, sizes, [k != part for k in range(len(sizes))])
    return bool(np.abs(operator - rest).max() > 1e-12 * max(float(np.abs(operator).max()), 1e-300))


def local_problems(local: Any, model: Model) -> list[Problem]:
    """Why ``local`` are no local Hamiltonians of a model: a Hermitian (d, d) matrix for each bath."""
    allowed = f"a Hermitian ({model.dimension}, {model.dimension}) matrix for each of the {len(model.couplings)} baths"
    if not isinstance(local, Sequence | np.ndarray) or len(local) != len(model.couplings):
        hint = "tnthermo.local_hamiltonians(model, parts) makes them"
        return [Problem(key="local", value=local, allowed=allowed, hint=hint)]
    problems = []
    for j, one in enumerate(local):
        try:
            matrix = read(one, key=f"local[{j}]")
        except InvalidInput as error:
            problems += list(error.problems)
            continue
        if matrix.shape != (model.dimension, model.dimension):
            problems.append(Problem(key=f"local[{j}]", value=one, allowed=allowed))
    return problems


def local_equation(model: Model, energies: Real, vectors: Complex, local: Sequence[Any]) -> Secular:
    """The generator in the eigenbasis of H_S: energies (d,), eigenvectors (d, d) as columns; ``local`` h_j (d, d) as H_S is written.

    Raises `chains.InvalidInput` where a memory integral does not exist.
    """
    d = energies.size
    operators = np.stack([channel.operator for channel in model.channels])
    baths = np.array([channel.bath for channel in model.channels])
    dissipators = np.zeros((len(model.couplings), d * d, d * d), dtype=np.complex128)
    for j, hamiltonian in enumerate(local):
        own, basis = np.linalg.eigh(read(hamiltonian, key=f"local[{j}]"))
        mine = np.where((baths == j)[:, None, None], operators, 0.0)
        found = secular(model, own, basis.conj().T @ mine @ basis)
        turn = vectors.conj().T @ basis  # from the basis of h_j into that of H_S
        both = np.kron(turn, turn.conj())
        dissipators[j] = both @ found.dissipators[j] @ both.conj().T
    return Secular(energies=energies, lamb_shift=np.zeros((d, d), dtype=np.complex128), dissipators=dissipators)
