"""Small runs from configuration files: the same arrays, to the last bit, as the same model written in Python."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.support.configs import BATHS, text_of, write
from tnthermo.configuration.resolve import load_config, resolve, resolve_file
from tnthermo.record.raw_columns import RAW_COLUMNS
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import run_folder
from tnthermo.studies.study import run_config
from tnthermo.terminal.show import shown

J = {"kind": '"discrete"', "frequencies": "[0.5, 1.2]", "couplings": "[0.35, 0.5]"}
DENSITY = chains.Discrete(frequencies=[0.5, 1.2], couplings=[0.35, 0.5])
H = {"z": 0.1, "x": 0.2}
SHORT = {"until": "0.6", "step": "0.1", "record_every": "0.2", "tolerance": "1e-5", "method": '"exact"'}
EXACT = tt.Exact(step=0.1, tolerance=1e-5, max_bond=None)


def text(**changes: Any) -> str:
    return text_of({"spectral_density": J, "bath": {"temperature": "0.5", "levels": "3"}, "evolution": SHORT} | changes)


def from_file(folder: Path, content: str) -> Trajectory:
    found = resolve(load_config(write(folder, content)))
    return tt.evolve(found.model, **found.evolve_keywords())


def assert_same(run: Trajectory, other: Trajectory) -> None:
    for column in RAW_COLUMNS:
        np.testing.assert_array_equal(getattr(run, column.name), getattr(other, column.name), err_msg=column.name)
    assert (run.flags, run.start) == (other.flags, other.start)
    if run.rough is not None and other.rough is not None:
        assert_same(run.rough, other.rough)


def by_hand(model: tt.Model, **others: Any) -> Trajectory:
    keywords: dict[str, Any] = {"algorithm": EXACT, "until": 0.6, "record_every": 0.2, "levels": 3}
    return tt.evolve(model, **keywords | others)


def test_exchange_with_a_warm_bath(tmp_path: Path) -> None:
    pair = chains.thermofield_chains(DENSITY, temperature=0.5)
    model = tt.JaynesCummings(hamiltonian=H, bath=pair)
    content = text(coupling={"kind": '"exchange"', "operator": '"sigma_minus"'})
    assert_same(from_file(tmp_path, content), by_hand(model))


def test_exchange_by_sweeps_with_levels_that_grow(tmp_path: Path) -> None:
    pair = chains.thermofield_chains(DENSITY, temperature=0.5)
    model = tt.JaynesCummings(hamiltonian=H, coupling=[[0, 0.2], [1, 0]], bath=pair, layout="middle")
    content = text(
        coupling={"kind": '"exchange"', "operator": "[[0, 0.2], [1, 0]]"},
        bath={"temperature": "0.5"},
        evolution=SHORT | {"method": '"tdvp"', "layout": '"middle"', "max_bond": "8"},
    )
    settings = tt.TDVP(step=0.1, tolerance=1e-5, max_bond=8)
    assert_same(from_file(tmp_path, content), by_hand(model, algorithm=settings, levels="auto"))


def test_two_baths_one_of_them_displaced(tmp_path: Path) -> None:
    hot = chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.3]), temperature=1.0)
    cold = chains.chain(chains.Discrete(frequencies=[0.7], couplings=[0.2]))
    couplings = [tt.couple({"z": 0.5}, hot), tt.couple("sigma_minus", cold, kind="exchange")]
    model = tt.assemble(hamiltonian=H, couplings=couplings)
    evolution = "[evolution]\n" + "\n".join(f"{key} = {value}" for key, value in SHORT.items())
    run = from_file(tmp_path, BATHS + evolution)
    assert_same(run, by_hand(model, levels=[5, 5, 4], displacement=(None, 0.3)))
    assert run.start == "displaced"


def test_drives_of_the_system_and_of_the_coupling(tmp_path: Path) -> None:
    ramp = tt.Ramp(duration=0.55, final=0.3)
    cosine = tt.Cosine(amplitude=1.0, frequency=1.5)
    z = np.diag([1.0, -1.0]).astype(np.complex128)
    bath = chains.chain(DENSITY, temperature=0.5)
    model = tt.SpinBoson(
        hamiltonian=H, coupling={"z": 0.5}, bath=bath, strength=ramp, drives=[tt.SystemDrive(operator=z, drive=cosine)]
    )
    content = text() + (
        '[drive]\n"hamiltonian.z" = { shape = "cosine", amplitude = 1.0, frequency = 1.5 }\n'
        'coupling = { shape = "ramp", duration = 0.55, final = 0.3 }\n'
    )
    run = from_file(tmp_path, content)
    assert_same(run, by_hand(model))
    assert 0.55 in run.times


@pytest.mark.parametrize("method", ["exact", "tdvp"])
def test_a_mean_force_start(tmp_path: Path, method: str) -> None:
    content = text(
        system={"initial": '"mean-force"'},
        evolution=SHORT | {"method": f'"{method}"'} | ({} if method == "exact" else {"max_bond": "8"}),
    )
    settings = EXACT if method == "exact" else tt.TDVP(step=0.1, tolerance=1e-5, max_bond=8)
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.chain(DENSITY, temperature=0.5))
    run = from_file(tmp_path, content)
    assert_same(run, by_hand(model, initial="mean-force", algorithm=settings))
    assert run.start == "mean-force"


def test_displaced_modes_and_own_columns(tmp_path: Path) -> None:
    own = '{ sx = { x = 1.0 }, lower = { boson = "lower", site = 1, operator = { z = 1.0 } } }'
    content = text(
        bath={"temperature": "0.5", "levels": "4", "displacement": '[0.2, "0.1-0.2j"]'},
        record={
            "observables": own,
            "occupation_every": '"never"',
            "variance_every": "0.2",
            "correlations_every": "0.4",
        },
        run={"error_bars": "false"},
    )
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.chain(DENSITY, temperature=0.5))
    run = from_file(tmp_path, content)
    columns = {"sx": {"x": 1.0}, "lower": {"boson": "lower", "site": 1, "operator": {"z": 1.0}}}
    other = by_hand(
        model, levels=4, displacement=([0.2, 0.1 - 0.2j],), occupation_every=np.inf, variance_every=0.2,
        correlations_every=0.4, observables=columns, error_bars=False,
    )  # fmt: skip
    assert_same(run, other)
    assert set(columns) <= set(tt.ledger(run).data_vars)


def test_a_whole_study_of_two_driven_baths(tmp_path: Path) -> None:
    """Into a folder, found done again from the resolved file, shown on one screen."""
    evolution = "[evolution]\n" + "\n".join(f"{key} = {value}" for key, value in SHORT.items())
    drive = (
        '\n[drive]\n"coupling.1" = { shape = "ramp", duration = 0.6 }\n'
        '"hamiltonian.y" = { shape = "pulse", centre = 0.3, width = 0.5, height = 0.1 }\n'
    )
    record = '[record]\nobservables = { n0 = { boson = "number" } }\n'
    config, out = write(tmp_path, BATHS + evolution + drive + record), tmp_path / "out"
    first = run_config(config, out)
    again = run_config(out / run_folder.CONFIG, out)
    assert again.already_done
    assert resolve_file(out / run_folder.CONFIG).values == first.resolved.values
    other = write(tmp_path, BATHS + evolution + drive.replace("duration = 0.6", "duration = 0.55") + record)
    with pytest.raises(chains.InvalidInput, match=r"drive\.coupling\.1\.duration: 0\.6 -> 0\.55"):
        run_config(other, out)
    screen = shown(first.ledger).splitlines()
    assert len(screen) <= 24
    assert max(map(len, screen)) <= 120
    for words in ("T = 1, 0", "bath 0", "bath 1", "driven", "n0"):
        assert any(words in line for line in screen), words
    loaded = tt.load(out)
    assert_same(loaded, tt.evolve(first.resolved.model, **first.resolved.evolve_keywords()))
