"""The columns of a ledger: name, units, meaning, equation.

Numbers in brackets are the equations of Alipour et al., Sci. Rep. 6, 35568 (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

from tnthermo.units.units import NATURAL_NAMES, Dimension

CONVENTION = (
    "hbar = k_B = 1, entropies in nats; J(w) = sum_k g_k^2 delta(w - w_k), no pi; "
    "H = H_S + H_int + H_B, H_int = f A X or f (L C^dag + L^dag C), C = sum_k g_k a_k, X = C + C^dag, f the drive of the coupling; "
    "h = Tr[rho_S (x) rho_B H_int], alpha_S h counted as the bath's, (1 - alpha_S) h as the system's; B is the union of all baths; "
    "heat and work are positive into the part named"
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the ledger.

    dimension  what its unit is made of where units are chosen (`tnthermo.units`)
    equation   what it is, with the number in the paper where it has one
    floors     residual columns that its error cannot be below (for one bath of several those of their union); or a width:
               S_chi_width = what S_chi and its bounds differ by where S_chi is exact, NAME_width of ratios, from the errors of their rates,
               and of integrals, from every second point
    exact      a fact about the run, whose error is 0
    poles      a ratio that may grow without bound: its error is a local one, large errors at a pole are not carried on
    dims       after ``t``: nothing, "bath" for one value for each bath, or others of a variable that is no column of its own
    """

    name: str
    dimension: Dimension
    long_name: str
    equation: str
    floors: tuple[str, ...] = ()
    exact: bool = False
    poles: bool = False
    dims: tuple[str, ...] = ()

    @property
    def units(self) -> str:
        """With hbar = k_B = 1: "energy", "1/energy", "energy^2" (a rate of energy, a variance), "nat", "nat energy" (a rate) or "1"."""
        return NATURAL_NAMES[self.dimension]


# evaluated now and then, NaN elsewhere
SPARSE = frozenset(
    {
        "S_B",
        "Delta_S_B",
        "S_chi",
        "S_SB",
        "D_B",
        "Sigma_B",
        "residual_entropy",
        "residual_occupation",
        "Var_Q_B",
        "Var_Q_B_each",
    }
)
# made of what differences of the bath's entropy say
BY_BATH_RATE = frozenset(
    {
        "Sdot_B",
        "Sigmadot_B",
        "T_B",
        "T_chi",
        "Sigmadot_pseudo_B",
        "Sigmadot_pseudo",
        "Sigma_pseudo_B",
        "Sigma_pseudo",
    }
)
# bounds on what is evaluated now and then, or without any evaluation at every time
BOUNDS = frozenset(f"{name}_{side}" for name in ("S_chi", "Delta_S_B", "D_B", "Sigma_B") for side in ("lower", "upper"))

# balances of which one side is an integral of rates, the less exact of the two where a bath is fast
OF_RATES = frozenset({"residual_heat", "residual_work", "residual_flux", "residual_chi"})

_ENERGY, _HEAT, _WORK = ("residual_energy",), ("residual_heat", "residual_chi"), ("residual_work",)
_BATH = ("residual_energy", "residual_flux")
# what an exact S_chi leaves open, and by how much it fails to be the difference of two independent numbers
_CHI = ("S_chi_width", "residual_entropy")


def _energy(name: str, long_name: str, equation: str, *floors: str) -> Column:
    return Column(name=name, dimension="energy", long_name=long_name, equation=equation, floors=floors)


def _rate(name: str, long_name: str, equation: str) -> Column:
    return Column(name=name, dimension="energy rate", long_name=long_name, equation=equation)


def _entropy(name: str, long_name: str, equation: str, *floors: str) -> Column:
    return Column(name=name, dimension="entropy", long_name=long_name, equation=equation, floors=floors)


def _temperature(name: str, long_name: str, equation: str) -> Column:
    return Column(
        name=name,
        dimension="temperature",
        long_name=long_name,
        equation=equation,
        floors=(f"{name}_width",),
        poles=True,
    )


def _inverse_temperature(name: str, long_name: str, equation: str) -> Column:
    return Column(
        name=name, dimension="1/energy", long_name=long_name, equation=equation, floors=(f"{name}_width",), poles=True
    )


def _entropy_rate(name: str, long_name: str, equation: str, *floors: str, poles: bool = False) -> Column:
    return Column(
        name=name, dimension="entropy rate", long_name=long_name, equation=equation, floors=floors, poles=poles
    )


def _number(name: str, long_name: str, equation: str, *, exact: bool = False) -> Column:
    return Column(name=name, dimension="number", long_name=long_name, equation=equation, exact=exact)


COLUMNS: tuple[Column, ...] = (
    _energy("E_S", "energy of the system", "<H_S>", *_ENERGY),
    _energy("E_B", "energy of the bath, from the uncoupled thermal bath", "<H_B> - <H_B>_beta = <H_chain>", *_BATH),
    _energy("E_int", "interaction energy", "<H_int>, = f <A X> for Hermitian coupling", *_ENERGY),
    _energy(
        "h",
        "interaction energy without correlations",
        "Tr[rho_S (x) rho_B H_int], = f <A><X> for Hermitian coupling",
        *_ENERGY,
    ),
    _energy("U_S", "internal energy of the system", "E_S + (1 - alpha_S) h [19]", *_ENERGY),
    _energy("U_B", "internal energy of the bath, from the uncoupled thermal bath", "E_B + alpha_S h [19]", *_BATH),
    _energy("U_chi", "binding energy", "Tr[chi H_int] = <H_int> - h [20]", *_ENERGY),
    _energy("U_tot", "total energy, measured as one operator", "<H_tot> = U_S + U_B + U_chi [21]", *_ENERGY),
    _energy("Q_S", "heat into the system", "int Tr[d rho_S H_S_eff] [3, 24]", *_HEAT),
    _energy("Q_B", "heat into the bath", "int Tr[d rho_B H_B_eff] [3, 25]", *_HEAT),
    _energy("Q_chi", "heat into the correlations", "int Tr[d chi H_int], = -(Q_S + Q_B) [26, 28]", *_HEAT),
    _energy("W_S", "work on the system", "int Tr[rho_S dH_S_eff] [4, 22]", *_WORK),
    _energy("W_B", "work on the bath", "int Tr[rho_B dH_B_eff] [4, 22]", *_WORK),
    _energy("W_chi", "work on the correlations, 0 without drive", "int Tr[chi dH_int] [27, 28]", *_WORK),
    _energy("W_total", "total work, 0 without drive", "int Tr[rho dH_tot] [27]", *_WORK),
    _energy("W_drive_S", "work of the drives of H_S, 0 without", "int Tr[rho_S dH_S] [27]", *_WORK),
    _rate("Qdot_S", "heat rate into the system", "Tr[d rho_S/dt H_S_eff] [3, 24]"),
    _rate(
        "Qdot_B",
        "heat rate into the bath",
        "Tr[d rho_B/dt H_B_eff], = -f (<A P> - <A><P>) for Hermitian coupling [3, 25]",
    ),
    _rate("Wdot_S", "power on the system", "Tr[rho_S dH_S_eff/dt] [4, 22, 23, 29]"),
    _rate("Wdot_B", "power on the bath", "Tr[rho_B dH_B_eff/dt], = -dW_S/dt without drive [4, 22, 23, 29]"),
    _entropy("S_S", "entropy of the system", "-Tr rho_S log rho_S [30]"),
    _entropy("S_B", "entropy of the physical bath (the ancilla not included)", "-Tr rho_B log rho_B [30]", *_CHI),
    _entropy("S_B0", "entropy of the physical bath at t = 0", "-Tr rho_B^beta log rho_B^beta"),
    _entropy("Delta_S_B", "entropy change of the physical bath", "S_B(t) - S_B(0)", *_CHI),
    _entropy("S_chi", "entropy of the correlations (mutual information of S and B)", "S_S + S_B - S_SB [31]", *_CHI),
    _entropy("S_SB", "entropy of system and physical bath together", "-Tr rho log rho, = S_S(0) + S_B(0) [30]", *_CHI),
    _entropy("Delta_S_B_lower", "lower bound on the entropy change of the bath", "S_chi_lower - Delta S_S [33]", *_CHI),
    _entropy("Delta_S_B_upper", "upper bound on the entropy change of the bath", "S_chi_upper - Delta S_S [33]", *_CHI),
    _entropy("S_chi_lower", "lower bound on the mutual information", "I(S:B_K Q) >= 0", *_CHI),
    _entropy("S_chi_upper", "upper bound on the mutual information", "2 S_S - I(S:S' B'_K Q') <= 2 S_S", *_CHI),
    _entropy(
        "D_B",
        "distance of the bath from equilibrium",
        "D(rho_B || rho_B^beta) = sum_jk beta_j w_jk (n_jk - n_jk^beta) - (S_B - S_B^beta)",
        *_CHI,
    ),
    _entropy("D_B_lower", "lower bound on the distance of the bath from equilibrium", "from Delta_S_B_upper", *_CHI),
    _entropy("D_B_upper", "upper bound on the distance of the bath from equilibrium", "from Delta_S_B_lower", *_CHI),
    _temperature("T_S", "pseudo-temperature of the system", "dU_S/dS_S [34]"),
    _temperature("T_B", "pseudo-temperature of the bath", "dU_B/dS_B [34]"),
    _temperature("T_chi", "pseudo-temperature of the correlations", "dU_chi/dS_chi [34]"),
    _inverse_temperature(
        "inverse_T_S_populations",
        "part of 1/T_S of a qubit that its populations along the effective field make",
        "-(l/2) (rhat . hhat) (hhat . dr)/dU_S = (dQ_S/dU_S)/T_ext_S, the derivative at fixed coherence where no work is done [72, 73]",
    ),
    _inverse_temperature(
        "inverse_T_S_coherences",
        "part of 1/T_S of a qubit that its coherences across the effective field make",
        "-(l/2) rhat_perp . dr/dU_S = 1/T_S - the part of the populations [74 - 76]",
    ),
    _temperature("T_ext_S", "extended temperature of the qubit", "1/T = -log((1+r)/(1-r)) (rhat . hhat)/|hvec| [48]"),
    _entropy("Sigma_S", "entropy production of the system", "Delta S_S - beta Q_S [40]"),
    _entropy(
        "Sigma_B", "entropy production of the bath", "Delta S_B - sum_j beta_j Q_Bj [48] at the bath's T, [71]", *_CHI
    ),
    _entropy("Sigma_B_lower", "lower bound on the entropy production of the bath", "from Delta_S_B_lower", *_CHI),
    _entropy("Sigma_B_upper", "upper bound on the entropy production of the bath", "from Delta_S_B_upper", *_CHI),
    _entropy("Sigma_total", "entropy production", "Delta S_S + sum_j beta_j Delta E_Bj, = S_chi [33] + D_B"),
    _entropy(
        "Sigma_pseudo_S",
        "entropy production of the system at its pseudo-temperature",
        "int dW_S/T_S = int (dW_S/dU_S) dS_S [39]",
        "Sigma_pseudo_S_width",
    ),
    _entropy(
        "Sigma_pseudo_B",
        "entropy production of the bath at its pseudo-temperature",
        "int dW_B/T_B = int (dW_B/dU_B) dS_B [39]",
        "Sigma_pseudo_B_width",
        *_CHI,
    ),
    _entropy(
        "Sigma_pseudo",
        "entropy production of both at their pseudo-temperatures",
        "Sigma_pseudo_S + Sigma_pseudo_B, = int (1/T_S - 1/T_B) dW_S without drive [45]",
        "Sigma_pseudo_width",
        *_CHI,
    ),
    _entropy(
        "Sigma_ext_S",
        "entropy production of the qubit at its extended temperature",
        "int (dS_S - dQ_S/T_ext_S) = -int (l/2) rhat_perp . dr [48]; [65] as corrected",
        "Sigma_ext_S_width",
    ),
    _entropy("D_S", "distance of the system from its own equilibrium", "D(rho_S || rho_S^beta), of H_S alone [43]"),
    _entropy(
        "Sigma_Lindblad_S",
        "entropy production of the system in Lindblad's form",
        "D_S(0) - D_S(t) = Delta S_S - beta Delta E_S [41-43]",
    ),
    _entropy_rate("Sdot_S", "entropy rate of the system", "-Tr[d rho_S/dt log rho_S]"),
    _entropy_rate(
        "Sdot_B", "entropy rate of the physical bath", "dS_B/dt; at T > 0 by differences of S_B", "Sdot_B_width"
    ),
    _entropy_rate("Sigmadot_S", "entropy production rate of the system", "dS_S/dt - beta dQ_S/dt [40]"),
    _entropy_rate(
        "Sigmadot_B",
        "entropy production rate of the bath",
        "dS_B/dt - sum_j beta_j dQ_Bj/dt [48] at the bath's T, [71]",
        "Sigmadot_B_width",
    ),
    _entropy_rate(
        "Sigmadot_pseudo_S",
        "entropy production rate of the system at its pseudo-temperature",
        "(dW_S/dt)/T_S = dS_S/dt - (dQ_S/dt)/T_S [39]",
        "Sigmadot_pseudo_S_width",
        poles=True,
    ),
    _entropy_rate(
        "Sigmadot_pseudo_B",
        "entropy production rate of the bath at its pseudo-temperature",
        "(dW_B/dt)/T_B = dS_B/dt - (dQ_B/dt)/T_B [39]",
        "Sigmadot_pseudo_B_width",
        poles=True,
    ),
    _entropy_rate(
        "Sigmadot_pseudo",
        "entropy production rate of both at their pseudo-temperatures",
        "dS_chi/dt - (dQ_S/dt)/T_S - (dQ_B/dt)/T_B, = (1/T_S - 1/T_B) dW_S/dt without drive [44]",
        "Sigmadot_pseudo_width",
        poles=True,
    ),
    _entropy_rate(
        "Sigmadot_ext_S",
        "entropy production rate of the qubit at its extended temperature",
        "dS_S/dt - (dQ_S/dt)/T_ext_S = -(l/2) rhat_perp . dr/dt [48]; [65] as corrected",
    ),
    _energy("residual_energy", "residual of energy conservation", "U_S + U_B + U_chi - <H_tot>(0) - W_total [21]"),
    _energy(
        "residual_heat", "residual of the heat balance", "Q_S + Q_B (integrals of rates) + Delta U_chi - W_chi [26, 28]"
    ),
    _energy(
        "residual_work",
        "residual of the work balance",
        "W_S (commutators) + W_B (differences) - int Tr[rho_S (x) rho_B dH] [23, 29]",
    ),
    _energy("residual_flux", "residual of the bath's energy against the flux into it", "Delta E_B + int f <A P> dt"),
    Column(
        name="Var_Q_B",
        dimension="energy squared",
        long_name="variance of the heat: of the two-point measured change of H_B",
        equation="<H_chain^2> - <H_chain>^2",
    ),
    _energy("residual_occupation", "residual of E_B against the modes' occupations", "Delta E_B - sum_k w_k Delta n_k"),
    _entropy(
        "residual_entropy",
        "residual of the entropy production against mutual information and distance from equilibrium",
        "S_S - (S_SB - S_B^beta) + sum_j beta_j E_Bj - S_chi - D_B, = Delta S_S + sum_j beta_j Delta E_Bj - S_chi - D_B of thermal baths",
    ),
    _energy("residual_chi", "residual of heat from chi against heat from d rho, larger of S and B", "[24, 25]"),
    _number("bond_dimension", "largest bond dimension", "max over bonds", exact=True),
    _number("occupation", "bosons on the chain or the time bins", "sum_n <c_n^dag c_n>"),
    _number("top_level_population", "largest population of a highest boson level", "max over sites"),
    _number("discarded_weight", "accumulated discarded weight", "sum of squared singular values", exact=True),
    _number("norm", "norm", "<psi|psi>", exact=True),
)


def _each(name: str, dimension: Dimension, long_name: str, equation: str, *floors: str) -> Column:
    return Column(name=name, dimension=dimension, long_name=long_name, equation=equation, floors=floors, dims=("bath",))


PER_BATH: tuple[Column, ...] = (
    _each("E_B_each", "energy", "energy of each bath, from the uncoupled thermal bath", "<H_chain,j>", *_BATH),
    _each("Q_B_each", "energy", "heat into each bath", "int (dE_Bj + sum_q f_j <A_q> d<X_q>)", *_HEAT),
    _each("W_B_each", "energy", "work on each bath", "int sum_q <X_q> d(f_j <A_q>) - (1 - alpha_S) dh_j", *_WORK),
    _each(
        "W_drive_each",
        "energy",
        "work of the drive of each coupling, what switching it costs; 0 without",
        "int Tr[rho dH_int,j], = int <A X_j> df_j for Hermitian coupling [27]",
        *_WORK,
    ),
    _each("flux_each", "energy rate", "energy current into each bath", "dE_Bj/dt = -sum_q f_j <A_q P_q>"),
    _each(
        "Var_Q_B_each",
        "energy squared",
        "variance of the two-point measured change of each bath's energy",
        "<H_chain,j^2> - <H_chain,j>^2",
    ),
)


def _of_state(name: str, long_name: str, equation: str, *dims: str) -> Column:
    return Column(name=name, dimension="number", long_name=long_name, equation=equation, dims=dims)


def _of_energy(name: str, long_name: str, equation: str) -> Column:
    return Column(name=name, dimension="energy", long_name=long_name, equation=equation)


# What rho_S and H_S say by themselves, made in `tnthermo.thermo.system`; the first three of qubits only.
OF_SYSTEM: tuple[Column, ...] = (
    _of_state("sigma_x", "expectation value of sigma_x of a qubit, in the basis in which H_S is written", "Tr[sigma_x rho_S]"),
    _of_state("sigma_y", "expectation value of sigma_y of a qubit, in the basis in which H_S is written", "Tr[sigma_y rho_S]"),
    _of_state("sigma_z", "expectation value of sigma_z of a qubit, in the basis in which H_S is written", "Tr[sigma_z rho_S]"),
    _of_state("population", "population of each state of the basis in which H_S is written", "<k|rho_S|k>", "level"),
    _of_state("coherence", "coherence of each pair of these states", "<j|rho_S|k>, j < k", "pair", "complex"),
    _of_state(
        "population_H",
        "population of each level of H_S(t), from the lowest up; those of equal energy have the mean of theirs",
        "<E_k|rho_S|E_k>, H_S |E_k> = E_k |E_k>",
        "level",
    ),
    _of_energy(
        "ergotropy",
        "most work that unitary driving of the system alone, in a cycle of H_S(t), can take out of rho_S; of bare H_S, not of H_S_eff",
        "Tr[H_S rho_S] - sum_k r_k E_k, r_k falling and E_k rising eigenvalues of rho_S and H_S",
    ),
    _of_energy(
        "ergotropy_incoherent",
        "part of the ergotropy that rho_S without its coherences between energies has; those within one energy stay",
        "ergotropy of sum_E P_E rho_S P_E, P_E the projector on the eigenspace of H_S",
    ),
    _of_energy(
        "ergotropy_coherent",
        "part of the ergotropy that the coherences between energies make, >= 0",
        "ergotropy - ergotropy_incoherent",
    ),
    _of_energy(
        "F_S",
        "nonequilibrium free energy of the system at the one temperature of the baths; of bare H_S, without the interaction",
        "E_S - T S_S, = -T log Tr exp(-H_S/T) + T D_S",
    ),
)  # fmt: skip
QUBIT = frozenset({"sigma_x", "sigma_y", "sigma_z"})

# What system and baths are to each other in the mean, made in `tnthermo.thermo.mean_field`.
MEAN_FIELD: tuple[Column, ...] = (
    _of_state("A_q", "expectation value of the system operator of each channel: of H_B_eff = H_B + sum_q f <A_q> X_q - alpha_B h",
              "<A_q> = Tr[A_q rho_S] [11, 16]", "channel"),
    Column(name="X_q", dimension="energy", dims=("channel",),
           long_name="expectation value of the bath operator of each channel, the couplings g_k in it",
           equation="<X_q> = Tr[X_q rho_B] [11, 15]"),
    Column(name="H_S_eff", dimension="energy", dims=("row", "column", "complex"),
           long_name="effective Hamiltonian of the system", equation="H_S + sum_q f <X_q> A_q - alpha_S h [11, 15]"),
)  # fmt: skip

# The other variables of the dataset: the state, what sites and modes hold.
OTHERS: tuple[Column, ...] = (
    _of_state("rho_S", "reduced state of the system, not renormalised", "Tr_B rho", "row", "column", "complex"),
    _of_state("bond_profile", "dimension of the bond of each chain site or time bin on the side of the system", "none", "site"),
    _of_state("occupation_profile", "bosons on each chain site or time bin", "<c_n^dag c_n>", "site"),
    _of_state("level_profile", "boson levels in use on each chain site or time bin", "none", "site"),
    _of_state(
        "mode_occupation",
        "change of the occupation of each physical mode from its thermal one; divided by mode_weight: per unit frequency",
        "<a_k^dag a_k> - n_k^beta, chain and thermofield maps undone",
        "mode",
    ),
    _of_state(
        "chain_normal", "correlation matrix <c_m^dag c_n> of the chain sites or time bins", "<c_m^dag c_n>", "site", "other_site", "complex"
    ),
    _of_state(
        "chain_anomalous", "correlation matrix <c_m c_n> of the chain sites or time bins", "<c_m c_n>", "site", "other_site", "complex"
    ),
)  # fmt: skip


def needed(baths: int) -> dict[str, tuple[int, ...]]:
    """Every name that a ledger is made of, columns and what their errors cannot be below, with its shape after ``t``."""
    columns = (*COLUMNS, *PER_BATH)
    shapes: dict[str, tuple[int, ...]] = {column.name: (baths,) if column.dims else () for column in columns}
    return shapes | {floor: () for column in columns for floor in column.floors if floor not in shapes}
