"""Driver, flags, two-time functions and the bath's entropy ask an engine for nothing that is not in `tnthermo.engine_protocol`."""

from typing import Any

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.engine_protocol import Engine, Whole
from tnthermo.engines import engine
from tnthermo.engines.tdvp import TDVPEngine
from tnthermo.record.raw_columns import RAW_COLUMNS

MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1}, coupling={"z": 0.5},
    bath=chains.star_cells(chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3]), temperature=0.5),
)  # fmt: skip
TDVP = tt.TDVP(step=0.25, tolerance=1e-3)


class Only:
    """An object of which nothing is known but the members of a Protocol."""

    protocol: type

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        assert name in vars(self.protocol), f"{name} is not in {self.protocol.__name__}"
        return getattr(self._inner, name)


class OnlyWhole(Only):
    protocol = Whole

    def overlap(self, other: Any, operator: np.ndarray) -> Any:
        return self._inner.overlap(other._inner, operator)


class OnlyEngine(Only):
    protocol = Engine

    def whole(self) -> OnlyWhole:
        return OnlyWhole(self._inner.whole())


@pytest.fixture
def other_family(monkeypatch: pytest.MonkeyPatch) -> list[OnlyEngine]:
    """TDVP is carried out by an engine that has the Protocol alone; those that were made."""
    made: list[OnlyEngine] = []

    def of(*arguments: Any, **keywords: Any) -> OnlyEngine:
        made.append(OnlyEngine(TDVPEngine(*arguments, **keywords)))
        return made[-1]

    monkeypatch.setitem(engine.ENGINES, tt.TDVP, of)
    return made


def test_a_run_asks_for_nothing_else(other_family: list[OnlyEngine]) -> None:
    def run() -> tt.Trajectory:
        return tt.evolve(
            MODEL, algorithm=TDVP, until=0.5, correlations_every=0.25, bath_entropy="exact", bath_entropy_every=0.5, displacement=0.3,
            observables={"sx": {"x": 1.0}, "first": {"boson": "number", "site": 0}}, progress=lambda _: None,
        )  # fmt: skip

    found = run()
    assert len(other_family) == 2  # the run, and its companion
    engine.ENGINES[tt.TDVP] = TDVPEngine
    expected = run()
    for column in RAW_COLUMNS:
        name = column.name
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=1e-12, err_msg=name)
    assert np.isfinite(found.bath_entropy).any()


def test_two_time_functions_ask_for_nothing_else(other_family: list[OnlyEngine]) -> None:
    found = tt.two_time(MODEL, {"zz": ("z", "z")}, algorithm=TDVP, until=0.5, error_bars=False, progress=lambda _: None)
    assert len(other_family) == 2  # the start, and what sigma_z makes of it
    engine.ENGINES[tt.TDVP] = TDVPEngine
    expected = tt.two_time(MODEL, {"zz": ("z", "z")}, algorithm=TDVP, until=0.5, error_bars=False)
    np.testing.assert_allclose(found["zz"], expected["zz"], rtol=0, atol=1e-12)


def test_what_is_not_in_the_protocol_is_seen() -> None:
    with pytest.raises(AssertionError, match="blocks is not in Whole"):
        OnlyWhole(None).blocks  # noqa: B018
