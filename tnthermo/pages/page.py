"""The page of a run: warnings, ledger, laws, what the error bars say, settings, provenance. One file; nothing is fetched."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

import xarray as xr

from tnthermo.lawbook.laws import laws
from tnthermo.lawbook.verdict import RESOLUTION, Law
from tnthermo.pages import charts, tables
from tnthermo.pages.tables import text
from tnthermo.record.flag_text import NONE, flags_of
from tnthermo.thermo.in_words import about, cautions, cost, temperature_text, warned
from tnthermo.units.units import Units

CAPTIONS = {
    "system": "The system: what it is found in. Bands are error bars.",
    "energies": "Energies. Bands are error bars; the thinnest are narrower than the curve.",
    "heat_and_work": "Heat and work, positive into the part named.",
    "entropies": "Entropies, below them entropy productions. Shaded areas and bars are rigorous bounds.",
    "residuals": "How well each balance closes, below it the largest bond dimension.",
    "baths": "The energy current into each bath, below it its energy.",
    "modes": "What the modes of the bath have taken up.",
}
OF_CHECKS = ("residuals",)  # stands with what the error bars say
SECTIONS = {
    "ledger": "Ledger",
    "laws": "Laws",
    "errors": "What the error bars say",
    "settings": "Settings",
    "provenance": "Provenance",
}
STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; background: #ffffff; color: #111111;
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; border-bottom: 2px solid #111; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
nav a { margin-right: 1.1rem; } a { color: #004a80; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); gap: 1.2rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; } figcaption { font-size: .87rem; color: #333333; }
.wide { overflow-x: auto; } sub, sup { line-height: 0; }
table { border-collapse: collapse; font-size: .87rem; margin: .4rem 0 1rem; }
th { text-align: left; white-space: nowrap; border-bottom: 1.5px solid #111; }
th, td { padding: .18rem .9rem .18rem 0; vertical-align: top; }
td { border-bottom: 1px solid #dddddd; } tr { break-inside: avoid; }
table.values td:nth-child(2), td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
table.values td .why { white-space: normal; font-size: .8rem; color: #333333; }
table.pairs thead { display: none; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .87em; }
pre { background: #f5f5f5; padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
dt { font-size: .87rem; } dd { margin: 0 0 .7rem 1.5rem; font-size: .87rem; }
.warnings { border: 2px solid #b3261e; background: #fff4f2; padding: .3rem 1rem; margin: 1rem 0; }
.notes { border-left: 4px solid #888888; padding: .1rem 1rem; margin: 1rem 0; }
.holds { color: #00563c; } .fails { color: #a1150c; font-weight: bold; } .untold { color: #444444; }
.status { font-weight: bold; }
@page { margin: 15mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; } nav, .modebar { display: none !important; }
  .figures { display: block; } figure { margin-bottom: .6rem; } h2, h3 { break-after: avoid; } .wide { overflow: visible; }
  details > *:not(summary) { display: revert; } pre, .warnings { background: none; }
}
"""
# On paper a chart is as wide as the paper, and what is folded is open.
PRINTING = """
const PAPER = 640;
window.addEventListener("load", () => {
  document.querySelectorAll(".js-plotly-plot").forEach((one) => Plotly.Plots.resize(one));
});
let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => { one.open = true; });
  document.querySelectorAll(".js-plotly-plot").forEach((one) => Plotly.relayout(one, { width: PAPER }));
});
window.addEventListener("afterprint", () => {
  folded.forEach((one) => { one.open = false; });
  document.querySelectorAll(".js-plotly-plot").forEach((one) => Plotly.relayout(one, { width: null, autosize: true }));
});
"""


def page(dataset: xr.Dataset, title: str) -> str:
    """A ledger as a page of HTML that needs nothing beside it; the same ledger gives the same page.

    dataset  of a result.nc, in whatever units
    title    in words, such as the name of the run's folder
    """
    pictures = charts.charts(dataset)
    found = laws(dataset, resolution=resolution(dataset.attrs))
    bodies = {
        "ledger": ledger(dataset, pictures),
        "laws": law_section(found),
        "errors": errors(dataset, pictures),
        "settings": settings(dataset.attrs),
        "provenance": provenance(dataset.attrs),
    }
    links = " ".join(f'<a href="#{name}">{heading}</a>' for name, heading in SECTIONS.items())
    sections = "\n".join(
        f'<section id="{name}"><h2>{heading}</h2>\n{bodies[name]}</section>' for name, heading in SECTIONS.items()
    )
    # The icon is empty, so that a browser asks no one for one.
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
<script>{charts.script()}</script>
</head>
<body>
<header>
<h1>{text(title)}</h1>
<p>{head(dataset)}</p>
{warnings(dataset)}
<nav>{links}</nav>
</header>
<main>
{sections}
</main>
<script>{PRINTING}</script>
</body>
</html>
"""


def head(dataset: xr.Dataset) -> str:
    """What kind of run it was, whether it converged, and its target."""
    attributes, times, units = dataset.attrs, dataset["t"].values, Units.of(dataset)
    fs = units.behind("time")
    parts = [
        f"t = {times[0]:g} to {times[-1]:g}{fs}, {times.size} times",
        f"T = {temperature_text(attributes)}",
        f"alpha_S = {float(attributes['alpha_S']):g}",
    ]
    parts += [] if units.natural else [f"energies in {units.name('energy')}"]
    lines = [text("; ".join(parts)), *(text(line) for line in about(dataset))]
    verdict = "not converged" if flags_of(attributes) else "converged"
    if attributes.get("pending"):
        verdict = "unfinished"
    kind = "holds" if verdict == "converged" else "fails"
    lines.append(f'<span class="status {kind}">{verdict}</span>{text(cost(attributes))}')
    if "target" in attributes:
        met = "met" if attributes["target_met"] == "yes" else "missed"
        lines.append(text(f"target {attributes['target']} {met}: {attributes['target_worst']}"))
    return "<br>".join(lines)


def warnings(dataset: xr.Dataset) -> str:
    """What a reader must know before any number, then what else was noted."""
    loud = [*cautions(dataset), *(line.removeprefix("warning: ") for line in warned(dataset.attrs))]
    doubts = str(dataset.attrs.get("doubts", NONE))
    notes = [line for line in str(dataset.attrs.get("notes", NONE)).splitlines() if line not in warned(dataset.attrs)]
    quiet = [line for line in (*doubts.split("; "), *notes) if line not in ("", NONE)]
    found = ""
    if loud:
        found += f'<div class="warnings" role="alert"><h3>Warnings</h3><ul>{items(loud)}</ul></div>'
    if quiet:
        found += f'<div class="notes"><ul>{items(quiet)}</ul></div>'
    return found


def items(lines: list[str]) -> str:
    """Lines of a list."""
    return "".join(f"<li>{text(line)}</li>" for line in lines)


def pictured(pictures: Mapping[str, str], *, checks: bool) -> str:
    """The charts, each with a line of what it shows: those of the checks or the others."""
    found = [
        f'<figure id="figure-{name}">{chart}<figcaption>{text(CAPTIONS.get(name, name))}</figcaption></figure>'
        for name, chart in pictures.items()
        if (name in OF_CHECKS) == checks
    ]
    return f'<div class="figures">{"".join(found)}</div>'


def folded(summary: str, body: str) -> str:
    """What is shown on demand, and on paper; nothing for an empty body."""
    return f"<details><summary>{text(summary)}</summary>{body}</details>" if body else ""


def headed(heading: str, body: str) -> str:
    """A body under its heading; nothing for an empty one."""
    return f"<h3>{text(heading)}</h3>{body}" if body else ""


def ledger(dataset: xr.Dataset, pictures: Mapping[str, str]) -> str:
    """Charts, final values, populations, baths, and what has no value."""
    return "\n".join(
        [
            pictured(pictures, checks=False),
            headed("Populations of the system at the end", tables.levels(dataset)),
            headed("Each bath at the end", tables.baths(dataset)),
            headed("At the end", tables.final_values(dataset)),
            folded("Columns without a value in this run, and why", tables.without_values(dataset)),
        ]
    )


def law_section(found: tuple[Law, ...]) -> str:
    """How many laws hold, then each of them."""
    holds, fails = (sum(law.verdict == verdict for law in found) for verdict in ("holds", "fails"))
    said = f"Of {len(found)} laws {holds} hold and {fails} fail; of {len(found) - holds - fails} the run cannot tell"
    words = (
        "A law fails where it misses its bound by more than its error bar; nothing can be told where there is no value, "
        "no error bar, or one too large."
    )
    return f"<p>{text(said)}. {words}</p>\n{tables.law_table(found)}"


def errors(dataset: xr.Dataset, pictures: Mapping[str, str]) -> str:
    """The target, residuals, the error of each column and where it comes from."""
    attributes, found = dataset.attrs, []
    if "target" in attributes:
        rows = {"target": attributes["target"], "met": attributes["target_met"], "worst": attributes["target_worst"]}
        found.append(headed("Target", tables.pairs(rows)))
    if "E_S_error" not in dataset:
        found.append(
            "<p>This run has no error bars (error_bars = false): residuals are all that is known of its errors.</p>"
        )
    elif said := str(attributes.get("errors", "")):
        found.append(f"<p>{text(said)}</p>")
    found += [
        pictured(pictures, checks=True),
        headed("Balances and state", tables.checks(dataset)),
        headed("Error bars", tables.error_bars(dataset)),
        folded("How they were found", tables.how_found(dataset)),
    ]
    return "\n".join(found)


def settings(attributes: Mapping[Any, Any]) -> str:
    """What the run was done with, and its whole configuration."""
    chosen: dict[str, object] = dict(json.loads(str(attributes.get("algorithm", "{}"))))
    if int(attributes.get("chain_sites", 0)):
        chosen["sites of the chain"] = attributes["chain_sites"]
    shown = "\n".join(str(attributes.get("spectral_density", "")).splitlines())
    config = str(attributes.get("config", ""))
    return "\n".join(
        [
            headed("Method", tables.pairs(chosen)),
            headed("Bath", f"<pre>{text(shown)}</pre>" if shown else ""),
            headed("Drive", f"<p>{text(attributes['drive'])}</p>" if "drive" in attributes else ""),
            headed("Convention", f"<p>{text(attributes.get('convention', ''))}</p>"),
            headed("Configuration, every key as it was resolved", f"<pre>{text(config)}</pre>" if config else ""),
        ]
    )


def provenance(attributes: Mapping[Any, Any]) -> str:
    """Versions, the fingerprint of the configuration, what the run took. Nothing of the machine or of whose it is."""
    rows = {
        "versions": attributes.get("versions", "not known"),
        "fingerprint of the configuration (SHA-256)": attributes.get("config_hash", "none"),
        "the run took": cost(attributes).removeprefix(" in ") or "not known",
    }
    return tables.pairs(rows)


def resolution(attributes: Mapping[Any, Any]) -> float:
    """The resolution with which the configuration has its laws judged."""
    values = tomllib.loads(str(attributes.get("config", "")))
    return float(values.get("laws", {}).get("resolution", RESOLUTION))
