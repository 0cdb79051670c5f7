"""Files of sweeps."""

from pathlib import Path

from tests.support.configs import SMALL


def write_sweep(
    folder: Path, axes: str, *, base: str = SMALL.replace("TEMPERATURE", "0.5"), name: str = "s.toml"
) -> Path:
    """A file of many runs: ``base`` with these ``axes``."""
    path = folder / name
    path.write_text(f"{base}\n[sweep]\n{axes}\n")
    return path
