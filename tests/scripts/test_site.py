"""What is done to a page before the site is built; the build itself, with every link, is the stage `site` of .ci/run."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "scripts" / "docs"


@pytest.fixture
def hooks() -> ModuleType:
    """scripts/docs/site_hooks.py, knowing where sections stand."""
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.on_files([], {})
    return module


def test_a_section_is_put_in_with_its_links(hooks: ModuleType) -> None:
    text = hooks.included("## Install\n\n[I](../../README.md#install) <!-- here on the site -->\n", DOCS / "index.md")
    assert "scripts/run" in text
    assert "here on the site" not in text
    assert "## Ten lines" not in text
    text = hooks.included("[I](../../README.md#tnthermo) <!-- here on the site -->\n", DOCS / "index.md")
    assert "](ledger.png)" in text


def test_links_to_a_section_lead_to_its_page(hooks: ModuleType) -> None:
    page = DOCS / "howto" / "drives.md"
    assert hooks.relinked("[a](../../../README.md#ten-lines)", page.parent, page) == "[a](../index.md#ten-lines)"
    assert hooks.relinked("[a](../../../CHANGELOG.md)", page.parent, page) == "[a](../changes.md)"
    assert hooks.relinked("`[a](../../../CHANGELOG.md)`", page.parent, page) == "`[a](../../../CHANGELOG.md)`"
    assert hooks.relinked("[a](../../../LICENSE)", page.parent, page) == "[a](../../../LICENSE)"  # the build refuses it


def test_a_section_that_is_not_there_is_an_error(hooks: ModuleType) -> None:
    with pytest.raises(LookupError, match="no-such"):
        hooks.section(ROOT / "README.md", "no-such")


def test_every_page_is_in_nav_and_every_entry_is_a_page() -> None:
    """As the strict build has it; here without the packages that it takes."""
    said = re.findall(
        r"[\w/]+\.md", (ROOT / "scripts" / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    )
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert [name for name in said if name not in ("README.md", "CHANGELOG.md") and name not in pages] == []
    assert [name for name in pages if name not in said] == []


def test_what_the_site_is_built_with_is_pinned() -> None:
    pins = {line.partition("==")[0].lower() for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()}
    assert {"mkdocs", "mkdocs-material", "pymdown-extensions", "markdown", "pygments"} <= pins
