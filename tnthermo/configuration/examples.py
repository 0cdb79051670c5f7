"""Configuration files to begin with, one for each kind of model: what is physics, and nothing else."""

from __future__ import annotations

from pathlib import Path

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.hints import nearest
from tnthermo.errors import StorageError
from tnthermo.machine.atomic_files import write_text

FOLDER = Path(__file__).parent / "kinds"
KINDS = (
    "spin-boson",
    "drude-lorentz",
    "dephasing",
    "exchange",
    "driven",
    "erasure",
    "otto",
    "two-baths",
    "two-qubits",
    "dimer",
    "exciton-dimer",
    "three-level",
    "few-modes",
)
OTHER_NAMES = {
    "qubit": "spin-boson",
    "spinboson": "spin-boson",
    "ohmic": "spin-boson",
    "heom": "drude-lorentz",
    "debye": "drude-lorentz",
    "jaynes-cummings": "exchange",
    "rotating-wave": "exchange",
    "rwa": "exchange",
    "drive": "driven",
    "landau-zener": "driven",
    "landauer": "erasure",
    "levy-kosloff": "two-qubits",
    "engine": "otto",
    "cycle": "otto",
    "refrigerator": "otto",
    "exciton": "dimer",
    "qutrit": "three-level",
    "rabi": "few-modes",
    "discrete": "few-modes",
}


def text_of(kind: str) -> str:
    """The file of a kind. Raises `chains.InvalidInput`, with what is near, for a kind that is none of `KINDS`."""
    if kind not in KINDS:
        other = OTHER_NAMES.get(kind.lower(), "")
        hint = f"did you mean {other}?" if other else nearest(kind, list(KINDS))
        raise InvalidInput([Problem(key="KIND", value=kind, allowed=f"one of {', '.join(KINDS)}", hint=hint)])
    return (FOLDER / f"{kind}.toml").read_text(encoding="utf-8")


def about(kind: str) -> str:
    """What a kind is: the first line of its file."""
    return text_of(kind).partition("\n")[0].removeprefix("# ")


def write_example(kind: str, path: Path, *, force: bool = False) -> None:
    """Write the file of a kind; in the place of another one with ``force`` only.

    Raises `chains.InvalidInput` for a kind that is none, or where something is in the place, and `errors.StorageError`.
    """
    text = text_of(kind)
    if force:
        write_text(path, text)
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        hint = "--force replaces it; or name another file"
        raise InvalidInput(
            [Problem(key="FILE", value=str(path), allowed="a file that is not there yet", hint=hint)]
        ) from None
    except OSError as error:
        raise StorageError(f"cannot write {path.absolute()}: {error.strerror or error}") from error
    except ValueError as error:  # a zero byte in the name
        raise InvalidInput([Problem(key="FILE", value=str(path), allowed=f"the name of a file: {error}")]) from None
