"""How a bath stands on sites: as one chain, as a thermofield pair of chains, or as star cells.

All three answer the same questions; no other file asks which of them a bath is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np

from chains import Chain, Discrete, ModeFunctions, StarCells, mode_functions, pair_mode_functions
from tnthermo.types import Real

Bath = Chain | tuple[Chain, Chain] | StarCells
Route = Literal["single-chain", "two-chains", "star-cells"]


class Representation(Protocol):
    """What the rest asks of a bath on sites.

    route      what the configuration calls it
    separate   whether every physical mode has sites of its own, all next to the system: no front runs along them
    """

    route: ClassVar[Route]
    separate: ClassVar[bool]

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains; of star cells all sites, each a chain of its own."""
        ...

    @property
    def local_strengths(self) -> tuple[float, ...]:
        """kappa of each chain; where all sites act together, the root of the sum of their squares."""
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


class _OnChains:
    """What one chain and a pair of them have in common."""

    separate: ClassVar[bool] = False

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The one or two chains."""
        raise NotImplementedError

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
class Star:
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


def represented(bath: Bath) -> Representation:
    """The representation that a bath of `tnthermo.couple` is."""
    if isinstance(bath, StarCells):
        return Star(bath)
    return ThermofieldPair(bath) if isinstance(bath, tuple) else SingleChain(bath)
