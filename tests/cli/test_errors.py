"""Bad input ends in a short error with place and mend, the right exit code, and no traceback."""

import json
import os

import numpy as np
import pytest

from verify.cli import main

GOOD = """
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = stablehlo.add %x, %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
"""
TYPE_ERROR = """
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = stablehlo.transpose %x, dims = [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}
"""
UNSUPPORTED_OP = """
func.func @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %0 = "stablehlo.collective_permute"(%x) : (tensor<3x3xf32>) -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
"""
UNSUPPORTED_DTYPE = """
func.func @main(%x: tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>> {
  return %x : tensor<3xcomplex<f32>>
}
"""
DEEP = 200_000


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty folder; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def refused(result, code, *words):
    exit_code, out, err = result
    assert exit_code == code, err
    assert out == ""
    assert err.startswith("error[AS")
    assert "Traceback" not in err
    assert "internal error" not in err
    assert len(err) < 1500
    for word in words:
        assert word in err


def test_missing_file(run):
    refused(run("check", "none.mlir"), 2, "AS401", "none.mlir", "no such file")


def test_folder_that_is_no_case(run, tmp_path):
    refused(run("bisect", tmp_path), 2, "AS401", "not a case folder")
    refused(run("check", tmp_path), 2, "AS401", "folder")


@pytest.mark.parametrize(
    "text", ["hello world", "", "func.func @main(", "module {", "{}[]()", "%0"]
)
def test_text_that_is_not_stablehlo(run, tmp_path, text):
    (tmp_path / "x.mlir").write_text(text)
    refused(run("check", "x.mlir"), 2, "AS101", "x.mlir")


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes(run, tmp_path, seed):
    (tmp_path / "x.mlir").write_bytes(np.random.default_rng(seed).bytes(4000))
    refused(run("check", "x.mlir"), 2, "AS101", "x.mlir", "UTF-8")


@pytest.mark.parametrize("bracket", ["(", "[", "{", "<"])
@pytest.mark.parametrize(
    "start", ["", "func.func @main() { %0 = stablehlo.constant dense<", "module "]
)
def test_brackets_without_end(run, tmp_path, bracket, start):
    (tmp_path / "x.mlir").write_text(start + bracket * DEEP)
    refused(run("check", "x.mlir"), 2, "x.mlir:")


def test_type_error_names_place_op_and_constraint(run, tmp_path):
    (tmp_path / "x.mlir").write_text(TYPE_ERROR)
    result = run("check", "x.mlir")
    refused(result, 2, "AS201", "x.mlir:3:", "transpose", "(C2)", "permutation")
    assert "^" in result[2]


def test_unsupported_op_and_dtype(run, tmp_path):
    (tmp_path / "op.mlir").write_text(UNSUPPORTED_OP)
    refused(run("check", "op.mlir"), 4, "AS301", "op.mlir:3:", "collective_permute")
    (tmp_path / "dtype.mlir").write_text(UNSUPPORTED_DTYPE)
    refused(run("check", "dtype.mlir"), 4, "AS301", "dtype.mlir:2:", "complex")


def test_wrong_inputs(run, tmp_path):
    (tmp_path / "x.mlir").write_text(GOOD)
    np.savez("shape.npz", in0=np.zeros((3, 2), np.float32))
    np.savez("dtype.npz", in0=np.zeros((2, 3), np.float64))
    np.savez("name.npz", a=np.zeros((2, 3), np.float32))
    np.save("bare.npy", np.zeros(3))
    (tmp_path / "bytes.npz").write_bytes(b"no npz")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "pickle.npz").write_bytes(b"")
    np.savez("pickle.npz", in0=np.array([{}], dtype=object))
    for name, word in (
        ("shape.npz", "shape [3, 2]"),
        ("dtype.npz", "f64"),
        ("name.npz", "no array in0"),
        ("bare.npy", "numpy.savez"),
        ("bytes.npz", "not an npz file"),
        ("empty.npz", "npz"),
        ("pickle.npz", "npz"),
        ("none.npz", "no such file"),
    ):
        refused(run("check", "x.mlir", "--inputs", name), 2, "AS401", name, word)


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ("1000000x1000000", "GiB"),
        ("4611686018427387904x4611686018427387904", "GiB"),
        ("1x" * 69 + "1", "70 dimensions"),
    ],
)
def test_tensors_that_no_machine_holds(run, tmp_path, shape, word):
    (tmp_path / "x.mlir").write_text(GOOD.replace("2x3", shape))
    refused(run("check", "x.mlir"), 4, "AS301", "@main", word)
    (tmp_path / "iota.mlir").write_text(
        f"func.func @main() -> tensor<{shape}xf32> {{\n"
        f"  %0 = stablehlo.iota dim = 0 : tensor<{shape}xf32>\n"
        f"  return %0 : tensor<{shape}xf32>\n}}\n"
    )
    refused(run("bisect", "iota.mlir"), 4, "AS301", "iota.mlir:2:", word)


def test_no_memory_left(run, monkeypatch):
    def full(*_given):
        raise MemoryError

    monkeypatch.setattr("verify.cli.programs.read_module", full)
    refused(run("check", "x.mlir"), 4, "AS301", "memory")


def test_npz_with_broken_compression(run, tmp_path):
    (tmp_path / "x.mlir").write_text(GOOD)
    np.savez_compressed("x.npz", in0=np.random.default_rng(0).random((2, 3)).astype(np.float32))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    data[70:90] = b"\xff" * 20
    (tmp_path / "x.npz").write_bytes(data)
    refused(run("check", "x.mlir", "--inputs", "x.npz"), 2, "AS401", "x.npz")
    refused(run("check", "x.mlir", "--inputs", tmp_path), 2, "AS401", "is a folder")


def test_places_that_cannot_be_written(run, tmp_path):
    (tmp_path / "x.mlir").write_text(GOOD)
    refused(run("compile", "x.mlir", "-o", "none/y.mlir"), 2, "AS401", "none/y.mlir")


def test_reduce_overwrites_nothing_but_cases(run, tmp_path):
    (tmp_path / "x.mlir").write_text(GOOD)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes").write_text("mine")
    for place in ("x.mlir", "work", "."):
        refused(run("reduce", "x.mlir", "--out", place), 2, "AS401", "no case", "--out")
    assert (tmp_path / "x.mlir").read_text() == GOOD


def test_wrong_options(run, tmp_path):
    (tmp_path / "x.mlir").write_text(GOOD)
    refused(run("chek", "x.mlir"), 2, "chek")
    refused(run("check"), 2, "assay check --help")
    refused(run("check", "x.mlir", "--nope"), 2, "--nope")
    refused(run("check", "x.mlir", "-O9"), 2, "-O9")
    refused(run("check", "x.mlir", "-O", "fast"), 2, "fast")
    refused(run("check", "x.mlir", "--precision", "f8"), 2, "f8")
    refused(run("check", "x.mlir", "--target", "gcc"), 2, "gcc", "xla")
    refused(run("check", "x.mlir", "--fault", "none"), 2, "none")
    refused(run("compile", "x.mlir", "--print-ir-after", "nopass"), 2, "nopass", "canonicalize")
    refused(run("explain", "AS999"), 2, "AS999")
    refused(run("show", "nothing"), 2, "nothing")
    refused(run("show", "op", "nothing"), 2, "nothing")
    refused(run("show", "."), 2, "assay show case .")
    refused(run("check", "x.mlir", "-O\u00b2"), 2, "-O")
    refused(run("fuzz", "--seconds", "-1"), 2, "--seconds")
    refused(run("fuzz", "--seconds", "nan"), 2, "--seconds")
    refused(run("gate", "--seconds", "-1", "--skip", "corpus"), 2, "--seconds")
    refused(run("reduce", "x.mlir", "--tests", "-1"), 2, "--tests")
    refused(run("mutate", "--count", "0"), 2, "--count")
    refused(run("prove", "--limit", "-1"), 2, "--limit")
    refused(run("validate", "x.mlir", "x.mlir", "--limit", "0"), 2, "--limit")
    refused(run("compile", "x.mlir", "--rewrite-limit", "-1"), 2, "--rewrite-limit")
    refused(run("gate", "--skip", "all"), 2, "all")
    refused(run("fuzz", "--resume", "7", "--directory", tmp_path), 2, "7")


def test_errors_in_json_are_one_document(run):
    code, out, err = run("check", "none.mlir", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "AS401"
    assert "no such file" in err


def test_our_own_fault_saves_the_traceback(run, monkeypatch):
    def broken(*_given):
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("verify.cli.programs.read_module", broken)
    code, out, err = run("check", "x.mlir")
    assert code == 5
    assert out == ""
    assert err.count("\n") == 1
    assert "error[AS501]" in err
    saved = err.split("traceback: ")[1].rstrip(")\n")
    with open(saved) as f:
        assert "ZeroDivisionError: boom" in f.read()
    os.unlink(saved)


def test_interrupt(run, monkeypatch):
    def interrupted(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr("verify.cli.programs.read_module", interrupted)
    assert run("check", "x.mlir")[0] == 130
    code, out, _ = run("check", "x.mlir", "--json")
    assert (code, json.loads(out)["exit"]) == (130, 130)


def test_git_bisect_skips_what_it_cannot_judge(run, tmp_path):
    assert run("replay", tmp_path / "none")[0] == 2
    assert run("replay", tmp_path / "none", "--git-bisect")[0] == 125


def test_an_unknown_fault_is_named_before_anything_else(run):
    code, out, err = run("mutate", "nope")
    assert (code, out) == (2, "")
    assert "there is no fault 'nope'" in err
