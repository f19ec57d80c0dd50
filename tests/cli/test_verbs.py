"""Every verb: what it prints, the one JSON document, the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from verify.cli import main

PROGRAM = """
func.func @main(%x: tensor<5x3xf32>, %n: tensor<5xi32>) -> (tensor<5x3xf32>, tensor<5xi32>) {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<5x3xf32>) -> tensor<3x5xf32>
  %1 = stablehlo.transpose %0, dims = [1, 0] : (tensor<3x5xf32>) -> tensor<5x3xf32>
  %2 = stablehlo.tanh %1 : tensor<5x3xf32>
  %3 = stablehlo.subtract %2, %x : tensor<5x3xf32>
  %4 = stablehlo.add %n, %n : tensor<5xi32>
  return %3, %4 : tensor<5x3xf32>, tensor<5xi32>
}
"""
SUM = """
func.func @main(%x: tensor<7xf32>) -> tensor<f32> {
  %0 = stablehlo.negate %x : tensor<7xf32>
  %1 = stablehlo.abs %0 : tensor<7xf32>
  %2 = stablehlo.constant dense<0.0> : tensor<f32>
  %3 = stablehlo.reduce(%1 init: %2) applies stablehlo.add across dimensions = [0]
    : (tensor<7xf32>, tensor<f32>) -> tensor<f32>
  %4 = stablehlo.sqrt %3 : tensor<f32>
  return %4 : tensor<f32>
}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.mlir").write_text(PROGRAM)
    rng = np.random.default_rng(5)
    np.savez(
        "x.npz", in0=rng.normal(size=(5, 3)).astype(np.float32), in1=np.arange(5, dtype=np.int32)
    )
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def document(run):
    """Runs a command with --json; gives exit code and the document: all of standard output."""

    def call(*arguments):
        code, out, _err = run(*arguments, "--json")
        return code, json.loads(out)

    return call


def test_check_prints_a_line_a_level(run):
    code, out, err = run("check", "x.mlir", "--inputs", "x.npz")
    assert (code, err) == (0, "")
    heads = [line for line in out.splitlines() if line.startswith("x.mlir")]
    assert [h.split()[2] for h in heads] == ["-O0", "-O1", "-O2"]
    assert all(h.split()[3] in ("identical", "allowed") for h in heads)


def test_check_json(document):
    code, data = document("check", "x.mlir", "--inputs", "x.npz", "-O1")
    assert code == 0
    assert {"file", "target", "level", "verdict", "outputs"} <= set(data)
    assert (data["file"], data["target"], data["level"]) == ("x.mlir", "assay", 1)
    assert all({"verdict", "max_ulp", "bound_share"} <= set(o) for o in data["outputs"])
    assert len(data["outputs"]) == 2
    assert "first_op" not in data
    assert data["outputs"][1]["verdict"] == "identical"


def test_check_names_the_first_op_that_differs(run, document):
    options = "y.mlir", "-O1", "--fault", "reduce-drops-last"
    Path("y.mlir").write_text(SUM)
    code, out, _ = run("check", *options)
    (line,) = (line for line in out.splitlines() if "first op that differs: " in line)
    assert code == 1
    assert "%3 = stablehlo.reduce" in line
    assert "(y.mlir:6:8): got " in line
    assert all(f" {word}" in line for word in ("reference", "+-", "ulp"))
    code, data = document("check", *options)
    assert (code, data["verdict"]) == (1, "violation")
    first = data["first_op"]
    assert (first["place"], first["verdict"]) == ("y.mlir:6:8", "violation")
    assert {"at", "got", "reference", "bound", "ulp", "span"} == set(first["worst"])


def test_check_without_inputs_is_reproducible(document):
    first, again, other = (document("check", "x.mlir", "-O1", "--seed", s)[1] for s in (1, 1, 2))
    assert first == again
    assert first["outputs"][0] != other["outputs"][0] or first["verdict"] == other["verdict"]


@pytest.mark.parametrize("form", ["stablehlo", "nests", "llvm", "asm"])
def test_compile_emits(run, form):
    code, out, err = run("compile", "x.mlir", "-O1", "--emit", form)
    assert (code, err) == (0, "")
    word = {"stablehlo": "stablehlo.", "nests": "buffer b0", "llvm": "define ", "asm": "\t"}[form]
    assert word in out


def test_compile_prints_ir_after_passes(run):
    code, _, err = run("compile", "x.mlir", "-O1", "--print-ir-after-all")
    assert code == 0
    heads = [line for line in err.splitlines() if line.startswith("// ---- after")]
    assert len(heads) >= 4
    code, _, err = run("compile", "x.mlir", "-O1", "--print-ir-after=dce")
    assert {line for line in err.splitlines() if line.startswith("// ---- after")} == {
        "// ---- after dce ----"
    }


def test_compile_options(run, document):
    code, _, err = run("compile", "x.mlir", "-O2", "--verify-each", "--time-passes")
    assert code == 0
    assert "total" in err
    assert "100.0%" in err
    _, full = document("compile", "x.mlir", "-O1")
    _, none = document("compile", "x.mlir", "-O1", "--rewrite-limit", 0)
    assert len(full["applications"]) > len(none["applications"]) == 0
    assert "transpose" not in full["text"]
    assert none["text"].count("transpose") == 2


def test_compile_writes_a_file(run, folder):
    code, out, _ = run("compile", "x.mlir", "-o", "y.mlir")
    assert (code, out) == (0, "")
    assert run("check", "y.mlir", "--inputs", "x.npz")[0] == 0


def test_failing_program_through_all_verbs(run, document, folder):
    """check finds it, bisect names it, reduce shrinks it, replay repeats it, the script too."""
    (folder / "sum.mlir").write_text(SUM)
    failing = ("sum.mlir", "--fault", "reduce-drops-last")
    assert document("check", "sum.mlir")[0] == 0
    code, data = document("check", *failing)
    assert (code, data["verdict"]) == (1, "violation")
    code, guilty = document("bisect", *failing)
    assert code == 1
    assert (guilty["pass"], guilty["rewrite"], guilty["application"]) == ("lower", "reduce", 0)
    assert guilty["evaluations"] > 0
    code, small = document("reduce", *failing, "--out", "found")
    assert code == 1
    assert (small["ops_before"], small["ops_after"], small["case"]) == (5, 1, "found")
    assert 0 < small["tests"] <= 40
    assert document("replay", "found")[1]["verdict"] == "violation"
    assert run("replay", "found")[0] == 1
    assert run("replay", "found", "--fault", "")[0] == 0
    assert run("bisect", "found")[0] == 1
    script = subprocess.run([sys.executable, "found/repro.py"], capture_output=True, text=True)
    assert script.returncode == 1


def test_bisect_and_reduce_of_a_sound_program(document):
    assert document("bisect", "x.mlir")[0] == 0
    code, data = document("reduce", "x.mlir")
    assert (code, data["case"]) == (0, "")


def test_fuzz(document, run, folder):
    code, data = document("fuzz", "--count", 30, "--jobs", 1, "--directory", folder / "store")
    assert code == 0
    keys = {"programs", "seconds", "cpu_seconds", "violations", "crashes", "findings"}
    assert keys | {"ops", "rewrites"} <= set(data)
    assert data["programs"] == 30
    assert sum(data["ops"].values()) > 100
    more = ("--count", 40, "--directory", folder / "store")
    code, data = document("fuzz", "--resume", data["campaign"], *more)
    assert (code, data["programs"]) == (0, 40)


def test_prove(document):
    code, data = document("prove", "layout/transpose-transpose", "layout/transpose-identity")
    assert code == 0
    assert [set(r) >= {"name", "family", "verdict", "needs", "ms"} for r in data["rules"]]
    assert {r["name"] for r in data["rules"]} >= {"layout/transpose-transpose"}


def test_validate(document, folder):
    (folder / "a.mlir").write_text(
        "func.func @main(%x: tensor<3xi32>, %y: tensor<3xi32>) -> tensor<3xi32> {\n"
        "  %0 = stablehlo.add %x, %y : tensor<3xi32>\n  return %0 : tensor<3xi32>\n}\n"
    )
    text = (folder / "a.mlir").read_text()
    (folder / "b.mlir").write_text(text.replace("add %x, %y", "add %y, %x"))
    (folder / "c.mlir").write_text(text.replace("add %x, %y", "subtract %x, %y"))
    code, data = document("validate", "a.mlir", "b.mlir")
    assert code == 0
    assert {"verdict", "needs", "counterexample"} <= set(data)
    code, data = document("validate", "a.mlir", "c.mlir")
    assert code == 1
    assert data["counterexample"]


def test_gate(document, folder):
    (folder / "corpus").mkdir()
    quick = ("--seconds", 8, "--jobs", 1, "--skip", "prove")
    code, data = document("gate", *quick)
    assert (code, data["verdict"]) == (3, "inconclusive")  # an empty corpus says nothing
    (folder / "sum.mlir").write_text(SUM)
    assert document("reduce", "sum.mlir", "--fault", "reduce-drops-last", "--out", "corpus/sum")
    code, data = document("gate", *quick)
    assert code == 0
    assert data["verdict"] == "passed"
    assert [s["name"] for s in data["steps"]] == ["corpus", "fuzz"]
    assert all({"name", "verdict", "seconds"} <= set(s) for s in data["steps"])
    assert "<testsuite" in Path("reports/gate/gate.xml").read_text()
    assert "| fuzz | passed |" in Path("reports/gate/gate.md").read_text()


def test_targets(document):
    code, data = document("targets")
    assert code == 0
    assert {t["name"] for t in data["targets"]} >= {"assay", "xla"}


@pytest.mark.parametrize("what", [("ops",), ("op", "pad"), ("rules",), ("passes",), ("faults",)])
def test_show(document, run, what):
    code, data = document("show", *what)
    assert code == 0
    assert data[what[0]]
    code, out, _ = run("show", *what)
    assert len(out.splitlines()) == len(data[what[0]]) + 1


def test_show_op_names_every_column(document):
    rows = document("show", "op", "pad")[1]["op"]
    assert [r["column"] for r in rows] == ["table", "lower", "ref", "bounds", "smt", "gen"]
    assert all(":" in r["place"] for r in rows)


def test_explain(document):
    code, data = document("explain", "AS201")
    assert code == 0
    assert "constraint" in data["entries"]["AS201"]


def test_every_error_code_is_explained():
    from compiler import errors
    from verify.cli.explain import TEXTS

    codes = {
        c.code
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.AssayError)
    }
    assert codes <= set(TEXTS)


def test_help_names_every_verb_and_the_exit_codes(run):
    from verify.cli.app import VERBS

    code, out, _ = run("--help")
    assert code == 0
    assert all(verb in out for verb in VERBS)
    assert "130 interrupted" in " ".join(out.split())
    for verb in VERBS:
        code, out, _ = run(verb, "--help")
        assert (code, "--json" in out) == (0, True), verb


def test_version(run):
    code, out, _ = run("--version")
    assert (code, out) == (0, "assay 0.1.0\n")
