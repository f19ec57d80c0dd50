"""Bugs in transcendental functions: cancellation, short polynomials, naive range reduction.

The interpreter and the machine code execute the same bodies, so a wrong one is a bug of lowering.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from compiler.dtypes import F32, F64
from compiler.nest import functions, math_exp, math_gamma, math_log, math_trig
from compiler.nest.ir import Body
from compiler.nest.math import MATH
from compiler.nest.math_value import Value, fma, function, poly, select, through_f64
from verify.faults.base import Install, declare, exchanged
from verify.faults.codegen import own_library

Of = Callable[..., Value]


def replaced(name: str, f32: Of, f64: Of | None = None, arity: int = 1) -> Install:
    """A fault that gives function ``name`` of :mod:`compiler.nest.math` another body.

    Args:
        name: of the function.
        f32: the body for f32, in f32.
        f64: the body for f64; the right one stays if there is none.
        arity: how many arguments it has.
    """

    @contextmanager
    def install() -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(own_library())
            for of, dtype in ((f32, F32), (f64, F64)):
                if of is not None:
                    body = function(of, dtype, arity)
                    stack.enter_context(exchanged(MATH, f"{name}.{dtype}", _always(body))())
            functions.function.cache_clear()
            try:
                yield
            finally:
                functions.function.cache_clear()

    return install


def _always(body: Body) -> Callable[[Body], Body]:
    return lambda _old: body


def _short_exp(x: Value) -> Value:
    """The polynomial without its last term."""
    x = math_exp.clamp(x, -104.0, 89.0)
    shifted = fma(x, math_exp.LOG2E, math_exp.SHIFT)
    r = fma(shifted - math_exp.SHIFT, -math_exp.LN2, x)
    terms = (1.0, 1.0, *math_exp._EXP_F32[:-1])
    return poly(r, terms) * math_exp.power_of_two(shifted)


def _f64(of: Of) -> Of:
    """The function that computes ``of`` in f64 and rounds once at the end."""
    made: Of = through_f64(of)
    return made


def _log(x: Value) -> Value:
    return _f64(math_log.log_f32)(x) if x.dtype is F32 else math_log.log_f64(x)


def _exp(x: Value) -> Value:
    return _f64(math_exp.exp_f32)(x) if x.dtype is F32 else math_exp.exp_f64(x)


def _log1p(x: Value) -> Value:
    """log(1 + x): the sum rounds."""
    return _log(x + 1.0)


def _expm1(x: Value) -> Value:
    """exp(x) - 1: the difference cancels."""
    return _exp(x) - 1.0


def _logistic(x: Value) -> Value:
    """exp(x) / (exp(x) + 1): infinity by infinity for large x."""
    e = _exp(x)
    return e / (e + 1.0)


def _atanh(x: Value) -> Value:
    """(log(1 + x) - log(1 - x)) / 2: cancels around 0."""
    return (_log(x + 1.0) - _log(1.0 - x)) * 0.5


def _tanh(x: Value) -> Value:
    """One step above 1 where the result has reached it."""
    y = _f64(math_exp.tanh_f32)(x)
    return select(abs(y).eq(1.0), y * (1.0 + 2.0**-23), y)


def _sin(x: Value) -> Value:
    """The argument less whole turns, in f64: wrong for large arguments."""

    def reduced(a: Value) -> Value:
        turns = (a * (0.5 / math.pi)).rint()
        return math_trig.sin_f32(a - turns * (2.0 * math.pi))

    return _f64(reduced)(x)


def _cos(x: Value) -> Value:
    """The same for the cosine."""

    def reduced(a: Value) -> Value:
        turns = (a * (0.5 / math.pi)).rint()
        return math_trig.cos_f32(a - turns * (2.0 * math.pi))

    return _f64(reduced)(x)


def _atan2(y: Value, x: Value) -> Value:
    """atan(y / x): the quadrant is lost, and so are two zeros."""
    one = x.lift(1.0)
    return _f64(math_trig.atan2_f32)(y / x, one)


def _rsqrt(x: Value) -> Value:
    """The square root rounded before it is inverted, and that to 12 bits."""
    y = 1.0 / x.emit("fsqrt")
    return (y.bits() & ~0xFFF).as_float()


def _power(x: Value, y: Value) -> Value:
    """exp(y * log(x)): NaN for negative bases, and rounded on the way."""
    return _exp(y * _log(x))


def _lgamma(x: Value) -> Value:
    """Without reflection: poles and negative arguments as if they were positive."""
    return _f64(math_gamma.lgamma)(abs(x))


def _function(
    name: str, kind: str, op: str, summary: str, install: Install, *, source: str
) -> None:
    declare(name, kind, summary, blame=("lower", op), install=install, source=source)


# fmt: off
_function("exp-short-polynomial", "inaccurate function", "exponential",
          "exponential of f32 leaves out the last term of its polynomial",
          replaced("exp", _short_exp),
          source="jax-ml/jax#39707: log1p off by up to 129 ulp")
_function("log1p-cancels", "cancellation", "log_plus_one",
          "log_plus_one is log(1 + x)",
          replaced("log1p", _log1p, _log1p),
          source="jax-ml/jax#1200: log(1 + x) loses what log1p keeps")
_function("expm1-cancels", "cancellation", "exponential_minus_one",
          "exponential_minus_one is exp(x) - 1",
          replaced("expm1", _expm1, _expm1),
          source="tensorflow/tensor2tensor#1424: exp(x) - 1 loses what expm1 keeps")
_function("atanh-cancels", "cancellation", "chlo.atanh",
          "atanh is half of log(1 + x) - log(1 - x)",
          replaced("atanh", _atanh, _atanh),
          source="jax-ml/jax#39707: log1p, and atanh with it, off by up to 129 ulp")
_function("logistic-overflows", "overflow", "logistic",
          "logistic is exp(x) / (exp(x) + 1), NaN for large x",
          replaced("logistic", _logistic, _logistic),
          source="jax-ml/jax#980: overflow inside expit")
_function("tanh-above-one", "inaccurate function", "tanh",
          "tanh of f32 is one step above 1 where it should have reached 1",
          replaced("tanh", _tanh),
          source="tensorflow/tensorflow#55390: XLA's tanh(8) is 1.0000001")
_function("sine-naive-reduction", "inaccurate function", "sine",
          "sine of f32 subtracts whole turns in f64, wrong for large arguments",
          replaced("sin", _sin),
          source="ml-explore/mlx#4157: sin(1e10) is -inf")
_function("cosine-naive-reduction", "inaccurate function", "cosine",
          "cosine of f32 subtracts whole turns in f64, wrong for large arguments",
          replaced("cos", _cos),
          source="golang/go#6794: wrong trigonometric functions of huge arguments")
_function("atan2-loses-quadrant", "wrong algebra", "atan2",
          "atan2 of f32 is atan(y / x)",
          replaced("atan2", _atan2, arity=2),
          source="openxla/xla#44705: atan2 of two zeros is NaN")
_function("rsqrt-approximate", "missing contract", "rsqrt",
          "rsqrt of f32 has 12 significant bits",
          replaced("rsqrt", _rsqrt),
          source="jax-ml/jax#980: XLA approximated reciprocals by default")
_function("power-by-logarithm", "lost sign", "power",
          "power is exp(y log(x)), NaN for negative bases",
          replaced("pow", _power, _power, 2),
          source="openxla/xla#16585: special cases of pow dropped, and restored in review")
_function("lgamma-unreflected", "wrong sign", "chlo.lgamma",
          "lgamma of f32 takes negative arguments for positive ones",
          replaced("lgamma", _lgamma),
          source="jax-ml/jax#35307: polygamma of negative arguments is not reflected")
# fmt: on
