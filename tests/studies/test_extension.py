"""A later `until` with modes = "auto": the chain that is there is kept while the system does not feel its end."""

from pathlib import Path

import numpy as np
import pytest

from chains import InvalidInput
from tests.support.configs import text_of
from tests.support.configs import write as write_text
from tests.support.terminal import call
from tnthermo import errors
from tnthermo.configuration.resolve import resolve_file
from tnthermo.errors import Stopped
from tnthermo.evolution.progress import Progress
from tnthermo.machine.signals import Stop
from tnthermo.results.run_folder import CONFIG
from tnthermo.studies.study import run_config


def write(folder: Path, until: float, **bath: str) -> Path:
    evolution = {"until": f"{until}", "step": "0.25", "method": '"exact"', "tolerance": "1e-4"}
    extra = "[run]\nerror_bars = false\n[thermodynamics]\nbath_entropy = 'off'\n"
    spectral = {"alpha": "0.1"}
    return write_text(
        folder,
        text_of({"spectral_density": spectral, "bath": {"levels": "3", **bath}, "evolution": evolution}) + extra,
    )


def test_a_run_is_extended_on_its_own_chain(tmp_path: Path) -> None:
    out = tmp_path / "out"
    short = run_config(write(tmp_path, 0.5), out)
    modes = short.resolved.values["bath"]["modes"]
    said: list[str] = []
    with pytest.raises(InvalidInput, match="--resume extends it"):
        run_config(write(tmp_path, 1.0), out)
    longer = run_config(write(tmp_path, 1.0), out, resume=True, say=said.append)
    assert any(f"going on with the chain that is there (bath.modes {modes})" in line for line in said)
    assert longer.resolved.values["bath"]["modes"] == modes
    # the same bits as with as many modes from the beginning, and not those of the chain that it would have had alone
    whole = run_config(write(tmp_path, 1.0, modes=str(modes)), tmp_path / "whole")
    alone = run_config(write(tmp_path, 1.0), tmp_path / "alone")
    assert np.array_equal(longer.ledger["E_B"], whole.ledger["E_B"])
    assert alone.resolved.values["bath"]["modes"] > modes
    assert not np.array_equal(longer.ledger["E_B"], alone.ledger["E_B"])
    # the same command again finds it
    assert run_config(write(tmp_path, 1.0), out, resume=True).already_done


def test_a_chain_that_is_too_short_is_said_with_what_to_do(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_config(write(tmp_path, 0.5), out)
    with pytest.raises(InvalidInput) as refused:
        run_config(write(tmp_path, 6.0), out, resume=True)
    (problem,) = refused.value.problems
    assert problem.key == "evolution.until"
    assert "does not feel the end of the chain" in problem.allowed
    assert f"the run in {out} must go on with" in problem.allowed
    assert "bath.modes 4" in problem.allowed
    assert ">= 7" in problem.allowed
    assert "from the beginning" in problem.hint
    # another key that differs is named as before
    with pytest.raises(InvalidInput, match=r"bath\.temperature: 0\.2 -> 0\.3"):
        run_config(write(tmp_path, 1.0, temperature="0.3"), out, resume=True)


def test_a_configuration_that_was_cut_short_is_noticed(tmp_path: Path) -> None:
    """Wherever it was cut: the lines that are left are a configuration of their own as often as not."""
    out, said = tmp_path / "out", list[str]()
    run_config(write(tmp_path, 0.5), out)
    kept = out / CONFIG
    lines = kept.read_text().splitlines(keepends=True)
    assert resolve_file(kept).until == 0.5
    for count in range(1, len(lines)):
        kept.write_text("".join(lines[:count]))
        with pytest.raises(InvalidInput, match="the file was cut short"):
            resolve_file(kept)
    assert run_config(write(tmp_path, 0.5), out, say=said.append).already_done
    assert any("cut short" in line for line in said)
    kept.write_text("".join(lines[1:-1]))  # as files of before were, and as one may write it
    assert resolve_file(kept).until == 0.5


def test_an_unfinished_run_is_shown_as_one(tmp_path: Path) -> None:
    out, stop = tmp_path / "out", Stop()
    config = write(tmp_path, 1.0)

    def after_two_steps(now: Progress) -> None:
        if now.time >= 0.5:
            stop.request("enough")

    with pytest.raises(Stopped):
        run_config(config, out, stop=stop, progress=after_two_steps)
    shown = call("show", out)
    assert shown.exit_code == errors.BAD_INPUT
    assert (
        "must hold a result.nc (stopped at t = 0.5 of 1, or still on; tnthermo run with --resume goes on)"
        in shown.output
    )
    (out / "sweep.json").write_text("{}")
    for checkpoint in (out / "checkpoint").iterdir():
        checkpoint.write_bytes(b"damaged")
    assert "tnthermo status and collect" in call("plot", out).output
    refused = call("run", config, "--out", out, "--resume")
    assert refused.exit_code == errors.BAD_INPUT
    assert refused.output.count("no checkpoint") == 1
    assert (
        "must hold a checkpoint that can be read; what is there is damaged: run.ckpt: no checkpoint" in refused.output
    )
