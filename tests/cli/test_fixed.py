"""Programs with unknown dimensions on the command line: --shape, --value, and inputs."""

import json
from pathlib import Path

import numpy as np
import pytest

from compiler.errors import InputError
from verify.cli import main
from verify.cli.fixed import parse_fixed
from verify.cli.programs import read_case

OPEN = """
func.func @main(%n: tensor<i64>, %x: tensor<?x3xf32>) -> tensor<?xf32> {
  %0 = stablehlo.constant dense<3> : tensor<i64>
  %1 = stablehlo.multiply %n, %0 : tensor<i64>
  %2 = stablehlo.reshape %1 : (tensor<i64>) -> tensor<1xi64>
  %3 = stablehlo.dynamic_reshape %x, %2 : (tensor<?x3xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %3 : tensor<?xf32>
}
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder with the program; gives code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "open.mlir").write_text(OPEN)
    np.savez("in.npz", in0=np.int64(5), in1=np.ones((5, 3), np.float32))

    def call(*arguments):
        code = main(list(arguments))
        return (code, *capsys.readouterr())

    return call


def test_check_with_options_and_with_inputs(run):
    for given in (["--shape", "arg1=4x3", "--value", "arg0=4"], ["--inputs", "in.npz"]):
        code, out, err = run("check", "open.mlir", *given)
        assert (code, err) == (0, "")
        assert out.count("identical") == 6


def test_random_inputs_hold_the_fixed_value(run):
    case = read_case(Path("open.mlir"), fixed=parse_fixed(["arg1=4x3"], ["arg0=4"]))
    assert case.inputs[0] == 4


def test_compile_prints_a_static_program(run):
    code, out, _ = run("compile", "open.mlir", "--shape", "1=4x3", "--value", "0=4", "--json")
    assert code == 0
    assert "tensor<12xf32>" in json.loads(out)["text"]
    assert "?" not in json.loads(out)["text"]


def test_bisect_takes_them_too(run):
    code, out, _ = run("bisect", "open.mlir", "--shape", "arg1=4x3", "--value", "arg0=4")
    assert (code, "nothing to bisect" in out) == (0, True)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ([], 4, "unsupported type tensor<?x3xf32> of arg1: dynamic shape (fix it with --shape"),
        (["--shape", "arg1=4x3"], 4, "open.mlir:6:8: unsupported: dynamic_reshape whose output_s"),
        (["--shape", "arg1=4x3", "--value", "arg0=5"], 2, "open.mlir:6:8: reshape: (C2)"),
        (["--shape", "arg1=4x4"], 2, "arg1 has type tensor<?x3xf32>, which 4x4 does not fit"),
        (["--shape", "arg1"], 2, "--shape arg1: no shape of a parameter (--shape arg0=8x128)"),
        (["--value", "arg0=x"], 2, "--value arg0=x: no integer for a parameter"),
        (["--shape", "arg7=1"], 2, "arg7: the program takes 2 inputs"),
        (["--inputs", "in.npz", "--shape", "arg1=4x3"], 2, "(C2)"),
    ],
)
def test_what_does_not_fit_is_one_line(run, given, code, words):
    found, out, err = run("check", "open.mlir", *given)
    assert (found, out) == (code, "")
    assert err.startswith("error[AS")
    assert words in err.splitlines()[0]


def test_shapes_of_a_static_program_must_be_its_own(run, tmp_path):
    static = OPEN.replace("?x3x", "4x3x").replace("<?x", "<12x")
    (tmp_path / "static.mlir").write_text(static)
    assert run("check", "static.mlir", "--shape", "arg1=4x3", "--value", "arg0=4")[0] == 0
    code, _, err = run("check", "static.mlir", "--shape", "arg1=5x3")
    assert (code, "which 5x3 does not fit" in err) == (2, True)


@pytest.mark.parametrize("text", ["arg0=", "0=1x", "x=3", "arg0=-1", "arg0=3x-1", "arg0 = 3"])
def test_no_shapes(text):
    with pytest.raises(InputError, match="--shape"):
        parse_fixed([text], [])
