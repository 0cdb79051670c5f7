"""Studies that run: what they leave, what is not done again, how they end; and that what they state covers the true error."""

import csv
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from chains import InvalidInput
from tests.convergence.problems import CONTINUUM, MODES, Here, changed
from tests.figures.test_panels import overlaps
from tests.support.configs import NO_ENTROPY, write_config
from tests.support.sweeps import write_sweep
from tests.support.terminal import call
from tnthermo import errors
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.convergence.study import _ended
from tnthermo.convergence.text import bracketed, sentences, short
from tnthermo.figures.style import STYLE
from tnthermo.sweeps.folder import SweepFolder, load_manifest
from tnthermo.sweeps.here import SweepOutcome

COLUMNS = ["E_B", "S_S", "sigma_z"]
OVER = {"step": None, "tolerance": None, "levels": [3, 10]}


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, xr.Dataset, int]:
    """A qubit and one mode, dense: (config, folder, what came of it, runs)."""
    where = tmp_path_factory.mktemp("converge")
    config, executor = write_config(where, add=NO_ENTROPY), Here()
    config.write_text(config.read_text().replace("levels = 10", "levels = 5"))
    data = tt.converge(config, where / "out", over=OVER, executor=executor)
    return config, where / "out", data, executor.ran


def test_what_a_study_leaves(studied: tuple[Path, Path, xr.Dataset, int]) -> None:
    _, out, data, ran = studied
    assert ran == 1 + 2 + 3 + 2 + 1
    assert data["knob"].values.tolist() == ["step", "tolerance", "levels"]
    assert data["value"].values[2, :3].tolist() == [3, 5, 10]
    assert data["column"].values.tolist() == COLUMNS
    assert data.attrs["failed"] == "none"
    again = xr.load_dataset(out / "convergence.nc")
    for name in data.data_vars:
        xr.testing.assert_equal(again[name].astype(data[name].dtype), data[name])
    assert all(data[name].attrs["long_name"] for name in data.data_vars)
    with (out / "convergence.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * (3 + 4 + 3 + 1)
    first = next(row for row in rows if row["kind"] == "reference" and row["column"] == "E_B")
    assert float(first["column_at_t"]) == pytest.approx(float(data["reference"].values[0, -1]), rel=1e-11)
    assert first["run"] == data.attrs["reference_run"]
    text = tt.convergence_table(data)
    assert text.count(", converged to ") + text.count("NOT converged") == 3
    assert f"{'5 *':<12}" in text
    assert max(map(len, text.splitlines())) <= 140


def test_the_reference_is_the_run_of_the_file(studied: tuple[Path, Path, xr.Dataset, int]) -> None:
    """To the last bit, with its error bars; and the finest levels are a run of that file."""
    config, out, data, _ = studied
    resolved = resolve(load_config(config))
    run = tt.ledger(tt.evolve(resolved.model, **resolved.evolve_keywords()))
    for c, name in enumerate(COLUMNS):
        assert np.array_equal(data["reference"].values[c], run[name].values)
        assert np.array_equal(data["stated_error"].values[c], run[f"{name}_error"].values)
    finer = out / "points" / str(data["run"].values[2, 2]) / "result.nc"
    assert xr.load_dataset(finer).attrs["config_hash"] != resolved.hash
    assert "levels = 10" in xr.load_dataset(finer).attrs["config"]
    corner = xr.load_dataset(out / "points" / data.attrs["corner_run"] / "result.nc").attrs["config"]
    assert all(words in corner for words in ("levels = 10", "step = 0.05"))


def test_what_is_there_is_not_done_again(studied: tuple[Path, Path, xr.Dataset, int], tmp_path: Path) -> None:
    config, out, data, _ = studied
    folder = tmp_path / "again"
    shutil.copytree(out, folder)
    executor = Here()
    same = tt.converge(config, folder, over=OVER, executor=executor)
    assert executor.ran == 0
    xr.testing.assert_identical(same, data)
    shutil.rmtree(folder / "points" / str(data["run"].values[0, 0]))
    tt.converge(config, folder, over=OVER, executor=executor)
    assert executor.ran == 1
    said: list[str] = []
    one = tt.converge(config, folder, over="step", executor=executor, within=1e-14, say=said.append)
    assert executor.ran == 1  # all finer is the finest step
    assert one.attrs["corner_run"] == one["run"].values[0, -1]
    assert not one["converged"].values.all()
    assert "all runs are there already" in said
    tt.converge(config, folder, over="step=0.2,0.025", executor=executor)
    assert executor.ran == 2


def test_the_command(studied: tuple[Path, Path, xr.Dataset, int]) -> None:
    """The same study from the terminal, with its exit codes; nothing is left to run."""
    config, out, data, _ = studied
    over = ("--over", "step,tolerance", "--over", "levels=3,10")
    done = call("converge", config, "-o", out, *over, "--within", "0.01", "--columns", "E_B,S_S,sigma_z")
    assert done.exit_code == 0, done.output
    assert all(line in done.stdout for line in ("step (evolution.step)", "all finer at once", "converged to"))
    assert done.stdout.rstrip() == tt.convergence_table(xr.load_dataset(out / "convergence.nc")).rstrip()
    assert {"convergence.png", "convergence.pdf", "convergence.nc", "convergence.csv"} <= {
        p.name for p in out.iterdir()
    }
    strict = call("converge", config, "-o", out, "--over", "levels=3,10", "--within", "1e-12", "--at", "0.4")
    assert strict.exit_code == errors.ACCURACY
    assert "NOT converged" in strict.stdout
    assert "at t = 0.4" in strict.stdout
    wrong = call(
        "converge", config, "-o", out, "--over", "bond,modes", "--columns", "E_b", "--at", "7", "--within", "0"
    )
    assert wrong.exit_code == errors.BAD_INPUT
    for words in ("--over = 'bond'", "--over = 'modes'", "--columns = 'E_b'", "--within = 0.0"):
        assert words in wrong.stderr
    late = call("converge", config, "-o", out, "--at", "7")
    assert "at most evolution.until = 1" in late.stderr
    assert tt.convergence_table(data) != tt.convergence_table(xr.load_dataset(out / "convergence.nc"))


def test_nothing_is_written_for_what_is_wrong(tmp_path: Path) -> None:
    config = write_config(tmp_path, temperature=-1.0)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidInput) as caught:
        tt.converge(config, tmp_path / "out", over={"stepp": None}, columns=["E_b"], within=-1, workers=0)
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"bath.temperature", "over", "columns", "within", "workers"}
    good = write_config(tmp_path, name="good.toml")
    for more, key in (
        ({"over": "levels=3"}, "over levels"),
        ({"over": "step=0.4"}, "over step"),
        ({"at": 2.0}, "at"),
    ):
        with pytest.raises(InvalidInput) as caught:
            tt.converge(good, tmp_path / "out", **more)  # type: ignore[arg-type]
        assert [problem.key for problem in caught.value.problems] == [key]
    sweep = write_sweep(tmp_path, '"bath.temperature" = [0.5]')
    with pytest.raises(InvalidInput, match="tnthermo sweep CONFIG runs them"):
        tt.converge(sweep, tmp_path / "out")
    good.unlink()
    sweep.unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_flagged_run_says_why_below_its_table(studied: tuple[Path, Path, xr.Dataset, int]) -> None:
    data = studied[2].copy(deep=True)
    data["flags"] = xr.full_like(data["flags"], "none", dtype=object)
    assert "flagged" not in tt.convergence_table(data)
    data["flags"].values[0, :2] = "the end of the chain is felt"
    values = ", ".join(f"{value:g}" for value in data["value"].values[0, :2])
    assert f"flagged at {values}: the end of the chain is felt" in tt.convergence_table(data)


def test_the_folder_of_a_sweep_is_left_alone(studied: tuple[Path, Path, xr.Dataset, int], tmp_path: Path) -> None:
    """And a sweep leaves that of a study alone: only studies may change which runs a folder is about."""
    config, out, _, _ = studied
    folder = tmp_path / "out"
    shutil.copytree(out, folder)
    assert load_manifest(SweepFolder(folder)).purpose == "convergence"
    sweep = write_sweep(tmp_path, '"bath.temperature" = [0.5]')
    with pytest.raises(InvalidInput, match="this one holds another sweep"):
        tt.run_sweep(sweep, folder, executor=Here())
    manifest = json.loads((folder / "sweep.json").read_text())
    del manifest["purpose"]
    (folder / "sweep.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidInput, match="this one holds another sweep"):
        tt.converge(config, folder, over="step=0.2,0.025", executor=Here())


def test_runs_that_fail(studied: tuple[Path, Path, xr.Dataset, int], tmp_path: Path) -> None:
    """One value is missing, and is said to be; without the reference there is nothing to say; what is stopped goes on."""
    config, out, whole, _ = studied
    folder = tmp_path / "out"
    shutil.copytree(out, folder)
    shutil.rmtree(folder / "points" / str(whole["run"].values[0, 0]))
    data = tt.converge(config, folder, over=OVER, executor=Here(1))
    assert "planted" in data.attrs["failed"]
    assert data["flags"].values[0, 0] == "missing"
    assert "missing" in tt.convergence_table(data)
    assert np.isfinite(data["converged_to"].values).all()
    with pytest.raises(tt.RunFailed, match="the reference failed: planted"):
        tt.converge(config, tmp_path / "other", over="step", executor=Here(1))
    manifest = load_manifest(SweepFolder(folder))
    stopped = SweepOutcome(folder=folder, manifest=manifest, done=0, failures=(), flags={}, stopped=True, by="SIGTERM")
    with pytest.raises(tt.Stopped, match="stopped by SIGTERM"):
        _ended(stopped, "")


def test_a_column_without_values_is_refused(studied: tuple[Path, Path, xr.Dataset, int], tmp_path: Path) -> None:
    config, out, _, _ = studied
    folder = tmp_path / "out"
    shutil.copytree(out, folder)
    with pytest.raises(InvalidInput, match="a column that has values in this run"):
        tt.converge(config, folder, over=OVER, columns="Var_Q_B,S_B", executor=Here())


def test_the_figure(studied: tuple[Path, Path, xr.Dataset, int]) -> None:
    """A panel for each setting, a label for each line that is drawn, none over another; also with long names and many columns."""
    data = studied[2]
    with mpl.rc_context(STYLE):
        figure = tt.plot_convergence(data)
        assert [axes.get_xlabel() for axes in figure.axes] == ["step $h$ (1/energy)", "tolerance", "boson levels"]
        assert not overlaps(figure)
        lines = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", "")]
        assert len(lines) == 3
        shown = np.asarray(lines[0].get_ydata(), dtype=float)
        known = data["difference"].values[0, :, 0] / data["scale"].values[0]
        assert np.allclose(shown, known[known > 1e-11])
        one = tt.plot_convergence(data.isel(knob=[0]))
        assert not overlaps(one)
        names = ["E_B", "flux_each[1]", "Sigma_pseudo_S", "population[0]", "a_long_name_of_my_own", "U_chi", "T_S"]
        many = xr.concat([data.isel(column=[c % 3]) for c in range(7)], "column", data_vars="minimal", coords="minimal")
        assert not overlaps(tt.plot_convergence(many.assign_coords(column=names)))
        labels = [text.get_text() for text in tt.plot_convergence(many.assign_coords(column=names)).axes[2].texts]
        assert {"flux [1]", "$p_{0}$"} <= {text.partition(",")[0] for text in labels}
        wild = data.assign(difference=data["difference"].where(data["column"] != "S_S", 1e33))
        assert not overlaps(tt.plot_convergence(wild))
        assert tt.plot_convergence(wild).axes[0].get_ylim()[1] <= 100
        still = data.assign(difference=0 * data["difference"])
        assert "no difference" in [text.get_text() for text in tt.plot_convergence(still).axes[0].texts]


@pytest.mark.parametrize("function", [tt.convergence_table, tt.plot_convergence])
def test_only_studies_are_printed_and_drawn(function: Any) -> None:
    with pytest.raises(InvalidInput, match=r"what tnthermo\.converge returns"):
        function(xr.Dataset({"E_B": ("t", [1.0])}))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-0.123456, 2.4e-4, "-0.1235(3)"),
        (-0.123456, 1.001e-3, "-0.1235(11)"),
        (-0.123456, 1e-3, "-0.123(1)"),
        (0.5, 9.6e-5, "0.5000(1)"),
        (1234.5, 35.0, "1234(40)"),
        (1.5, 0.0, "1.5"),
        (1.5, np.nan, "1.5(?)"),
        (np.nan, 0.1, "-"),
    ],
)
def test_values_with_errors(value: float, error: float, text: str) -> None:
    assert bracketed(value, error) == text


def test_errors_are_rounded_up() -> None:
    assert [short(v) for v in (2.4e-4, 1.03e-4, 1e-3, 9.6e-5, 0.0, np.nan)] == [
        "3e-4",
        "1.1e-4",
        "1e-3",
        "1e-4",
        "0",
        "?",
    ]


# --- beside answers that are exact -------------------------------------------------------------------------------------------------


@cache
def dense() -> xr.Dataset:
    """Three modes, propagated as one vector."""
    tables = changed(MODES, levels=14, method="exact", step=0.05, tolerance=1e-9, max_bond=None)
    return of(tables)


def of(tables: dict[str, Any]) -> xr.Dataset:
    resolved = resolve(load_config("x.toml", tables))
    return tt.ledger(
        tt.evolve(resolved.model, **(resolved.evolve_keywords() | {"error_bars": False, "bath_entropy": "off"}))
    )


def covers(data: xr.Dataset, exact: xr.Dataset) -> None:
    """What is stated is at least the true error, at all times; and no more than five times the largest."""
    for c, name in enumerate(data["column"].values):
        true = np.abs(data["reference"].values[c] - exact[name].values)
        assert (true <= data["error"].values[c] + 1e-9).all(), (name, true.max(), float(data["converged_to"][c]))
        assert float(data["converged_to"][c]) <= 5 * true.max(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "limits"),
    [
        ({}, None),
        ({"max_bond": 4}, "max_bond"),
        ({"step": 0.5, "levels": 11}, "step"),
        ({"levels": 3}, "levels"),
    ],
)
def test_on_a_chain_the_statement_covers_the_truth(bad: dict[str, Any], limits: str | None, tmp_path: Path) -> None:
    data = tt.converge(changed(MODES, **bad), tmp_path / "out", columns=COLUMNS, executor=Here())
    covers(data, dense())
    if limits is not None:
        assert set(data["limited_by"].values) == {limits}
    if limits == "levels":
        assert not data["converged"].values.any()
        assert all("NOT converged" in line and "limited by the boson levels" in line for line in sentences(data))
    else:
        assert data["converged"].values.all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "limits"),
    [({}, "step"), ({"step": 0.5}, "step"), ({"max_bond": 3}, "max_bond"), ({"tolerance": 2e-2}, "tolerance")],
)
def test_on_time_bins_beside_a_dense_vector(bad: dict[str, Any], limits: str, tmp_path: Path) -> None:
    plain = changed(MODES, levels="auto", method="time-bins", step=None, tolerance=None, max_bond=None)
    plain["bath"]["route"] = "time-bins"
    data = tt.converge(changed(plain, **bad), tmp_path / "out", columns=COLUMNS, executor=Here())
    covers(data, dense())
    assert set(data["limited_by"].values) == {limits}
    if not bad:
        assert data["order"].sel(knob="step").values == pytest.approx(4.0, abs=0.1)
        limit, own = (data[name].sel(knob="step").values for name in ("limit", "limit_error"))
        for c, name in enumerate(COLUMNS):
            assert np.abs(limit[c] - dense()[name].values).max() <= 3 * own[c].max() + float(data["knob_error"][2, c])


@pytest.mark.slow
def test_a_continuum_with_physics_only_and_a_cap(tmp_path: Path) -> None:
    """Settings by rule, and a bond that is far too small; the truth is a run at an eighth of the step."""
    step = resolve(load_config("x.toml", changed(CONTINUUM))).algorithm.step
    fine = of(changed(CONTINUUM, step=step / 8, record_every=step, tolerance=3e-5))
    plain = tt.converge(changed(CONTINUUM), tmp_path / "plain", columns=COLUMNS, executor=Here())
    covers(plain, fine)
    assert set(plain["limited_by"].values) == {"step"}
    assert plain["order"].sel(knob="step").values == pytest.approx(4.0, abs=0.5)
    capped = tt.converge(changed(CONTINUUM, max_bond=3), tmp_path / "capped", columns=COLUMNS, executor=Here())
    covers(capped, fine)
    assert set(capped["limited_by"].values) == {"max_bond"}
    assert not capped["converged"].values.all()


@pytest.mark.slow
def test_three_levels_and_two_baths(tmp_path: Path) -> None:
    tables = changed(CONTINUUM, until=1.0, max_bond=4)
    tables["system"] = {"hamiltonian": [[0.0, 0.3, 0.0], [0.3, 0.5, 0.3], [0.0, 0.3, 1.0]], "initial": [1.0, 0.0, 0.0]}
    tables["coupling"] = {"operator": [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -1.0]]}
    tables["thermodynamics"] = {"bath_entropy": "off"}
    data = tt.converge(tables, tmp_path / "three", executor=Here())
    assert data["column"].values.tolist() == ["E_B", "S_S", "population[0]"]
    bath = {
        "temperature": 0.2,
        "spectral_density": tables["spectral_density"] | {"shape": "hard"},
        "coupling": {"operator": {"x": 0.5}},
    }
    two = {
        "bath": [bath, bath | {"temperature": 0.0, "modes": 12}],
        "system": {"hamiltonian": {"z": 0.25}, "initial": "-z"},
        "evolution": {"until": 1.0, "step": 0.1, "tolerance": 1e-3, "max_bond": 4},
    }
    data = tt.converge(
        two, tmp_path / "two", columns="E_B,E_B_each[1],sigma_z", over="step,modes,levels", executor=Here()
    )
    assert data["knob"].values.tolist() == ["step", "modes", "levels"]
    assert data["column"].values.tolist() == ["E_B", "E_B_each[1]", "sigma_z"]
    assert np.isfinite(data["converged_to"].values).all()
    corner = xr.load_dataset(tmp_path / "two" / "points" / data.attrs["corner_run"] / "result.nc").attrs["config"]
    assert corner.count("modes = 18") == 1


def in_units(folder: Path, *, named: bool) -> Path:
    """A qubit and one mode, in wavenumbers and femtoseconds, or the same numbers in natural units."""
    hbar = 1.0 if named else 5308.837458876  # cm^-1 fs
    path = folder / ("named.toml" if named else "natural.toml")
    units = '[units]\nenergy = "cm^-1"\ntime = "fs"\ntemperature = "K"\n' if named else ""
    path.write_text(
        f"""{units}
[spectral_density]
kind = "discrete"
frequencies = [180.0]
couplings = [40.0]
[bath]
temperature = 0.0
levels = 6
[system]
hamiltonian = {{ x = 100.0, z = 30.0 }}
initial = "+z"
[coupling]
operator = {{ z = 1.0 }}
[evolution]
method = "tdvp"
until = {100.0 / hbar}
record_every = {20.0 / hbar}
step = {5.0 / hbar}
tolerance = 1e-6
"""
    )
    return path


def test_a_file_in_units_is_studied_in_them(tmp_path: Path) -> None:
    """Steps of natural units went into files in fs: a study of a hundred thousand steps."""
    named, natural = (
        tt.converge(in_units(tmp_path, named=one), tmp_path / f"out{one}", over="step,levels", executor=Here())
        for one in (True, False)
    )
    steps = named["value"].sel(knob="step").values
    np.testing.assert_allclose(steps, natural["value"].sel(knob="step").values * 5308.837458876, rtol=1e-6)
    assert steps.tolist() == [20.0, 10.0, 5.0, 2.5]
    for name in ("difference", "order", "reference", "converged_to"):
        np.testing.assert_allclose(named[name].values, natural[name].values, rtol=1e-4, atol=1e-7, err_msg=name)
    assert "E_B at t = 100 fs: " in sentences(named)[0]
    assert " cm^-1, " in sentences(named)[0]
    assert "step (evolution.step in fs)" in tt.convergence_table(named)
    assert " fs" not in tt.convergence_table(natural)
    with pytest.raises(InvalidInput, match="record_every = 20 fs"):
        tt.converge(in_units(tmp_path, named=True), tmp_path / "none", over="step=7", executor=Here())
    with pytest.raises(InvalidInput, match="until = 100 fs"):
        tt.converge(in_units(tmp_path, named=True), tmp_path / "none", at=101.0, executor=Here())
    at = tt.converge(in_units(tmp_path, named=True), tmp_path / "outTrue", over="step,levels", at=60.0, executor=Here())
    assert at.attrs["at"] == 60.0


def test_a_study_of_one_setting_says_that_the_others_were_left_alone(
    studied: tuple[Path, Path, xr.Dataset, int], tmp_path: Path
) -> None:
    """A referee asks for the bond alone: what is constant in it may be wrong by the step."""
    config, out, whole, _ = studied
    assert whole.attrs["not_varied"] == "none"
    assert "not varied" not in sentences(whole)[0]
    folder = tmp_path / "out"
    shutil.copytree(out, folder)
    one = tt.converge(config, folder, over={"levels": [3, 10]}, executor=Here())
    assert one.attrs["not_varied"] == "step, tolerance"
    said = sentences(one)[0]
    assert "in levels alone (step, tolerance not varied; the run itself states" in said
    at = int(np.argmin(np.abs(one["t"].values - one.attrs["at"])))
    stated = float(one["stated_error"].values[0, at])
    assert stated > float(one["error"].values[0, at])
    assert bracketed(float(one["reference"].values[0, at]), stated) in said
