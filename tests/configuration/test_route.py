"""Which files are run on time bins: those that ask for them, and those with nothing numerical and a density without an end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chains
import tnthermo as tt
from chains import InvalidInput
from tests.support.configs import text_of, write
from tnthermo.configuration.resolve import Resolved, resolve_file

ENDLESS = {"kind": '"power-law"', "alpha": "0.1", "exponent": "1.0", "cutoff": "5.0", "shape": '"exponential"'}
DRUDE = {
    "kind": '"drude-lorentz"',
    "reorganisation_energy": "0.5",
    "width": "1.0",
    "alpha": None,
    "exponent": None,
    "cutoff": None,
    "shape": None,
}
OPEN = {"until": "2.0", "step": None}


def resolved(folder: Path, changes: dict[str, dict[str, str | None]], add: str = "") -> Resolved:
    return resolve_file(write(folder, text_of(changes) + add))


@pytest.mark.parametrize("density", [ENDLESS, DRUDE, ENDLESS | {"shape": '"gaussian"'}])
def test_nothing_numerical_and_a_density_without_an_end(density: dict[str, str | None], tmp_path: Path) -> None:
    found = resolved(tmp_path, {"spectral_density": density, "evolution": OPEN})
    assert isinstance(found.algorithm, tt.TimeBins)
    assert isinstance(found.model.couplings[0].bath, chains.Bath)
    assert found.values["bath"]["route"] == "time-bins"
    pieces = 2.0 / found.algorithm.step
    assert pieces == pytest.approx(2 * round(pieces / 2))  # the companion's step fits, too
    again = resolve_file(write(tmp_path, found.text))
    assert again.hash == found.hash
    assert again.algorithm == found.algorithm


def test_the_step_is_a_part_of_the_record_interval(tmp_path: Path) -> None:
    found = resolved(
        tmp_path, {"spectral_density": ENDLESS, "evolution": OPEN | {"record_every": "0.3", "until": "1.5"}}
    )
    pieces = 0.3 / found.algorithm.step
    assert pieces == pytest.approx(2 * round(pieces / 2))


@pytest.mark.parametrize(
    "changes",
    [
        {"evolution": OPEN | {"tolerance": "1e-6"}},  # a hard cutoff
        {"spectral_density": ENDLESS, "evolution": OPEN | {"step": "0.5"}, "bath": {"modes": "6", "allow_reflection": "true"}},
        {"spectral_density": ENDLESS, "evolution": OPEN, "bath": {"modes": "6", "allow_reflection": "true"}},
        {"spectral_density": ENDLESS, "evolution": OPEN, "bath": {"route": '"single-chain"', "modes": "6", "allow_reflection": "true"}},
        {"spectral_density": ENDLESS, "evolution": OPEN | {"method": '"tdvp"'}, "bath": {"modes": "6", "allow_reflection": "true"}},
    ],
)  # fmt: skip
def test_chains_where_anything_of_a_chain_is_asked_for(
    changes: dict[str, dict[str, str | None]], tmp_path: Path
) -> None:
    found = resolved(tmp_path, changes)
    assert isinstance(found.algorithm, tt.TDVP)
    assert isinstance(found.model.couplings[0].bath, chains.Chain)


def test_few_modes_of_their_own_stay_on_a_chain(tmp_path: Path) -> None:
    """A continuum goes to time bins, be it with an end; a bath of modes goes to a chain that has as many."""
    hard = resolved(tmp_path, {"evolution": OPEN})
    assert hard.algorithm.bins
    modes = {"kind": '"discrete"', "frequencies": "[0.5, 1.2]", "couplings": "[0.35, 0.5]"}
    assert not resolved(tmp_path, {"spectral_density": modes, "evolution": OPEN}).algorithm.bins


def test_either_word_asks_for_them(tmp_path: Path) -> None:
    by_route = resolved(tmp_path, {"bath": {"route": '"time-bins"'}})
    by_method = resolved(tmp_path, {"evolution": {"method": '"time-bins"'}})
    for found in (by_route, by_method):
        assert isinstance(found.algorithm, tt.TimeBins)
        assert found.algorithm.step == 0.25  # as given
        assert isinstance(found.model.couplings[0].bath, chains.Bath)
    on_a_chain = resolved(
        tmp_path, {"evolution": {"method": '"time-bins"'}, "bath": {"route": '"single-chain"', "modes": "12"}}
    )
    assert isinstance(on_a_chain.algorithm, tt.TimeBins)
    assert isinstance(on_a_chain.model.couplings[0].bath, chains.Chain)


@pytest.mark.parametrize(
    ("changes", "add", "keys"),
    [
        ({"bath": {"route": '"time-bins"', "modes": "8", "allow_reflection": "true"}}, "", {"bath.modes", "bath.allow_reflection"}),
        ({"bath": {"route": '"time-bins"', "levels": "[3, 3]"}}, "", {"bath.levels"}),
        ({"bath": {"route": '"time-bins"'}, "spectral_density": {"support": "0.5"}}, "", {"spectral_density.support"}),
        ({"bath": {"route": '"time-bins"'}, "evolution": {"layout": '"middle"'}}, "", {"evolution.layout"}),
        ({"bath": {"route": '"time-bins"'}, "evolution": {"method": '"tdvp"'}}, "", {"evolution.method"}),
        ({"bath": {"route": '"time-bins"'}, "evolution": {"taper": "0.1"}}, "", {"evolution.taper"}),
        ({"bath": {"route": '"time-bins"'}, "system": {"initial": '"mean-force"'}}, "", {"system.initial"}),
        ({"bath": {"route": '"time-bins"'}}, '[thermodynamics]\nbath_entropy = "exact"\n', {"thermodynamics.bath_entropy"}),
        (
            {"bath": {"route": '"time-bins"'}}, '[record]\nobservables = { n0 = { boson = "number", site = 0 } }\n',
            {"record.observables.n0.chain"},
        ),
    ],
)  # fmt: skip
def test_what_means_nothing_there_is_refused(
    changes: dict[str, dict[str, str | None]], add: str, keys: set[str], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolved(tmp_path, changes, add)
    assert {problem.key for problem in caught.value.problems} == keys


def test_settings_that_suit_where_the_method_is_named(tmp_path: Path) -> None:
    """Cap, tolerance and step are those of time bins, however they were asked for, and record_every need not be a multiple of .1."""
    evolution = OPEN | {"until": "0.5", "record_every": "0.125"}
    ways = [
        {"bath": {"route": '"time-bins"'}, "evolution": evolution},
        {"evolution": evolution | {"method": '"time-bins"'}},
    ]
    off = '\n[accuracy]\ntarget = "off"\n'
    found = [resolved(tmp_path, {"spectral_density": ENDLESS, **way}, off).algorithm for way in ways]
    assert found[0] == found[1]
    assert (found[0].tolerance, found[0].max_bond) == (tt.TimeBins.tolerance, tt.TimeBins.max_bond)
    own = evolution | {"method": '"time-bins"', "tolerance": "1e-5", "max_bond": "20"}
    kept = resolved(tmp_path, {"spectral_density": ENDLESS, "evolution": own}).algorithm
    assert (kept.tolerance, kept.max_bond) == (1e-5, 20)
    with pytest.raises(InvalidInput, match="multiple of"):
        resolved(tmp_path, {"evolution": {"until": "0.5", "record_every": "0.125", "step": None, "method": '"tdvp"'}})


def test_the_same_from_python_as_from_a_file(tmp_path: Path) -> None:
    """Step by rule, cap and tolerance by default; and the usual target."""
    changes = {"spectral_density": ENDLESS, "evolution": OPEN | {"until": "0.5"}}
    found = resolved(tmp_path, changes, '\n[accuracy]\ntarget = "off"\n')
    model = tt.SpinBoson(
        hamiltonian={"z": 0.1, "x": 0.2}, coupling={"z": 0.5},
        bath=chains.Bath(density=chains.PowerLaw(alpha=0.1, exponent=1.0, cutoff=5.0, shape="exponential"), temperature=0.2),
    )  # fmt: skip
    run = tt.evolve(model, until=0.5, error_bars=False, bath_entropy="off")
    assert run.algorithm == found.algorithm
    ours = tt.evolve(found.model, **found.evolve_keywords() | {"error_bars": False, "bath_entropy": "off"})
    np.testing.assert_array_equal(run.rho_S, ours.rho_S)
    usual = resolved(tmp_path, changes)
    assert (usual.target, usual.max_time) == (1e-3, 600.0)
    run = tt.evolve(model, until=0.5, bath_entropy="off")
    ours = tt.evolve(usual.model, **usual.evolve_keywords() | {"bath_entropy": "off"})
    assert run.asked == ours.asked
    np.testing.assert_array_equal(run.rho_S, ours.rho_S)
