"""The raw columns are said once, and everything that names them says the same."""

import dataclasses
import re

import numpy as np
import pytest

import tnthermo as tt
from tests.results.test_checkpoints import few
from tnthermo.configuration.checks import TAKEN
from tnthermo.engine_protocol import Local, Profile, StepReport
from tnthermo.record.raw_columns import LETTERS, LOCAL, PROFILE, RAW_COLUMNS, REPORT, names
from tnthermo.record.trajectory import Trajectory

ARRAYS = {"Real": "real", "Complex": "complex", "Matrix": "complex", "Integer": "whole"}
DTYPES = {"real": np.float64, "complex": np.complex128, "whole": np.int64}


@pytest.fixture(scope="module")
def run() -> Trajectory:
    return tt.evolve(
        few(), algorithm=tt.Exact(step=0.2, tolerance=1e-2), until=0.4, levels=4, correlations_every=0.2, error_bars=False,
        observables={"sx": {"x": 1.0}},
    )  # fmt: skip


def test_they_are_the_arrays_of_a_trajectory() -> None:
    fields = {field.name: str(field.type) for field in dataclasses.fields(Trajectory)}
    kinds = {name: ARRAYS[kind] for name, kind in fields.items() if kind in ARRAYS}
    assert kinds == {column.name: column.kind for column in RAW_COLUMNS}
    assert len(kinds) == len(RAW_COLUMNS)


def test_their_meanings_are_its_docstring() -> None:
    text = " ".join(str(Trajectory.__doc__).split())
    for column in RAW_COLUMNS:
        assert f" {column.name} {column.shape} {column.meaning} " in text, column.name
    described = re.findall(r"^    (\w+) +\((?:[mnMBd]\b|1 \+)[^)]*\) ", str(Trajectory.__doc__), flags=re.MULTILINE)
    assert sorted(described) == sorted(column.name for column in RAW_COLUMNS)


def test_a_run_has_their_shapes_and_types(run: Trajectory) -> None:
    sizes: dict[str, int] = {}
    for column in RAW_COLUMNS:
        array = getattr(run, column.name)
        assert array.dtype == DTYPES[column.kind], column.name
        assert array.ndim == len(column.dims), column.name
        for name, size in zip(column.dims, array.shape, strict=True):
            assert sizes.setdefault(name, size) == size, (column.name, name)
        if column.finite and column.when != "correlations":
            assert np.isfinite(array).all(), column.name
    assert sizes.keys() == LETTERS.keys()


def test_what_is_measured_has_their_names() -> None:
    assert tuple(field.name for field in dataclasses.fields(Local)) == LOCAL
    assert tuple(field.name for field in dataclasses.fields(Profile)) == PROFILE
    assert set(REPORT) <= {field.name for field in dataclasses.fields(StepReport)}
    assert len(REPORT) == len(names("sum")) + 1


def test_what_the_ledger_shows_as_it_is_has_the_name_said_here(run: Trajectory) -> None:
    ledger = tt.ledger(run)
    for column in RAW_COLUMNS:
        if column.in_ledger:
            shown = np.asarray(ledger[column.in_ledger])
            raw = getattr(run, column.name)
            raw = raw[run.recorded] if column.dims[0] == "step" else raw
            values = shown[..., 0] + 1j * shown[..., 1] if column.kind == "complex" else shown
            np.testing.assert_array_equal(values, raw, err_msg=column.name)


def test_no_observable_may_have_the_name_of_anything_in_the_ledger(run: Trajectory) -> None:
    own = {"sx", "sx_error"}
    assert {str(name) for name in tt.ledger(run).variables} - own <= TAKEN | {f"{name}_error" for name in TAKEN}
