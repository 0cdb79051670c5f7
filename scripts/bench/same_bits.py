"""Does the code as it is compute the same bits as an earlier commit? The safety of a change that should change nothing.

    python scripts/bench/same_bits.py BASE [--only NAME ...] [--keep FOLDER]

A worktree of BASE and this checkout, uncommitted changes included, run the same configurations on the same machine with the same libraries:
six by TDVP (strong coupling, exchange on two chains, two baths, drives with a jump, star cells, a table) and one by each other method.
Compared bit by bit: every array of result.nc and state.h5 (of every group, the rougher run's as well), its attributes but for those of
machine and version, the fingerprint, the text of `check`. Then a checkpoint that BASE wrote is resumed here and compared with the run
that was never stopped. No bits are stored: they hold on one machine only.

A line for each configuration; exit code 1 where something differs. A later change of numbers that is meant makes it fail, on purpose.
About three minutes, and two more where BASE has to be compiled.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).parents[2]
FILES = ("result.nc", "state.h5")
# what tells of the machine, the moment or the version, not of physics
OF_THE_MACHINE = (
    "version",
    "seconds",
    "wall",
    "memory",
    "host",
    "created",
    "commit",
    "python",
    "numpy",
    "usage",
    "processor",
    "saving",
    "peak",
)
STOPPED = 75
PATIENCE = 600.0

OHMIC = """
[spectral_density]
kind = "power-law"
alpha = 0.2
cutoff = 1.0
exponent = 1.0
shape = "hard"
"""
QUBIT = """
[system]
hamiltonian = { x = 0.3, z = 0.1 }
initial = "+z"
[coupling]
operator = { z = 0.5 }
"""
EVOLUTION = """
[evolution]
until = 2.0
step = 0.1
tolerance = 1e-6
max_bond = 16
"""
WARM = "[bath]\ntemperature = 0.3\n"
STRONG = OHMIC + WARM + QUBIT + EVOLUTION
METHODS = {
    "tdvp1": STRONG.replace("max_bond = 16\n", "") + 'method = "tdvp1"\nbond = 6\n',
    "tdvp2": STRONG + 'method = "tdvp2"\n',
    "tebd": STRONG.replace("until = 2.0", "until = 1.0") + 'method = "tebd"\n',
}
CASES = {
    "strong coupling": STRONG,
    "exchange on two chains": """
[spectral_density]
kind = "semicircle"
coupling = 0.2
centre = 1.0
half_width = 0.5
[bath]
temperature = 0.5
[system]
hamiltonian = { z = 0.5 }
initial = "+x"
[coupling]
kind = "exchange"
operator = "sigma_minus"
[record]
observables = { coherence = "sigma_minus", first_site = { boson = "number", site = 0 } }
"""
    + EVOLUTION,
    "two baths": "".join(
        f"[[bath]]\ntemperature = {temperature}\n"
        + OHMIC.replace("[spectral_density]", "[bath.spectral_density]")
        + f"[bath.coupling]\noperator = {operator}\n"
        for temperature, operator in ((0.4, "{ x = 0.5 }"), (0.1, "{ z = 0.5 }"))
    )
    + '[system]\nhamiltonian = { z = 0.5 }\ninitial = "+x"\n'
    + EVOLUTION,
    "drives with a jump": STRONG
    + """
[drive]
coupling = { shape = "ramp", duration = 1.0, initial = 0.2, final = 1.0, profile = "smooth" }
"hamiltonian.x" = { shape = "square", start = 0.73, stop = 1.4, height = 0.5 }
""",
    "star cells of three levels": """
[spectral_density]
kind = "discrete"
frequencies = [0.5, 0.9, 1.6]
couplings = [0.2, -0.3, 0.2]
[bath]
temperature = 0.4
route = "star-cells"
displacement = [0.5, 0.0, 0.2]
[system]
hamiltonian = [[0.5, 0.1, 0], [0.1, 0, 0.1], [0, 0.1, -0.4]]
initial = [0.6, 0.8, 0]
[coupling]
operator = [[0.5, 0, 0.1], [0, 0, 0], [0.1, 0, -0.5]]
"""
    + EVOLUTION,
    "a table": """
[spectral_density]
kind = "table"
frequencies = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0]
values = [0.0, 0.1, 0.2, 0.15, 0.05, 0.0]
[bath]
temperature = 0.0
"""
    + QUBIT
    + EVOLUTION,
    **METHODS,
    "exact": """
[spectral_density]
kind = "discrete"
frequencies = [0.7]
couplings = [0.3]
[bath]
temperature = 0.3
"""
    + QUBIT
    + '[evolution]\nuntil = 2.0\nmethod = "exact"\n',
}
RESUMED = STRONG.replace("until = 2.0", "until = 6.0") + "[run]\ncheckpoint_every = 0\n"


def command(tree: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """The program of a checkout, its output kept."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    words = [sys.executable, "-m", "tnthermo", *map(str, arguments)]
    return subprocess.Popen(words, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def output(process: subprocess.Popen[bytes], *codes: int) -> str:
    """What was printed; exits with it where the program did not end with one of ``codes``."""
    text = process.communicate(timeout=PATIENCE)[0].decode()
    if process.returncode not in codes:
        sys.exit(f"exit code {process.returncode}:\n{text}")
    return text


@contextlib.contextmanager
def worktree(base: str) -> Iterator[Path]:
    """A checkout of ``base``, taken away afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, base], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


def run(tree: Path, config: Path, out: Path) -> None:
    """A run by compiled kernels only: one that compiles has other last bits than one that finds them compiled, and is done again."""
    compiled = -1
    while compiled != (compiled := sum(1 for _ in tree.rglob("*.nbc"))):
        output(command(tree, "run", config, "--quiet", "--overwrite", "--out", out), 0, 3)


def contents(file: Path) -> dict[str, bytes]:
    """Type, shape and bytes of every dataset and attribute of an HDF5 file, by its path."""
    found: dict[str, bytes] = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        for key, value in item.attrs.items():
            if not any(word in key.lower() for word in OF_THE_MACHINE) and not isinstance(value, h5py.Reference):
                found[f"{name}@{key}"] = as_bytes(np.asarray(value))
        if isinstance(item, h5py.Dataset):
            found[name] = as_bytes(item[()])

    with h5py.File(file, "r") as handle:
        visit("", handle)
        handle.visititems(visit)
    return {name: data for name, data in found.items() if "REFERENCE_LIST" not in name and "DIMENSION_LIST" not in name}


def as_bytes(value: object) -> bytes:
    """Bits of numbers, text of anything else."""
    array = np.asarray(value)
    data = repr(array.tolist()).encode() if array.dtype.kind in "OSUV" else array.tobytes()
    return f"{array.dtype} {array.shape} ".encode() + data


def differences(ours: Path, theirs: Path) -> list[str]:
    """Names of what is not the same in two folders of results."""
    wrong = []
    for file in FILES:
        a, b = contents(ours / file), contents(theirs / file)
        wrong += [f"{file}:{name}" for name in sorted(a.keys() | b.keys()) if a.get(name) != b.get(name)]
    return wrong


def compared(config: Path, tree: Path, folder: Path) -> tuple[list[str], int]:
    """(what differs between a run here and one of ``tree``, how many arrays and attributes were compared)."""
    checks = [command(side, "check", config) for side in (ROOT, tree)]
    texts = [output(process, 0, 2) for process in checks]
    ours, theirs = folder / "head", folder / "base"
    for side, out in ((ROOT, ours), (tree, theirs)):
        run(side, config, out)
    wrong = [] if texts[0] == texts[1] else ["the text of check"]
    return wrong + differences(ours, theirs), sum(len(contents(ours / file)) for file in FILES)


def resumed(config: Path, tree: Path, folder: Path) -> tuple[list[str], int]:
    """What differs where ``tree`` stops with a checkpoint and this checkout goes on."""
    whole, cut = folder / "whole", folder / "cut"
    run(tree, config, whole)
    process = command(tree, "run", config, "--quiet", "--out", cut)
    deadline = time.monotonic() + PATIENCE
    while not list(cut.glob("**/*.ckpt")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    output(process, STOPPED)
    output(command(ROOT, "run", config, "--quiet", "--out", cut, "--resume"), 0, 3)
    return differences(cut, whole), sum(len(contents(whole / file)) for file in FILES)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", metavar="BASE", help="a commit")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[*CASES, "resumed"], help="of these configurations"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the results stay")
    asked = parser.parse_args()
    failed = 0
    with contextlib.ExitStack() as stack:
        tree = stack.enter_context(worktree(asked.base))
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, text in {**CASES, "resumed": RESUMED}.items():
            if asked.only and name not in asked.only:
                continue
            place = folder / name.replace(" ", "_")
            place.mkdir(parents=True, exist_ok=True)
            config = place / "config.toml"
            config.write_text(text)
            wrong, count = (resumed if name == "resumed" else compared)(config, tree, place)
            failed += bool(wrong)
            more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
            print(
                f"{name:<28}", "DIFFERENT: " + ", ".join(wrong[:5]) + more if wrong else f"{count} the same", flush=True
            )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
