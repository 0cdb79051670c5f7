"""Where a column has a value and when it is NaN, in words: for who asks about a column before there is a run.

What a run has to say of its own columns stands in their attribute ``reason``.
"""

from __future__ import annotations

from tnthermo.thermo.definitions import COLUMNS, MEAN_FIELD, OF_SYSTEM, OTHERS, PER_BATH, QUBIT, Column

ALWAYS = "every record time"
_WARM = "T > 0 of every bath, else NaN (beta infinite)"
_ONE = "one T > 0 of all baths, else NaN"
_ENTROPY = (
    "T = 0: every record time; T > 0: where bath_entropy_every evaluates it and it is exact, or half the distance of its bounds is below "
    'bath_entropy_accuracy or 1 % of 2 S_S; NaN elsewhere, where the bounds may still be known: bath_entropy = "bracket" narrows them'
)
_BOUND = "T = 0: the value; T > 0: where bath_entropy_every evaluates it, NaN between; where it never does, from S_S alone, always"
_FINITE = "T = 0: every record time; T > 0: baths of finitely many modes, where bath_entropy_every evaluates it exactly, else NaN"
_RATIO = "NaN where neither energy nor entropy changes within error (0/0); infinite where the entropy alone does not"
_SPLIT = (
    "qubits, else NaN; NaN where neither energy nor entropy changes within error (0/0), or the effective field vanishes"
)
_BY_RATE = "at T > 0 only where Delta_S_B is known, at four of the times between two jumps at least, else NaN"
_HOLE = "NaN where neither work is done nor energy changes, within error"
_PSEUDO = "NaN from a time on at which 1/T is not integrable (dU changes its sign, dW does not)"
_EXTENDED = "qubits, else NaN; NaN where the effective field vanishes or a pure state mixes at once"
_FIRST = "product starts of a run on sites, where variance_every evaluates it; NaN elsewhere and on time bins"
_MODES = "where occupation_every evaluates it; NaN elsewhere, and once the front has reached the end of a chain"
_ASKED = "only where correlations_every asks for it; NaN between these times"
_QUBIT = "qubits, every record time; larger systems do not have it"

_WHERE = {
    **dict.fromkeys(("S_B", "S_SB"), _FINITE),
    "S_B0": "T = 0, or baths of finitely many modes and no mean-force start; else NaN",
    **dict.fromkeys(("Delta_S_B", "S_chi"), _ENTROPY),
    **dict.fromkeys(("Delta_S_B_lower", "Delta_S_B_upper", "S_chi_lower", "S_chi_upper"), _BOUND),
    "D_B": f"{_WARM}; where Delta_S_B has a value",
    **dict.fromkeys(("D_B_lower", "D_B_upper"), f"{_WARM}; where Delta_S_B has bounds"),
    "T_S": _RATIO,
    **dict.fromkeys(("T_B", "T_chi"), f"{_RATIO}; {_BY_RATE}"),
    "T_ext_S": "qubits, else NaN; NaN where no heat flows within error, the state is completely mixed, or the effective field vanishes",
    **dict.fromkeys(("inverse_T_S_populations", "inverse_T_S_coherences"), _SPLIT),
    "Sigma_S": _ONE,
    "Sigma_B": f"{_WARM}; where Delta_S_B has a value",
    **dict.fromkeys(("Sigma_B_lower", "Sigma_B_upper"), f"{_WARM}; where Delta_S_B has bounds"),
    "Sigma_total": f"{_WARM}; after a displaced or mean-force start it may be negative",
    "Sigma_pseudo_S": _PSEUDO,
    "Sigma_pseudo_B": f"{_PSEUDO}; not where a drive jumps; {_BY_RATE}",
    "Sigma_pseudo": "where Sigma_pseudo_S and Sigma_pseudo_B have values",
    **dict.fromkeys(("Sigma_ext_S", "Sigmadot_ext_S"), _EXTENDED),
    "D_S": _ONE,
    "Sigma_Lindblad_S": f"{_ONE}; H_S constant",
    "Sdot_S": "every record time; infinite where a pure state mixes at once",
    "Sdot_B": f"T = 0: as Sdot_S; {_BY_RATE}",
    "Sigmadot_S": _ONE,
    "Sigmadot_B": f"{_WARM}; {_BY_RATE}",
    "Sigmadot_pseudo_S": _HOLE,
    "Sigmadot_pseudo_B": f"{_HOLE}; {_BY_RATE}",
    "Sigmadot_pseudo": "where Sigmadot_pseudo_S and Sigmadot_pseudo_B have values",
    **dict.fromkeys(("Var_Q_B", "Var_Q_B_each"), _FIRST),
    **dict.fromkeys(("residual_occupation", "mode_occupation"), _MODES),
    "residual_entropy": f"{_WARM}; where D_B and S_chi have values",
    **dict.fromkeys(("chain_normal", "chain_anomalous"), _ASKED),
    **dict.fromkeys(QUBIT, _QUBIT),
    "F_S": "one temperature of all baths, else NaN; E_S at T = 0",
    "population_H": "every record time; levels are counted from the lowest up at that time, see the attributes degenerate and turns",
}


def every_column() -> dict[str, Column]:
    """All variables over ``t`` that a ledger may have, by name, but for errors and the user's own."""
    return {column.name: column for column in (*COLUMNS, *PER_BATH, *OF_SYSTEM, *MEAN_FIELD, *OTHERS)}


def where(name: str) -> str:
    """Where the column of that name has a value, in words. Raises KeyError for a name that is none."""
    return _WHERE.get(every_column()[name].name, ALWAYS)
