"""What `check` warns about is a Python warning and stands in the result, whoever runs it."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.support.terminal import call
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.evolution.doubts import doubts

EXPONENTIAL = chains.PowerLaw(alpha=0.3, cutoff=5.0, exponent=1.0, shape="exponential")
FILE = """
[spectral_density]
kind = "power-law"
alpha = {alpha}
exponent = 1.0
cutoff = {cutoff}
shape = "hard"
[bath]
temperature = {temperature}
modes = 12
[system]
hamiltonian = {{ x = 0.5 }}
[coupling]
operator = {{ z = 0.5 }}
[evolution]
until = 2.5
step = {step}
tolerance = 1e-4
max_bond = 4
{rest}
"""


def written(**values: object) -> str:
    usual = {"alpha": 0.1, "cutoff": 1.2, "temperature": 0.0, "step": 0.1, "rest": ""}
    return FILE.format(**(usual | values))


def texts(model: tt.Model, algorithm: tt.Algorithm, until: float) -> str:
    return "\n".join(map(str, doubts(model, algorithm, until)))


def test_a_step_too_large_is_said_from_python_as_by_check() -> None:
    """A bath of another package's documentation at step .1: z(1.2) = -.51 came without a word, -.681 is right."""
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(EXPONENTIAL, 30, support=50.0))
    with pytest.warns(tt.AccuracyWarning, match="strongest local term .* x step = .* > 1"):
        run = tt.evolve(
            model, until=0.2, algorithm=tt.TDVP(step=0.1, tolerance=1e-3, max_bond=4), error_bars=False, occupation_every=np.inf
        )  # fmt: skip
    assert run.since("step") == 0.0
    (flag,) = [flag for flag in run.flags if flag.startswith("step too large")]
    assert flag in tt.ledger(run).attrs["flags"].split("; ")
    assert tt.ledger(run).attrs["status"] == "not converged"
    assert "strongest" not in texts(model, tt.TDVP(step=0.02), 0.2)
    assert "strongest" not in texts(model, tt.Exact(step=0.1), 0.2)  # controls its own


@pytest.mark.parametrize(
    ("values", "kind"),
    [({"step": 2.5}, "step"), ({"cutoff": 0.4}, "cutoff"), ({"temperature": 30.0, "cutoff": 1.2}, "temperature"), ({}, "")],
)  # fmt: skip
def test_every_warning_of_check_is_a_doubt_of_the_model(values: dict, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        FILE.format(**({"alpha": 0.1, "cutoff": 1.2, "temperature": 0.0, "step": 0.1, "rest": ""} | values)).replace(
            "until = 0.5", "until = 2.5"
        )
    )
    resolved = resolve(load_config(path))
    said = [note.text for note in resolved.notes if note.level == "warning"]
    found = doubts(resolved.model, resolved.algorithm, resolved.until)
    assert [doubt.text for doubt in found] == said
    assert {doubt.kind for doubt in found} == ({kind} if kind else set())


def test_a_bond_without_a_limit_and_a_lost_tail_are_said() -> None:
    drude = chains.DrudeLorentz(reorganisation_energy=0.3, width=1.0)
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(drude, 30, temperature=1.0))
    found = {doubt.kind: doubt for doubt in doubts(model, tt.TDVP(max_bond=None), 30.0)}
    assert "without a cap the bond may grow" in found["bond"].text
    assert "3.18 %" in found["tail"].text
    assert "E_B" not in texts(model, tt.TDVP(max_bond=None, step=0.01), 0.0)
    assert not found["bond"].about_accuracy
    assert not found["tail"].about_accuracy  # the error columns hold it
    narrow = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(EXPONENTIAL, 30))
    assert "tail" not in texts(narrow, tt.TDVP(step=0.01), 0.1)


def test_what_is_no_matter_of_accuracy_does_not_make_a_run_not_converged() -> None:
    slow = chains.PowerLaw(alpha=0.05, cutoff=0.5, exponent=1.0, shape="hard")
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=chains.chain(slow, 8))
    with pytest.warns(tt.AccuracyWarning, match="cutoff of bath 0"):
        run = tt.evolve(model, until=0.5, algorithm=tt.TDVP(step=0.25, tolerance=1e-4))
    attributes = tt.ledger(run).attrs
    assert attributes["status"] == "converged"
    assert "below the system's largest splitting" in attributes["doubts"]


def test_a_run_without_doubts_warns_of_nothing() -> None:
    model = tt.SpinBoson(
        hamiltonian={"x": 0.2},
        coupling={"z": 0.5},
        bath=chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.1])),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = tt.evolve(model, until=0.2, algorithm=tt.TDVP(step=0.1))
    assert run.flags == ()
    assert tt.ledger(run).attrs["doubts"] == "none"


def test_a_file_says_it_once_and_exits_with_three(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(written(step=2.5, rest="[run]\nerror_bars = false"))
    ran = call("run", path, "--out", tmp_path / "out", "--quiet")
    assert ran.exit_code == 3, ran.output
    assert "AccuracyWarning" not in ran.output
    assert ran.output.count("strongest local term") == 2  # the note, and the flag of the result


def test_the_cause_is_said_not_what_follows_from_it() -> None:
    """modes = "auto" was long enough, and the flag asked for more modes where the step was too large."""
    density = chains.PowerLaw(alpha=0.3, cutoff=4.0, exponent=1.0, shape="hard")
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 1.0}, bath=chains.chain(density, 12))
    with pytest.warns(tt.AccuracyWarning):
        run = tt.evolve(
            model,
            until=2.0,
            algorithm=tt.TDVP(step=0.5, tolerance=1e-5, max_bond=8),
            error_bars=False,
            occupation_every=np.inf,
        )
    assert any("step too large" in flag for flag in run.flags)
    early = run.since("chain")
    assert early == np.inf or early >= 0.8 * chains.end_times(model.couplings[0].bath, 1e-5).front


@pytest.mark.parametrize(
    ("taper", "until", "told"), [(0.04, 20.0, False), (0.04, 60.0, True), (0.01, 60.0, False), (0.0, 60.0, False)]
)
def test_a_taper_is_for_short_runs(taper: float, until: float, *, told: bool) -> None:
    """The front of a warm bath's response goes at about its cutoff, in sites a unit of time."""
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(density, 80, temperature=0.2))
    found = [str(doubt) for doubt in doubts(model, tt.TDVP(step=0.25, taper=taper), until) if doubt.kind == "taper"]
    assert len(found) == told
    assert all("take at most" in text for text in found)


def test_a_taper_is_a_warning_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text(
        written(rest="taper = 0.3", temperature=0.3)
        .replace("until = 2.5", "until = 10.0")
        .replace("modes = 12", "modes = 30")
    )
    notes = {note.key: note.text for note in resolve(load_config(path)).notes}
    assert "late times suffer" in notes["evolution.taper"]
    path.write_text(written(rest="taper = 0.01", temperature=0.3))
    assert "evolution.taper" not in {note.key for note in resolve(load_config(path)).notes}
