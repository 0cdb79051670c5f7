"""The first steps of a run, whose errors a companion with the same pieces would not see; bonds that are filled once."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.engines import tdvp
from tnthermo.engines.tdvp import first_pieces

# With so few modes every bond is full and the step costs nothing but for the drive, which is taken at the middle of a piece.
MODEL = tt.assemble(
    hamiltonian={"z": 0.3, "x": 0.2},
    couplings=[
        tt.couple({"x": 0.5, "y": 0.3}, chains.chain(chains.Discrete(frequencies=[0.5, 1.2], couplings=[0.4, 0.2])))
    ],
    drives=[tt.SystemDrive(operator={"y": 1.0}, drive=tt.Cosine(amplitude=0.8, frequency=0.5, phase=0.4))],
)
STEP = 0.2


def deviations(until: float) -> tuple[np.ndarray, np.ndarray]:
    """(how far rho_S (n,) is from dense propagation, its error (n,)) after each step: largest elements."""
    run = tt.evolve(MODEL, algorithm=tt.TDVP(step=STEP, tolerance=1e-9), until=until)
    right = tt.evolve(MODEL, algorithm=tt.Exact(step=STEP, tolerance=1e-11), until=until, error_bars=False)
    errors = tt.ledger(run).rho_S_error.values
    return np.abs(run.rho_S - right.rho_S).max(axis=(1, 2)), errors.reshape(len(errors), -1).max(axis=1)


@pytest.mark.parametrize("steps", [2, 3])
def test_the_errors_of_the_first_two_steps_are_seen(steps: int) -> None:
    off, error = deviations(steps * STEP)
    assert off[2] > 1e-7
    assert np.all(off[1:] < 2 * error[1:])


def test_a_companion_that_starts_with_the_same_pieces_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative twin: its first step of twice the length is then the run's first two."""
    monkeypatch.setattr(tdvp, "first_pieces", lambda ratio: first_pieces(2))
    off, error = deviations(2 * STEP)
    assert off[2] > 100 * error[2]


@pytest.mark.parametrize("ratio", [2, 4])
def test_the_pieces_of_the_first_step_add_up_to_it(ratio: int) -> None:
    pieces = first_pieces(ratio)
    assert sum(pieces) == 1.0
    assert pieces[0] == min(pieces) == 2**-6
    assert pieces[-1] == 1 - 1 / ratio


def two_modes() -> tuple[tt.Trajectory, tt.Trajectory]:
    """A qutrit between two modes, each a chain of one site, at a fixed bond; and the same by dense propagation."""
    operators = (
        [[0.3, 0.4j, 0], [-0.4j, 0, 0.2], [0, 0.2, -0.5]],
        [[0.1, 0.2, 0.5], [0.2, -0.3, 0.1j], [0.5, -0.1j, 0.4]],
    )
    baths = [chains.chain(chains.Discrete(frequencies=[w], couplings=[g])) for w, g in ((0.5, 0.6), (1.0, 0.9))]
    couplings = [tt.couple(operator, bath) for operator, bath in zip(operators, baths, strict=True)]
    model = tt.assemble(hamiltonian=[[0.1, 0.2, 0], [0.2, -0.1, 0.3j], [0, -0.3j, 0.3]], couplings=couplings)
    mixed, times = np.diag([0.5, 0.3, 0.2]), {"until": 3.0, "record_every": 0.5, "error_bars": False}
    run = tt.evolve(model, initial=mixed, algorithm=tt.TDVP1(step=0.1, bond=12), **times)
    return run, tt.evolve(model, initial=mixed, algorithm=tt.Exact(step=0.25), **times)


def test_a_fixed_bond_is_reached_where_levels_grow() -> None:
    """The bond between the two modes held 4 states, as many as the last site's levels at the start, whatever was asked for."""
    run, right = two_modes()
    np.testing.assert_array_equal(run.bonds[0], [12, 12])
    assert np.abs(run.rho_S[run.recorded] - right.rho_S[right.recorded]).max() < 1e-6


def test_a_bond_that_is_as_narrow_as_the_levels_at_the_start_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative twin."""
    filled = tdvp.filled
    monkeypatch.setattr("tnthermo.engines.engine.filled", lambda state, bond, *, may_grow: filled(state, bond))
    run, right = two_modes()
    np.testing.assert_array_equal(run.bonds[0], [12, 4])
    assert np.abs(run.rho_S[run.recorded] - right.rho_S[right.recorded]).max() > 1e-5
