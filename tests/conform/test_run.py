from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from verify.cli import main
from verify.conform import report
from verify.conform.run import Run
from verify.conform.suite import find

HERE = Path(__file__).parent


def unary(op, value="0.5", expected="0.5", dtype="f32"):
    """A case that checks one op."""
    return f"""func.func @main() {{
  %0 = stablehlo.constant dense<[{value}, {value}]> : tensor<2x{dtype}>
  %1 = stablehlo.{op} %0 : tensor<2x{dtype}>
  check.expect_eq_const %1, dense<[{expected}, {expected}]> : tensor<2x{dtype}>
  func.return
}}
"""


BAD_TYPES = """func.func @f(%a: tensor<3xi32>, %b: tensor<2xi32>) -> tensor<3xi32> {
  // expected-error@+1 {{wrong}}
  %0 = "stablehlo.add"(%a, %b) : (tensor<3xi32>, tensor<2xi32>) -> tensor<3xi32>
  func.return %0 : tensor<3xi32>
}
"""
SUITE = {
    "abs.mlir": unary("abs", "-0.5"),
    "ceil.mlir": unary("ceil", expected="1.0") + "// -----\n" + unary("ceil"),
    "good.mlir": unary("abs").replace("  %1", "  // expected-error@+1 {{none}}\n  %1"),
    "wrong.mlir": BAD_TYPES,
    "wrong_line.mlir": BAD_TYPES.replace("@+1", ""),
    "malformed.mlir": "func.func @main( {\n",
    "fft.mlir": unary("fft"),
    "complex.mlir": unary("abs", dtype="complex<f32>"),
}


@pytest.fixture
def suite(tmp_path, monkeypatch):
    def write(files):
        folder = tmp_path / "suite"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    monkeypatch.chdir(tmp_path)
    return write


@pytest.fixture(scope="module")
def odd():
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("odd_engine")
    finally:
        sys.path.remove(str(HERE))


def verdicts(records):
    return {(r.case.file, r.step.level, r.step.form): r.outcome.verdict for r in records}


def conform(capsys, *arguments):
    code = main(["conform", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_document_and_the_exit_code(suite, capsys):
    folder = suite(SUITE)
    code, out, err = conform(capsys, folder, "--json", "-O1", "--engine", "compiler")
    document = json.loads(out)
    assert code == 1
    keys = {"file", "engine", "level", "form", "verdict", "detail"}
    assert all(keys <= set(c) for c in document["cases"])
    found = {(c["file"], c["form"]): c["verdict"] for c in document["cases"]}
    both = {
        "abs.mlir": "pass",
        "ceil.mlir#0": "pass",
        "ceil.mlir#1": "fail",
        "malformed.mlir": "rejected",
        "fft.mlir": "unsupported",
        "complex.mlir": "unsupported",
    }
    for file, verdict in both.items():
        if file != "malformed.mlir":
            assert found[file, "constants"] == verdict, file
        assert found[file, "arguments"] == verdict, file
    assert found["good.mlir", "constants"] == "accepted"
    assert found["wrong.mlir", "constants"] == found["wrong_line.mlir", "constants"] == "rejected"
    assert {c["engine"] for c in document["cases"]} == {"compiler"}
    assert {c["level"] for c in document["cases"]} == {1}
    assert document["ops"] == {"abs": pytest.approx(1 / 2), "ceil": 0.5, "fft": 0.0}
    assert document["families"]["elementwise"] == 0.5
    assert document["families"]["other"] == 0.0
    assert document["lines"] == {"right": 1, "rejected": 2}
    assert (
        "FAIL ceil.mlir#1  compiler -O1 constants,arguments: check.expect_eq_const: [0] got" in err
    )
    assert "ACCEPTED good.mlir" in err
    assert "REJECTED malformed.mlir" in err


def test_where_and_why_it_was_refused(suite, capsys):
    folder = suite({name: SUITE[name] for name in ("fft.mlir", "complex.mlir", "wrong_line.mlir")})
    code, out, _ = conform(capsys, folder, "--json", "--engine", "reference")
    details = {c["file"]: c["detail"] for c in json.loads(out)["cases"]}
    assert code == 0
    assert details["fft.mlir"].startswith("3:")
    assert "fft" in details["fft.mlir"]
    assert "complex" in details["complex.mlir"]
    assert details["wrong_line.mlir"].startswith("3:")
    assert "[expected at line 2]" in details["wrong_line.mlir"]


def test_refusals_are_counted(suite, capsys):
    folder = suite({f"{k}.mlir": SUITE["fft.mlir"] for k in range(3)} | {"abs.mlir": unary("abs")})
    _, out, _ = conform(capsys, folder)
    assert "refused in 3 cases: unsupported op stablehlo.fft" in out


def test_nothing_judged_is_not_a_success(suite, capsys):
    folder = suite({"fft.mlir": SUITE["fft.mlir"]})
    assert conform(capsys, folder, "--engine", "reference")[0] == 4


def test_a_suite_that_holds(suite, capsys):
    code, out, _ = conform(capsys, suite({"abs.mlir": SUITE["abs.mlir"]}))
    assert code == 0
    assert "elementwise" in out
    assert "100 %" in out
    assert "8 verdicts on 1 case in" in out  # the reference, three levels; two forms each


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "no such folder"),
        (["suite", "--engine", "gcc"], "no engine 'gcc'"),
        (["suite", "-O7"], "no level"),
        (["suite", "--only", "nothing*"], "that fit nothing*"),
        (["suite", "--seconds", "0"], "--seconds"),
    ],
)
def test_bad_usage_is_one_line(suite, capsys, arguments, message):
    suite({"abs.mlir": SUITE["abs.mlir"]})
    code, _, err = conform(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.startswith("error[")


def test_no_case_stops_a_run(suite, odd):
    files = {f"{op}.mlir": unary(op) for op in ("cosine", "tan", "sine")}
    files |= {"abs.mlir": SUITE["abs.mlir"], "floor.mlir": unary("floor", expected="0.0")}
    files["latin.mlir"] = ""
    folder = suite(files)
    (folder / "latin.mlir").write_bytes(b"// \xff\nfunc.func @main() {\n}\n")
    run = Run(find(folder), {"compiler": (0, 1)}, jobs=2, seconds=3, setup=odd.register)
    records = run.run()
    assert len(records) == run.count
    found = verdicts(records)
    details = {(r.case.file, r.step.level): r.outcome.detail for r in records}
    for form in ("constants", "arguments"):
        assert found["cosine.mlir", 0, form] == found["cosine.mlir", 1, form] == "error"
        assert found["sine.mlir", 0, form] == "error"
        assert found["tan.mlir", 1, form] == "error"
        assert found["tan.mlir", 0, form] == "fail"  # its tangent is not what the case says
        assert found["abs.mlir", 0, form] == found["abs.mlir", 1, form] == "pass"
        assert found["floor.mlir", 1, form] == "fail"
    assert "SIGSEGV" in details["cosine.mlir", 0]
    assert "no pattern for sine" in details["sine.mlir", 0]
    assert details["tan.mlir", 1] == "not done after 3 s"
    assert "UnicodeDecodeError" in details["latin.mlir", 0]


def test_an_endless_loop_and_deep_regions_stop_no_run(suite, capsys):
    endless = """func.func @main() {
  %0 = stablehlo.constant dense<true> : tensor<i1>
  %1 = stablehlo.while(%x = %0) : tensor<i1>
    cond { stablehlo.return %x : tensor<i1> }
    do { stablehlo.return %x : tensor<i1> }
  check.expect_eq_const %1, dense<true> : tensor<i1>
  func.return
}
"""
    deep = "func.func @main() {\n  %p = stablehlo.constant dense<true> : tensor<i1>\n"
    for k in range(2000):
        deep += f'%{k} = "stablehlo.if"(%p) ({{\n'
    folder = suite({"endless.mlir": endless, "deep.mlir": deep, "abs.mlir": SUITE["abs.mlir"]})
    code, out, _ = conform(
        capsys, folder, "--json", "--seconds", "2", "--engine", "compiler", "-O0"
    )
    found = {c["file"]: c["verdict"] for c in json.loads(out)["cases"]}
    assert code == 1
    assert found["endless.mlir"] == "error"  # the reference counts trips and gives up by itself
    assert found["deep.mlir"] != "pass"
    assert found["abs.mlir"] == "pass"


def test_an_interrupted_run_says_what_it_knows(suite):
    slow = unary("abs", "-0.5").replace(
        "  check", "  %2 = stablehlo.tan %0 : tensor<2xf32>\n  check"
    )
    folder = suite({f"{k}.mlir": slow for k in range(1500)})
    script = [sys.executable, str(HERE / "conform_main.py"), str(folder), "--json", "-j", "1"]
    process = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "12,000 verdicts" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    document = json.loads(out)
    assert document["interrupted"]
    assert 0 <= len(document["cases"]) < 12000


def test_programs_with_arrays(suite, capsys):
    text = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.exponential %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
"""
    folder = suite({f"{n}.mlir": text for n in ("good", "bad", "bare", "lone", "misfit")})
    x = np.float32([0.1, 1, 2])
    exact = np.exp(x.astype(np.float64))
    np.savez(folder / "good.npz", in0=x, out0=exact.astype(np.float32), ref0=exact)
    other = exact + np.float64([0, 0, 0.1])  # on which XLA would agree with f64, and nobody else
    np.savez(folder / "bad.npz", in0=x, out0=other.astype(np.float32), ref0=other)
    np.savez(folder / "bare.npz", in0=x, out0=exact.astype(np.float32))
    np.savez(folder / "lone.npz", in0=x, out0=other.astype(np.float32))
    np.savez(folder / "misfit.npz", in0=x[:2], out0=exact.astype(np.float32))
    code, out, _ = conform(capsys, folder, "--json", "-O1")
    found = {(c["file"], c["engine"]): c for c in json.loads(out)["cases"]}
    assert code == 1
    assert found["good.mlir", "compiler"]["verdict"] == "pass"
    assert found["good.mlir", "reference"]["verdict"] == "pass"
    for engine in ("compiler", "reference"):
        assert found["bad.mlir", engine]["verdict"] == "fail"
        assert "output 0: [2] got 7.389" in found["bad.mlir", engine]["detail"]
        assert found["bare.mlir", engine]["verdict"] == "pass"
        assert found["misfit.mlir", engine]["verdict"] == "error"
        assert "in0 has shape [2]" in found["misfit.mlir", engine]["detail"]
    # Without a reference nobody doubts the compiler, but XLA's outputs are outside the bounds.
    assert found["lone.mlir", "compiler"]["verdict"] == "pass"
    assert found["lone.mlir", "reference"]["verdict"] == "fail"
    assert "XLA's outputs: violation" in found["lone.mlir", "reference"]["detail"]


def test_plain_programs_are_held_against_the_reference(suite, odd):
    text = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.constant dense<2.5> : tensor<3xf32>
  %1 = stablehlo.add %x, %0 : tensor<3xf32>
  %2 = stablehlo.OP %1 : tensor<3xf32>
  return %2 : tensor<3xf32>
}
"""
    folder = suite({f"{op}.mlir": text.replace("OP", op) for op in ("abs", "floor")})
    engines = {"reference": (None,), "compiler": (1,)}
    records = Run(find(folder), engines, jobs=1, setup=odd.register).run()
    assert verdicts(records) == {
        ("abs.mlir", None, "arguments"): "pass",
        ("floor.mlir", None, "arguments"): "pass",
        ("abs.mlir", 1, "arguments"): "pass",
        ("floor.mlir", 1, "arguments"): "fail",
    }


def test_what_counts_as_a_finding(suite, odd):
    """Nothing of tiers A and D may be refused; what upstream has disabled never counts."""
    index = "file\ttier\tupstream_disabled\na.mlir\tA\t\nb.mlir\tB\t\nx.mlir\tX\t\n"
    index += "off.mlir\tA\tinaccurate\n"
    files = dict.fromkeys(("a.mlir", "b.mlir", "x.mlir"), SUITE["fft.mlir"])
    folder = suite({**files, "off.mlir": unary("abs", expected="3.0"), "INDEX.tsv": index})
    records = Run(find(folder), {"reference": (None,)}).run()
    sound = {r.case.file: report.sound(r) for r in records}
    assert sound == {"a.mlir": False, "b.mlir": True, "x.mlir": True, "off.mlir": True}
    ops, _ = report.shares(records)
    assert ops == {"fft": 0.0}  # tier X and what is switched off are left out
