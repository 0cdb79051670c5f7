"""The uninterrupted run; little is written; interrupts are heard."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import tnthermo as tt
from tests.interrupted.runs import RUNS, save_little, write_config
from tnthermo.configuration.resolve import resolve_file
from tnthermo.results import result_file
from tnthermo.studies.study import run_config


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_file, "save_result", save_little)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uninterrupted run."""
    folder = tmp_path_factory.mktemp("reference")
    config, out = write_config(folder), folder / "out"
    run_config(config, out)
    resolved = resolve_file(config)
    RUNS[out] = tt.evolve(resolved.model, **resolved.evolve_keywords())  # and without any checkpoints
    return out


@pytest.fixture(autouse=True)
def interrupts_are_heard() -> Iterator[None]:
    """Also where the tests themselves are a background job, whose INT is ignored, and with it that of every process they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
