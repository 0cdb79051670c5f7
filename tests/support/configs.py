"""Configuration files that tests begin with, and what is wrong with one."""

from pathlib import Path
from typing import Any

import pytest

from chains import InvalidInput
from tnthermo.configuration.resolve import load_config, resolve

GOOD: dict[str, dict[str, str]] = {
    "spectral_density": {"kind": '"power-law"', "alpha": "0.3", "exponent": "1.0", "cutoff": "1.0", "shape": '"hard"'},
    "bath": {"temperature": "0.2"},
    "system": {"hamiltonian": "{ z = 0.1, x = 0.2 }"},
    "coupling": {"operator": "{ z = 0.5 }"},
    "evolution": {"until": "2.0", "step": "0.25"},
}
DISCRETE = {"kind": '"discrete"', "frequencies": "[0.5, 1.2]", "couplings": "[0.35, 0.5]"}
SMALL = """
[spectral_density]
kind = "discrete"
frequencies = [1.0]
couplings = [0.4]
[bath]
temperature = TEMPERATURE
levels = 10
[system]
hamiltonian = { x = 0.5 }
[coupling]
operator = { z = 0.5 }
[evolution]
method = "exact"
tolerance = 1e-4
until = 1.0
step = 0.1
record_every = 0.2
"""
FEW_MODES = """
[spectral_density]
kind = "discrete"
frequencies = [0.6, 1.1]
couplings = [0.25, 0.3]
[bath]
temperature = TEMPERATURE
[system]
hamiltonian = { x = 0.4 }
initial = "+z"
[coupling]
operator = { z = 0.8 }
[thermodynamics]
bath_entropy = "off"
[evolution]
until = 2.0
record_every = 0.5
"""
NO_ENTROPY = '[thermodynamics]\nbath_entropy = "off"\n'
"""Without the entropy of the bath, which takes most of the time of the smallest runs."""
BATHS = (Path(__file__).parent / "two_baths.toml").read_text(encoding="utf-8")
"""Two baths of one mode each, the second cold, displaced and coupled by exchange; [evolution] is still to be added."""


def write_config(folder: Path, *, temperature: float = 0.5, name: str = "small.toml", add: str = "") -> Path:
    """A configuration that runs in no time: a qubit and one mode, dense propagation."""
    path = folder / name
    path.write_text(SMALL.replace("TEMPERATURE", str(temperature)) + add)
    return path


def few_modes(*, temperature: float = 0.0, add: str = "") -> str:
    """A configuration of two modes with nothing but physics in it; ``add`` goes on with its [evolution]."""
    return FEW_MODES.replace("TEMPERATURE", str(temperature)) + add


def text_of(changes: dict[str, dict[str, str | None]] | None = None) -> str:
    """GOOD with some keys changed (None: left out), added, or a whole spectral density replaced."""
    sections: dict[str, dict[str, Any]] = {name: dict(keys) for name, keys in GOOD.items()}
    for name, keys in (changes or {}).items():
        sections[name] = {} if name == "spectral_density" and "kind" in keys else sections.get(name, {})
        sections[name] |= keys
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items() if value is not None)]
    return "\n".join(lines) + "\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> dict[str, str]:
    """key -> message of everything that load_config and resolve find wrong."""
    with pytest.raises(InvalidInput) as caught:
        resolve(load_config(write(folder, text)))
    return {problem.key: str(problem) for problem in caught.value.problems}
