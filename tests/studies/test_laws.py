"""`tnthermo laws` from a configuration to its report: runs at several strengths, found done the second time."""

import json
from pathlib import Path

import numpy as np
import pytest

import chains
from tests.support.configs import NO_ENTROPY, write_config
from tests.support.terminal import call
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.configuration.written import to_toml
from tnthermo.studies import laws

ENTROPY = "[thermodynamics]\nbath_entropy_every = 0.2\n[laws]\ncouplings = [1.0, 0.25]\n"


def test_the_report_of_a_configuration(tmp_path: Path) -> None:
    config, out = write_config(tmp_path, add=ENTROPY), tmp_path / "out"
    ran = call("laws", config, "--out", out, "--quiet")
    assert ran.exit_code == 0, ran.output
    for words in ("Alipour et al.", "Esposito et al.", "mean force", "first law", "J x 0.25", "holds", "fails by"):
        assert words in ran.stdout
    assert "\x1b" not in ran.stdout
    for name in (
        "laws.md",
        "laws.csv",
        "laws.json",
        "laws.png",
        "laws.pdf",
        "coupling_1.toml",
        "coupling_0.25/result.nc",
    ):
        assert (out / name).is_file(), name
    report = json.loads((out / "laws.json").read_text())
    assert [run["factor"] for run in report["runs"]] == [0.25, 1.0]
    verdicts = {(law["book"], law["name"]): law["verdict"] for law in report["runs"][1]["laws"]}
    assert verdicts["Alipour et al.", "first_law"] == "holds"
    assert verdicts["Esposito et al.", "second_law_integral"] == "holds"
    assert verdicts["mean force", "second_law_integral"] != "cannot tell"
    energy = next(law for law in report["runs"][1]["laws"] if law["name"] == "equilibrium_energy")
    assert energy["verdict"] == "holds"
    assert energy["value"] == pytest.approx(
        energy["bound"], abs=1e-5
    )  # U* by differences of beta, energies as measured
    numbers = {name: entry["value"] for name, entry in report["runs"][1]["numbers"].items()}
    by_heat = numbers["mean force: Delta S*"] - 2.0 * numbers["mean force: Q* = Delta U*"]
    assert numbers["mean force: Sigma*"] == pytest.approx(by_heat, abs=1e-12)
    assert report["orders"]["Alipour et al.: bath_production"] == pytest.approx(
        2.0, abs=0.1
    )  # dSigma_B is of fourth order
    written = (out / "coupling_1" / "result.nc").stat().st_mtime_ns
    again = call("laws", config, "--out", out, "--quiet")
    assert again.exit_code == 0
    assert "already done" in again.output
    assert (out / "coupling_1" / "result.nc").stat().st_mtime_ns == written


def test_a_scaled_configuration_is_the_model_with_a_scaled_coupling(tmp_path: Path) -> None:
    operator = 'operator = [[0.5, "0.1-0.2j"], ["0.1+0.2j", -0.5]]'
    path = write_config(tmp_path)
    path.write_text(path.read_text().replace("operator = { z = 0.5 }", operator) + "[run]\nerror_bars = false\n")
    resolved = resolve(load_config(path))
    (tmp_path / "scaled.toml").write_text(to_toml(laws.scaled(resolved, 0.25)))
    scaled = resolve(load_config(tmp_path / "scaled.toml"))
    np.testing.assert_allclose(scaled.model.couplings[0].operator, resolved.model.couplings[0].operator / 2, rtol=1e-15)
    assert scaled.error_bars
    assert scaled.until == resolved.until


def test_no_mean_force_state_at_zero_temperature(tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = laws.run_laws(write_config(tmp_path, temperature=0.0), out, couplings=[1.0])
    assert not (out / "coupling_1_equilibrium").exists()
    law = report.at("mean force", "second_law_rate")[0]
    assert (law.verdict, law.reason) == ("cannot tell", "T = 0: beta infinite")
    assert report.at("Alipour et al.", "correlation_entropy")[0].verdict == "holds"


def test_star_cells_keep_their_modes_at_neighbouring_temperatures(tmp_path: Path) -> None:
    """The cells of a continuum are others at each temperature; d(beta H*)/d beta is that of one bath."""
    path = write_config(tmp_path)
    continuum = 'kind = "power-law"\nalpha = 0.1\nexponent = 1.0\ncutoff = 1.0\nshape = "hard"'
    text = path.read_text().replace('kind = "discrete"\nfrequencies = [1.0]\ncouplings = [0.4]', continuum)
    path.write_text(text.replace("levels = 10", 'levels = 6\nroute = "star-cells"\nmodes = 2\nallow_reflection = true'))
    resolved = resolve(load_config(path))
    values = laws.scaled(resolved, 0.5)
    operator = np.sqrt(0.5) * resolved.model.couplings[0].operator
    for factor in (1.0, 1.1):
        (tmp_path / "one.toml").write_text(to_toml(laws._prepared(values, resolved, factor * 2.0)))
        model = resolve(load_config(tmp_path / "one.toml")).model
        assert model.temperature == pytest.approx(0.5 / factor)
        for name in ("frequencies", "couplings"):
            np.testing.assert_allclose(
                getattr(model.couplings[0].bath, name), getattr(resolved.model.couplings[0].bath, name), rtol=1e-12
            )
        np.testing.assert_allclose(model.couplings[0].operator, operator)
    other = chains.star_cells(chains.PowerLaw(alpha=0.1, shape="hard"), 2, temperature=0.5 / 1.1)
    assert np.abs(other.frequencies - resolved.model.couplings[0].bath.frequencies).max() > 1e-3


@pytest.mark.parametrize(
    ("arguments", "add", "words"),
    [
        (["--couplings", "0.1,zero"], "", "--couplings"),
        (["--couplings", "0.1,-1"], "", "positive factors of J"),
        (["--couplings", "1,1"], "", "each once"),
        ([], "[laws]\ncouplings = [1.0, 0.0]\n", "laws.couplings"),
        ([], "[laws]\ncouplings = []\n", "laws.couplings"),
        ([], "[laws]\nresolution = 1.5\n", "laws.resolution"),
        ([], "[laws]\ncoupling = [1.0]\n", "laws.coupling"),
    ],
)
def test_bad_scans_are_refused_before_anything_runs(tmp_path: Path, arguments: list[str], add: str, words: str) -> None:
    out = tmp_path / "out"
    done = call("laws", write_config(tmp_path, add=add), "--out", out, *arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert not out.exists()


def test_what_cannot_be_told_is_said_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ran(Exception):
        pass

    def study(*arguments, **keywords):
        raise Ran

    monkeypatch.setattr(laws, "_study", study)
    for add, words in ((NO_ENTROPY, 'bath_entropy = "auto"'), ("", "")):
        said: list[str] = []
        with pytest.raises(Ran):
            laws.run_laws(write_config(tmp_path, add=add), tmp_path / "out", say=said.append)
        notes = [line for line in said if line.startswith("note:")]
        assert len(notes) == bool(words)
        assert all(words in note for note in notes)


def test_the_scan_is_not_part_of_a_run(tmp_path: Path) -> None:
    """[laws] changes neither the fingerprint nor the written configuration."""
    one = resolve(load_config(write_config(tmp_path)))
    other = resolve(load_config(write_config(tmp_path, name="other.toml", add="[laws]\ncouplings = [0.5]\n")))
    assert one.hash == other.hash
    with pytest.raises(chains.InvalidInput):
        laws.run_laws(tmp_path / "small.toml", tmp_path / "out", couplings=[])


@pytest.mark.slow
def test_verdicts_do_not_change_at_doubled_accuracy(tmp_path: Path) -> None:
    """Strong coupling, half the step and a tenth of the tolerance: what could be told is told the same."""
    path = write_config(tmp_path, add="[thermodynamics]\nbath_entropy_every = 0.2\n")
    text = (
        path.read_text()
        .replace("couplings = [0.4]", "couplings = [1.2]")
        .replace('method = "exact"', 'method = "tdvp"')
    )
    text = text.replace("levels = 10", "levels = 24")
    path.write_text(text)
    finer = tmp_path / "finer.toml"
    finer.write_text(text.replace("step = 0.1", "step = 0.05").replace("tolerance = 1e-4", "tolerance = 1e-5"))
    found = [laws.run_laws(p, tmp_path / p.stem, couplings=[1.0]).runs[0].laws for p in (path, finer)]
    told = 0
    for rough, fine in zip(*found, strict=True):
        assert (rough.book, rough.name) == (fine.book, fine.name)
        if rough.verdict != "cannot tell":
            told += 1
            assert fine.verdict == rough.verdict, (rough, fine)
    assert told > 10
