"""Closed forms of the two examples of Alipour et al., Sci. Rep. 6, 35568 (2016), as corrected; densities are those of `chains`.

Example II, pure dephasing, at any coupling [85-116]: `pure_dephasing`, `decoherence`, `displacement`, their long times [115, 116], and the
statistics of its heat, `dephasing_heat`.
Example I, exchange of quanta, to second order [51-71]: `golden_rule` with the Lamb shift, `exchange`, `bath_rates`, the limits of the
pseudo-temperatures [61, 69]; exact at T = 0: `one_excitation`. Where the paper's equations are corrected the docstrings say so.

The Otto cycle of a qubit at weak coupling: `otto`.
"""

from tnthermo.closed_forms.decoherence import (
    decoherence,
    dephasing_rate,
    displacement,
    ohmic_decoherence,
    ohmic_long_time,
)
from tnthermo.closed_forms.dephasing_heat import DephasingHeat, dephasing_heat
from tnthermo.closed_forms.exchange import (
    BathRates,
    Exchange,
    bath_rates,
    bath_temperature_limit,
    exchange,
    system_temperature_limit,
)
from tnthermo.closed_forms.golden_rule import GoldenRule, golden_rule, lamb_shift
from tnthermo.closed_forms.one_excitation import OneExcitation, one_excitation
from tnthermo.closed_forms.otto import Otto, otto
from tnthermo.closed_forms.pure_dephasing import PureDephasing, pure_dephasing

__all__ = [
    "BathRates",
    "DephasingHeat",
    "Exchange",
    "GoldenRule",
    "OneExcitation",
    "Otto",
    "PureDephasing",
    "bath_rates",
    "bath_temperature_limit",
    "decoherence",
    "dephasing_heat",
    "dephasing_rate",
    "displacement",
    "exchange",
    "golden_rule",
    "lamb_shift",
    "ohmic_decoherence",
    "ohmic_long_time",
    "one_excitation",
    "otto",
    "pure_dephasing",
    "system_temperature_limit",
]
