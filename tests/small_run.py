"""A run that takes no time: a qubit, two modes, dense propagation."""

from pathlib import Path

CONFIG = """
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


def write_config(folder: Path, *, temperature: float = 0.5, name: str = "small.toml", add: str = "") -> Path:
    path = folder / name
    path.write_text(CONFIG.replace("TEMPERATURE", str(temperature)) + add)
    return path
