"""The entropy of the physical bath in whole runs: V4 in the ledger, what "auto" chooses, what is refused, bounds around exact values."""

from pathlib import Path

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.results import result_file, run_folder

V4 = {
    "S_S": 0.3720087089,
    "S_B": 0.6404178049,
    "S_B0": 0.4584487434,
    "S_chi": 0.5539777704,
    "Sigma_total": 0.8656739396,
}


def one_mode(*, star: bool) -> tt.Model:
    """H = sigma_x/2 + a^dag a + 0.5 (sigma_z/2)(a + a^dag) at T = 0.5."""
    density = chains.Discrete(frequencies=[1.0], couplings=[0.5])
    bath = chains.star_cells(density, temperature=0.5) if star else chains.chain(density, temperature=0.5)
    return tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)


@pytest.mark.parametrize("star", [True, False])
def test_one_warm_mode(star: bool) -> None:
    run = tt.evolve(
        one_mode(star=star),
        algorithm=tt.TDVP(step=0.025, tolerance=1e-9, order=4),
        until=3.0,
        record_every=0.5,
        error_bars=False,
    )
    ledger = tt.ledger(run)
    for name, value in V4.items():
        assert float(ledger[name][-1]) == pytest.approx(value, abs=1e-7), name
    # S_SB is constant, and mutual information plus distance from equilibrium is the entropy production: both are measured
    assert np.abs(ledger.S_SB - V4["S_B0"]).max() < 1e-7
    assert np.abs(ledger.residual_entropy).max() < 1e-7
    assert (ledger.S_chi_lower <= ledger.S_chi + 1e-7).all()
    assert (ledger.S_chi <= ledger.S_chi_upper + 1e-7).all()
    assert np.isfinite(ledger.T_B[1:]).all()
    # the entropy of the cut between system and chain is another number: it must not be taken for the bath's
    assert abs(float(ledger.S_S[-1]) - V4["S_B"]) > 0.2


def test_star_cells_of_a_continuum_have_every_column_of_the_discrete_bath_they_are() -> None:
    """S_B0, Delta_S_B, D_B and what follows: the bath represented has finitely many modes, whatever density they came from."""
    cells = chains.star_cells(chains.PowerLaw(alpha=0.2, shape="hard"), 2, temperature=0.4)
    modes = chains.Discrete(frequencies=list(cells.frequencies), couplings=list(cells.couplings))

    def ledger_of(bath: chains.StarCells | chains.Chain):
        model = tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=bath)
        algorithm = tt.TDVP(step=0.25, tolerance=1e-5, max_bond=12, order=4)
        run = tt.evolve(model, algorithm=algorithm, until=1.0, error_bars=False, bath_entropy="exact")
        return tt.ledger(run)

    ours, same = ledger_of(cells), ledger_of(chains.star_cells(modes, temperature=0.4))
    for name in ("S_B0", "S_B", "Delta_S_B", "S_chi", "S_SB", "D_B", "Sigma_B", "T_B", "T_chi", "residual_entropy"):
        values = ours[name].values[1:]
        assert np.isfinite(values).all(), name
        assert values == pytest.approx(same[name].values[1:], abs=1e-9), name
    assert float(ours.S_B0[0]) == pytest.approx(float(np.sum(gibbs(cells.frequencies, 0.4))), rel=1e-12)
    # measured independently: S_B of the state at t = 0
    assert float(ours.S_B[0]) == pytest.approx(float(ours.S_B0[0]), abs=1e-4)
    assert ours.D_B.values[-1] > 1e-3
    # other modes are another bath
    more = chains.star_cells(chains.PowerLaw(alpha=0.2, shape="hard"), 3, temperature=0.4)
    assert abs(float(ours.S_B0[0]) - float(np.sum(gibbs(more.frequencies, 0.4)))) > 0.1
    # the chain of a continuum is none of it: its sites are no modes of the bath
    chain = chains.chain(chains.PowerLaw(alpha=0.2, shape="hard"), 4, temperature=0.4)
    model = tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=chain)
    found = tt.ledger(tt.evolve(model, algorithm=tt.TDVP(step=0.25), until=0.5, error_bars=False))
    assert np.isnan(found.S_B0).all()
    assert "infinite" in found.S_B0.attrs["reason"]


def gibbs(frequencies: np.ndarray, temperature: float) -> np.ndarray:
    """Entropy of each mode at this temperature, from its occupation."""
    n = 1 / np.expm1(np.asarray(frequencies) / temperature)
    return (n + 1) * np.log(n + 1) - n * np.log(n)


def test_between_evaluations_there_are_no_bounds_and_the_reason_is_said() -> None:
    run = tt.evolve(
        one_mode(star=False), algorithm=tt.TDVP(step=0.1), until=2.0, bath_entropy_every=1.0, error_bars=False
    )
    ledger = tt.ledger(run)
    evaluated = np.isfinite(ledger.S_chi.values)
    assert evaluated.sum() == 3
    assert ledger.S_chi.attrs["reason"] == "not evaluated at the times that are NaN (bath_entropy_every)"
    assert ledger.residual_occupation.attrs["reason"].endswith("(occupation_every)")
    between = ~evaluated
    for bound in ("S_chi_lower", "S_chi_upper", "Delta_S_B_lower", "D_B_upper", "Sigma_B_lower"):
        assert np.array_equal(np.isfinite(ledger[bound].values), evaluated), (
            bound
        )  # a line through them does not jump to 0
        assert "bath_entropy_every" in ledger[bound].attrs["reason"], bound
    assert between.any()
    assert np.isnan(ledger.T_B).all()
    assert "bath_entropy_every" in ledger.T_B.attrs["reason"]


def test_errors_compare_measured_with_measured() -> None:
    """0.5 is no multiple of the companion's step 0.2: nothing of 0.5 is compared with 0.6, and no measurement with a free bound."""
    run = tt.evolve(
        one_mode(star=False), algorithm=tt.TDVP(step=0.1), until=2.0, bath_entropy="exact", bath_entropy_every=0.5
    )
    assert run.rough is not None
    assert run.rough.t[np.isfinite(run.rough.bath_entropy)] == pytest.approx([0.0, 1.0, 2.0])
    ledger, rough = tt.ledger(run), tt.ledger(run.rough)
    evaluated = np.isfinite(ledger.S_chi.values)
    assert np.flatnonzero(evaluated).tolist() == [0, 5, 10, 15, 20]
    for name in ("S_chi", "Delta_S_B", "D_B", "Sigma_B"):
        assert np.array_equal(np.isfinite(ledger[f"{name}_error"].values), evaluated), name
        for column in (f"{name}_lower", f"{name}_upper"):
            error = ledger[f"{column}_error"].values
            measured = np.abs(ledger[column].values[::10] - rough[column].values[::5])
            assert np.abs(ledger[column].values[20]) > 0.01
            apart = [ledger.S_chi - ledger.S_chi_lower, ledger.S_chi - ledger.S_chi_upper, ledger.residual_entropy]
            least = max(float(np.nanmax(np.abs(one.values))) for one in apart)
            least = max(measured.max(), least)  # and what it shares with its kin
            assert least * (1 - 1e-3) <= error[20] <= 3 * least
            # at 1 the largest up to the next time at which both measured; at 0.5 and 1.5 nothing less
            assert measured[1] * (1 - 1e-3) <= error[10] <= 3 * least
            assert error[5] >= measured[1] * (1 - 1e-3)
            assert error[15] == pytest.approx(error[20], rel=1e-3)
            assert (error[evaluated] < 1e-3).all()
    assert "both runs" in ledger.S_chi_lower_error.attrs["how"]


def test_bounds_narrow_with_effort_and_hold_the_exact_value() -> None:
    density = chains.Discrete(frequencies=[0.2, 0.6, 1.0], couplings=[0.1, 0.2, 0.2])
    bath = chains.chain(density, temperature=0.25)
    model = tt.SpinBoson(hamiltonian={"z": 0.1, "x": 0.2}, coupling={"z": 0.5}, bath=bath)
    found = {}
    for wanted, most in (("exact", None), ("bracket", 60), ("bracket", 8), ("bracket", 2)):
        run = tt.evolve(
            model, algorithm=tt.TDVP(step=0.2, tolerance=1e-6), until=6.0, record_every=6.0, error_bars=False,
            bath_entropy=wanted, bath_entropy_every=6.0, bath_entropy_max_bond=most,
        )  # fmt: skip
        found[wanted, most] = tt.ledger(run).isel(t=-1)
    exact = float(found["exact", None].S_chi)
    widths = []
    for (wanted, _), ledger in found.items():
        low, high = float(ledger.S_chi_lower), float(ledger.S_chi_upper)
        assert low - 1e-5 <= exact <= high + 1e-5
        widths.append(high - low)
        if wanted == "bracket" and np.isnan(ledger.S_chi):
            assert "only bounded" in ledger.S_chi.attrs["reason"]
        elif wanted == "bracket":
            assert float(ledger.S_chi) == pytest.approx(0.5 * (low + high), abs=1e-12)
        if wanted == "bracket":
            assert float(ledger.Sigma_B_lower) <= float(found["exact", None].Sigma_B) <= float(ledger.Sigma_B_upper)
    assert widths == sorted(widths)
    assert widths[0] < 1e-4
    assert widths[-1] > 5e-3


def test_exact_is_refused_beforehand_where_it_cannot_be_had() -> None:
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    continuum = tt.SpinBoson(
        hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=chains.chain(density, 10, temperature=0.5)
    )
    with pytest.raises(chains.InvalidInput, match="continuum"):
        tt.evolve(continuum, until=1.0, bath_entropy="exact")
    hot = tt.SpinBoson(
        hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=chains.star_cells(density, 10, temperature=2.0)
    )
    with pytest.raises(chains.InvalidInput, match="nats"):
        tt.evolve(hot, until=1.0, bath_entropy="exact")
    for name, value in (("bath_entropy", "all"), ("bath_entropy_max_bond", 1), ("bath_entropy_every", 0.0)):
        with pytest.raises(chains.InvalidInput, match=name):
            tt.evolve(hot, until=1.0, **{name: value})


def test_a_mixed_start_and_files_keep_the_entropies(tmp_path: Path) -> None:
    rho = np.diag([0.8, 0.2])
    run = tt.evolve(
        one_mode(star=True), initial=rho, algorithm=tt.TDVP(step=0.1, tolerance=1e-8), until=1.0, error_bars=False
    )
    ledger = tt.ledger(run)
    S_S0 = -0.8 * np.log(0.8) - 0.2 * np.log(0.2)
    evaluated = np.isfinite(ledger.S_SB.values)
    assert np.allclose(ledger.S_SB[evaluated], S_S0 + V4["S_B0"], atol=1e-6)
    assert np.abs(ledger.residual_entropy[evaluated]).max() < 1e-5
    result_file.save_result(tmp_path / run_folder.RESULT, ledger, run)
    again = tt.load(tmp_path)
    assert again.bath_entropy_how == run.bath_entropy_how
    assert np.array_equal(again.bath_entropy, run.bath_entropy, equal_nan=True)
