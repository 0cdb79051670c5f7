"""How a bath stands on sites: as one chain, as a thermofield pair of chains, as star cells, or on none at all.

All of them answer the same questions; no other file asks which of them a bath is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal, Protocol

import numpy as np
import scipy

import chains as chain_maps
from chains import Chain, Discrete, ModeFunctions, SpectralDensity, StarCells, mode_functions, pair_mode_functions, star
from tnthermo.types import Complex, Real

Bath = Chain | tuple[Chain, Chain] | StarCells | chain_maps.Bath
Route = Literal["single-chain", "two-chains", "star-cells", "time-bins"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Branch:
    """Free modes that a bath is made of, in their vacuum at t = 0: H_bath = sum_k w_k b_k^dag b_k.

    frequencies  w_k (K,), energies; those of the partners of a warm bath are negative
    couplings    r_k (K,), energies: C = sum_k r_k b_k, or of a ``partner`` branch sum_k r_k b_k^dag, and of a bath that holds X only
                 X = sum_k r_k b_k + h.c.
    partner      whether C has them as creators
    vectors      (N, K): the sites c_n = sum_k vectors[n, k] b_k that these modes were made from; None where there are none
    """

    frequencies: Real
    couplings: Real
    partner: bool
    vectors: Real | None = None

    def amplitudes(self, phase: complex) -> Complex:
        """(K,) x_k of X = sum x_k b_k + h.c., for X = phase C + h.c."""
        return np.asarray((np.conj(phase) if self.partner else phase) * self.couplings, dtype=np.complex128)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rest:
    """What of a bath its free modes leave out: modes that are so fast that they follow the system at once.

    start           the frequency from which on they are left out; inf: none are
    reorganisation  int J/w dw over them, an energy
    """

    start: float = math.inf
    reorganisation: float = 0.0


class Representation(Protocol):
    """What the rest asks of a bath on sites.

    route      what the configuration calls it
    separate   whether every physical mode has sites of its own, all next to the system: no front runs along them
    """

    route: ClassVar[Route]
    separate: ClassVar[bool]

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains; of star cells all sites, each a chain of its own; of a bath that is not discretised none."""
        ...

    @property
    def density(self) -> SpectralDensity:
        """What it was made from."""
        ...

    @property
    def temperature(self) -> float:
        """Of the bath, an energy."""
        ...

    @property
    def local_strengths(self) -> tuple[float, ...]:
        """kappa of each chain; where all sites act together, the root of the sum of their squares."""
        ...

    @property
    def quantum(self) -> float:
        """The mean frequency of what the system emits first, an energy."""
        ...

    @property
    def modes(self) -> int:
        """Sites of each chain, or the number of cells."""
        ...

    @property
    def cells(self) -> StarCells | None:
        """The star cells; None of chains."""
        ...

    @property
    def frequencies(self) -> Real | None:
        """w_k (M,) > 0 of the physical modes, ascending; None of a continuum on a chain."""
        ...

    def functions(self) -> ModeFunctions:
        """The physical modes on the sites."""
        ...

    def over_sites(self, found: ModeFunctions) -> tuple[Real, Real]:
        """(b, b') of the physical modes (M, N) over all sites of the bath, chain after chain."""
        ...

    def joined(self, ordinary: np.ndarray, partner: np.ndarray) -> np.ndarray:
        """Amplitudes on all sites (N,), of what b and what b' bring to their chains."""
        ...

    def mode_couplings(self, found: ModeFunctions) -> Real:
        """g_k (M,) of the physical modes, energies."""
        ...

    def branches(self, longest_time: float) -> tuple[Branch, ...]:
        """The free modes of the bath, those of a continuum as many as are as good as it up to ``longest_time``."""
        ...

    def physical(self, longest_time: float) -> PhysicalModes:
        """The physical modes in terms of these."""
        ...

    def rest(self, longest_time: float) -> Rest:
        """What they leave out."""
        ...

    def cell_sites(self, mode: int) -> tuple[int, ...]:
        """The chains, one site each, that hold physical mode ``mode``. Raises TypeError where modes are not kept apart."""
        ...

    def describe(self, kind: str) -> str:
        """In words, coupled by a coupling of this ``kind``."""
        ...


WEIGHTS = {
    "vacuum": "J, T = 0",
    "thermal": "J_beta on the whole axis",
    "emission": "J (1 + n)",
    "absorption": "J n",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class PhysicalModes:
    """M modes a_k = cosh_k b_k + sinh_k b'_k^dag of one bath.

    frequencies, weights, cosh, sinh   (M,), as in `chains.ModeFunctions`
    couplings                          g_k (M,), energies
    ordinary, partner                  (M, K) b_k and b'_k as forms over the K free modes of the bath; None: mode k is free mode k, and its
                                       partner, where the bath is warm, free mode M + k
    """

    frequencies: Real
    weights: Real
    cosh: Real
    sinh: Real
    couplings: Real
    ordinary: Real | None = None
    partner: Real | None = None

    def displaced(self, amplitudes: np.ndarray, free: int) -> np.ndarray:
        """<b_k> (K,) of the ``free`` modes where <a_k> = amplitudes (M,): b_k is displaced by alpha_k cosh_k, b'_k by -conj(alpha_k)
        sinh_k.
        """
        up, down = self.cosh * amplitudes, -self.sinh * amplitudes.conj()
        if self.ordinary is not None and self.partner is not None:
            return np.asarray(self.ordinary.T @ up + self.partner.T @ down)
        return np.concatenate([up, down])[:free]


def _of_sites(bath: Representation) -> PhysicalModes:
    """The physical modes of a bath on sites in terms of the free modes of these."""
    found = bath.functions()
    sites = scipy.linalg.block_diag(*(part.vectors for part in bath.branches(0.0)))
    positive, negative = bath.over_sites(found)
    return PhysicalModes(
        frequencies=found.frequencies, weights=found.weights, cosh=found.cosh, sinh=found.sinh,
        couplings=bath.mode_couplings(found), ordinary=positive @ sites, partner=negative @ sites,
    )  # fmt: skip


def _branch(chain: Chain) -> Branch:
    """The modes of one chain."""
    found = star(chain)
    partner = chain.weight == "absorption"
    return Branch(
        frequencies=-found.frequencies if partner else found.frequencies, couplings=found.couplings, partner=partner,
        vectors=found.vectors,
    )  # fmt: skip


class _OnSites:
    """What chains and star cells have in common: the chains, of one site each or of many, are all that there is of the bath."""

    @property
    def chains(self) -> tuple[Chain, ...]:
        """All of them."""
        raise NotImplementedError

    @property
    def density(self) -> SpectralDensity:
        """What the chains were made from."""
        return self.chains[0].density

    @property
    def temperature(self) -> float:
        """Of the chains."""
        return self.chains[0].temperature

    @property
    def quantum(self) -> float:
        """The largest |e_0|."""
        return max(abs(float(chain.frequencies[0])) for chain in self.chains)

    def branches(self, longest_time: float) -> tuple[Branch, ...]:
        """The modes that the chains are made of, exact at any time."""
        return tuple(_branch(chain) for chain in self.chains)

    def physical(self, longest_time: float) -> PhysicalModes:
        """Those that are found on the sites."""
        return _of_sites(self)  # type: ignore[arg-type]

    def rest(self, longest_time: float) -> Rest:
        """Nothing: the modes of the chains are all that there is."""
        return Rest()


class _OnChains(_OnSites):
    """What one chain and a pair of them have in common."""

    separate: ClassVar[bool] = False

    @property
    def local_strengths(self) -> tuple[float, ...]:
        """kappa of each chain."""
        return tuple(chain.coupling for chain in self.chains)

    @property
    def modes(self) -> int:
        """Sites of each chain."""
        return max(chain.length for chain in self.chains)

    @property
    def cells(self) -> StarCells | None:
        """None: there are none."""
        return None

    @property
    def frequencies(self) -> Real | None:
        """The modes of a discrete density; a chain of a continuum has finitely many sites, too, but they are no modes of the bath."""
        density = self.chains[0].density
        return np.asarray(density.frequencies, dtype=np.float64) if isinstance(density, Discrete) else None

    def mode_couplings(self, found: ModeFunctions) -> Real:
        """g_k (M,), from the first chain, the thermofield map undone."""
        return np.asarray(self.chains[0].coupling * found.positive[:, 0] / found.cosh)

    def cell_sites(self, mode: int) -> tuple[int, ...]:
        """Raise: a chain mixes the modes."""
        raise TypeError("has no cells: only chains.star_cells(...) keeps the physical modes apart")

    def describe(self, kind: str) -> str:
        """Temperature, coupling and chains in words."""
        sites = " and ".join(f"{chain.length} ({WEIGHTS[chain.weight]})" for chain in self.chains)
        many = "chains" if len(self.chains) > 1 else "chain"
        return f"T = {self.chains[0].temperature:g}, {kind} coupling, {many} of {sites} sites"


@dataclass(frozen=True, eq=False)
class SingleChain(_OnChains):
    """One chain: C = kappa c_0, at T > 0 X = kappa (c_0 + c_0^dag) alone."""

    route: ClassVar[Route] = "single-chain"
    chain: Chain

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The one chain."""
        return (self.chain,)

    def functions(self) -> ModeFunctions:
        """The physical modes on the sites of the chain."""
        return mode_functions(self.chain)

    def over_sites(self, found: ModeFunctions) -> tuple[Real, Real]:
        """b and b' are on the same sites."""
        return found.positive, found.negative

    def joined(self, ordinary: np.ndarray, partner: np.ndarray) -> np.ndarray:
        """Both are on the same sites."""
        return np.asarray(ordinary + partner)


@dataclass(frozen=True, eq=False)
class ThermofieldPair(_OnChains):
    """A pair of chains: C = kappa_1 c_0 + kappa_2 d_0^dag."""

    route: ClassVar[Route] = "two-chains"
    pair: tuple[Chain, Chain]

    @property
    def chains(self) -> tuple[Chain, ...]:
        """Both chains, that of weight J (1 + n) first."""
        return self.pair

    def functions(self) -> ModeFunctions:
        """The physical modes on the sites of both chains."""
        return pair_mode_functions(self.pair)

    def over_sites(self, found: ModeFunctions) -> tuple[Real, Real]:
        """b is on the first chain, b' on the second."""
        first, second = (chain.length for chain in self.pair)
        positive = np.hstack([found.positive, np.zeros((found.positive.shape[0], second))])
        negative = np.hstack([np.zeros((found.negative.shape[0], first)), found.negative])
        return positive, negative

    def joined(self, ordinary: np.ndarray, partner: np.ndarray) -> np.ndarray:
        """One chain after the other."""
        return np.concatenate([ordinary, partner])


@dataclass(frozen=True, eq=False)
class Star(_OnSites):
    """Star cells: C = sum_k g_k (cosh_k b_k + sinh_k b'_k^dag), every site next to the system."""

    route: ClassVar[Route] = "star-cells"
    separate: ClassVar[bool] = True
    cells: StarCells

    @property
    def chains(self) -> tuple[Chain, ...]:
        """All sites, each a chain of its own."""
        return self.cells.chains

    @property
    def local_strengths(self) -> tuple[float, ...]:
        """The root of the sum of the squares of all kappa: the sites act together."""
        return (math.hypot(*(chain.coupling for chain in self.chains)),)

    @property
    def modes(self) -> int:
        """The number of cells."""
        return self.cells.modes

    @property
    def frequencies(self) -> Real | None:
        """The frequencies of the cells."""
        return np.asarray(self.cells.frequencies)

    def functions(self) -> ModeFunctions:
        """The modes are the cells themselves."""
        return mode_functions(self.cells)

    def over_sites(self, found: ModeFunctions) -> tuple[Real, Real]:
        """b and b' over the sites of all cells."""
        return found.positive, found.negative

    def joined(self, ordinary: np.ndarray, partner: np.ndarray) -> np.ndarray:
        """Both are over all sites."""
        return np.asarray(ordinary + partner)

    def mode_couplings(self, found: ModeFunctions) -> Real:
        """The couplings g_k (M,) of the cells."""
        return np.asarray(self.cells.couplings)

    def cell_sites(self, mode: int) -> tuple[int, ...]:
        """Numbers of (b_k, b'_k), or of (b_k,) at T = 0."""
        return self.cells.numbers(mode)

    def describe(self, kind: str) -> str:
        """Modes, sites, frequencies, temperature and coupling in words."""
        cells = self.cells
        low, high = cells.frequencies[0], cells.frequencies[-1]
        return (
            f"star cells of {cells.modes} modes ({len(cells.chains)} sites), w from {low:.4g} to {high:.4g}, "
            f"T = {cells.temperature:g}, {kind} coupling"
        )


@lru_cache(maxsize=8)
def _free(bath: chain_maps.Bath, longest_time: float) -> chain_maps.FreeModes:
    """Kept: modes, their field and their rest are asked for one after the other."""
    return chain_maps.free_modes(bath, longest_time=longest_time)


@dataclass(frozen=True, eq=False)
class Continuum:
    """A bath that is not discretised: it has no sites, and as many free modes as a run needs."""

    route: ClassVar[Route] = "time-bins"
    separate: ClassVar[bool] = False
    bath: chain_maps.Bath

    @property
    def chains(self) -> tuple[Chain, ...]:
        """None."""
        return ()

    @property
    def density(self) -> SpectralDensity:
        """Of the bath."""
        return self.bath.density

    @property
    def temperature(self) -> float:
        """Of the bath."""
        return self.bath.temperature

    @property
    def quantum(self) -> float:
        """The mean frequency of the modes that a short time needs."""
        free = _free(self.bath, 0.0)
        squares = free.couplings**2
        total = float(np.sum(squares))
        return float(squares @ free.frequencies) / total if total > 0.0 else 0.0

    @property
    def local_strengths(self) -> tuple[float, ...]:
        """sqrt(int J coth) of the modes that a short time needs."""
        free = _free(self.bath, 0.0)
        return (float(np.sqrt(np.sum(free.couplings**2 * (free.cosh**2 + free.sinh**2)))),)

    @property
    def modes(self) -> int:
        """None: they depend on the run."""
        return 0

    @property
    def cells(self) -> StarCells | None:
        """None: there are none."""
        return None

    @property
    def frequencies(self) -> Real | None:
        """The modes of a discrete density; None of a continuum."""
        density = self.bath.density
        return np.asarray(density.frequencies, dtype=np.float64) if isinstance(density, Discrete) else None

    def functions(self) -> ModeFunctions:
        """Raise: there are no sites."""
        raise TypeError("a bath that is not discretised has no sites")

    def over_sites(self, found: ModeFunctions) -> tuple[Real, Real]:
        """Raise: there are no sites."""
        raise TypeError("a bath that is not discretised has no sites")

    def joined(self, ordinary: np.ndarray, partner: np.ndarray) -> np.ndarray:
        """Raise: there are no sites."""
        raise TypeError("a bath that is not discretised has no sites")

    def mode_couplings(self, found: ModeFunctions) -> Real:
        """Raise: there are no sites."""
        raise TypeError("a bath that is not discretised has no sites")

    def branches(self, longest_time: float) -> tuple[Branch, ...]:
        """The modes b_k, and where the bath is warm their partners."""
        free = _free(self.bath, longest_time)
        ordinary = Branch(frequencies=free.frequencies, couplings=free.couplings * free.cosh, partner=False)
        if self.temperature == 0.0:
            return (ordinary,)
        return (ordinary, Branch(frequencies=-free.frequencies, couplings=free.couplings * free.sinh, partner=True))

    def physical(self, longest_time: float) -> PhysicalModes:
        """The nodes of the quadrature."""
        free = _free(self.bath, longest_time)
        return PhysicalModes(
            frequencies=free.frequencies, weights=free.weights, cosh=free.cosh, sinh=free.sinh, couplings=free.couplings
        )

    def rest(self, longest_time: float) -> Rest:
        """The far tail."""
        free = _free(self.bath, longest_time)
        return Rest(start=free.reach, reorganisation=free.reorganisation)

    def cell_sites(self, mode: int) -> tuple[int, ...]:
        """Raise: it has no cells."""
        raise TypeError("has no cells: only chains.star_cells(...) keeps the physical modes apart")

    def describe(self, kind: str) -> str:
        """Temperature and coupling in words."""
        return f"T = {self.temperature:g}, {kind} coupling, all modes of the density and its whole tail, no chain"


def represented(bath: Bath) -> Representation:
    """The representation that a bath of `tnthermo.couple` is."""
    if isinstance(bath, StarCells):
        return Star(bath)
    if isinstance(bath, chain_maps.Bath):
        return Continuum(bath)
    return ThermofieldPair(bath) if isinstance(bath, tuple) else SingleChain(bath)
