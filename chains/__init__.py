"""Star-to-chain transforms: from a spectral density and a temperature to the chain that stands for the bath.

One convention: J(w) = sum_k g_k^2 delta(w - w_k), no pi; X = sum_k g_k (a_k + a_k^dag); hbar = k_B = 1.
"""

from chains.arguments import SpectralDensity
from chains.cells import StarCells, star_cells
from chains.coefficients import ChainNotConverged, chain, thermofield_chains
from chains.correlation import chain_correlation, correlation, correlation_error, exact_correlation
from chains.diagnose import Diagnosis, diagnose
from chains.discrete import Discrete
from chains.function import Function
from chains.integrals import divergent_integrals, measure
from chains.light_cone import EndTimes, end_times, front_time, light_cone_time, required_length, required_length_front
from chains.lorentzian import Brownian, DrudeLorentz
from chains.mapping import ModeFunctions, mode_functions, pair_mode_functions
from chains.problems import InvalidInput, Problem
from chains.semicircle import Semicircle
from chains.sites import Chain
from chains.spectral import ContinuousDensity, PowerLaw
from chains.star import Coefficients, Star, from_star, star
from chains.sums import Sum
from chains.table import Table
from chains.tail import Tail, lost_reorganisation, lost_tail, tail

__all__ = [
    # spectral densities
    "Brownian",
    "ContinuousDensity",
    "Discrete",
    "DrudeLorentz",
    "Function",
    "PowerLaw",
    "Semicircle",
    "SpectralDensity",
    "Sum",
    "Table",
    "divergent_integrals",
    # chains
    "Chain",
    "ChainNotConverged",
    "chain",
    "thermofield_chains",
    # stars
    "Coefficients",
    "Star",
    "StarCells",
    "from_star",
    "star",
    "star_cells",
    # what a chain is worth
    "Diagnosis",
    "chain_correlation",
    "correlation",
    "correlation_error",
    "diagnose",
    "exact_correlation",
    "measure",
    "Tail",
    "lost_reorganisation",
    "lost_tail",
    "tail",
    "EndTimes",
    "end_times",
    "front_time",
    "light_cone_time",
    "required_length",
    "required_length_front",
    # back to the physical modes
    "ModeFunctions",
    "mode_functions",
    "pair_mode_functions",
    # bad input
    "InvalidInput",
    "Problem",
]
