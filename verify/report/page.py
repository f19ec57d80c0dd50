"""A page: a title, and sections of a few sentences and a table each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verify.files import write_whole

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    Attributes:
        title: its heading.
        text: paragraphs before the table.
        head: headings of the columns; empty if there is no table.
        rows: as many cells each as ``head``.
        large: a table that only the HTML form shows.
    """

    title: str
    text: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    large: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A title, paragraphs below it, and sections."""

    title: str
    text: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default=())

    def markdown(self) -> str:
        """As GitHub-flavoured Markdown."""
        return self._render("page.md.j2")

    def html(self) -> str:
        """As one HTML file; tables are sorted by a click on a heading."""
        return self._render("page.html.j2")

    def _render(self, template: str) -> str:
        import jinja2

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=template.endswith(".html.j2"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters["cell"] = _cell
        return environment.get_template(template).render(page=self)


def _cell(text: str) -> str:
    """Text as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def write(page: Page, folder: Path, name: str) -> list[Path]:
    """Write ``name.md`` and ``name.html``; each file is whole or not there."""
    out = []
    forms: Sequence[tuple[str, str]] = (("md", page.markdown()), ("html", page.html()))
    for suffix, text in forms:
        path = folder / f"{name}.{suffix}"
        write_whole(path, text)
        out.append(path)
    return out
