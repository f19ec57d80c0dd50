"""Cases on disk: nothing is lost, and a folder is there whole or not at all."""

import json

import numpy as np
import pytest

from compiler.contract import Precision, allow
from compiler.dtypes import ALL, BF16
from compiler.errors import AssayError
from compiler.ir import TensorType
from compiler.text import parse
from verify.arrays import canonical_bits, fingerprint, read_arrays, same_bits, write_arrays
from verify.bounds import enclose
from verify.case import Case, load, save, versions
from verify.gen import RandomChooser, draw_inputs, generate

ADD = "func.func @main(%x: tensor<2xbf16>) -> tensor<2xbf16> {\n  return %x : tensor<2xbf16>\n}\n"


@pytest.mark.parametrize("dtype", ALL, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)], ids=str)
def test_arrays_keep_every_bit(tmp_path, dtype, shape):
    rng = np.random.default_rng(0)
    size = int(np.prod(shape)) * dtype.numpy.itemsize
    raw = rng.integers(0, 2 if dtype.name == "i1" else 256, size).astype(np.uint8)
    array = raw.view(dtype.numpy).reshape(shape)
    write_arrays(tmp_path / "x.npz", [array])
    (back,) = read_arrays(tmp_path / "x.npz", [TensorType(shape, dtype)])
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


def test_nans_are_one_value_and_zeros_are_two():
    for dtype in (d for d in ALL if d.is_float):
        quiet = np.array([np.nan, 0.0]).astype(dtype.numpy)
        other = -quiet
        assert canonical_bits(quiet)[0] == canonical_bits(other)[0]
        assert not same_bits(quiet, other)
        assert same_bits(quiet[:1], other[:1])


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(tmp_path, seed):
    chooser = RandomChooser(seed)
    module = generate(chooser)
    inputs = tuple(draw_inputs(chooser, module, "special"))
    contract = allow("reassoc", "nsz", precision=[Precision("dot_general", "bf16")])
    case = Case(module, inputs, "assay", 2, "bf16", contract, {"kind": "violation", "n": 3})
    folder = save(case, tmp_path / "case", enclose(module, inputs))
    back = load(folder)
    assert back.module.functions == case.module.functions
    assert fingerprint(back.inputs) == fingerprint(inputs)
    assert (back.target, back.level, back.precision) == ("assay", 2, "bf16")
    assert (back.contract, back.meta) == (contract, case.meta)
    assert (folder / "expected.npz").exists()
    assert json.loads((folder / "case.json").read_text())["versions"] == versions()


def test_saving_again_replaces_the_folder(tmp_path):
    case = Case(parse(ADD), (np.zeros(2, BF16.numpy),))
    save(case, tmp_path / "c", beside={"old.txt": "old"})
    save(case, tmp_path / "c", beside={"new.txt": "new"})
    assert {p.name for p in (tmp_path / "c").iterdir()} >= {"new.txt", "case.json"}
    assert not (tmp_path / "c" / "old.txt").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_failing_save_leaves_the_old_folder(tmp_path):
    case = Case(parse(ADD), (np.zeros(2, BF16.numpy),))
    save(case, tmp_path / "c")
    with pytest.raises(TypeError):
        save(Case(case.module, case.inputs, meta={"bad": object()}), tmp_path / "c")
    assert load(tmp_path / "c").meta == {}
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("case.json", "{"),
        ("case.json", '{"level": "high"}'),
        ("case.json", '{"contract": {"flags": ["fast"]}}'),
        ("case.json", '{"meta": 3}'),
        ("case.mlir", "nothing"),
        ("inputs.npz", "no npz"),
    ],
)
def test_broken_cases_are_expected_errors(tmp_path, file, text):
    folder = save(Case(parse(ADD), (np.zeros(2, BF16.numpy),)), tmp_path / "c")
    (folder / file).write_text(text)
    with pytest.raises(AssayError):
        load(folder)
