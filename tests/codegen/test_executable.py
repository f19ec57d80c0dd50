"""Executables: checks of inputs, memory, environment, promotion to better code."""

import ctypes
import gc
import pathlib
import platform
import threading

import numpy as np
import pytest

from compiler.build import Builder
from compiler.codegen import jit
from compiler.codegen.arena import layout
from compiler.codegen.jit import Machine, guard
from compiler.codegen.loader import Image, UnknownObject, available
from compiler.dtypes import F32, F64, I1
from compiler.errors import InputError, InternalError
from compiler.executable import Executable, compile_module
from compiler.ir import TensorType, module
from compiler.lower import lower

T = TensorType((2, 3), F32)


def chain(t, ops):
    b = Builder([t])
    v = 0
    for op in ops:
        v = b.emit(op, [v])
    return module(b.graph([v]))


@pytest.fixture
def negate():
    return Executable(chain(T, ["negate"]))


def test_compile_module_runs_the_pipeline():
    exe = compile_module(chain(T, ["negate", "negate"]))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert exe(x)[0].tolist() == x.tolist()
    assert "define void @main" in exe.llvm
    assert "ret" in exe.asm()
    assert exe.program.outputs


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "takes 1 inputs, got 0"),
        ([np.zeros((3, 2), np.float32)], "input 0 must be tensor<2x3xf32>, got .* 3x2xfloat32"),
        ([np.zeros((2, 3))], "input 0 must be tensor<2x3xf32>, got .* 2x3xfloat64"),
        ([np.zeros((2, 3), ">f4")], "input 0 must be"),
    ],
)
def test_wrong_inputs_are_named(negate, arrays, message):
    with pytest.raises(InputError, match=message):
        negate(*arrays)


def test_inputs_of_any_layout(negate):
    big = np.arange(24, dtype=np.float32).reshape(6, 4)
    for x in (big[::3, 1:], np.asfortranarray(big[:2, :3]), big[:2, 2::-1]):
        assert negate(x)[0].tolist() == (-x).tolist()


def test_results_are_fresh_and_aligned(negate):
    x = np.ones((2, 3), np.float32)
    a, b = negate(x)[0], negate(x)[0]
    assert not np.shares_memory(a, b)
    assert a.ctypes.data % 64 == 0
    assert a.flags.c_contiguous
    assert a.flags.writeable


def test_bytes_of_i1_other_than_one():
    exe = Executable(chain(TensorType((4,), I1), ["not"]))
    x = np.array([0, 1, 2, 255], np.uint8).view(bool)
    assert exe(x)[0].view(np.uint8).tolist() == [1, 0, 0, 0]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="MXCSR is of x86")
def test_runs_without_flushing_whatever_the_process_does(negate):
    setter = Machine(
        "declare void @llvm.x86.sse.ldmxcsr(ptr)\ndeclare void @llvm.x86.sse.stmxcsr(ptr)\n"
        "define void @set(ptr %p) {\n call void @llvm.x86.sse.ldmxcsr(ptr %p)\n ret void\n}\n"
        "define void @get(ptr %p) {\n call void @llvm.x86.sse.stmxcsr(ptr %p)\n ret void\n}\n",
        0,
    )
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    put, get = kind(setter.address("set")), kind(setter.address("get"))
    exe = Executable(chain(TensorType((1,), F32), ["abs"]))
    flushing, before, after = (ctypes.c_uint32() for _ in range(3))
    get(ctypes.addressof(before))
    flushing.value = before.value | 0x8040 | 0x6000  # flush, and round toward zero
    b = Builder([TensorType((2,), F32), TensorType((2,), F32)])
    exe = Executable(module(b.graph([b.emit("multiply", [0, 1])])))
    x, y = np.array([1e-39, 1 / 3], np.float32), np.array([0.5, 1 / 3], np.float32)
    want = (x * y).tolist()
    put(ctypes.addressof(flushing))
    try:
        (out,) = exe(x, y)
        get(ctypes.addressof(after))
    finally:
        put(ctypes.addressof(before))
    assert out.tolist() == want
    assert after.value & 0xE040 == 0xE040


def test_code_generation_levels_give_the_same_bits():
    graph = chain(TensorType((50_000,), F32), ["tanh", "exponential", "log"])
    x = np.linspace(-3, 3, 50_000, dtype=np.float32)
    outputs = [Executable(graph, level=level)(x)[0].tobytes() for level in (0, 1, 2, 3)]
    assert len(set(outputs)) == 1


def test_what_is_not_written_shows(monkeypatch):
    exe = Executable(chain(TensorType((5,), F32), ["negate"]))
    x = np.ones(5, np.float32)
    exe.poison = True
    assert exe(x)[0].tolist() == [-1] * 5
    monkeypatch.setattr("compiler.executable.guard", lambda: lambda entry, arguments: None)
    assert np.isnan(exe(x)[0]).all()


def test_threads_do_not_share_scratch_memory():
    exe = Executable(chain(TensorType((20_000,), F64), ["sine", "cosine", "tanh"]))
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal(20_000) for _ in range(4)]
    want = [exe(x)[0].tobytes() for x in xs]
    wrong = []

    def work(k):
        for _ in range(30):
            if exe(xs[k])[0].tobytes() != want[k]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_temporaries_share_memory_but_never_overlap_in_time():
    t = TensorType((1000,), F32)
    m = chain(t, ["negate", "abs", "negate", "sqrt", "floor", "ceil", "abs"])
    assert layout(lower(m)).arena == 2 * 4032
    b = Builder([t])
    kept = b.emit("negate", [0])
    v = kept
    for _ in range(5):
        v = b.emit("abs", [v])
    m = module(b.graph([b.emit("add", [v, kept])]))
    assert layout(lower(m)).arena == 3 * 4032
    x = np.arange(1000, dtype=np.float32)
    assert Executable(m)(x)[0].tolist() == [0.0] * 1000


def test_refused_text_is_our_own_fault():
    with pytest.raises(InternalError, match="LLVM refuses"):
        Machine("define void @main(ptr %x) {\n ret i32 0\n}\n", 0)


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="needs /proc")
def test_dropped_programs_give_their_memory_back():
    def resident():
        gc.collect()
        pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096

    def compile_some(first, count):
        for k in range(first, first + count):
            b = Builder([TensorType((5 + k % 7,), F32)])
            v = b.emit("tanh", [b.emit("add", [0, 0])])
            Executable(module(b.graph([b.emit("multiply", [v, 0])])))

    guard()
    compile_some(0, 100)
    before = resident()
    compile_some(100, 400)
    assert resident() - before < 3_000_000


def test_llvm_loads_what_our_loader_cannot(monkeypatch):
    def refuse(level):
        raise UnknownObject("not here")

    m = chain(TensorType((20,), F32), ["tanh", "exponential", "negate"])
    x = np.linspace(-3, 3, 20, dtype=np.float32)
    want = Executable(m)(x)[0].tobytes()
    monkeypatch.setattr(jit, "_object_writer", refuse)
    assert Executable(m)(x)[0].tobytes() == want


@pytest.mark.skipif(not available(), reason="x86-64 Linux only")
def test_loader_refuses_symbols_that_nobody_has():
    text = "declare void @nobody()\ndefine void @main() {\n call void @nobody()\n ret void\n}\n"
    data = jit._object_writer(0).emit_object(jit._parse(text))
    with pytest.raises(UnknownObject, match="relocation"):
        Image(data, lambda name: None)
    assert Image(data, lambda name: 4096).address("main")
