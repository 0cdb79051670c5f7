"""States of finite baths made without the engines: displaced branches in closed form, and dense propagation; their exact S_chi."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import expm_multiply
from scipy.special import roots_jacobi

import chains
import tnthermo as tt
from tests.oracles.naive import Naive, definitions_at
from tnthermo.engines.exact import hamiltonian, tensors_of
from tnthermo.model.model import Model
from tnthermo.network.state import State, coherent

Array = np.ndarray
ROUTES = ("star", "chain", "pair")


def bath_of(density: chains.Discrete, temperature: float, route: str) -> chains.StarCells | chains.Chain | tuple:
    """The same modes by one of ``ROUTES``."""
    if route == "star":
        return chains.star_cells(density, temperature=temperature)
    if route == "pair":
        return chains.thermofield_chains(density, temperature=temperature)
    return chains.chain(density, temperature=temperature)


def ohmic_nodes(modes: int, slope: float) -> chains.Discrete:
    """Gauss nodes of J = slope w on [0, 1]."""
    x, weights = roots_jacobi(modes, 0, 1)
    return chains.Discrete(frequencies=(1 + x) / 2, couplings=np.sqrt(slope * weights / 4))


def gauged(tensors: list[Array]) -> tuple[Array, ...]:
    """Right-orthonormal after site 0."""
    result = list(tensors)
    for i in range(len(result) - 1, 0, -1):
        l, d, r = result[i].shape
        q, rest = np.linalg.qr(result[i].reshape(l, d * r).conj().T)
        result[i] = np.ascontiguousarray(q.conj().T).reshape(-1, d, r)
        result[i - 1] = np.tensordot(result[i - 1], rest.conj().T, axes=1)
    return tuple(result)


def displaced_branches(model: Model, density: chains.Discrete, time: float, route: str) -> State:
    """Pure dephasing by sigma_z from +x: |0>|alpha> + |1>|-alpha>, a product of coherent states of all sites in either branch.

    a_k is displaced by -(g/w)(1 - exp(-i w t)), b_k by cosh times that, b'_k by -sinh times its conjugate.
    """
    w, g = np.asarray(density.frequencies), np.asarray(density.couplings)
    alpha = -(g / w) * (1 - np.exp(-1j * w * time))
    coupling = model.couplings[0]
    functions = chains.pair_mode_functions(coupling.bath) if route == "pair" else chains.mode_functions(coupling.bath)
    assert np.allclose(functions.frequencies, w)
    own = (functions.cosh * alpha) @ functions.positive
    partner = -(functions.sinh * alpha.conj()) @ functions.negative
    amplitudes = np.concatenate([own, partner]) if route == "pair" else own + partner
    tensors = [np.eye(2, dtype=complex)[None] / np.sqrt(2)]
    sites: dict[int, Array] = {}
    for place, amplitude in zip(model.line.places, amplitudes, strict=True):
        levels = 6 + int(6 * abs(amplitude) + abs(amplitude) ** 2)
        while np.linalg.norm(coherent(amplitude, levels)) < 1 - 1e-14:
            levels += 1
        site = np.zeros((2, levels, 2), dtype=complex)
        site[0, :, 0], site[1, :, 1] = coherent(amplitude, levels), coherent(-amplitude, levels)
        sites[place] = site
    tensors += [sites[place] for place in sorted(sites)]
    tensors[-1] = tensors[-1].sum(axis=2, keepdims=True)
    return State(tensors=gauged(tensors), time=time, dimension=2, ancilla=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A finite model started in rho_S (x) thermal bath, its purified state at one time, and the oracle for it."""

    model: Model
    state: State
    initial_entropy: float
    naive: Naive

    def exact(self) -> dict[str, float]:
        """S_S, S_B, S_SB, S_chi by density matrices."""
        columns = definitions_at(self.naive, self.state.time, 0.5)
        return {name: columns[name] for name in ("S_S", "S_B", "S_SB", "S_chi")}


def propagated(naive: Naive, time: float, *, route: str = "star", levels: tuple[int, int] = (12, 8)) -> Case:
    """The model of an oracle, its start and its evolution as a dense vector in the frame of a route.

    levels  of sites of weight J (1 + n) (and of chains), of sites of weight J n
    """
    density = chains.Discrete(frequencies=naive.frequencies, couplings=naive.couplings)
    bath = bath_of(density, 0.0 if np.isinf(naive.beta) else 1 / naive.beta, route)
    if naive.exchange:
        model = tt.JaynesCummings(hamiltonian=naive.hamiltonian, coupling=naive.coupling, bath=bath)
    else:
        model = tt.SpinBoson(hamiltonian=naive.hamiltonian, coupling=naive.coupling, bath=bath)
    dimensions = [naive.dimension] * (1 + model.sites)
    for chain, places in zip(model.chains, model.line.chains, strict=True):
        for place in places:
            dimensions[place] = levels[1] if chain.weight == "absorption" else levels[0]
    H = hamiltonian(model.terms, tuple(dimensions)).tocsr()
    weights, vectors = np.linalg.eigh(naive.initial)
    weights, vectors = weights[weights > 1e-14], vectors[:, weights > 1e-14]
    start = np.zeros((naive.dimension, H.shape[0] // naive.dimension, weights.size), dtype=complex)
    start[:, 0, :] = vectors * np.sqrt(weights)
    moved = expm_multiply(-1j * time * H, start.reshape(H.shape[0], weights.size))
    moved = moved.reshape(naive.dimension, -1, weights.size).transpose(0, 2, 1)
    psi = moved.reshape(naive.dimension * weights.size, *dimensions[1:])
    state = State(tensors=tensors_of(psi), time=time, dimension=naive.dimension, ancilla=weights.size)
    entropy = float(-np.sum(weights * np.log(weights)))
    return Case(model=model, state=state, initial_entropy=entropy, naive=naive)
