"""The cases of tests/bad_inputs.md that no other file looks at, that the table is whole, and that nothing executes what it reads."""

import ast
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import tnthermo as tt
from chains import InvalidInput, PowerLaw
from tests.interrupted.runs import SAVING, a_keeper, stop_at
from tests.support.configs import problems, text_of, write, write_config
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.configuration.sizes import memory_problems
from tnthermo.terminal.check import checked

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent


# --- the table -----------------------------------------------------------------------------------------------------------------------


def rows(text: str) -> dict[int, list[str]]:
    """The node ids of each case."""
    found = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    return {int(number): re.findall(r"`([^`]+)`", tests) for number, tests in found}


def missing(nodes: list[str]) -> list[str]:
    """Those that are no test function of a file."""
    lost = []
    for node in nodes:
        file, _, name = node.partition("::")
        path = TESTS / file
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module(body=[], type_ignores=[])
        if name not in {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}:
            lost.append(node)
    return lost


def test_every_case_has_tests_that_exist() -> None:
    table = rows((TESTS / "bad_inputs.md").read_text(encoding="utf-8"))
    assert sorted(table) == list(range(1, 69))
    assert all(table.values())
    assert missing([node for nodes in table.values() for node in nodes]) == []
    assert missing(["test_config.py::test_no_such", "test_no_such.py::test_it"]) == [
        "test_config.py::test_no_such",
        "test_no_such.py::test_it",
    ]


# --- single cases --------------------------------------------------------------------------------------------------------------------


def test_a_sub_ohmic_bath_is_allowed_and_what_diverges_is_said(tmp_path: Path) -> None:
    changes: Any = {"spectral_density": {"exponent": "0.5"}, "bath": {"modes": "12", "allow_reflection": "true"}}
    assert "diverges" in checked(resolve(load_config(write(tmp_path, text_of(changes)))))
    changes["spectral_density"]["exponent"] = "3.0"
    assert "diverges" not in checked(resolve(load_config(write(tmp_path, text_of(changes)))))


def test_a_power_law_without_an_end_is_refused(tmp_path: Path) -> None:
    assert "required" in problems(tmp_path, text_of({"spectral_density": {"shape": None}}))["spectral_density.shape"]
    assert "required" in problems(tmp_path, text_of({"spectral_density": {"cutoff": None}}))["spectral_density.cutoff"]
    with pytest.raises(InvalidInput, match="shape"):
        PowerLaw(alpha=0.1, shape="none")


def test_zero_coupling_is_the_free_qubit(tmp_path: Path) -> None:
    bath = {"temperature": "0.2", "modes": "2", "levels": "2", "allow_reflection": "true"}
    changes: Any = {"bath": bath, "evolution": {"method": '"exact"', "tolerance": "1e-10"}}

    def last(alpha: str) -> Any:
        changes["spectral_density"] = {"alpha": alpha}
        found = resolve(load_config(write(tmp_path, text_of(changes))))
        keywords = found.evolve_keywords() | {"error_bars": False, "bath_entropy": "off"}
        return tt.evolve(found.model, **keywords).rho_S[-1]

    free = expm(-2.0j * np.array([[0.1, 0.2], [0.2, -0.1]]))[:, :1]
    np.testing.assert_allclose(last("0"), free @ free.conj().T, atol=1e-9)
    assert np.abs(last("0.3") - free @ free.conj().T).max() > 1e-3


def test_rounding_that_is_mended_is_noted(tmp_path: Path) -> None:
    def noted(**system: str) -> set[str]:
        found = resolve(load_config(write(tmp_path, text_of({"system": dict(system)}))))
        return {note.key for note in found.notes}

    assert noted() == set()
    assert noted(hamiltonian="[[0.1, 0.2], [0.20000000000001, -0.1]]") == {"system.hamiltonian"}
    assert noted(initial="[[0.5, 0.1], [0.100000000001, 0.5]]") == {"system.initial"}
    assert noted(initial="[[0.5, 0], [0, 0.50000000001]]") == {"system.initial"}
    assert noted(initial="[3, 4]", normalise="true") == {"system.initial"}


def test_no_time_at_all_is_the_start(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    config.write_text(config.read_text().replace("until = 1.0", "until = 0"))
    found = resolve(load_config(config))
    run = tt.evolve(found.model, **found.evolve_keywords())
    assert run.times.tolist() == [0.0]


@pytest.mark.parametrize("value", ["0", "-1e-7", "2.0", "1e-15", "nan"])
def test_tolerances_out_of_range(tmp_path: Path, value: str) -> None:
    assert "evolution.tolerance" in problems(tmp_path, text_of({"evolution": {"tolerance": value}}))


def test_the_memory_of_a_job_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: Any = {
        "bath": {"modes": "12", "levels": "3", "allow_reflection": "true"},
        "evolution": {"method": '"exact"'},
    }
    found = resolve(load_config(write(tmp_path, text_of(changes))))
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "1")  # MiB
    (problem,) = memory_problems(found.model, found.algorithm, 3, 1)
    assert "SLURM_MEM_PER_NODE" in problem.allowed
    assert "fewer modes or levels" in problem.hint
    assert "SLURM_MEM_PER_NODE" in problems(tmp_path, text_of(changes))["evolution.method"]


def test_times_of_files_say_nothing(tmp_path: Path) -> None:
    """The newest checkpoint is the one called so, wherever the clock was when it was written."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 6)
    keeper = a_keeper(config, out)
    os.utime(keeper.path("run"), (0, 0))
    os.utime(keeper.path("run", ".previous.ckpt"), (2**33, 2**33))
    found = keeper.load("run")
    assert found is not None
    assert found["times"][-1] == pytest.approx(0.6)


@pytest.mark.parametrize(("section", "key"), [("evolution", "precision"), ("run", "device"), ("evolution", "dtype")])
def test_there_is_no_key_for_precision_or_device(tmp_path: Path, section: str, key: str) -> None:
    assert "no such key" in problems(tmp_path, text_of({section: {key: '"single"'}}))[f"{section}.{key}"]


# --- nothing executes what it reads --------------------------------------------------------------------------------------------------

FORBIDDEN = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml", "joblib"}


def executing(source: str) -> list[str]:
    """What in a module could execute, or unpickle, what it is given."""
    found = []
    tree = ast.parse(source)
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == "pickle"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and used == {"UnpicklingError"}:
            continue  # numba's cache of machine code is damaged: only the name of that error is used
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN:
                found.append(node.func.id)
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("system", "popen", "spawnl"):
                found.append(node.func.attr)
            for keyword in node.keywords:
                if keyword.arg in ("shell", "allow_pickle") and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    found.append(keyword.arg)
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.append(str(node.module))
    return found


@pytest.mark.parametrize("package", ["chains", "tnthermo"])
def test_nothing_executes_what_it_reads(package: str) -> None:
    found = {path: executing(path.read_text(encoding="utf-8")) for path in (ROOT / package).rglob("*.py")}
    assert len(found) > 10
    assert {path: what for path, what in found.items() if what} == {}


def test_what_executes_is_seen() -> None:
    assert executing("import pickle\nBROKEN = pickle.UnpicklingError") == []
    assert executing("import pickle\nBROKEN = pickle.UnpicklingError\npickle.loads(x)") == ["pickle"]
    planted = (
        "import pickle\nfrom yaml import load\neval(x)\nexec(x)\nos.system(x)\nnp.load(x, allow_pickle=True)\n"
        "run(x, shell=True)\nrun(x, shell=flag)\nrun(x, shell=False)\nre.compile(x)"
    )
    assert sorted(executing(planted)) == sorted(
        ["pickle", "yaml", "eval", "exec", "system", "allow_pickle", "shell", "shell"]
    )


@pytest.mark.parametrize(
    "text", ["__import__('os').system('touch x')", "{0.__class__}", "%s%n", "$(touch x)", "`touch x`"]
)
def test_texts_that_look_like_code_are_texts(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for section, key in (("system", "initial"), ("system", "hamiltonian"), ("coupling", "operator"), ("bath", "route")):
        found = problems(tmp_path, text_of({section: {key: f'"{text}"'}}))
        assert text in found[f"{section}.{key}"]
    assert not (tmp_path / "x").exists()
