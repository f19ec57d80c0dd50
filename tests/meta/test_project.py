"""The files around the packages: what they promise is there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(requirements):
    return {re.split(r"[<>=!~\[ ]", r)[0].lower().replace("_", "-") for r in requirements}


def test_constraints_pin_every_dependency_and_name_no_index():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[\w.\-]+==[\w.]+", line) for line in lines)
    wanted = names(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        wanted |= names(extra)
    assert wanted <= names(lines)


def test_ci_runs_the_command_of_the_readme():
    assert "make test" in (ROOT / "README.md").read_text()
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_top_level_part_explains_itself():
    for part in ("compiler", "verify", "corpus", "reports"):
        assert (ROOT / part / "README.md").stat().st_size > 200, part


def test_readme_links_lead_somewhere():
    for readme in ROOT.glob("*.md"):
        check_links(readme)
    for part in ("compiler", "verify", "corpus", "reports"):
        check_links(ROOT / part / "README.md")


def check_links(readme):
    for link in re.findall(r"\]\(([^)#]+)\)", readme.read_text()):
        if "://" not in link:
            assert (readme.parent / link).exists(), f"{readme}: {link}"
