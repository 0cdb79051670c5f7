"""The ledger of several baths, drives, displaced and correlated starts against the definitions, from faultless trajectories."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.oracles.general import Bath, General, columns_at
from tests.oracles.general import ledger as dense_ledger
from tests.oracles.trajectories import trajectory_of_general
from tests.tolerances import DENSE, INTEGRALS, ROUNDING
from tnthermo.model.drives import Cosine, Drive, Pulse, Ramp, Square
from tnthermo.model.model import SystemDrive
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo import bath_rate as bath_rate_module
from tnthermo.thermo.bath_rate import bath_rate, smooth_parts
from tnthermo.thermo.definitions import COLUMNS, PER_BATH
from tnthermo.thermo.expectations import expectations
from tnthermo.thermo.ledger import ledger
from tnthermo.thermo.temperatures import rates

SIGMA_X, SIGMA_Y, SIGMA_Z = (
    np.array(m, dtype=complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
)
TILTED = np.array([[0.3, 0.2j], [1.0, -0.1]])
MIXED = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])
PURE = np.array([[0.8, -0.4j], [0.4j, 0.2]])
TIMES, EVERY, ALPHA_S = np.linspace(0, 3, 61), 10, 0.3
# Accumulated with kinks inside: fewer neighbours to interpolate with.
KINKED = 3e-8
# ours -> theirs: the current is a rate in the ledger, its integral there
RENAMED = {"flux_each": "Edot_B_each"}


def two_baths(beta: float = 2.0, other: float = 4.0, **changes: Any) -> General:
    """A Hermitian and an exchange coupling; [C, C^dag] = int J but for the highest level, which stays empty."""
    hermitian = Bath(operator=SIGMA_X / 2 + 0.2 * SIGMA_Z, frequencies=(0.8,), couplings=(0.4,), beta=beta)
    exchange = Bath(operator=TILTED, exchange=True, frequencies=(1.2,), couplings=(0.3,), beta=other)
    hamiltonian = 0.4 * SIGMA_Z + 0.2 * SIGMA_X
    system = General(hamiltonian=hamiltonian, baths=(hermitian, exchange), levels=(6, 12), initial=MIXED)
    return replace(system, **changes)


def compared(
    system: General,
    run: Trajectory,
    names: set[str],
    *,
    accumulated: float = INTEGRALS,
    expected: dict[str, np.ndarray] | None = None,
) -> xr.Dataset:
    """The ledger of the run, after every column that both have has been compared; ``names`` must be among them."""
    dataset = ledger(run, ALPHA_S)
    theirs = dict(expected or dense_ledger(system, run.t, ALPHA_S, nodes=6))
    thermal = system.thermal_energies
    for name in ("E_B", "U_B", "U_tot"):
        theirs[name] = theirs[name] - thermal.sum()
    theirs["E_B_each"] = theirs["E_B_each"] - thermal
    found = []
    for column in (*COLUMNS, *PER_BATH):
        name = column.name
        other = RENAMED.get(name, name)
        if other not in theirs or np.isnan(dataset[name].values).all():
            continue
        found.append(name)
        limit = accumulated if name[:2] in ("Q_", "W_") else DENSE
        assert np.abs(dataset[name].values - theirs[other]).max() < limit, name
    for column in COLUMNS:
        if column.name.startswith("residual_") and not np.isnan(dataset[column.name].values).all():
            assert np.abs(dataset[column.name].values).max() < accumulated, column.name
    assert names | {"U_S", "U_B", "U_chi", "Q_S", "Q_B", "Q_chi", "W_S", "W_B", "Qdot_B", "Wdot_B"} <= set(found)
    if np.all(np.array(run.model.temperatures) > 0):
        # what the physical bath really does lies within the bounds
        for name, value in (("S_chi", theirs["S_chi"]), ("Delta_S_B", theirs["S_B"] - theirs["S_B"][0])):
            assert np.all(dataset[f"{name}_lower"].values <= value + ROUNDING), name
            assert np.all(dataset[f"{name}_upper"].values >= value - ROUNDING), name
    return dataset


def test_two_baths_of_different_kind_and_temperature() -> None:
    system = two_baths()
    run = trajectory_of_general(system, TIMES, every=EVERY)
    dataset = compared(system, run, {"E_B_each", "Q_B_each", "W_B_each", "flux_each"})
    heat = system.heat_statistics(run.t)
    np.testing.assert_allclose(dataset.Var_Q_B, heat["variance"], atol=DENSE)
    np.testing.assert_allclose(dataset.Var_Q_B_each, np.einsum("njj->nj", heat["covariance_each"]), atol=DENSE)
    # two temperatures: no beta for the system's heat, one for each bath's
    assert np.isnan(dataset.Sigma_S).all()
    assert "different temperatures" in dataset.Sigma_S.attrs["reason"]
    betas = np.array([2.0, 4.0])
    S_S, E_B = dataset.S_S.values, dataset.E_B_each.values
    np.testing.assert_allclose(dataset.Sigma_total, S_S - S_S[0] + (E_B - E_B[0]) @ betas, atol=DENSE)
    theirs = dense_ledger(system, run.t, ALPHA_S)
    np.testing.assert_allclose(dataset.Sigma_total, theirs["S_chi"] + theirs["D_B"], atol=1e-9)
    assert np.abs(dataset.Sigma_total - (S_S - S_S[0] + (E_B - E_B[0]) @ betas[::-1])).max() > 0.01  # swapped
    assert np.isnan(dataset.attrs["temperature"])
    assert dataset.attrs["temperatures"] == "[0.5, 0.25]"


def test_two_cold_baths_have_an_entropy() -> None:
    system = two_baths(np.inf, np.inf)
    run = trajectory_of_general(system, TIMES, every=EVERY)
    compared(system, run, {"S_B", "S_chi", "E_B_each", "Q_B_each"})


@pytest.mark.parametrize(("beta", "initial"), [(2.0, MIXED), (np.inf, MIXED), (np.inf, PURE)])
def test_displaced_baths(beta: float, initial: np.ndarray) -> None:
    """No eigenstates of H_B, so no variance of a two-point measurement; everything else is the same ledger."""
    system = two_baths(beta, beta, initial=initial)
    first, second = system.baths
    moved = (replace(first, displacement=(0.3 - 0.2j,)), replace(second, displacement=(-0.4j,)))
    system = replace(system, baths=moved, levels=(6, 14))
    run = trajectory_of_general(system, TIMES, every=EVERY)
    assert run.start == "displaced"
    dataset = compared(system, run, {"Q_B_each", "S_B"} if np.isinf(beta) else {"Q_B_each"})
    assert np.isnan(dataset.Var_Q_B).all()
    assert "displaced" in dataset.Var_Q_B.attrs["reason"]
    assert float(dataset.E_B[0]) > 0.1
    np.testing.assert_allclose(dataset.residual_occupation, 0, atol=DENSE)


def test_global_equilibrium_stays_and_its_energies_count_from_the_uncoupled_bath() -> None:
    """What the chains count, <H_B - H_B'>, is off by a constant for each bath; without the offset the energies would be, too."""
    system = two_baths(3.0, 3.0, initial=None, start="mean-force")
    run = trajectory_of_general(system, TIMES, every=EVERY)
    offset = np.array([0.02, -0.03])
    counted = replace(
        run, chain_energy=run.chain_energy - offset, total_energy=run.total_energy - offset.sum(), energy_offset=offset
    )
    dataset = compared(system, counted, {"E_B_each"})
    assert np.abs(dataset.Q_S).max() < INTEGRALS
    assert float(dataset.U_chi[0]) < -1e-2  # correlated from the start
    assert "correlated" in dataset.S_B0.attrs["reason"]
    assert not run.pure_start
    off = ledger(replace(counted, energy_offset=np.zeros(2)), ALPHA_S)
    np.testing.assert_allclose(off.E_B - dataset.E_B, -offset.sum(), atol=ROUNDING)


def test_bounds_after_a_correlated_start_are_wider_than_after_a_product() -> None:
    """A quench of H_S from global equilibrium: S_chi(0) > 0, and Delta S_B may fall below -Delta S_S."""
    system = two_baths(3.0, 3.0, initial=None, start="mean-force")
    ramp = Ramp(start=0.0, duration=0.5, final=0.6)
    driven, drives = with_drive(system, ramp, SIGMA_X)
    run = trajectory_of_general(driven, TIMES, every=EVERY, drives=drives)
    dataset = compared(driven, run, {"W_total"}, accumulated=KINKED)
    width = dataset.Delta_S_B_upper - dataset.Delta_S_B_lower
    np.testing.assert_allclose(width, 2 * dataset.S_S + 2 * dataset.S_S[0], atol=ROUNDING)


def with_drive(system: General, drive: Drive, operator: np.ndarray) -> tuple[General, tuple[SystemDrive, ...]]:
    """H_S + drive(t) operator, told to the oracle and to the model."""
    constant = system.H_S(0.0)
    driven = replace(
        system,
        hamiltonian=lambda t: constant + float(drive.value(t)) * operator,
        hamiltonian_rate=lambda t: float(drive.slope(t)) * operator,
    )
    return driven, (SystemDrive(operator=operator, drive=drive),)


def strong(bath: Bath, drive: Drive) -> Bath:
    return replace(bath, drive=lambda t: float(drive.value(t)), drive_rate=lambda t: float(drive.slope(t)))


SMOOTH = (Cosine(amplitude=0.4, frequency=1.3, phase=-np.pi / 2, offset=1.0), Pulse(centre=1.5, width=0.8, height=1.0))
KINKS = (Ramp(start=0.5, duration=1.0), Ramp(start=0.25, duration=1.5, initial=1.0, final=0.2, profile="smooth"))


@cache
def everything(kinks: bool) -> tuple[General, Trajectory]:
    """Driven H_S, two driven couplings, one bath displaced, a mixed coherent start."""
    strengths = KINKS if kinks else SMOOTH
    system = two_baths()
    first, second = system.baths
    baths = (strong(replace(first, displacement=(0.3 - 0.2j,)), strengths[0]), strong(second, strengths[1]))
    system, drives = with_drive(replace(system, baths=baths), Cosine(amplitude=0.3, frequency=0.9), SIGMA_Y)
    every = 5 if kinks else EVERY  # the oracle's quadrature wants the kinks among the times
    return system, trajectory_of_general(system, TIMES, every=every, strengths=strengths, drives=drives)


@pytest.mark.parametrize("kinks", [False, True])
def test_everything_driven_at_once(kinks: bool) -> None:
    system, run = everything(kinks)
    assert run.breaks == ((0.25, 0.5, 1.5, 1.75) if kinks else ())
    names = {"W_chi", "W_total", "Wdot_S", "Q_B_each", "W_B_each", "flux_each", "E_int", "h"}
    # at a kink the power is that to the right; the oracle's slopes say the same
    dataset = compared(system, run, names, accumulated=KINKED if kinks else INTEGRALS)
    assert np.abs(dataset.W_total).max() > 0.05
    assert np.abs(dataset.W_chi).max() > 1e-3
    assert "note" not in dataset.W_total.attrs
    assert "H_S + (" in dataset.attrs["drive"]
    assert "coupling of bath 1" in dataset.attrs["drive"]


def test_a_ramp_that_interpolation_ignores_is_noticed() -> None:
    """Negative: the same columns told to be smooth integrate across the kinks, and the balances see it."""
    _, run = everything(True)
    smooth = replace(run, model=replace(run.model, couplings=tuple(
        replace(c, strength=Unkinked(c.strength)) for c in run.model.couplings)))  # fmt: skip
    assert smooth.breaks == ()
    right, wrong = ledger(run, ALPHA_S), ledger(smooth, ALPHA_S)
    assert np.abs(wrong.residual_energy).max() > 100 * np.abs(right.residual_energy).max()


class Unkinked:
    """A drive that hides its kinks."""

    breaks: tuple[float, ...] = ()

    def __init__(self, drive: Drive) -> None:
        self.drive, self.time_scale = drive, drive.time_scale
        self.value, self.slope, self.describe = drive.value, drive.slope, drive.describe


STEEP = (
    Square(start=0.5, stop=1.5, height=0.8, base=0.2),
    Square(start=1.0, height=-0.6, base=1.0),
    Square(start=0.25, duration=1.25, height=0.5),
)


@cache
def jumping() -> tuple[General, Trajectory]:
    """A Hermitian and an exchange coupling and H_S that jump, two of them at one time."""
    first, second = two_baths().baths
    system = two_baths(baths=(strong(first, STEEP[0]), strong(second, STEEP[1])), jumps=(0.25, 0.5, 1.0, 1.5))
    system, drives = with_drive(system, STEEP[2], SIGMA_Y)
    return system, trajectory_of_general(system, TIMES, every=5, strengths=STEEP[:2], drives=drives)


def test_drives_that_jump() -> None:
    """Energies and rates are those after a jump, the work of the jump is whole, heat does not jump, every balance closes."""
    system, run = jumping()
    assert run.jumps == run.breaks == (0.25, 0.5, 1.0, 1.5)
    names = {"W_chi", "W_total", "Wdot_S", "Q_B_each", "W_B_each", "flux_each", "E_int", "h", "Qdot_S"}
    dataset = compared(system, run, names, accumulated=KINKED)
    work = dataset.W_total.values
    assert np.abs(np.diff(work)).max() > 0.05
    # between jumps nothing is driven: the work stands still
    quiet = (run.t[:-1] >= 1.5) & (run.t[1:] <= 3.0)
    assert np.abs(np.diff(work)[quiet]).max() < ROUNDING
    assert "jumps" in dataset.Sigma_pseudo_B.attrs["reason"]


def test_a_jump_that_is_taken_for_a_kink_is_noticed() -> None:
    """Negative: with one value at the jump instead of two the work is wrong, and the balances see it."""
    _, run = jumping()
    model = replace(
        run.model,
        couplings=tuple(replace(c, strength=OnlyKinks(c.strength)) for c in run.model.couplings),
        drives=tuple(replace(part, drive=OnlyKinks(part.drive)) for part in run.model.drives),
    )
    kinks = replace(run, model=model)
    assert kinks.jumps == ()
    assert kinks.breaks == run.breaks
    wrong = ledger(kinks, ALPHA_S)
    for name in ("energy", "heat", "flux"):
        assert np.abs(wrong[f"residual_{name}"]).max() > 1e-4, name


class OnlyKinks:
    """A drive that says where it jumps, and not that it jumps."""

    def __init__(self, drive: Drive) -> None:
        self.breaks, self.time_scale = drive.breaks, drive.time_scale
        self.value, self.slope, self.describe = drive.value, drive.slope, drive.describe


def test_without_drive_there_is_no_work_on_the_whole() -> None:
    dataset = ledger(trajectory_of_general(two_baths(), TIMES[:5], every=2), ALPHA_S)
    np.testing.assert_allclose(dataset.W_chi, 0, atol=ROUNDING)
    np.testing.assert_allclose(dataset.W_total, 0, atol=ROUNDING)
    assert dataset.W_total.attrs["note"] == "0: nothing is driven"


def test_what_a_cold_bath_beside_a_warm_one_leaves_undefined_says_so() -> None:
    dataset = ledger(trajectory_of_general(two_baths(2.0, np.inf), TIMES[:5], every=2), ALPHA_S)
    for name in ("D_B", "D_B_lower", "D_B_upper", "Sigma_B", "Sigma_total"):
        assert np.isnan(dataset[name]).all(), name
        assert "beta infinite" in dataset[name].attrs["reason"], name


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        ((), [(0, 5)]), ((2.0,), [(0, 3), (2, 5)]), ((1.5,), [(0, 2), (2, 5)]), ((0.5,), [(0, 1), (1, 5)]), ((1.2, 1.8), [(0, 2), (2, 5)]),
        ((0.0,), [(0, 5)]), ((4.0,), [(0, 5)]), ((1.0, 1.5), [(0, 2), (2, 5)]), ((3.5,), [(0, 4), (4, 5)]), ((-1.0, 9.0), [(0, 5)]),
        ((0.0, 0.5), [(0, 1), (1, 5)]),
    ],
)  # fmt: skip
def test_smooth_parts_lie_between_breaks(breaks: tuple[float, ...], expected: list[tuple[int, int]]) -> None:
    assert [(part.start, part.stop) for part in smooth_parts(np.arange(5.0), breaks)] == expected


def test_the_entropy_of_a_bath_is_not_differentiated_across_a_kink_between_record_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ramp of the coupling that begins and ends between two record times: Sdot_B is right within its bar, which is not blind."""
    ramp = Ramp(start=0.732, duration=0.036, initial=1.0, final=0.1)
    system = two_baths(np.inf, np.inf)
    first, second = system.baths
    system = replace(system, baths=(strong(first, ramp), strong(second, ramp)), levels=(6, 14))
    run = trajectory_of_general(system, np.linspace(0, 1.5, 126), every=5, strengths=(ramp, ramp))
    assert len(run.breaks) == 2

    def off() -> tuple[np.ndarray, np.ndarray]:
        psi_rate = 1e-5
        t = run.t[1:-1]
        S = np.array([[at["S_B"] for at in entropies(system, [t_ - psi_rate, t_ + psi_rate])] for t_ in t])
        found = rates(run, expectations(run), ALPHA_S, bath_rate(run)).Sdot_B[1:-1]
        return np.abs(found - (S[:, 1] - S[:, 0]) / (2 * psi_rate)), bath_rate(run).width[1:-1]

    deviation, error = off()
    assert np.all(deviation < 10 * error + 1e-6)
    assert np.isfinite(error).all()
    assert deviation.max() < 5e-4
    monkeypatch.setattr(bath_rate_module, "smooth_parts", lambda t, breaks: [slice(0, t.size)])  # negative twin
    assert off()[0].max() > 1e-2


def entropies(system: General, times: list[float]) -> list[dict[str, Any]]:
    """The columns of the oracle at the ascending times."""
    return [columns_at(system, psi, t, ALPHA_S) for t, psi in zip(times, system.states(times), strict=True)]
