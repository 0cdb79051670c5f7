"""What a jump operator of a Lindblad equation stands for, as a bath: broad and weakly coupled."""

from pathlib import Path

import numpy as np
import pytest

import chains
import tnthermo as tt
from chains import InvalidInput
from tests.support.configs import few_modes
from tnthermo.configuration.resolve import load_config

GAMMA, W = 0.04, 1.0


def population(gamma: float, half_width: float) -> tuple[np.ndarray, np.ndarray, tt.Trajectory]:
    """(t, population of the upper level) beside a semicircle with 2 pi J(W) = gamma."""
    coupling = 0.5 * np.sqrt(gamma * half_width)
    broad = chains.Semicircle(coupling=coupling, centre=W, half_width=half_width)
    model = tt.assemble(
        hamiltonian={"z": 0.5 * W}, couplings=[tt.couple("sigma_minus", chains.chain(broad, 24), kind="exchange")]
    )
    run = tt.evolve(
        model, initial="+z", until=20.0, record_every=2.0, algorithm=tt.TDVP(step=0.25, tolerance=1e-6, max_bond=8),
        error_bars=False, accuracy="off",
    )  # fmt: skip
    return run.t, tt.ledger(run).rho_S.values[:, 0, 0, 0], run


def test_a_broad_bath_decays_as_the_jump_operator_would() -> None:
    t, found, run = population(GAMMA, 1.0)
    assert found == pytest.approx(np.exp(-GAMMA * t), abs=0.045)  # gamma/half_width = .04 is what the bath remembers
    rate = -np.polyfit(t[3:], np.log(found[3:]), 1)[0]
    assert rate == pytest.approx(GAMMA, rel=0.05)
    ledger = tt.ledger(run)
    assert np.abs(ledger.residual_energy.values).max() < 1e-6  # and what the system loses is in the bath
    assert ledger.E_B.values[-1] == pytest.approx(W * (1 - found[-1]), abs=0.02)


def test_a_narrow_one_does_not() -> None:
    t, found, _ = population(GAMMA, 0.1)
    assert np.abs(found - np.exp(-GAMMA * t)).max() > 0.05


@pytest.mark.parametrize(
    "add", ["[lindblad]\nrate = 0.1", "[system]\nc_ops = 1", "[coupling]\njump_operators = [1]", "[dissipators]"]
)
def test_jump_operators_are_refused_with_what_to_do(tmp_path: Path, add: str) -> None:
    text = few_modes()
    head, _, rest = add.partition("\n")
    text = text.replace(head, f"{head}\n{rest}") if head in text else f"{text}\n{add}\n"
    path = tmp_path / "few.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match="a jump operator has no bath"):
        load_config(path)
