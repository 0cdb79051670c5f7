"""The raw columns of a run, each said once: what is measured when, with which dimensions, and what it means.

The columns of a `tnthermo.record.trajectory.Trajectory`, of a run under way, of a checkpoint and of the raw group of result.nc are these.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

When = Literal["clock", "step", "sum", "record", "sparse", "bath entropy", "correlations", "once"]
Kind = Literal["real", "complex", "whole"]

LETTERS = {
    "step": "m", "record": "n", "row": "d", "column": "d", "site": "N", "bath": "B", "channel": "Q", "mode": "M", "observable": "K",
    "union_and_baths": "1 + B", "one_site": "N'", "other_site": "N'",
}  # fmt: skip
"""How many there are along each dimension, as the docstring of a trajectory calls it."""


@dataclass(frozen=True)
class RawColumn:
    """One array of numbers that a run leaves.

    when         "clock": known before the first step; "step": measured after every step; "sum": over the steps so far, of what each
                 reports; "record": measured at every record time; "sparse", "bath entropy", "correlations": where they are due;
                 "once": a run has one
    dims         names of the dimensions, those of `LETTERS`; a complex column has (re, im) as a last one in a file
    meaning      what it is, in words, with its units
    report       of a "sum": its name in `tnthermo.engine_protocol.StepReport`
    may_be_nan   whether a value may be missing (NaN) though it was measured
    added_later  whether files of the present format may lack it, because it was not measured yet: then it is NaN throughout
    in_ledger    the variable of the ledger that is this column as it is; "" for none
    """

    name: str
    when: When
    dims: tuple[str, ...]
    meaning: str
    _: KW_ONLY
    kind: Kind = "real"
    report: str = ""
    may_be_nan: bool = False
    added_later: bool = False
    in_ledger: str = ""

    @property
    def shape(self) -> str:
        """The dimensions in letters, "(m, Q, d, d)"."""
        letters = [LETTERS[name] for name in self.dims]
        return f"({letters[0]},)" if len(letters) == 1 else f"({', '.join(letters)})"

    @property
    def finite(self) -> bool:
        """Whether every row that a run under way keeps is of finite numbers; of correlations it keeps none but where they are due."""
        return not self.may_be_nan and self.when not in ("sparse", "bath entropy")


# The order is that of a result file.
RAW_COLUMNS: tuple[RawColumn, ...] = (
    RawColumn("times", "clock", ("step",), "from 0 to `until`"),
    RawColumn("rho_S", "step", ("step", "row", "column"), "reduced state of the system, as is (not renormalised)", kind="complex",
              in_ledger="rho_S"),
    RawColumn("moment_X", "step", ("step", "channel", "row", "column"), "Tr_B[X_q rho]", kind="complex"),
    RawColumn("moment_P", "step", ("step", "channel", "row", "column"), "Tr_B[P_q rho], P_q = i [H_chain, X_q]", kind="complex"),
    RawColumn("chain_energy", "step", ("step", "bath"), "<H_chain> of each bath: E_B up to a constant"),
    RawColumn("total_energy", "step", ("step",), "<H(t)>, contracted as one matrix product operator"),
    RawColumn("norm", "step", ("step",), "<psi|psi>"),
    RawColumn("discarded_weight", "sum", ("step",), "sum of squared singular values dropped up to that time", report="discarded"),
    RawColumn("krylov_residual", "sum", ("step",), "sum of the Krylov residuals' estimates up to that time", report="krylov"),
    RawColumn("recorded", "clock", ("record",), "indices of the record times among `times`", kind="whole"),
    RawColumn("cut_entropy", "record", ("record",), "entropy (nats) of the cut S S' | chains", may_be_nan=True),
    RawColumn("heat_square", "sparse", ("record", "union_and_baths"), "<H_chain^2> of the union of the baths, then of each bath"),
    RawColumn("mode_occupation", "sparse", ("record", "mode"),
              "n_k - n_k^beta of the physical modes, chain and thermofield maps undone, bath after bath", in_ledger="mode_occupation"),
    RawColumn("mode_energy", "sparse", ("record", "bath"), "sum_k w_k (n_k - n_k^beta) of each bath"),
    RawColumn("ancilla_energy", "sparse", ("record", "bath"), "the same sum for the ancilla modes B', a constant; 0 at T = 0"),
    RawColumn("bonds", "record", ("record", "site"), "dimension of each chain site's bond on the side of the system", kind="whole",
              in_ledger="bond_profile"),
    RawColumn("occupations", "record", ("record", "site"), "<c_n^dag c_n>", in_ledger="occupation_profile"),
    RawColumn("levels", "record", ("record", "site"), "boson levels in use", kind="whole", in_ledger="level_profile"),
    RawColumn("top_populations", "record", ("record", "site"), "population of the highest level of each site"),
    RawColumn("observables", "record", ("record", "observable"), "expectation values of `observed`", kind="complex"),
    RawColumn("correlation_lower", "bath entropy", ("record",), "lower bound on S_chi = I(S:B), nats, where measured at T > 0",
              added_later=True),
    RawColumn("correlation_upper", "bath entropy", ("record",), "upper bound likewise (`tnthermo.bath_entropy`)", added_later=True),
    RawColumn("bath_entropy", "bath entropy", ("record",), "S_B of the physical bath, nats, where it was measured exactly",
              added_later=True),
    RawColumn("joint_entropy", "bath entropy", ("record",), "S_SB likewise", added_later=True),
    RawColumn("entropy_work", "bath entropy", ("record",), "about how many products of numbers that took", added_later=True),
    RawColumn("normal", "correlations", ("record", "one_site", "other_site"), "<c_m^dag c_n>, N' = N where asked for, else 0",
              kind="complex", in_ledger="chain_normal"),
    RawColumn("anomalous", "correlations", ("record", "one_site", "other_site"), "<c_m c_n> likewise", kind="complex",
              in_ledger="chain_anomalous"),
    RawColumn("mode_frequency", "once", ("mode",), "frequency of each mode", in_ledger="mode_frequency"),
    RawColumn("mode_weight", "once", ("mode",), "quadrature weight of each mode (1 for a discrete bath)", in_ledger="mode_weight"),
    RawColumn("mode_bath", "once", ("mode",), "bath of each mode", kind="whole", in_ledger="mode_bath"),
    RawColumn("energy_offset", "once", ("bath",),
              "E_B at t = 0 less <H_chain>, where the start is no product: from the occupations, and of displaced modes that do not couple;"
              " else 0"),
    RawColumn("initial", "once", ("row", "column"), "rho_S at t = 0", kind="complex"),
)  # fmt: skip


def names(*when: When) -> tuple[str, ...]:
    """The columns that are measured at such times."""
    return tuple(column.name for column in RAW_COLUMNS if column.when in when)


LOCAL, PROFILE, SPARSE, OF_BATH = (names(when) for when in ("step", "record", "sparse", "bath entropy"))
REPORT = (*(column.report for column in RAW_COLUMNS if column.report), "work")
"""What is kept of every report of a step; of the work only the sum of all is left."""
