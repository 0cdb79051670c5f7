"""The pages say what is so: generated parts are those of the code, blocks of Python run, configurations are accepted, links lead somewhere.

What the blocks compute is made shorter by `shortened`: times, lengths of chains, tolerance and an interval are replaced by cheaper ones.
All the rest runs as it is written. A block after ``<!-- not run: reason -->`` is compiled only. Pages with commands: test_pages.py.
"""

import importlib.util
import pkgutil
import re
import time
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import pytest

import chains
import tnthermo as tt
from tests.support.pages import blocks, is_followed, shortened
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.configuration.sections import REQUIRED
from tnthermo.evolution.doubts import AccuracyWarning
from tnthermo.sweeps.axes import read_axes
from tnthermo.thermo import columns, definitions

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "scripts" / "docs"
README = ROOT / "README.md"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]
WITH_LINKS = [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / ".github").glob("*.md"))]
WHOLE = DOCS / "configuration.md"  # its first block is a whole configuration, on which a part of one is tried
LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?<![\w/.])(?:tnthermo|chains|tests|scripts|\.github|\.ci)/[\w/.-]*\w")
COMPUTED = re.compile(r"<!-- columns and who computes them -->\n(.*?)<!-- end of columns -->", re.DOTALL)
NAME = re.compile(r"(?<![\w/.])(?:tnthermo|chains|tt)(?:\.[A-Za-z_]\w*)+")


def python_problems(text: str, names: dict[str, Any]) -> list[str]:
    """What the compiler or a run says against the Python blocks of a page, which share ``names``; a doubtful input counts as well."""
    found = []
    for block in blocks(text, "python"):
        try:
            compiled = compile("\n" * (block.line - 1) + shortened(block.source), "<page>", "exec")
            if block.runs:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", AccuracyWarning)
                    exec(compiled, names)
        except Exception as error:
            found.append(f"line {block.line}: {type(error).__name__}: {error}")
    return found


def configuration_problems(text: str, whole: str, folder: Path) -> list[str]:
    """What `tnthermo check` says against the TOML blocks of a page; a part of a configuration is tried with the sections of ``whole``."""
    found = []
    for block in blocks(text, "toml"):
        path = folder / "config.toml"
        try:
            tables = tomllib.loads(block.source)
            missing = [name for name in REQUIRED if name not in tables]
            if "sweep" in tables:
                path.write_text(block.source if not missing else f"{block.source}\n{whole}")
                axes = read_axes(path)
                for number in range(axes.count):
                    resolve(load_config(path, axes.tables(number)))
            elif not missing or "[[bath]]" in block.source:
                path.write_text(block.source)
                resolve(load_config(path))
            else:
                path.write_text(block.source)
                base = tomllib.loads(whole)
                base["evolution"] |= {
                    "until": 5.0
                }  # longer ones take thousands of sites, which are looked for one after the other
                resolve(load_config(path, base | tables))
        except (chains.InvalidInput, tomllib.TOMLDecodeError) as error:
            found.append(f"line {block.line}: {error}")
    return found


def anchors(text: str) -> set[str]:
    """What a heading of a page is called in a link to it."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(text: str, folder: Path) -> Iterator[str]:
    """Links of a page in ``folder`` to files that are not there, or to headings that a page does not have."""
    for target in LINK.findall(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
        if re.match(r"\w+:", target):
            continue
        name, _, heading = target.partition("#")
        path = folder / name if name else None
        there = path is None or path.exists()
        if there and heading:
            there = heading in anchors(text if path is None else path.read_text(encoding="utf-8"))
        if not there:
            yield target


def missing_places(text: str) -> Iterator[str]:
    """Files, folders and dotted names of ours that a page speaks of in `code` and that are not there."""
    for span in SPAN.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        yield from (name for name in PATH.findall(span) if not any(ROOT.glob(name)))
        for name in NAME.findall(span):
            if (ROOT / name).exists():
                continue  # a file such as tnthermo.sh
            try:
                pkgutil.resolve_name(re.sub(r"^tt\b", "tnthermo", name))
            except (ImportError, AttributeError):
                yield name


def computed_by(page: str) -> dict[str, set[str]]:
    """Function of `tnthermo.thermo.columns` -> columns that the page says it computes; with "their bounds" those of each."""
    found = {}
    for line in COMPUTED.findall(page)[0].splitlines():
        left, *right = line.strip("| ").split(" | ")
        names = [name for name in SPAN.findall(left) if not name.startswith("_")]
        if names:
            ends = ("", "_lower", "_upper") if "bounds" in left else ("",)
            found[SPAN.findall(right[0])[0]] = {name + end for name in names for end in ends}
    return found


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and figures without a screen."""
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    return tmp_path


def generator() -> ModuleType:
    """scripts/docs/generate.py."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_what_the_code_says() -> None:
    assert generator().main(["--check"]) == 0


def test_a_page_that_differs_is_seen_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate = generator()
    for page in generate.PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        (tmp_path / page).write_text(text.replace("heat into the bath", "warmth") + "by hand\n", encoding="utf-8")
    assert generate.main(["--check", "--folder", str(tmp_path)]) == 1
    assert "columns.md" in capsys.readouterr().out
    assert generate.main(["--folder", str(tmp_path)]) == 0
    assert generate.main(["--check", "--folder", str(tmp_path)]) == 0
    text = (tmp_path / "columns.md").read_text(encoding="utf-8")
    assert "warmth" not in text
    assert text.endswith("by hand\n")


def test_blocks_of_python(quiet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages begin with the names that the README's ten lines leave behind; what is refined to a target has a loose one."""
    monkeypatch.setattr("tnthermo.accuracy.evolve.USUAL", 1e-2)
    start: dict[str, Any] = {}
    found = [f"README.md: {problem}" for problem in python_problems(README.read_text(encoding="utf-8"), start)]
    for page in PAGES[1:]:
        began = time.perf_counter()
        text = page.read_text(encoding="utf-8")
        if is_followed(text):
            continue  # test_pages.py does what it says
        problems = python_problems(text, dict(start))
        print(f"{page.name}: {time.perf_counter() - began:.1f} s")
        found += [f"{page.name}: {problem}" for problem in problems]
    assert not found, "\n".join(["", *found])


def test_a_broken_block_is_seen() -> None:
    fine, broken, wrong = "x = 1", "x = (", "x = no_such_name"
    page = "".join(f"```python\n{source}\n```\n\n" for source in (fine, broken, wrong))
    found = python_problems(page, {})
    assert [problem.partition(":")[2].split(":")[0].strip() for problem in found] == ["SyntaxError", "NameError"]
    assert found[1].startswith("line 10:")
    assert not python_problems(f"<!-- not run: no such name -->\n```python\n{wrong}\n```\n", {})
    assert python_problems(f"<!-- not run: a fragment -->\n```python\n{broken}\n```\n", {})


def whole() -> str:
    return blocks(WHOLE.read_text(encoding="utf-8"), "toml")[0].source


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_configurations(page: Path, tmp_path: Path) -> None:
    assert not configuration_problems(page.read_text(encoding="utf-8"), whole(), tmp_path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (whole().replace("alpha =", "alhpa ="), "alhpa"),
        ("[bath]\ntemprature = 0.1\n", "temprature"),
        ('[sweep]\n"bath.temprature" = [0.1]\n', "temprature"),
        ("[bath\n", "line 2"),
    ],
)
def test_a_bad_key_is_seen(source: str, words: str, tmp_path: Path) -> None:
    found = configuration_problems(f"```toml\n{source}```\n", whole(), tmp_path)
    assert words in "".join(found)


@pytest.mark.parametrize("page", WITH_LINKS, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    assert not list(dead_links(page.read_text(encoding="utf-8"), page.parent))


@pytest.mark.parametrize(
    "page", [page for page in WITH_LINKS if page.name != "CHANGELOG.md"], ids=lambda page: page.name
)
def test_places(page: Path) -> None:
    """Not of CHANGELOG.md, which speaks of what was."""
    assert not list(missing_places(page.read_text(encoding="utf-8")))


def test_a_missing_place_is_seen() -> None:
    page = "`tnthermo/engines/tdvp.py` `scripts/docs` `tt.laws(ledger)` `keeper=tnthermo.results.checkpoints.Checkpoints(...)`\n"
    assert not list(missing_places(page))
    page += "`tnthermo/tdvp.py` `tt.lwas` `tnthermo.checkpoints.Checkpoints`\n"
    assert list(missing_places(page)) == ["tnthermo/tdvp.py", "tt.lwas", "tnthermo.checkpoints.Checkpoints"]


def test_the_page_says_who_computes_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column has its function, and a run's ledger has it from there."""
    known = {column.name for column in (*definitions.COLUMNS, *definitions.PER_BATH)}
    said = computed_by((DOCS / "architecture.md").read_text(encoding="utf-8"))
    said = {function: names & known for function, names in said.items()}
    given: dict[str, set[str]] = {}

    def watched(name: str, function: Any) -> Any:
        def called(*arguments: Any) -> Any:
            found = function(*arguments)
            values = found if isinstance(found, dict) else getattr(found, "values", ())
            given[name] = {"flux_each"} if name == "flux" else set(values) & known
            return found

        return called

    bath = chains.star_cells(chains.Discrete(frequencies=[1.0], couplings=[0.2]), temperature=0.5)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 1.0}, bath=bath)
    run = tt.evolve(model, initial="+z", algorithm=tt.Exact(step=0.1), until=0.4, levels=2)
    for name in said:
        monkeypatch.setattr(columns, name, watched(name, getattr(columns, name)))
    columns.columns(run, 0.5)
    assert given == said
    assert set().union(*said.values()) == known


def test_the_readme_lists_every_page() -> None:
    listed = LINK.findall(README.read_text(encoding="utf-8"))
    pages = [page.name for page in sorted(DOCS.glob("*.md")) if page.name not in ("changes.md", "contributing.md")]
    assert [name for name in pages if f"scripts/docs/{name}" not in listed] == []
    assert "CHANGELOG.md" in listed  # which these two are, on the site
    assert ".github/CONTRIBUTING.md" in listed


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading, there\n")
    page = "# Own\n[a](there.md) [b](there.md#a-heading-there) [c](#own) [d](https://example.org) `[e](no)`\n"
    assert not list(dead_links(page, tmp_path))
    page += "[f](gone.md) ![g](gone.png) [h](there.md#gone) [i](#gone)\n"
    assert list(dead_links(page, tmp_path)) == ["gone.md", "gone.png", "there.md#gone", "#gone"]
