"""States of finite baths made without the engines: displaced branches in closed form, and dense propagation; their exact S_chi."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from scipy.sparse.linalg import expm_multiply
from scipy.special import roots_jacobi

import chains
import tnthermo as tt
from tests.oracles.general import General
from tests.oracles.naive import Naive, definitions_at, entropy, trace_bath, trace_system
from tnthermo.engines.exact import hamiltonian, tensors_of
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.network.state import State, coherent

Array = np.ndarray
ROUTES = ("star", "chain", "pair")
SIGMA = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1.0, -1.0])}
LOWER = np.array([[0.0, 0.0], [1.0, 0.0]])
STARTS = {"up": np.diag([1.0, 0.0]), "down": np.diag([0.0, 1.0]), "mixed": np.array([[0.6, 0.1], [0.1, 0.4]])}


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
    """A finite model started in rho_S (x) (displaced) thermal baths, its purified state at one time, and the oracle for it."""

    model: Model
    state: State
    initial_entropy: float
    oracle: Naive | General

    @cached_property
    def exact(self) -> dict[str, float]:
        """S_S, S_B, S_SB, S_chi by density matrices."""
        if isinstance(self.oracle, Naive):
            columns = definitions_at(self.oracle, self.state.time, 0.5)
            return {name: columns[name] for name in ("S_S", "S_B", "S_SB", "S_chi")}
        psi = next(self.oracle.states([self.state.time]))
        rho, weights = psi @ psi.conj().T, self.oracle.ensemble[0]
        found = {"S_S": entropy(trace_bath(self.oracle, rho)), "S_B": entropy(trace_system(self.oracle, rho))}
        found["S_SB"] = -float(np.sum(weights * np.log(weights)))
        return found | {"S_chi": found["S_S"] + found["S_B"] - found["S_SB"]}


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
    return _moved(naive, model, time, naive.initial, levels, np.zeros(model.sites))


def propagated_general(
    oracle: General, time: float, *, routes: tuple[str, ...], levels: tuple[int, int] = (10, 8), layout: str = "auto"
) -> Case:
    """The same of several baths without drives, each by its own route, displaced or not."""
    couplings, displaced = [], []
    for bath, route in zip(oracle.baths, routes, strict=True):
        density = chains.Discrete(frequencies=bath.frequencies, couplings=bath.couplings)
        on_sites = bath_of(density, 0.0 if np.isinf(bath.beta) else 1 / bath.beta, route)
        couplings.append(tt.couple(bath.operator, on_sites, kind="exchange" if bath.exchange else "hermitian"))
        shape = represented(on_sites)
        functions = shape.functions()
        own, partner = shape.over_sites(functions)
        alpha = np.array(bath.displacement or (0.0,) * len(bath.frequencies), dtype=complex)
        displaced.append((functions.cosh * alpha) @ own - (functions.sinh * alpha.conj()) @ partner)
    model = tt.assemble(hamiltonian=oracle.hamiltonian, couplings=couplings, layout=layout)
    return _moved(oracle, model, time, oracle.initial, levels, np.concatenate(displaced))


def _moved(
    oracle: Naive | General, model: Model, time: float, rho: Array, levels: tuple[int, int], amplitudes: Array
) -> Case:
    """From rho (d, d) and coherent states of the sites, chain after chain."""
    dimensions, system, d = [len(rho)] * (1 + model.sites), model.line.system, len(rho)
    for chain, places in zip(model.chains, model.line.chains, strict=True):
        for place in places:
            dimensions[place] = levels[1] if chain.weight == "absorption" else levels[0]
    H = hamiltonian(model.terms, tuple(dimensions)).tocsr()
    weights, vectors = np.linalg.eigh(rho)
    weights, vectors = weights[weights > 1e-14], vectors[:, weights > 1e-14]
    start = (vectors * np.sqrt(weights)).astype(complex)  # (d, r)
    factors = {place: coherent(a, dimensions[place]) for place, a in zip(model.line.places, amplitudes, strict=True)}
    left, right = (
        reduce(np.kron, [factors[place] for place in places], np.ones(1))
        for places in (range(system), range(system + 1, len(dimensions)))
    )
    psi = np.einsum("l,sa,r->lsra", left, start, right).reshape(H.shape[0], -1)
    moved = expm_multiply(-1j * time * H, psi).reshape(left.size, d, right.size, -1).transpose(0, 1, 3, 2)
    dimensions[system] = d * weights.size
    state = State(
        tensors=tensors_of(moved.reshape(dimensions), system), time=time, dimension=d, ancilla=weights.size,
        system=system,
    )  # fmt: skip
    entropy_of_start = float(-np.sum(weights * np.log(weights)))
    return Case(model=model, state=state, initial_entropy=entropy_of_start, oracle=oracle)
