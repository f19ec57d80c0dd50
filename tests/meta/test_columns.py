"""One row an op, one column a concern: no holes, no strangers, the same file names everywhere."""

from pathlib import Path

import pytest

from compiler.ops import OPS
from verify.cli.show import columns, place

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "lower": "compiler/lower",  # or compiler/expand
    "ref": "verify/ref",
    "bounds": "verify/bounds",
    "smt": "verify/smt",
    "gen": "verify/gen",
}


@pytest.mark.parametrize("column", FOLDERS)
def test_every_op_has_an_entry(column):
    entries = columns()[column]
    missing = sorted(set(OPS) - set(entries))
    assert not missing, f"verify or compiler column {column!r} lacks {missing}"


@pytest.mark.parametrize("column", FOLDERS)
def test_no_entry_is_for_an_unknown_op(column):
    assert sorted(set(columns()[column]) - set(OPS)) == []


@pytest.mark.parametrize("column", FOLDERS)
def test_families_have_the_same_file_in_every_column(column):
    families = {op.family for op in OPS.values()}
    folders = [FOLDERS[column], *(["compiler/expand"] if column == "lower" else [])]
    files = {p.stem for folder in folders for p in (ROOT / folder).glob("*.py")}
    assert sorted(families - files) == []


@pytest.mark.parametrize("op", sorted(OPS))
def test_columns_are_different_functions(op):
    """The oracle never calls the compiler's definition of an op, nor one oracle the other's."""
    places = [place(entries[op]) for entries in columns().values() if op in entries]
    files = [p.split(":")[0] for p in places if ".py" in p]
    assert len(set(files)) == len(files)
