"""What the README shows runs."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()


def test_the_hypothesis_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names = {}
    exec(compile(code, "<example>", "exec"), names)  # no file: Hypothesis would read its lines
    tests = [f for name, f in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    settings(max_examples=20, deadline=None)(tests[0])()


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"(?:`|\$ )assay ([a-z]+)", TEXT))))
def test_every_verb_exists(verb):
    from verify.cli.app import VERBS

    assert verb in VERBS


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z-]+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_examples_that_it_names_are_there():
    named = set(re.findall(r"examples/\w+\.mlir", TEXT))
    assert named == {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.mlir")}
