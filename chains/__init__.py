"""Star-to-chain transforms: from a spectral density and a temperature to the chain that stands for the bath.

One convention: J(w) = sum_k g_k^2 delta(w - w_k), no pi; X = sum_k g_k (a_k + a_k^dag); hbar = k_B = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chains.on_demand import on_demand

if TYPE_CHECKING:
    from chains.accuracy.correlation import chain_correlation, correlation, correlation_error, exact_correlation
    from chains.accuracy.diagnose import Diagnosis, diagnose
    from chains.accuracy.equilibrium import equilibrium_error, required_length_equilibrium
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
    from chains.conventions.named import (
        caldeira_leggett,
        huang_rhys,
        oqupy_power_law,
        quantumdynamics_drude_lorentz,
        quantumdynamics_exponential,
        qutip_drude_lorentz,
        qutip_ohmic,
        qutip_underdamped,
    )
    from chains.conventions.objects import from_oqupy, from_qutip
    from chains.conventions.scaled import scaled
    from chains.densities.discrete import Discrete
    from chains.densities.function import Function
    from chains.densities.lorentzian import Brownian, DrudeLorentz
    from chains.densities.power_law import ContinuousDensity, Element, PowerLaw
    from chains.densities.semicircle import Semicircle
    from chains.densities.sums import Sum
    from chains.densities.table import Table
    from chains.maps.arguments import SpectralDensity, argument_problems
    from chains.maps.bath import Bath, FreeModes, free_modes, with_tail
    from chains.maps.cells import StarCells, cells_of, star_cells
    from chains.maps.coefficients import ChainNotConverged, chain, thermofield_chains
    from chains.maps.measure import divergent_integrals, measure
    from chains.maps.modes import ModeFunctions, mode_functions, pair_mode_functions
    from chains.maps.sites import Chain
    from chains.maps.star import Coefficients, Star, from_star, star
    from chains.problems import InvalidInput, Problem

# Which module a public name lives in: what is imported when it is first asked for. A test compares it with the imports above.
HOMES = {
    "chains.accuracy.correlation": ("chain_correlation", "correlation", "correlation_error", "exact_correlation"),
    "chains.accuracy.diagnose": ("Diagnosis", "diagnose"),
    "chains.accuracy.equilibrium": ("equilibrium_error", "required_length_equilibrium"),
    "chains.accuracy.light_cone": (
        "LONGEST_CHAIN",
        "EndTimes",
        "end_times",
        "front_time",
        "light_cone_time",
        "required_length",
        "required_length_front",
    ),
    "chains.accuracy.tail": ("Tail", "lost_reorganisation", "lost_tail", "tail"),
    "chains.conventions.named": (
        "caldeira_leggett",
        "huang_rhys",
        "oqupy_power_law",
        "quantumdynamics_drude_lorentz",
        "quantumdynamics_exponential",
        "qutip_drude_lorentz",
        "qutip_ohmic",
        "qutip_underdamped",
    ),
    "chains.conventions.objects": ("from_oqupy", "from_qutip"),
    "chains.conventions.scaled": ("scaled",),
    "chains.densities.discrete": ("Discrete",),
    "chains.densities.function": ("Function",),
    "chains.densities.lorentzian": ("Brownian", "DrudeLorentz"),
    "chains.densities.power_law": ("ContinuousDensity", "Element", "PowerLaw"),
    "chains.densities.semicircle": ("Semicircle",),
    "chains.densities.sums": ("Sum",),
    "chains.densities.table": ("Table",),
    "chains.maps.arguments": ("SpectralDensity", "argument_problems"),
    "chains.maps.bath": ("Bath", "FreeModes", "free_modes", "with_tail"),
    "chains.maps.cells": ("StarCells", "cells_of", "star_cells"),
    "chains.maps.coefficients": ("ChainNotConverged", "chain", "thermofield_chains"),
    "chains.maps.measure": ("divergent_integrals", "measure"),
    "chains.maps.modes": ("ModeFunctions", "mode_functions", "pair_mode_functions"),
    "chains.maps.sites": ("Chain",),
    "chains.maps.star": ("Coefficients", "Star", "from_star", "star"),
    "chains.problems": ("InvalidInput", "Problem"),
}
if not TYPE_CHECKING:
    __getattr__ = on_demand(__name__, HOMES)


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
    # densities in the conventions of others
    "caldeira_leggett",
    "from_oqupy",
    "from_qutip",
    "huang_rhys",
    "oqupy_power_law",
    "quantumdynamics_drude_lorentz",
    "quantumdynamics_exponential",
    "qutip_drude_lorentz",
    "qutip_ohmic",
    "qutip_underdamped",
    "scaled",
    # a bath as it is
    "Bath",
    "FreeModes",
    "free_modes",
    "with_tail",
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
    "equilibrium_error",
    "required_length_equilibrium",
    # back to the physical modes
    "ModeFunctions",
    "mode_functions",
    "pair_mode_functions",
    # bad input
    "InvalidInput",
    "Problem",
]


def __dir__() -> list[str]:
    """The public names only."""
    return sorted(__all__)
