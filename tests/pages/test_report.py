"""The page of a run: it stands alone, says what the ledger says, and a browser shows it without a network or an error."""

import importlib.util
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.support.configs import NO_ENTROPY, write_config
from tests.support.terminal import call
from tnthermo.figures import panels
from tnthermo.lawbook.laws import laws
from tnthermo.pages import charts
from tnthermo.pages.page import page
from tnthermo.results import result_file
from tnthermo.thermo.in_words import last

needs_plotly = pytest.mark.skipif(importlib.util.find_spec("plotly") is None, reason="no plotly: the extra report")
EMPTY = ("meta", "link", "br")


class Reader(HTMLParser):
    """What of a page is shown, section by section, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.rows: list[list[str]] = []
        self.shown = ""
        self.ids: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [str(named["id"])] if "id" in named else []
        where = str(named.get("src", named.get("href", "#")))
        self.fetched += [] if where.startswith(("#", "data:")) else [where]
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.shown += data
            if "tr" in self.open:
                self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in a folder whose name needs care in HTML."""
    place = tmp_path_factory.mktemp("report")
    config = write_config(place, add=NO_ENTROPY)
    tt.run_config(config, place / "a<b> & c")
    return place / "a<b> & c"


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return result_file.load_ledger(folder)


@needs_plotly
def test_the_command_writes_one_file_that_fetches_nothing(folder: Path, tmp_path: Path) -> None:
    before = sorted(folder.iterdir())
    done = call("report", folder)
    assert (done.exit_code, done.output.strip()) == (0, str(folder / "report.html"))
    assert sorted(set(folder.iterdir()) - set(before)) == [folder / "report.html"]
    text = (folder / "report.html").read_text("utf-8")
    read = Reader(text)
    assert read.fetched == []
    assert "@import" not in text.partition("<script>")[0]
    assert len(read.ids) == len(set(read.ids))
    assert {"ledger", "laws", "errors", "settings", "provenance"} <= set(read.ids)
    assert read.shown.count("a<b> & c") == 2  # as words: of the title and the first heading
    other = tmp_path / "new" / "page.html"
    assert tt.report(folder / "result.nc", other) == other
    assert other.read_text("utf-8") == text  # the same to the last letter


@needs_plotly
def test_it_says_what_the_ledger_says(dataset: xr.Dataset) -> None:
    read = Reader(page(dataset, "small"))
    rows = {row[0]: row[1:] for row in reversed(read.rows) if row}  # of several the first
    for name in ("E_S", "E_B", "Q_S", "W_S", "S_S", "Sigma_total", "sigma_z"):
        assert rows[name][0] == last(dataset, name).replace("+-", "±")
    assert rows["E_S"][1:] == ["energy", "energy of the system", "<H_S>"]
    populations = next(row for row in read.rows if row[0] == "1" and len(row) == 3)
    assert [float(cell.partition(" ")[0]) for cell in populations[1:]] == pytest.approx(
        [float(dataset[name].values[-1, 1]) for name in ("population", "population_H")], abs=1e-3
    )
    verdicts = {law.title: law.text.replace("+-", "±") for law in laws(dataset) if law.book == "Alipour et al."}
    assert {row[0]: row[2] for row in read.rows if len(row) == 7 and row[0] in verdicts} == verdicts
    assert dataset.attrs["config_hash"] in read.shown
    assert 'method = "exact"' in read.shown
    assert "Warnings" not in read.shown
    assert str(Path.home()) not in read.shown


@needs_plotly
def test_what_has_no_value_is_said_and_not_drawn(dataset: xr.Dataset) -> None:
    assert np.isnan(dataset["S_B"].values).all()
    read = Reader(page(dataset, "small"))
    (row,) = [row for row in read.rows if row and row[0] == "S_B"]
    assert row[1] == dataset["S_B"].attrs["reason"]
    drawn = [trace.name for trace in charts.figure(dataset, "entropies").data]
    assert "<i>S</i><sub><i>S</i></sub>" in drawn
    assert np.isnan(dataset["S_chi"].values).all()
    assert "<i>S</i><sub>χ</sub>" not in drawn
    known = dataset.assign(S_chi=dataset["S_S"])  # the negative twin
    assert "<i>S</i><sub>χ</sub>" in [trace.name for trace in charts.figure(known, "entropies").data]


@needs_plotly
def test_charts_have_the_numbers_and_the_error_bars(dataset: xr.Dataset) -> None:
    for name in panels.names(dataset):
        assert charts.figure(dataset, name).data
    figure = charts.figure(dataset, "energies")
    (curve,) = [trace for trace in figure.data if "<i>B</i>" in trace.name and trace.mode == "lines"]
    assert list(curve.y) == pytest.approx(dataset["E_B"].values, rel=1e-9)
    assert curve.line.color == "#d55e00"
    assert [float(text[2:]) for text in curve.customdata] == pytest.approx(dataset["E_B_error"].values, rel=0.5)
    (band,) = [trace for trace in figure.data if trace.name == curve.name and trace.fill == "toself"]
    edge = dataset["E_B"].values + dataset["E_B_error"].values
    assert max(y for y in band.y if y is not None) == pytest.approx(edge.max(), rel=1e-9)
    assert (band.legendgroup, band.showlegend) == (curve.legendgroup, False)


@needs_plotly
def test_warnings_stand_before_all_numbers(dataset: xr.Dataset) -> None:
    rough = dataset.assign_attrs(flags="bond cap 3 reached; levels <full>", pending="error bars", notes="warning: hot")
    text = page(rough, "rough")
    read = Reader(text)
    for words in ("UNFINISHED: without its error bars", "bond cap 3 reached", "levels <full>", "hot"):
        assert 0 < read.shown.index(words) < read.shown.index("Ledger")
    assert "unfinished" in read.shown.partition("Warnings")[0]
    assert "not converged" in Reader(page(rough.assign_attrs(pending=""), "rough")).shown


@needs_plotly
def test_in_chosen_units(dataset: xr.Dataset) -> None:
    there = tt.in_units(dataset, tt.Units("cm^-1", "fs", "K"))
    read = Reader(page(there, "units"))
    row = next(row for row in read.rows if row and row[0] == "E_S")
    assert row[1:3] == [last(there, "E_S").replace("+-", "±"), "cm-1"]
    assert " fs, " in read.shown
    assert charts.figure(there, "energies").layout.yaxis.title.text == "energy (cm<sup>-1</sup>)"


@needs_plotly
def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    done = call("report", tmp_path)
    assert done.exit_code == 2
    assert "must hold a result.nc" in done.output
    (tmp_path / "sweep.json").write_text("{}")
    assert "one of its points/RUN" in call("report", tmp_path).output
    assert sorted(tmp_path.iterdir()) == [tmp_path / "sweep.json"]


def test_without_plotly_one_line_says_how_to_have_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec

    def find_spec(name: str) -> Any:
        return None if name == "plotly" else there(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    done = call("report", folder, "--out", tmp_path / "page.html")
    assert done.exit_code == 2
    assert "pip install 'tnthermo[report]'" in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


# --- in a browser -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium: that of playwright, or one of the system."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: the extra browser")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as program:
        try:
            one = program.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no browser: {str(error).splitlines()[0]}")
        yield one
        one.close()


def opened(browser: Any, path: Path) -> tuple[Any, list[str]]:
    """A page without a network, and what went wrong on it or was asked for."""
    complaints: list[str] = []
    there = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
    there.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    there.on("pageerror", lambda error: complaints.append(str(error)))
    there.on("request", lambda request: complaints.append(request.url) if request.url != path.as_uri() else None)
    there.goto(path.as_uri())
    return there, complaints


@needs_plotly
def test_a_browser_shows_it(browser: Any, dataset: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page(dataset, "small"), encoding="utf-8")
    there, complaints = opened(browser, path)
    names = panels.names(dataset)
    for name in names:
        chart = there.locator(f"#chart-{name}")
        assert chart.locator(".main-svg").count() >= 1
        assert chart.locator(".scatterlayer .trace").count() >= 1
        box, around = chart.bounding_box(), there.locator(f"#figure-{name}").bounding_box()
        assert box["width"] <= around["width"] + 1
    assert there.locator("#chart-energies .legendtext").first.text_content().replace("\u200b", "") == "ES"
    row = there.locator("#ledger tr", has=there.locator("code", has_text=re.compile("^E_S$")))
    assert last(dataset, "E_S").replace("+-", "±") in row.inner_text()
    there.locator("#chart-energies .legendtoggle").first.click()  # it can be worked with
    there.wait_for_function("document.querySelector('#chart-energies').data.some(one => one.visible === 'legendonly')")
    there.emulate_media(media="print")
    assert not there.locator("nav").is_visible()
    assert complaints == []


def test_what_goes_wrong_on_a_page_is_seen(browser: Any, tmp_path: Path) -> None:
    """The negative twin."""
    path = tmp_path / "bad.html"
    path.write_text("<img src='http://127.0.0.1:9/a.png'><script>console.error('x'); Plotly.newPlot()</script>")
    _, complaints = opened(browser, path)
    assert any(text.startswith("error: x") for text in complaints)
    assert any("Plotly is not defined" in text for text in complaints)
    assert any("127.0.0.1" in text for text in complaints)
