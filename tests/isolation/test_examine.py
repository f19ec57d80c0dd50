"""The ladder of verdicts, with targets that misbehave on purpose."""

from dataclasses import replace

import numpy as np
import pytest

from compiler.contract import EXACT, allow
from compiler.errors import InputError, UnsupportedError
from compiler.pipeline import Options
from compiler.text import parse
from verify.examine import Question, examine, prepare
from verify.ref import evaluate
from verify.targets.protocol import Compiled, Deviation, Profile

SUM = """
func.func @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.add %x, %y : tensor<3xf32>
  return %0 : tensor<3xf32>
}
"""
MODULE = parse(SUM)
INPUTS = [np.array([1, 2, 3], np.float32), np.array([0.1, 0.2, 0.3], np.float32)]


class Toy:
    """A target made of two functions."""

    name = "toy"
    version = "1"

    def __init__(self, run=None, compile=None, profile=None, canonical=None):
        self.run = run or (lambda inputs: evaluate(MODULE, inputs))
        self.on_compile = compile
        self.profile = profile or Profile()
        self.canonical = canonical

    def passes(self):
        return ()

    def compile(self, module, options):
        if self.on_compile:
            self.on_compile()
        return Compiled(self.run, EXACT, None, self.canonical)


def raises(error):
    def call(*_arguments):
        raise error

    return call


def kind(target, inputs=INPUTS):
    return examine(MODULE, inputs, target).kind


def off_by(amount):
    return lambda inputs: (evaluate(MODULE, inputs)[0] + np.float32(amount),)


def test_agreement():
    assert kind(Toy()) == "identical"


@pytest.mark.parametrize("place", ["run", "compile"])
@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (UnsupportedError("no f32 here"), "unsupported"),
        (TimeoutError("too slow"), "timeout"),
        (ValueError("boom"), "crash"),
        (RecursionError("deep"), "crash"),
        (MemoryError("full"), "crash"),
    ],
)
def test_exceptions_are_verdicts(place, error, verdict):
    found = examine(MODULE, INPUTS, Toy(**{place: raises(error)}))
    assert found.kind == verdict
    assert str(error) in found.note
    assert found.failed == (verdict != "unsupported")


def test_ctrl_c_is_not_a_verdict():
    with pytest.raises(KeyboardInterrupt):
        examine(MODULE, INPUTS, Toy(run=raises(KeyboardInterrupt())))


def test_the_smallest_wrong_bit_is_a_violation():
    found = examine(MODULE, INPUTS, Toy(run=off_by(1e-6)))
    assert found.kind == "violation"
    assert found.failed


def test_wrong_shape_dtype_and_number_are_violations():
    right = evaluate(MODULE, INPUTS)[0]
    for outputs in ((right[:2],), (right.astype(np.float64),), (right, right), ()):
        assert kind(Toy(run=lambda _inputs, o=outputs: o)) == "violation"


def test_a_failure_that_changes_is_nondeterminism():
    calls = iter(range(10))
    found = examine(MODULE, INPUTS, Toy(run=lambda i: off_by(next(calls) + 1)(i)))
    assert found.kind == "nondeterministic"
    assert "two runs differ" in found.note


def test_other_bits_than_the_canonical_ones_are_a_violation():
    def canonical(inputs):
        return (evaluate(MODULE, inputs)[0] * np.float32(1),)

    assert kind(Toy(canonical=canonical)) == "identical"
    found = examine(MODULE, INPUTS, Toy(canonical=off_by(1)))
    assert found.kind == "violation"
    assert "canonical" in found.note
    assert found.verdict.outputs[0].worst == (0,)


def test_a_crash_of_the_canonical_evaluation_counts_and_is_told_apart():
    found = examine(MODULE, INPUTS, Toy(canonical=raises(ValueError("boom"))))
    assert found.kind == "crash"
    assert found.note.startswith("the canonical evaluation failed, not the compiled program:")
    assert found.outputs
    assert "canonical" not in examine(MODULE, INPUTS, Toy(run=raises(ValueError("boom")))).note


FLUSHING = Deviation("ftz", "subnormals are zero", "here", widens=allow(flush=True))
DIVIDING = Deviation("div", "x / 0", "here", leeways=frozenset({"integer-division"}))
SIGNLESS = Deviation("zeros", "no signs of zeros", "here", allow("nsz"))


def test_a_declared_leeway_explains_a_violation_and_is_named():
    tiny = [np.full(3, 1e-40, np.float32), np.zeros(3, np.float32)]
    flushing = Toy(run=lambda _inputs: (np.zeros(3, np.float32),))
    assert kind(flushing, tiny) == "violation"
    flushing.profile = Profile((DIVIDING, SIGNLESS, FLUSHING))
    found = examine(MODULE, tiny, flushing)
    assert (found.kind, found.failed, found.deviations) == ("explained", False, ("ftz",))
    assert found.verdict.outputs[0].verdict == "explained"
    assert "subnormals are zero" in found.note
    assert kind(flushing, INPUTS) == "violation"  # nothing there is subnormal


def test_a_leeway_may_need_another_op():
    odd = Toy(run=lambda inputs: (inputs[0],))
    text = "func.func @main(%a: tensor<1xi32>, %b: tensor<1xi32>) -> tensor<1xi32> {{ {} }}"
    power = "%0 = stablehlo.power %a, %b : tensor<1xi32>"
    alone = parse(text.format(f"{power} return %0 : tensor<1xi32>"))
    more = "%1 = stablehlo.divide %a, %0 : tensor<1xi32> return %1 : tensor<1xi32>"
    divided = parse(text.format(f"{power} {more}"))
    entry = Deviation("power", "", "", leeways=frozenset({"inverted-power"}))
    inputs = [np.full(1, 3, np.int32), np.full(1, 2, np.int32)]
    for needs, kinds in (((), ["explained"] * 2), (("divide",), ["violation", "explained"])):
        odd.profile = Profile((replace(entry, needs=frozenset(needs)),))
        assert [examine(m, inputs, odd).kind for m in (alone, divided)] == kinds


def test_what_no_declared_leeway_allows_stays_a_violation():
    assert kind(Toy(run=off_by(1), profile=Profile((FLUSHING, DIVIDING)))) == "violation"
    three = Toy(run=lambda _inputs: (np.zeros(2, np.float32),), profile=Profile((FLUSHING,)))
    assert kind(three) == "violation"


def test_a_declared_contract_allows():
    negative = [np.full(3, -0.0, np.float32)] * 2
    plus = Toy(run=lambda _inputs: (np.zeros(3, np.float32),))
    assert kind(plus, negative) == "violation"
    plus.profile = Profile((SIGNLESS,))
    assert kind(plus, negative) == "allowed"


@pytest.mark.parametrize("place", ["run", "compile"])
def test_a_declared_symptom_explains_a_crash(place):
    dies = Deviation(
        "dies", "of boom", "here", symptom=lambda module, note: module is MODULE and "boom" in note
    )
    target = Toy(**{place: raises(ValueError("boom"))}, profile=Profile((dies,)))
    found = examine(MODULE, INPUTS, target)
    assert (found.kind, found.deviations) == ("explained", ("dies",))
    target = Toy(**{place: raises(ValueError("bang"))}, profile=Profile((dies,)))
    assert examine(MODULE, INPUTS, target).kind == "crash"


def test_a_declared_symptom_explains_an_output_of_a_wrong_type():
    short = Toy(run=lambda _inputs: (np.zeros(2, np.float32),))
    for said, verdict in (("float32[2] instead", "explained"), ("float32[4]", "violation")):
        entry = Deviation("short", "", "", symptom=lambda _module, note, said=said: said in note)
        short.profile = Profile((entry,))
        assert kind(short) == verdict


def test_a_symptom_and_a_leeway_explain_an_output_each():
    t = "tensor<1xi32>"
    two = parse(
        f"""func.func @main(%a: {t}, %b: {t}) -> ({t}, {t}) {{
          %0 = stablehlo.divide %a, %b : {t}
          return %a, %0 : {t}, {t}
        }}"""
    )
    inputs = [np.ones(1, np.int32), np.zeros(1, np.int32)]
    short = Deviation("short", "", "", symptom=lambda _module, note: "int32[0] instead" in note)
    odd = Toy(run=lambda _inputs: (np.zeros(0, np.int32), np.full(1, 7, np.int32)))
    for profile, names in (
        ((short, DIVIDING), ("short", "div")),
        ((short,), ()),
        ((DIVIDING,), ()),
    ):
        odd.profile = Profile(profile)
        found = examine(two, inputs, odd)
        assert (found.kind, found.deviations) == ("explained" if names else "violation", names)


@pytest.mark.parametrize(
    "inputs", [INPUTS[:1], [INPUTS[0], INPUTS[1][:2]], [INPUTS[0], np.zeros(3)]]
)
def test_inputs_that_do_not_fit_are_the_callers_mistake(inputs):
    for target in ("assay", Toy(), Toy(compile=raises(ValueError("boom")))):
        with pytest.raises(InputError, match="input"):
            examine(MODULE, inputs, target)


def test_an_input_error_of_the_compiler_is_a_crash():
    assert kind(Toy(run=raises(InputError("input 0 must be a tensor")))) == "crash"


@pytest.mark.parametrize(
    ("canonical", "line"),
    [
        ((), "1 outputs here and 0 there"),
        ((np.zeros(2, np.float32),), r"output 0 is float32[3] here and float32[2] there"),
        ((np.zeros(3, np.float64),), r"output 0 is float32[3] here and float64[3] there"),
    ],
)
def test_canonical_outputs_of_another_kind_are_a_violation(canonical, line):
    found = examine(MODULE, INPUTS, Toy(canonical=lambda _inputs: canonical))
    assert found.kind == "violation"
    assert found.note == f"the canonical evaluation differs: {line}"
    assert line in str(found.verdict)


def test_one_compilation_serves_many_inputs():
    compiled = []
    prepared = prepare(MODULE, Toy(compile=lambda: compiled.append(1)))
    assert [prepared.examine([k * x for x in INPUTS]).kind for k in range(3)] == ["identical"] * 3
    assert len(compiled) == 1


def test_a_question_asks_the_reference_once(monkeypatch):
    from verify import examine as module

    asked = []
    honest = module.enclose
    monkeypatch.setattr(module, "enclose", lambda *a, **k: (asked.append(1), honest(*a, **k))[1])
    question = Question(MODULE, INPUTS)
    for level in (0, 1, 2):
        prepare(MODULE, "assay", Options(level=level)).examine(question)
    assert len(asked) == 1
