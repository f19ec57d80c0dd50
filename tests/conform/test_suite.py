from __future__ import annotations

import pytest

from compiler.errors import InputError
from verify.conform.suite import find

CHECKED = """func.func @main() {
  %0 = stablehlo.constant dense<1> : tensor<i32>
  check.expect_eq_const %0, dense<1> : tensor<i32>
  func.return
}
"""
NEGATIVE = """func.func @f(%a: tensor<3xi32>, %b: tensor<2xi32>) {
  // expected-error@+1 {{wrong}}
  %0 = "stablehlo.add"(%a, %b) : (tensor<3xi32>, tensor<2xi32>) -> tensor<3xi32>
  func.return
}
"""


@pytest.fixture
def write(tmp_path):
    def write_(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        return path

    return write_


def test_a_file_is_a_case_and_so_is_each_chunk_of_one(tmp_path, write):
    write("b.mlir", "// RUN: true\n// -----\n" + CHECKED + "// -----\n\n" + NEGATIVE)
    write("sub/a.mlir", CHECKED)
    write("sub/note.txt", CHECKED)
    cases = find(tmp_path)
    assert [(c.file, c.kind) for c in cases] == [
        ("b.mlir#0", "checked"),
        ("b.mlir#1", "negative"),
        ("sub/a.mlir", "checked"),
    ]


def test_lines_are_those_of_the_file(tmp_path, write):
    path = write("x.mlir", CHECKED + "// -----\n" + NEGATIVE)
    case = find(tmp_path)[1]
    want = path.read_text().split("\n").index("  // expected-error@+1 {{wrong}}") + 2
    assert case.lines == (want,)
    assert "stablehlo.add" in case.text().split("\n")[want - 1]


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("// expected-error {{x}}", 3),
        ("// expected-error@+2 {{x}}", 5),
        ("// expected-error @+1 {{x}}", 4),
        ("// expected-error@-1 {{x}}", 2),
        ("// expected-error@below {{x}}", 4),
        ("// expected-error@above {{x}}", 2),
        ("// expected-error-re@+1 {{x}}", 4),
    ],
)
def test_where_an_error_is_expected(tmp_path, write, comment, line):
    write("x.mlir", f"// RUN: true\nfunc.func @f() {{\n  {comment}\n  func.return\n}}\n")
    (case,) = find(tmp_path)
    assert (case.kind, case.lines) == ("negative", (line,))


def test_two_messages_on_one_line_and_on_two(tmp_path, write):
    write(
        "x.mlir", "// expected-error@+2 {{a}}\n// expected-error@+1 {{b}}\n// expected-error@+4\nx"
    )
    assert find(tmp_path)[0].lines == (3, 7)


def test_what_upstream_has_switched_off_is_marked(tmp_path, write):
    write("x.mlir", "// RUN-DISABLED(inaccurate): x\n" + CHECKED)
    write("y.mlir", "// RUN: x\n" + CHECKED)
    assert [c.disabled for c in find(tmp_path)] == [True, False]


def test_an_index_gives_tiers(tmp_path, write):
    write("s/INDEX.tsv", "file\ttier\tupstream_disabled\na/x.mlir\tA\t\na/y.mlir\tD\tinaccurate\n")
    for name in ("s/a/x.mlir", "s/a/y.mlir", "s/a/z.mlir", "w.mlir"):
        write(name, CHECKED)
    found = {c.file: (c.tier, c.disabled) for c in find(tmp_path)}
    assert found["s/a/x.mlir"] == ("A", False)
    assert found["s/a/y.mlir"] == ("D", True)
    assert found["s/a/z.mlir"] == found["w.mlir"] == ("", False)


def test_ops_are_those_that_the_text_names(tmp_path, write):
    write(
        "x.mlir",
        """func.func @main() {
  %0 = stablehlo.constant dense<1.0> : tensor<f32>
  %1 = "chlo.acos"(%0) : (tensor<f32>) -> tensor<f32>
  %2 = stablehlo.add %1, %0 : tensor<f32>
  %3 = "stablehlo.x"(%2) {a = #stablehlo.gather<b = 1>} : (tensor<f32>) -> !stablehlo.token
  stablehlo.custom_call @check.expect_eq(%0, %0) : (tensor<f32>, tensor<f32>) -> ()
}""",
    )
    write("y.mlir", CHECKED)
    assert [c.ops for c in find(tmp_path)] == [("chlo.acos", "add", "x"), ("constant",)]


def test_a_program_has_arrays_beside_it(tmp_path, write):
    for name in ("p.mlir", "p.legal.mlir", "q.mlir", "p.npz"):
        write(name, "func.func @main() {\n}\n")
    found = {c.file: c.kind for c in find(tmp_path)}
    assert found == {"p.mlir": "program", "p.legal.mlir": "program", "q.mlir": "plain"}


def test_only_keeps_what_fits(tmp_path, write):
    write("a/x.mlir", CHECKED)
    write("b/y.mlir", CHECKED + "// -----\n" + NEGATIVE)
    assert [c.file for c in find(tmp_path, ["a/*"])] == ["a/x.mlir"]
    assert [c.file for c in find(tmp_path, ["y.mlir*", "x*"])] == [
        "a/x.mlir",
        "b/y.mlir#0",
        "b/y.mlir#1",
    ]
    assert [c.file for c in find(tmp_path / "a/x.mlir")] == ["x.mlir"]


def test_nothing_to_run_is_said(tmp_path, write):
    with pytest.raises(InputError, match="no such folder"):
        find(tmp_path / "absent")
    with pytest.raises(InputError, match=r"holds no \.mlir files"):
        find(tmp_path)
    write("x.mlir", CHECKED)
    with pytest.raises(InputError, match="that fit z"):
        find(tmp_path, ["z*"])
