"""What mkdocs does to the pages before it builds the site (scripts/site).

A line ``[Install](../../README.md#install) <!-- here on the site -->`` is a link in the file and, on the site, the section itself: its text
stands once. Links to that section lead to the page that has it. Signs that other readers of Markdown leave alone are made safe.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
HERE = re.compile(r"^\[[^\]\n]*\]\(([^)\s]+)\) <!-- here on the site -->$", re.MULTILINE)
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(`[^`\n]+`)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LIST = re.compile(r"(^(?![-*|#> \n]).+\n)(?=- )", re.MULTILINE)

# (file outside the folder, heading or "") -> link from the folder to the page that has the section
PLACES: dict[tuple[Path, str], str] = {}


def slug(heading: str) -> str:
    """What a heading is called in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """``change`` of all that is neither in a block nor in a span of code."""
    parts = []
    for number, part in enumerate(FENCE.split(text)):
        parts.append(part if number % 2 else "".join(p if n % 2 else change(p) for n, p in enumerate(SPAN.split(part))))
    return "".join(parts)


def section(path: Path, heading: str) -> str:
    """The text under a heading, up to the next of its level or above; without a heading the whole file but for its title.

    Of a title it is what stands before the first heading below. Raises LookupError where there is none.
    """
    text = path.read_text(encoding="utf-8")
    fenced = [range(*m.span()) for m in FENCE.finditer(text)]
    found = [m for m in re.finditer(r"^(#+) (.+)$", text, re.MULTILINE) if not any(m.start() in f for f in fenced)]
    if not heading:
        return text[found[0].end() :].strip("\n")
    for number, m in enumerate(found):
        if slug(m[2]) == heading:
            ends = [n.start() for n in found[number + 1 :] if len(m[1]) == 1 or len(n[1]) <= len(m[1])]
            return text[m.end() : ends[0] if ends else len(text)].strip("\n")
    raise LookupError(f"{path} has no heading {heading}")


def moved(target: str, origin: Path, page: Path) -> str:
    """A link of a file in the folder ``origin`` as it must be in ``page``."""
    name, _, heading = target.partition("#")
    if re.match(r"\w+:", target) or not name:
        return target
    path = Path(os.path.normpath(origin / name))
    if not path.is_relative_to(FOLDER):
        place = PLACES.get((path, heading)) or PLACES.get((path, ""))
        if place is None:
            return target  # the strict build says that it leads nowhere
        name, _, heading = place.partition("#")
        path = FOLDER / name
    return os.path.relpath(path, page.parent) + (f"#{heading}" if heading else "")


def relinked(text: str, origin: Path, page: Path) -> str:
    """All links of a text."""
    return outside_code(text, lambda part: LINK.sub(lambda m: m[1] + moved(m[2], origin, page) + m[3], part))


def included(text: str, page: Path) -> str:
    """The page with the sections that it asks for."""

    def here(m: re.Match[str]) -> str:
        name, _, heading = m[1].partition("#")
        path = Path(os.path.normpath(page.parent / name))
        return relinked(section(path, heading), path.parent, page)

    return HERE.sub(here, relinked_around(text, page))


def relinked_around(text: str, page: Path) -> str:
    """Links of the page itself, but for the lines that ask for a section."""
    lines = text.split("\n")
    kept = {n: line for n, line in enumerate(lines) if HERE.match(line)}
    for n in kept:
        lines[n] = f"<!-- {n} -->"
    text = relinked("\n".join(lines), page.parent, page)
    for n, line in kept.items():
        text = text.replace(f"<!-- {n} -->", line)
    return text


def safe(part: str) -> str:
    """Text outside of code: a < that begins no comment is one."""
    return re.sub(r"<(?!!--)", "&lt;", part)


def on_files(files: Any, config: Any) -> Any:
    """Where each section from outside stands; index.md first."""
    PLACES.clear()
    pages = sorted(FOLDER.rglob("*.md"), key=lambda path: (path.name != "index.md", path))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for m in HERE.finditer(text):
            name, _, heading = m[1].partition("#")
            path = Path(os.path.normpath(page.parent / name))
            above = HEADING.findall(text[: m.start()])
            place = page.relative_to(FOLDER).as_posix() + (f"#{slug(above[-1])}" if len(above) > 1 else "")
            PLACES.setdefault((path, heading), place)
            PLACES.setdefault((path, ""), place.partition("#")[0])
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """A page as mkdocs gets it."""
    text = included(markdown, FOLDER / page.file.src_uri)
    text = outside_code(text, safe)
    # A list that follows a line of text, and a table that follows a comment, are one to GitHub; here an empty line must stand before.
    text = "".join(p if n % 2 else LIST.sub(r"\1\n", p) for n, p in enumerate(FENCE.split(text)))
    text = re.sub(r"(^<!--[^\n]*-->\n)(?=\|)", r"\1\n", text, flags=re.MULTILINE)
    # In a span of code within a table the sign | needs no backslash here, and would keep it.
    lines = [
        SPAN.sub(lambda m: m[0].replace("\\|", "|"), line) if line.startswith("|") else line
        for line in text.split("\n")
    ]
    return "\n".join(lines)
