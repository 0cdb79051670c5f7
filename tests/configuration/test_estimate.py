"""What `tnthermo plan` says of memory against what a run in a process of its own takes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chains import InvalidInput
from tests.support.configs import NO_ENTROPY, text_of, write, write_config
from tnthermo.configuration.estimate import COMPILER, Estimate, estimate, remaining, tapered, untold_laws
from tnthermo.configuration.resolve import load_config, resolve, resolve_file
from tnthermo.configuration.sizes import state_bytes
from tnthermo.model.density_matrix import gibbs_entropy
from tnthermo.terminal.check import checked
from tnthermo.terminal.plan import planned as plan_text

RUN = """
import sys, json
import tnthermo as tt
from tnthermo.configuration.resolve import load_config, resolve, resolve_file
from tnthermo.configuration.estimate import estimate
from tnthermo.machine.memory import peak_memory
resolved = resolve(load_config(sys.argv[1]))
before = estimate(resolved).memory
run = tt.evolve(resolved.model, **resolved.evolve_keywords())
tt.ledger(run)
print(json.dumps([*before, peak_memory(), int(run.bonds.max()), int(run.levels.max())]))
"""
WARM: dict[str, str | None] = {"temperature": "0.2", "modes": "30"}


def planned(folder: Path, **evolution: str) -> tuple[Path, Estimate]:
    """The configuration file of a warm bath, and its estimate."""
    settings: dict[str, str | None] = {"until": "2.0", "step": "0.25", **evolution}
    path = write(folder, text_of({"bath": WARM, "evolution": settings}))
    return path, estimate(resolve(load_config(path)))


@pytest.mark.parametrize(
    "evolution",
    [
        {"max_bond": "12"},
        pytest.param({"method": '"tdvp1"', "bond": "40", "until": "1.0"}, marks=pytest.mark.slow),
    ],
)
def test_the_range_of_the_memory_holds_what_a_run_takes(tmp_path: Path, evolution: dict[str, str]) -> None:
    path, found = planned(tmp_path, tolerance="1e-4", **evolution)
    command = [sys.executable, "-c", RUN, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    low, high, peak, bond, levels = json.loads(done.stdout.splitlines()[-1])
    assert low <= peak <= high
    assert bond <= found.bonds[1]
    assert levels <= found.levels[1]


def test_the_compiler_counts_where_nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def high(compiled: bool) -> float:
        monkeypatch.setattr("tnthermo.configuration.estimate.is_compiled", lambda **_: compiled)
        return planned(tmp_path, max_bond="12")[1].memory[1]

    assert high(False) - high(True) == COMPILER


def test_the_ranges_follow_cap_steps_and_coupling(tmp_path: Path) -> None:
    _, few = planned(tmp_path, max_bond="16")
    _, more = planned(tmp_path, max_bond="48")
    _, finer = planned(tmp_path, max_bond="16", step="0.05")
    assert few.bonds == (8, 16)
    assert more.bonds[1] == 48
    for one, other in ((few, more), (few, finer)):
        assert one.seconds[1] < other.seconds[1]
        assert one.memory[1] <= other.memory[1]
    strong: dict[str, str | None] = {
        "kind": '"power-law"',
        "alpha": "2.0",
        "exponent": "1.0",
        "cutoff": "1.0",
        "shape": '"hard"',
    }
    path = write(tmp_path, text_of({"bath": WARM, "evolution": {}, "spectral_density": strong}))
    assert estimate(resolve(load_config(path))).levels[1] > few.levels[1]


def test_a_taper_makes_the_run_cheaper_and_none_changes_nothing(tmp_path: Path) -> None:
    _, whole = planned(tmp_path, max_bond="32")
    _, none = planned(tmp_path, max_bond="32", taper="0.0")
    found = [planned(tmp_path, max_bond="32", taper=taper)[1] for taper in ("0.02", "0.05", "0.2")]
    assert none == whole
    for more, less in zip([whole, *found], found, strict=False):
        assert less.bonds == more.bonds
        for (low, high), (lower, below) in ((more.seconds, less.seconds), (more.memory, less.memory)):
            assert below < high
            assert lower <= low  # half the bonds that a taper of .02 leaves
    assert found[-1].seconds[0] < whole.seconds[0]
    assert found[-1].memory[0] < whole.memory[0]


def test_the_bonds_of_the_estimate_are_the_caps_of_the_run(tmp_path: Path) -> None:
    settings: dict[str, str | None] = {"max_bond": "16", "taper": "0.125"}
    resolved = resolve(load_config(write(tmp_path, text_of({"bath": WARM, "evolution": settings}))))
    # the system, then 30 sites: the line's left end and the five bonds nearest to the system are whole
    assert tapered(resolved, 16).tolist() == [16] * 6 + [14, 12, 10, 8, 6] + [4] * 21
    assert tapered(resolved, 8).tolist() == [8] * 10 + [6] + [4] * 21
    weights = 1 - np.maximum(np.arange(32) - 1, 0) / 31
    assert remaining(resolved, 16) == pytest.approx(np.average((tapered(resolved, 16) / 16) ** 3, weights=weights))


def test_memory_of_bonds_that_differ() -> None:
    # sites of 3 levels with bonds 1, 3, 4, 3, 1
    assert state_bytes([3] * 4, np.array([9, 9, 4, 9, 9])) == 16 * 3 * (1 * 3 + 3 * 4 + 4 * 3 + 3 * 1)
    assert state_bytes([3] * 4, np.full(5, 4)) == state_bytes([3] * 4, 4)


def test_the_entropy_of_the_bath_and_the_states_of_exact_are_said_beforehand(tmp_path: Path) -> None:
    """`check` and `plan` agree; the number is that of the modes, the states are those by which "exact" is refused."""
    two = write_config(tmp_path, name="two.toml")
    two.write_text(
        two.read_text()
        .replace("[1.0]", "[0.2, 0.3, 0.4, 0.5]")
        .replace("[0.4]", "[0.1, 0.1, 0.1, 0.1]")
        .replace('method = "exact"', "")
    )
    nats = gibbs_entropy(np.array([0.2, 0.3, 0.4, 0.5]), 2.0)
    resolved = resolve_file(two)
    line = next(line for line in checked(resolved).splitlines() if line.startswith("S_B(0)"))
    assert f"{nats:.3g} nats in 4 modes" in line
    assert line.removeprefix("S_B(0) ") in plan_text(resolved, tmp_path)
    assert "refused" in line
    refused = tmp_path / "refused.toml"
    refused.write_text(two.read_text() + '[thermodynamics]\nbath_entropy = "exact"\n')
    with pytest.raises(InvalidInput, match=f"{nats:.3g} nats") as caught:
        resolve_file(refused)
    states = re.search(r"about (\S+) states", line)
    assert states is not None
    assert f"about {states[1]} states" in str(caught.value)
    assert "allowed, the limit" in checked(resolve_file(write_config(tmp_path, name="one.toml")))
    for other in (
        write_config(tmp_path, name="cold.toml", temperature=0.0),
        write_config(tmp_path, name="off.toml", add=NO_ENTROPY),
    ):
        assert "S_B(0)" not in checked(resolve_file(other))


def test_what_the_laws_of_the_bath_will_lack_is_said_beforehand(tmp_path: Path) -> None:
    def said(**changes: dict[str, str | None]) -> tuple[str, str]:
        resolved = resolve(load_config(write(tmp_path, text_of(changes))))
        return untold_laws(resolved), plan_text(resolved, tmp_path)

    star: dict[str, str | None] = {"route": '"star-cells"', "modes": "2", "allow_reflection": "true"}
    text, plan = said(thermodynamics={"bath_entropy": '"off"'})
    assert 'bath_entropy = "auto"' in text
    assert f"laws         {text}" in plan
    between, _ = said(thermodynamics={"bath_entropy_every": "1.0"})
    assert "at four times at least: a smaller thermodynamics.bath_entropy_every" in between
    seldom, _ = said(bath=star, thermodynamics={"bath_entropy_every": "1.0"})
    assert seldom == between
    assert "star-cells" not in seldom
    for nothing in (said(bath=star, thermodynamics={"bath_entropy_every": "0.5"}), said(bath={"temperature": "0.0"})):
        assert nothing[0] == ""
        assert "\nlaws " not in nothing[1]
