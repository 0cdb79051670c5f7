"""The command line: what it prints, what it leaves, with which exit code."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.support.configs import BATHS, write_config
from tests.support.terminal import call
from tnthermo import errors
from tnthermo.configuration.resolve import resolve_file
from tnthermo.errors import RunFailed
from tnthermo.figures import panels
from tnthermo.results import result_file, run_folder
from tnthermo.studies import study


def test_the_five_commands_on_one_run(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    checked = call("check", config)
    assert checked.exit_code == 0, checked.output
    for words in ("reorganisation energy", "C(0)", "no pi", "temperature = 0.5", "no errors"):
        assert words in checked.stdout
    planned = call("plan", config, "--out", out)
    assert planned.exit_code == 0
    assert "memory" in planned.stdout
    assert not out.exists()
    ran = call("run", config, "--out", out)
    assert ran.exit_code == 0, ran.output
    assert "\x1b" not in ran.output
    expected = {
        run_folder.RESULT,
        run_folder.STATE,
        run_folder.CONFIG,
        "checkpoint",  # from which a later `until` goes on
        *(path.name for path in panels.paths(out, result_file.load_ledger(out))),
    }
    assert {path.name for path in out.iterdir()} == expected
    again = call("run", config, "--out", out)
    assert again.exit_code == 0
    assert "already done" in again.output
    shown = call("show", out)
    assert shown.exit_code == 0
    assert "converged" in shown.stdout
    (out / "energies.png").unlink()
    assert call("plot", out / run_folder.RESULT).exit_code == 0
    assert panels.complete(out)


def test_both_routes_from_the_terminal(tmp_path: Path) -> None:
    """The other engine runs beside, `plan` says so, and what it found is in result.nc; the result is otherwise the same run."""
    config, out = write_config(tmp_path), tmp_path / "out"
    asked = write_config(tmp_path, name="asked.toml", add="[accuracy]\ncheck_route = true\n")
    assert "both routes" in call("plan", asked).stdout
    assert "both routes" not in call("plan", config).stdout
    assert resolve_file(asked).hash == resolve_file(config).hash
    ran = call("run", config, "--out", out, "--check-route", "-q")
    assert ran.exit_code == 0, ran.output
    assert "the other route: time-bins" in ran.output
    assert "check_route" in result_file.load_ledger(out).attrs
    assert (out / "other-route" / run_folder.RESULT).exists()


def test_two_driven_baths_from_check_to_show(tmp_path: Path) -> None:
    """What the screens say of several baths, chains and drives."""
    config, out = tmp_path / "two.toml", tmp_path / "out"
    drive = '"hamiltonian.z" = { shape = "ramp", duration = 0.5, final = 0.2 }'
    rest = f'[drive]\n{drive}\n[evolution]\nmethod = "exact"\nuntil = 0.4\nstep = 0.1\ntolerance = 1e-4\n'
    enough = BATHS.replace("levels = 5", "levels = 14").replace("levels = 4", "levels = 8")
    config.write_text(enough + rest)
    checked = call("check", config)
    assert checked.exit_code == 0, checked.output
    for words in ("bath 0: T = 1, hermitian", "bath 1: T = 0, exchange", "drive hamiltonian.z: linear ramp"):
        assert words in checked.stdout
    planned = call("plan", config, "--out", out)
    for words in ("bath 0       2 sites", "layout       ", "drive        hamiltonian.z", "displaced: bath 1"):
        assert words in planned.stdout
    ran = call("run", config, "--out", out)
    assert ran.exit_code == 0, ran.output
    shown = call("show", out)
    for words in ("T = 1, 0", "driven, displaced start", "bath 1, T = 0:"):
        assert words in shown.stdout
    config.write_text(BATHS.replace("0.3", "true") + rest.replace("ramp", "rampe"))
    wrong = call("check", config)
    assert wrong.exit_code == 2
    for key in ("bath[0].spectral_density.couplings[0]", "bath[1].displacement", "drive.hamiltonian.z.shape"):
        assert f"error: {key} = " in wrong.stderr


def test_bad_input_is_exit_2_one_line_each_and_nothing_written(tmp_path: Path) -> None:
    path = write_config(tmp_path, temperature=-1.0, add="steps = 3\n[thermodynamics]\nalpha_s = 1\n")
    path.write_text(path.read_text().replace("couplings", "coupling"))
    before = sorted(tmp_path.rglob("*"))
    for command in ("check", "plan", "run"):
        result = call(command, path, *(["--out", tmp_path / "out"] if command == "run" else []))
        assert result.exit_code == 2, result.output
        lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        keys = [line.removeprefix("error: ").split(" = ")[0] for line in lines]
        assert set(keys) == {
            "spectral_density.coupling", "spectral_density.couplings", "bath.temperature", "evolution.steps", "thermodynamics.alpha_s",
        }  # fmt: skip
        assert "Traceback" not in result.output
        assert "did you mean alpha_S?" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_other_outcomes_have_their_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    assert call("show", tmp_path / "nothing").exit_code == errors.BAD_INPUT
    (tmp_path / "file").write_text("")
    stored = call("run", config, "--out", tmp_path / "file" / "below")
    assert (stored.exit_code, "Traceback" in stored.output) == (4, False)
    coarse = tmp_path / "coarse.toml"
    coarse.write_text(
        write_config(tmp_path, temperature=5.0, name="c.toml").read_text().replace("levels = 10", "levels = 2")
    )
    inaccurate = call("run", coarse, "--out", out)
    assert inaccurate.exit_code == 3, inaccurate.output
    assert "not converged: boson level saturated" in inaccurate.output
    assert (out / run_folder.RESULT).exists()
    assert call("run", coarse, "--out", out).exit_code == 3  # already done, still not converged
    assert call("run", coarse, "--strict", "--out", out, "--overwrite").exit_code == 3
    assert call("run", config, "--out", out).exit_code == 2

    def fails(*args: object, **keywords: object) -> None:
        raise RunFailed("norm is not finite at t = 0.3")

    monkeypatch.setattr(study, "evolve", fails)
    failed = call("run", config, "--out", tmp_path / "failed")
    assert (failed.exit_code, "Traceback" in failed.output) == (1, False)
    assert "norm is not finite at t = 0.3" in failed.output
    debugged = call("run", config, "--out", tmp_path / "failed", "--resume", "--debug")
    assert debugged.exit_code == 1
    assert "Traceback" in debugged.output


def test_usage_errors_and_help() -> None:
    assert call("run").exit_code == 2
    assert call("sweep", "x.toml").exit_code == 2
    text = call("--help").output
    assert all(name in text for name in ("check", "plan", "run", "show", "plot", "Exit codes"))
    assert "tnthermo" in call("--version").output
    # a section's name in brackets is no markup
    assert "[laws]" in call("laws", "--help").output
    assert "[sweep]" in call("sweep", "--help").output


def test_the_program_as_a_program(tmp_path: Path) -> None:
    config = write_config(tmp_path, temperature=-1.0)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "tnthermo.terminal.cli", "run", config.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == ["error: bath.temperature = -1.0: a finite real number >= 0"]
    assert list(tmp_path.iterdir()) == [config]


def test_the_package_is_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tnthermo", "--version"])
    with pytest.raises(SystemExit) as left:
        runpy.run_module("tnthermo", run_name="__main__")
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("tnthermo ")
    runpy.run_module("tnthermo", run_name="__mp_main__")  # a worker process imports it and does nothing


def test_two_time_correlations_from_the_configuration(tmp_path: Path) -> None:
    """[record] two_time: a group of result.nc, the same numbers as from Python; bad pairs are named with all other problems."""
    config, out = write_config(tmp_path), tmp_path / "out"
    text = config.read_text()
    config.write_text(text + '\n[record]\ntwo_time = { zz = ["z", "z"], mp = ["sigma_minus", { x = 1.0 }] }\n')
    ran = call("run", config, "--out", out)
    assert ran.exit_code == 0, ran.output
    found = xr.load_dataset(out / run_folder.RESULT, engine="netcdf4", group="two_time")
    resolved = resolve_file(config)
    again = tt.two_time(resolved.model, **resolved.two_time_keywords())
    for name in ("zz", "mp", "zz_connected", "mp_error"):
        assert np.array_equal(found[name].values, again[name].values)
    assert np.array_equal(tt.spectrum(found, [0.5])["zz_spectrum"], tt.spectrum(again, [0.5])["zz_spectrum"])
    # the resolved file is the same run; other operators are another one
    assert resolve_file(out / run_folder.CONFIG).hash == resolved.hash
    config.write_text(text + '\n[record]\ntwo_time = { zz = ["z", "x"], mp = ["sigma_minus", { x = 1.0 }] }\n')
    assert resolve_file(config).hash != resolved.hash
    config.write_text(text + '\n[record]\ntwo_time = { "a b" = ["z", "z"], one = ["z"], two = ["z", "sigma_minas"] }\n')
    refused = call("check", config)
    assert refused.exit_code == errors.BAD_INPUT
    for key in ("record.two_time.a b", "record.two_time.one", "record.two_time.two[1]"):
        assert key in refused.output


def test_steady_currents_on_the_screen(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("run", write_config(tmp_path), "--out", out).exit_code == 0
    end = float(result_file.load_ledger(out)["t"][-1])
    shown = call("show", out, "--steady-since", 0)
    assert shown.exit_code == 0, shown.output
    assert "into bath 0" in shown.stdout
    assert call("show", out, "--steady-since", 2 * end).exit_code == errors.BAD_INPUT


def test_everything_wrong_with_a_record_table_at_once(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    config.write_text(
        config.read_text()
        + '\n[record]\nvariance_every = "sometimes"\nobservables = { a = { boson = "num", site = 99 }, b = "sigma_minos" }\n'
        + 'two_time = { zz = ["z"], q = ["z", "sigma_pus"], t = ["z", "z"] }\n'
    )
    refused = call("check", config)
    assert refused.exit_code == errors.BAD_INPUT
    for key in ("variance_every", "observables.a.boson", "observables.b", "two_time.zz", "two_time.q[1]", "two_time.t"):
        assert f"record.{key} = " in refused.output, refused.output
    for near in (
        "did you mean number?",
        "did you mean sigma_minus or sigma_plus?",
        "did you mean sigma_plus or sigma_minus?",
    ):
        assert near in refused.output, refused.output
    config.write_text(
        config.read_text().partition("\n[record]")[0] + '\n[record.observables]\na = { boson = "number", site = 99 }\n'
    )
    assert "record.observables.a.site = 99: 0 to 1" in call("check", config).output
