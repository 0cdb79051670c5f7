"""`tnthermo compile`: one run for each engine; where all is in the cache it says so."""

import pytest

from tests.support.terminal import call
from tnthermo.algorithms import ALGORITHMS
from tnthermo.kernels.compiling import CompileClock
from tnthermo.studies import kernels


def test_each_engine_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def evolve(model: object, *, algorithm: object, until: float) -> None:
        names.append(type(algorithm).__name__)
        CompileClock.process += 1.5

    monkeypatch.setattr(kernels, "evolve", evolve)
    monkeypatch.setattr(kernels, "ledger", lambda run: None)
    monkeypatch.setattr(CompileClock, "process", 0.0)
    said: list[str] = []
    assert kernels.compile_kernels(said.append) == 6.0
    assert names == ["TDVP", "TimeBins", "TEBD", "Exact"]
    assert set(names) <= {kind.__name__ for kind in ALGORITHMS}
    assert said[:2] == ["1 of 4: chains", "  2 s"]


@pytest.mark.slow
def test_what_is_compiled_is_found_again() -> None:
    """In this process at the latest the second time."""
    assert call("compile").exit_code == 0
    again = call("compile")
    assert "all of them are in the cache already" in again.output
