"""scripts/bench/random_models.py in small: its oracle beside the plain one, and that what it looks for it sees."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracles import general
from tests.oracles.amplitudes import Bath, Dense, Factor, TooLarge
from tests.oracles.random_models import dense, draw, factor

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))
campaign: Any = importlib.import_module("random_models")

SIGMA_X, SIGMA_Y, SIGMA_Z = (
    np.array(m, dtype=complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
)
TILTED = np.array([[0.3, 0.2j], [1.0, -0.1]])
MIXED = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])
TIMES, ALPHA_S = np.linspace(0, 1.2, 4), 0.3


def both(start: str) -> tuple[Dense, general.General]:
    """One model of everything for either oracle: two baths of both kinds, driven, of either sign."""
    pulse = factor({"shape": "pulse", "centre": 0.5, "width": 0.2, "height": 0.7, "base": 1.0})
    cosine = factor({"shape": "cosine", "amplitude": 0.4, "frequency": 2.0, "phase": 0.3})
    betas = (5.0, 5.0) if start == "mean-force" else (5.0, 7.0)
    alphas = ((0.2 - 0.1j,), (-0.2j,)) if start == "displaced" else (None, None)
    kinds = ((SIGMA_X / 2 + 0.2 * SIGMA_Z, -0.4, 0.8, False), (TILTED, 0.3, 1.2, True))
    ours, theirs = [], []
    for (operator, g, w, exchange), beta, alpha, strength in zip(kinds, betas, alphas, (pulse, None), strict=True):
        same: Any = {"operator": operator, "frequencies": (w,), "couplings": (g,), "exchange": exchange}
        ours.append(Bath(temperature=1 / beta, strength=strength, alpha=alpha, **same))
        drive: Any = {"drive": strength.value, "drive_rate": strength.slope} if strength else {}
        theirs.append(general.Bath(beta=beta, displacement=alpha, **drive, **same))
    H = 0.4 * SIGMA_Z + 0.2 * SIGMA_X
    initial = None if start == "mean-force" else MIXED
    levels = (15, 13)
    return (
        Dense(hamiltonian=H, baths=tuple(ours), initial=initial, levels=levels, drives=((cosine, SIGMA_Y),)),
        general.General(
            hamiltonian=lambda t: H + cosine.value(t) * SIGMA_Y, hamiltonian_rate=lambda t: cosine.slope(t) * SIGMA_Y,
            baths=tuple(theirs), levels=levels, initial=initial, start="mean-force" if initial is None else "product",
        ),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("start", ["product", "displaced", "mean-force"])
def test_the_oracle_agrees_with_density_matrices(start: str) -> None:
    ours, theirs = both(start)
    found, expected = ours.ledger(TIMES, ALPHA_S), dict(general.ledger(theirs, TIMES, ALPHA_S))
    thermal = np.array([(ours.frequencies * ours.thermal_numbers)[ours.owner == j].sum() for j in range(2)])
    for name in ("E_B", "U_B", "U_tot"):
        expected[name] = expected[name] - thermal.sum()
    expected["E_B_each"] = expected["E_B_each"] - thermal
    expected["flux_each"] = expected["Edot_B_each"]
    if start == "product":
        heat = theirs.heat_statistics(TIMES)
        expected["Var_Q_B"] = heat["variance"]
    names = set(expected) & set(found)
    assert len(names) >= 30
    assert {"Q_B_each", "W_chi", "S_chi", "D_B", "Wdot_S", "E_int"} <= names
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], atol=3e-9, err_msg=name)


def test_a_jump_is_the_limit_of_a_steep_ramp() -> None:
    ours, _ = both("product")
    square = factor({"shape": "square", "start": 0.4, "stop": 0.81, "height": 0.6, "base": 1.0})

    def steep(t: float) -> float:
        return 1.0 + 0.6 * (np.clip((t - 0.4 + 5e-5) / 1e-4, 0, 1) - np.clip((t - 0.81 + 5e-5) / 1e-4, 0, 1))

    def slope(t: float) -> float:
        return 0.6e4 * (float(abs(t - 0.4) < 5e-5) - float(abs(t - 0.81) < 5e-5))

    ends = tuple(t + d for t in (0.4, 0.81) for d in (-5e-5, 5e-5))
    ramp = Factor(value=steep, slope=slope, breaks=ends, knots=ends)
    found, expected = (
        replace(
            ours,
            levels=(22, 20),
            baths=(replace(ours.baths[0], strength=drive, temperature=0.0), replace(ours.baths[1], temperature=0.0)),
            drives=((drive, SIGMA_Y),),
        ).ledger([0.0, 0.3, 0.7, 1.0], ALPHA_S)
        for drive in (square, ramp)
    )
    for name in ("W_S", "W_B", "W_chi", "W_total", "Q_S", "Q_B", "Q_chi", "E_S", "E_int", "W_B_each", "U_tot"):
        np.testing.assert_allclose(found[name], expected[name], atol=3e-5, err_msg=name)
    assert abs(found["W_total"][2]) > 0.01
    assert abs(found["W_chi"][2]) > 5e-4


# A qubit and one mode, displaced and driven: everything is quick, and the step costs 1e-5.
SMALL = {
    "system": {"hamiltonian": [[0.3, "0.1-0.2j"], ["0.1+0.2j", -0.3]], "initial": [0.6, "0.8j"]},
    "evolution": {"until": 0.8, "step": 0.2, "tolerance": 1e-9},
    "spectral_density": {"kind": "discrete", "frequencies": [1.0], "couplings": [0.4]},
    "coupling": {"operator": [[0.5, 0.1], [0.1, -0.5]]},
    "bath": {"temperature": 0.0, "displacement": [0.5]},
    "drive": {"hamiltonian.x": {"shape": "cosine", "amplitude": 0.8, "frequency": 0.5, "phase": 0.4}},
    "record": {"observables": {"mine": [[1.0, 0.0], [0.0, -1.0]]}},
}


@pytest.fixture(scope="module")
def right() -> Any:
    return dense(SMALL).ledger(campaign.record_times(SMALL), 0.5)


def test_what_is_right_is_found_right(right: Any) -> None:
    verdict = campaign.look_at(SMALL, right)
    assert (verdict.outcome, verdict.flags, verdict.worst) == ("done", "none", {})
    assert not verdict.bad
    assert {
        "E_S",
        "Q_B_each",
        "W_total",
        "rho_S",
        "S_B",
        "T_S",
        "Delta_S_B_lower",
        "mode_occupation",
        "observable",
    } <= set(verdict.counts)
    assert all(sum(verdict.counts[name].values()) == 4 for name in ("E_S", "T_S", "S_chi"))


def test_a_wrong_sign_in_the_oracle_is_noticed() -> None:
    """Of the coupling of a displaced mode: the system is pushed the other way."""
    model = dense(SMALL)
    other = replace(model, baths=(replace(model.baths[0], couplings=(-0.4,)),))
    verdict = campaign.look_at(SMALL, other.ledger(campaign.record_times(SMALL), 0.5))
    assert verdict.bad
    assert {"E_S", "E_B", "rho_S", "observable"} <= set(verdict.worst)


def test_bars_a_thousand_times_too_small_are_noticed(right: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    errors_of = campaign.errors_of
    monkeypatch.setattr(campaign, "errors_of", lambda found, name: errors_of(found, name) / 1e3)
    verdict = campaign.look_at(SMALL, right)
    assert verdict.bad
    assert {"E_S", "rho_S", "S_S"} <= set(verdict.worst)
    assert "silently wrong" in campaign.table([verdict])


def test_a_flag_excuses_and_a_crash_does_not(right: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = campaign.look_at(SMALL, right)
    wrong = replace(verdict, worst={"E_S": (1.0, 1e-3, 0.2)})
    assert wrong.bad
    assert not replace(wrong, flags="bond cap 2 reached").bad
    assert replace(verdict, missing=("D_B",)).bad

    def dies(*_: Any) -> None:
        raise KeyError("Sigma_ext_S_width")

    monkeypatch.setattr(campaign, "ledger", dies)
    crashed = campaign.look_at(SMALL, right)
    assert crashed.bad
    assert "Sigma_ext_S_width" in crashed.words
    assert "seed" in campaign.report(crashed)


def test_a_seed_is_a_file_that_the_program_takes(tmp_path: Path) -> None:
    first = campaign.to_toml(draw(np.random.default_rng([7, 0])))
    assert first == campaign.to_toml(draw(np.random.default_rng([7, 0])))
    assert first != campaign.to_toml(draw(np.random.default_rng([8, 0])))
    for seed in range(12):
        path = tmp_path / f"{seed}.toml"
        path.write_text(campaign.to_toml(draw(np.random.default_rng([seed, 0]))))
        campaign.load_config(path)


@pytest.mark.slow
def test_the_dense_space_is_large_enough() -> None:
    """More levels change nothing, whatever was drawn."""
    looked = 0
    for seed in range(1, 12):
        tables = draw(np.random.default_rng([seed, 0]))
        times = [0.0, tables["evolution"]["until"]]
        try:
            model = dense(tables)
            found = model.ledger(times, 0.3)
            wider = replace(model, levels=tuple(n + 5 for n in model.levels)).ledger(times, 0.3)
        except TooLarge:
            continue
        looked += 1
        for name in ("E_S", "E_B", "Q_B", "W_S", "S_S", "S_B", "rho_S", "flux_each", "mode_occupation"):
            np.testing.assert_allclose(found[name], wider[name], atol=2e-9, err_msg=f"{name}, seed {seed}")
    assert looked > 4


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 11, 21, 31])
def test_no_random_model_is_silently_wrong(first: int) -> None:
    verdicts = [campaign.one(seed) for seed in range(first, first + 10)]
    assert not [campaign.report(verdict) for verdict in verdicts if verdict.bad]
    assert {verdict.outcome for verdict in verdicts} == {"done"}
    assert sum(verdict.flagged for verdict in verdicts) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1099, 3055, 3110, 3138, 4025, 4153, 4179, 4291])
def test_what_was_silently_wrong_once_is_right(seed: int) -> None:
    """One row of modes, bounds that miss what they enclose, a pulse between record times, equal frequencies, errors below those of kin."""
    assert not campaign.one(seed).bad
