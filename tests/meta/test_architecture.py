"""What holds the design: who imports whom, what loads when, lengths, the wheel."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted([*(ROOT / "compiler").rglob("*.py"), *(ROOT / "verify").rglob("*.py")])
HEAVY = ("z3", "llvmlite", "hypothesis", "jaxlib")
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
WIDEST_LINE = 100


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def name_of(path):
    return str(path.relative_to(ROOT))


def loaded_by(code):
    """Names of all modules that a fresh interpreter holds after ``code``."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {line.split(".")[0] for line in done.stderr.splitlines()}


def test_the_compiler_never_imports_the_harness():
    found = [
        f"{name_of(path)} imports {module}"
        for path in PACKAGES
        if path.is_relative_to(ROOT / "compiler")
        for module in imported(ast.parse(path.read_text()))
        if module.split(".")[0] == "verify"
    ]
    assert not found


STRUCTURE = ("ops", "ir", "dtypes", "errors", "contract")
SHARED = {
    "ref": STRUCTURE,
    "bounds": STRUCTURE,
    "oracle.py": STRUCTURE,
    "smt": (*STRUCTURE, "build", "rules"),  # what it proves are the compiler's rules
}


@pytest.mark.parametrize("column", SHARED)
def test_the_oracles_share_only_structure_with_the_compiler(column):
    """A definition that oracle and compiler share is a bug that both share."""
    # replay.py says nothing of what an op means: it runs counterexamples, also in machine code.
    files = [p for p in PACKAGES if p.is_relative_to(ROOT / "verify" / column)]
    assert files
    found = [
        f"{name_of(path)} imports {module}"
        for path in files
        if path.name != "replay.py"
        for module in imported(ast.parse(path.read_text()))
        if module.split(".")[0] == "compiler"
        and module.split(".")[1:2] not in [[a] for a in SHARED[column]]
    ]
    assert not found


@pytest.mark.parametrize("column", ["ref", "bounds", "oracle.py"])
def test_the_oracles_lean_on_no_other_part_of_the_harness(column):
    """Else what they must not import would come in through another door."""
    allowed = {"verify.ref", "verify.bounds"}
    found = [
        f"{name_of(path)} imports {module}"
        for path in PACKAGES
        if path.is_relative_to(ROOT / "verify" / column)
        for module in imported(ast.parse(path.read_text()))
        if module.split(".")[0] == "verify" and ".".join(module.split(".")[:2]) not in allowed
    ]
    assert not found


@pytest.mark.parametrize("code", ["import compiler", "import verify", "import verify.cli"])
def test_imports_load_nothing_heavy(code):
    assert not loaded_by(code) & {*HEAVY, "numpy", "jinja2"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fuzz", "--help"], ["explain"]])
def test_the_command_starts_without_heavy_packages(arguments):
    loaded = loaded_by(f"from verify.cli import main\nassert main({arguments!r}) == 0")
    assert not loaded & {*HEAVY, "jinja2"}


def test_files_and_functions_are_short():
    long = []
    for path in PACKAGES:
        text = path.read_text()
        lines = text.count("\n")
        if lines > LONGEST_FILE:
            long.append(f"{name_of(path)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length - docstring_lines(node) > LONGEST_FUNCTION:
                    long.append(f"{name_of(path)}: {node.name} has {length} lines")
    assert not long


def docstring_lines(node):
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or 0) - first.lineno + 1


def test_lines_fit():
    files = [*PACKAGES, *sorted((ROOT / "tests").rglob("*.py"))]
    wide = [
        f"{name_of(path)}:{n}"
        for path in files
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDEST_LINE
    ]
    assert not wide


def test_no_tolerance_in_the_product():
    """What is allowed is computed from contracts; a global tolerance would hide bugs. One file has
    judges with a tolerance, to measure them.
    """
    found = [
        f"{name_of(path)}:{n}"
        for path in PACKAGES
        if name_of(path) != "verify/mutation/rivals.py"
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(rtol|atol|allclose|isclose)\b", line)
    ]
    assert not found


def test_nothing_is_left_undone():
    pattern = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [
        f"{name_of(path)}:{n}"
        for path in PACKAGES
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_no_path_of_one_machine():
    found = [
        f"{name_of(path)}:{n}"
        for path in PACKAGES
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"/(work|root|home|tmp)/", line)
    ]
    assert not found


def test_every_public_module_says_what_it_is():
    silent = [
        name_of(p)
        for p in PACKAGES
        if p.read_text() and not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert not silent


def test_the_wheel_holds_the_two_packages_and_nothing_else(tmp_path):
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("assay-*.whl")
    with zipfile.ZipFile(wheel) as z:
        names = z.namelist()
    tops = {n.split("/")[0] for n in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"compiler", "verify"}
    assert not [n for n in names if "__pycache__" in n]
    for needed in (
        "compiler/py.typed",
        "verify/py.typed",
        "verify/isolation/templates/finding.html.j2",
    ):
        assert needed in names
