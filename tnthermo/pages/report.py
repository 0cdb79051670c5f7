"""The page of a run's folder."""

from __future__ import annotations

from pathlib import Path

from chains.checks import path_problems
from chains.problems import raise_if_any
from tnthermo.machine import atomic_files
from tnthermo.pages.charts import raise_without_plotly
from tnthermo.pages.page import page
from tnthermo.results.ledger_file import load_ledger
from tnthermo.results.run_folder import result_path
from tnthermo.studies.finished import finished

REPORT = "report.html"


def report(folder: str | Path, path: str | Path | None = None) -> Path:
    """Write what a finished run found as one interactive page of HTML, which needs no network; returns where it is.

    folder  of the run, or its result.nc
    path    the file to write; default report.html in the folder

    Warnings stand at the top; then ledger, laws, what the error bars say, settings and provenance. Nothing is computed again: charts are
    what `tnthermo plot` draws, verdicts those of `tnthermo.laws` without a mean-force state.
    Needs plotly (extra ``report``). Raises :class:`chains.InvalidInput` for a folder without a result (a sweep's has one for each
    point) and without plotly, `tnthermo.errors.StorageError` for a file that cannot be read or written.
    """
    problems = path_problems("folder", folder)
    raise_if_any(problems + ([] if path is None else path_problems("path", path)))
    result = result_path(finished(Path(folder)))
    raise_without_plotly()
    target = result.parent / REPORT if path is None else Path(path)
    dataset = load_ledger(result)
    atomic_files.prepare_folder(target.parent)
    atomic_files.write_text(target, page(dataset, result.absolute().parent.name))
    return target
