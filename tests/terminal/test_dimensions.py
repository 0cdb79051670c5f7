"""Systems of any size: every command, and a ledger with every column that the definitions promise."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import chains
import tnthermo as tt
from tests.support.terminal import call
from tnthermo.results import result_file
from tnthermo.thermo import columns as columns_module
from tnthermo.thermo import productions
from tnthermo.thermo.columns import complete
from tnthermo.thermo.definitions import COLUMNS, MEAN_FIELD, OF_SYSTEM, PER_BATH, QUBIT, needed
from tnthermo.thermo.entropies import Findings
from tnthermo.thermo.validity import ALWAYS, every_column, where

COARSE = tt.TDVP(step=0.1, tolerance=1e-5, max_bond=8)
DENSITY = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.15, 0.1])


def levels(d: int) -> np.ndarray:
    """A Hamiltonian of d levels, each coupled to the next."""
    return np.diag(np.linspace(0.5, -0.4, d)) + 0.1 * (np.eye(d, k=1) + np.eye(d, k=-1))


def steps(d: int) -> list[list[float]]:
    """The coupling's operator."""
    found: list[list[float]] = np.diag(np.linspace(0.5, -0.5, d)).tolist()
    return found


def start(d: int) -> list[float]:
    """The first level."""
    return [1.0, *[0.0] * (d - 1)]


def written(folder: Path, d: int) -> Path:
    """A configuration of d levels with nothing unusual in it."""
    path = folder / f"levels{d}.toml"
    path.write_text(
        f"""
[spectral_density]
kind = "power-law"
alpha = 0.1
exponent = 1.0
cutoff = 1.0
shape = "hard"
[bath]
temperature = 0.2
modes = 4
[system]
hamiltonian = {levels(d).tolist()}
initial = {start(d)}
[coupling]
operator = {steps(d)}
[evolution]
until = 0.4
step = 0.1
tolerance = 1e-4
max_bond = 8
[thermodynamics]
bath_entropy_max_bond = 40
[laws]
couplings = [1.0]
"""
    )
    return path


@pytest.fixture
def drawn(monkeypatch) -> None:
    """Figures are drawn, not written: embedding fonts takes ten times as long as all the rest."""

    def savefig(figure, path, **options) -> None:
        figure.draw_without_rendering()
        Path(path).touch()

    monkeypatch.setattr(Figure, "savefig", savefig)


@pytest.mark.parametrize("d", [pytest.param(2, marks=pytest.mark.slow), 3, 5])  # two: test_cli.py
def test_every_command(d: int, tmp_path: Path, drawn: None) -> None:
    config, out = written(tmp_path, d), tmp_path / "out"
    for arguments in (
        ("check", config), ("plan", config), ("run", config, "--out", out, "--quiet"), ("run", config, "--out", out, "--resume"),
        ("show", out), ("plot", out, "--weak-coupling", "redfield"), ("laws", config, "--out", tmp_path / "laws", "--quiet"),
    ):  # fmt: skip
        done = call(*arguments)
        assert done.exit_code == 0, (arguments, done.output)
    assert set(needed_variables(d)) <= set(result_file.load_ledger(out).data_vars)


def test_a_sweep_over_systems_of_any_size(tmp_path: Path) -> None:
    config, out = written(tmp_path, 2), tmp_path / "sweep"
    points = [
        {"system.hamiltonian": levels(d).tolist(), "system.initial": start(d), "coupling.operator": steps(d)} for d in (2, 3, 4, 5)
    ]  # fmt: skip
    rows = ", ".join("{ " + ", ".join(f'"{key}" = {value}' for key, value in point.items()) + " }" for point in points)
    config.write_text(config.read_text() + f'[sweep]\nmode = "list"\npoints = [{rows}]\n')
    swept = call("sweep", config, "--out", out, "--workers", 1, "--quiet")
    assert swept.exit_code == 0, swept.output
    gathered = call("collect", out)
    assert gathered.exit_code == 0, gathered.output
    assert "0 of 4 points missing, 0 not converged" in gathered.output


def needed_variables(d: int) -> Iterator[str]:
    of_system = [column for column in OF_SYSTEM if d == 2 or column.name not in QUBIT]
    for column in (*COLUMNS, *PER_BATH, *of_system, *MEAN_FIELD):
        yield column.name
        yield f"{column.name}_error"


KINDS = [
    pytest.param(d, T, kind, start, baths, id=f"{d}-{T}-{kind}-{start}-{baths}")
    for d, T, kind, start, baths in itertools.product(
        (2, 3), (0.0, 0.4), ("hermitian", "exchange"), ("pure", "mixed", "displaced", "mean-force"), (1, 2)
    )
    if (d, baths) in ((3, 1), (2, 2)) and (d == 3 or kind == "hermitian") and not (start == "mean-force" and T == 0)
]


@pytest.mark.parametrize(("d", "T", "kind", "begun", "baths"), KINDS)
def test_every_column_of_every_kind_of_run(d: int, T: float, kind: str, begun: str, baths: int) -> None:
    """With and without error bars and the bath's entropy: the same names, and a reason for what is NaN everywhere."""
    operator = np.diag(np.linspace(0.5, -0.5, d)) if kind == "hermitian" else np.eye(d, k=-1)
    make = chains.thermofield_chains if kind == "exchange" and T > 0 else chains.chain
    coupling = tt.couple(operator, make(DENSITY, temperature=T), kind=kind)
    drive = tt.SystemDrive(operator=np.diag(np.arange(d) / d), drive=tt.Ramp(duration=0.2, final=0.3))
    model = tt.assemble(hamiltonian=levels(d), couplings=[coupling] * baths, drives=[drive] if baths == 1 else [])
    rho = np.diag([0.7, *[0.3 / (d - 1)] * (d - 1)]) if begun == "mixed" else np.eye(d)[0]
    settings: dict = {"initial": "mean-force" if begun == "mean-force" else rho}
    if begun == "displaced":
        settings["displacement"] = tuple(0.3 for _ in range(baths))
    run = tt.evolve(model, until=0.4, algorithm=COARSE, bath_entropy="bracket", bath_entropy_max_bond=8, **settings)
    bare = replace(run, rough=None)
    unmeasured = replace(
        run,
        **{
            n: np.full_like(run.bath_entropy, np.nan)
            for n in ("correlation_lower", "correlation_upper", "bath_entropy", "joint_entropy")
        },
    )
    for one in (run, bare, unmeasured):
        ledger = tt.ledger(one)
        expected = {name for name in needed_variables(d) if one.rough is not None or not name.endswith("_error")}
        assert expected <= set(ledger.data_vars)
        assert not without_reason(ledger)
        assert not nan_against_what_is_said(ledger)


def nan_against_what_is_said(ledger: xr.Dataset) -> list[str]:
    """The columns that are said to have a value at every record time, and have not."""
    said = [name for name in every_column() if name in ledger and where(name) == ALWAYS]
    return [name for name in said if not np.isfinite(ledger[name].values).all()]


def test_what_is_said_of_a_column_can_be_wrong() -> None:
    """The negative twin: a column that is NaN somewhere is seen."""
    ledger = xr.Dataset({"E_S": ("t", [0.1, np.nan]), "S_B": ("t", [0.1, np.nan])})
    assert nan_against_what_is_said(ledger) == ["E_S"]


def without_reason(ledger: xr.Dataset) -> list[str]:
    """The variables that are NaN somewhere and do not say why."""
    return [
        str(name)
        for name, variable in ledger.data_vars.items()
        if np.issubdtype(variable.dtype, np.floating)
        and np.isnan(variable.values).any()
        and not variable.attrs.get("reason")
    ]


def test_a_branch_that_delivers_less_than_is_promised_is_found_when_the_table_is_built(monkeypatch) -> None:
    run = tt.evolve(
        tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=chains.chain(DENSITY)), until=0.2, algorithm=COARSE
    )  # fmt: skip
    whole = columns_module.columns(run, 0.5)
    for name in needed(1):
        with pytest.raises(LookupError, match=f"{name} is missing"):
            complete(Findings(values={n: v for n, v in whole.values.items() if n != name}), run)
    with pytest.raises(LookupError, match="E_B has shape"):
        complete(Findings(values=whole.values | {"E_B": np.zeros(2)}), run)
    original = productions.extended_production
    monkeypatch.setattr(
        columns_module,
        "extended_production",
        lambda run, e: Findings(values={k: v for k, v in original(run, e).values.items() if not k.endswith("_width")}),
    )
    with pytest.raises(LookupError, match="Sigma_ext_S_width is missing"):
        tt.ledger(replace(run, rough=None))
