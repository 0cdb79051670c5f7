"""DIR/state.h5: the final state of a run, sealed."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np

from tnthermo.errors import StorageError
from tnthermo.machine.atomic_files import write_pieces
from tnthermo.machine.seal import check_seal, parts_of, sealed
from tnthermo.machine.versions import installed_version
from tnthermo.network.state import State
from tnthermo.results.codec import FORMAT
from tnthermo.results.run_folder import STATE


def save_state(path: Path, state: State, *, config_hash: str) -> None:
    """Write the matrix product state as HDF5: dataset tensor_NNNN (left, level, right) for each site. Raises StorageError."""
    image = io.BytesIO()
    with h5py.File(image, "w") as handle:
        for site, tensor in enumerate(state.tensors):
            handle.create_dataset(f"tensor_{site:04d}", data=tensor)
        handle.attrs.update(
            {
                "format": FORMAT,
                "sites": len(state.tensors),
                "time": state.time,
                "dimension": state.dimension,
                "ancilla": state.ancilla,
                "system": state.system,
                "config_hash": config_hash,
                "written_by": f"tnthermo {installed_version('tnthermo')}",
            }
        )
    write_pieces(path, sealed(image.getbuffer(), parts_of(image)))


def load_state(path: str | Path) -> State:
    """Read DIR/state.h5. Raises StorageError when it is missing, damaged, or of a newer format."""
    file = Path(path) / STATE if Path(path).is_dir() else Path(path)
    if not file.is_file():  # a pipe would be waited for
        raise StorageError(f"no state file {file.absolute()}")
    check_seal(file)
    try:
        with h5py.File(file, "r") as handle:
            attributes = dict(handle.attrs)
            if int(attributes["format"]) != FORMAT:
                raise StorageError(
                    f"{file.absolute()}: format {attributes['format']} by {attributes['written_by']}; this version reads format {FORMAT}"
                )
            tensors = tuple(
                np.asarray(handle[f"tensor_{site:04d}"][()], dtype=np.complex128)
                for site in range(int(attributes["sites"]))
            )
    except StorageError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise StorageError(f"cannot read the state {file.absolute()}: {error}") from error
    return State(
        tensors=tensors,
        time=float(attributes["time"]),
        dimension=int(attributes["dimension"]),
        ancilla=int(attributes["ancilla"]),
        system=int(attributes["system"]),
    )
