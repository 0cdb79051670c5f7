"""Star-to-chain transforms: from a spectral density and a temperature to the chain that stands for the bath.

One convention: J(w) = sum_k g_k^2 delta(w - w_k), no pi; X = sum_k g_k (a_k + a_k^dag); hbar = k_B = 1.
"""

from chains.accuracy.correlation import chain_correlation, correlation, correlation_error, exact_correlation
from chains.accuracy.diagnose import Diagnosis, diagnose
from chains.accuracy.light_cone import (
    LONGEST_CHAIN,
    EndTimes,
    end_times,
    front_time,
    light_cone_time,
    required_length,
    required_length_front,
)
from chains.accuracy.tail import Tail, lost_reorganisation, lost_tail, tail
from chains.densities.discrete import Discrete
from chains.densities.function import Function
from chains.densities.lorentzian import Brownian, DrudeLorentz
from chains.densities.power_law import ContinuousDensity, Element, PowerLaw
from chains.densities.semicircle import Semicircle
from chains.densities.sums import Sum
from chains.densities.table import Table
from chains.maps.arguments import SpectralDensity, argument_problems
from chains.maps.cells import StarCells, cells_of, star_cells
from chains.maps.coefficients import ChainNotConverged, chain, thermofield_chains
from chains.maps.measure import divergent_integrals, measure
from chains.maps.modes import ModeFunctions, mode_functions, pair_mode_functions
from chains.maps.sites import Chain
from chains.maps.star import Coefficients, Star, from_star, star
from chains.problems import InvalidInput, Problem

__all__ = [
    # spectral densities
    "Brownian",
    "ContinuousDensity",
    "Discrete",
    "DrudeLorentz",
    "Element",
    "Function",
    "PowerLaw",
    "Semicircle",
    "SpectralDensity",
    "Sum",
    "Table",
    "argument_problems",
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
    "cells_of",
    "from_star",
    "star",
    "star_cells",
    # what a chain is worth
    "LONGEST_CHAIN",
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
