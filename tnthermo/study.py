"""One run from a configuration file to a folder: config -> evolve -> ledger -> files. Idempotent: a finished folder is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from chains.problems import InvalidInput, Problem
from tnthermo import files
from tnthermo.config import Resolved, load_config, resolve
from tnthermo.config_text import differences
from tnthermo.evolve import NotConverged, Progress, evolve
from tnthermo.tdvp import is_compiled
from tnthermo.thermo.ledger import ledger
from tnthermo.two_time import two_time


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What `run_study` found or made.

    ledger        the columns, as in DIR/result.nc
    flags         what did not converge, by name; empty when all did
    already_done  whether the folder held this run before
    """

    folder: Path
    resolved: Resolved
    ledger: xr.Dataset
    flags: tuple[str, ...]
    already_done: bool


def resolve_file(path: str | Path, *, strict: bool = False) -> Resolved:
    """The configuration file, resolved; ``strict`` as if it said ``[run] strict = true``. Raises :class:`chains.InvalidInput`."""
    config = load_config(path)
    if strict:
        config = config.strictly()
    return resolve(config)


def flags_of(dataset: xr.Dataset) -> tuple[str, ...]:
    """The convergence flags of a ledger, by name."""
    text = str(dataset.attrs.get("flags", "none"))
    return () if text in ("", "none") else tuple(text.split("; "))


def run_study(
    config: str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    strict: bool = False,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Run the configuration into the folder ``out``, or find that it is there already.

    resume     take an unfinished folder up again (in this version: from the beginning); with nothing there it starts
    overwrite  replace a finished folder of another configuration, or an unfinished one; the old result stays until the new one is written
    say        receives lines for the user

    Raises :class:`chains.InvalidInput` (nothing was written), `files.StorageError`, `NotConverged` in strict mode
    (result.nc is written nevertheless).
    """
    folder = Path(out)
    resolved = resolve_file(config, strict=strict)
    for note in resolved.notes:
        say(str(note))
    if already_there(folder, resolved, resume=resume, overwrite=overwrite, say=say):
        dataset = files.load_ledger(folder)
        return Outcome(folder=folder, resolved=resolved, ledger=dataset, flags=flags_of(dataset), already_done=True)
    files.prepare_folder(folder)
    files.write_text(folder / files.CONFIG, resolved.text)
    if not is_compiled():
        say("compiling the sweeps: once on a machine, one to two minutes")
    run = evolve(resolved.model, **resolved.evolve_keywords(), progress=progress)
    dataset = ledger(run, alpha_S=resolved.alpha_S)
    if run.state is not None:
        files.save_state(folder / files.STATE, run.state, config_hash=resolved.hash)
    correlations = None
    if resolved.two_time:
        correlations = two_time(resolved.model, **resolved.two_time_keywords(), progress=progress)
    notes = "\n".join(str(note) for note in resolved.notes)
    attributes = {"config": resolved.text, "config_hash": resolved.hash, "notes": notes or "none"}
    dataset = dataset.assign_attrs(attributes)
    if correlations is not None and correlations.attrs["flags"] != "none":
        known = "" if dataset.attrs["flags"] == "none" else f"{dataset.attrs['flags']}; "
        flags_text = f"{known}two-time correlations: {correlations.attrs['flags'].replace('; ', ', ')}"
        dataset = dataset.assign_attrs(flags=flags_text, status="not converged")
    files.save_result(folder / files.RESULT, dataset, run, correlations)
    flags = flags_of(dataset)
    if flags and resolved.strict:
        raise NotConverged(flags)
    return Outcome(folder=folder, resolved=resolved, ledger=dataset, flags=flags, already_done=False)


def already_there(
    folder: Path, resolved: Resolved, *, resume: bool, overwrite: bool, say: Callable[[str], None]
) -> bool:
    """Whether ``folder`` holds this very run, finished. Raises InvalidInput when it holds something that must not be replaced unasked."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInput([Problem(key="--out", value=str(folder), allowed="a folder, found a file")])
    if overwrite:
        return False
    found = files.inspect(folder)
    if found.state == "unfinished":
        if not resume:
            hint = "--resume takes it up again (in this version from the beginning), --overwrite does the same"
            raise InvalidInput(
                [
                    Problem(
                        key="--out",
                        value=str(folder),
                        allowed="a new folder; this one holds an unfinished run",
                        hint=hint,
                    )
                ]
            )
        say("unfinished run found; this version keeps no checkpoints: starting from the beginning")
    if found.state != "finished":
        return False
    changed = differences(dict(found.values), resolved.values)
    kept = found.hash == resolved.hash
    longer = kept and resolved.until > float(found.values.get("evolution", {}).get("until", resolved.until))
    bond = kept and any(line.startswith("evolution.max_bond") for line in changed)
    if kept and not longer and not bond:
        say(f"already done: {folder / files.RESULT}")
        return True
    hint = "--overwrite computes it anew; another --out keeps both"
    if longer:
        hint = f"extending a finished run is not available in this version; {hint}"
    what = "; ".join(changed) or "the contents of a file it reads, or the version's meaning of a key"
    raise InvalidInput(
        [
            Problem(
                key="--out", value=str(folder), allowed=f"a new folder; this one holds another run ({what})", hint=hint
            )
        ]
    )
