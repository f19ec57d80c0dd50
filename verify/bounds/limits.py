"""How far an implementation of a transcendental function may be from the true value, in units in
the last place.

The specification leaves the accuracy to the implementation, so these are assumptions, stated here
and nowhere else:

* f32: 2 ulp for the functions that every math library computes to about 1 ulp (glibc's manual,
  *Errors in Math Functions*; vendor vector libraries promise 1 to 4 ulp for their high-accuracy
  variants); 4 for power, which most compilers compose of exp and log.
* f64: exp and log 2, others 4: polynomials in f64 have no wider format to fall back on; power 8.
* chlo: inverse trigonometric and hyperbolic functions as above. The others as f32 2, f64 8: of
  those that are measured, the worst are 4 (lgamma, digamma, erfc, erf_inv) and 6 (zeta).
  Where an implementation adds large terms of opposite signs (lgamma, digamma below 0) or takes
  the exponential of such a sum (polygamma), the unit is an ulp of the terms, see
  :func:`verify.bounds.chlo.terms`.
* f16, bf16: 1 ulp: they are computed in f32 and rounded, and 4 ulp of f32 are far less than the
  half ulp that is left.

An ulp is at most 2 u abs(value), so k ulp are taken as 2 k u abs(value) + k eta, at most twice as
much. Under ``afn`` all limits are multiplied by 4, and sqrt becomes a function of 2 ulp (then 8);
and since expressions such as exp(x) - 1 may become one function, their last op has that function's
limit. LLVM gives ``afn`` no number, so 4 is one for all; a function that a contract allows still
more has its limit stated there (:class:`compiler.contract.Limit`).
"""

from __future__ import annotations

from compiler.dtypes import BF16, F16, F32, F64, DType

_F32: dict[str, float] = {
    "atan2": 2.0,
    "cbrt": 2.0,
    "cosine": 2.0,
    "exponential": 2.0,
    "exponential_minus_one": 2.0,
    "log": 2.0,
    "log_plus_one": 2.0,
    "logistic": 2.0,
    "power": 4.0,
    "rsqrt": 2.0,
    "sine": 2.0,
    "sqrt": 2.0,
    "tan": 2.0,
    "tanh": 2.0,
    "chlo.acos": 2.0,
    "chlo.acosh": 2.0,
    "chlo.asin": 2.0,
    "chlo.asinh": 2.0,
    "chlo.atan": 2.0,
    "chlo.atanh": 2.0,
    "chlo.bessel_i1e": 2.0,
    "chlo.cosh": 2.0,
    "chlo.digamma": 2.0,
    "chlo.erf": 2.0,
    "chlo.erf_inv": 2.0,
    "chlo.erfc": 2.0,
    "chlo.lgamma": 2.0,
    "chlo.polygamma": 2.0,
    "chlo.sinh": 2.0,
    "chlo.zeta": 2.0,
}
_WIDE = ("bessel_i1e", "digamma", "erf_inv", "erfc", "lgamma", "polygamma", "zeta")
_F64 = {op: 2.0 if op in ("exponential", "log", "sqrt") else 2.0 * k for op, k in _F32.items()}
_F64 |= {f"chlo.{op}": 8.0 for op in _WIDE}
_SMALL = dict.fromkeys(_F32, 1.0)

AFN = 4.0
ULPS: dict[DType, dict[str, float]] = {F16: _SMALL, BF16: _SMALL, F32: _F32, F64: _F64}


def roundings(op: str, dtype: DType, afn: bool, stated: float = 0.0) -> float:
    """The limit of ``op`` in ``dtype`` as a number of roundings of unit u; ``stated`` is the limit
    in ulp that a contract allows, if it is wider.
    """
    return 2 * max(ULPS[dtype][op] * (AFN if afn else 1.0), stated)


def fused_roundings(dtype: DType) -> float:
    """What an addition or division at the end of an expression may lose when ``afn`` makes it one
    function; there are no functions of the narrow types.
    """
    if dtype.narrow:
        return 1.0
    return roundings("exponential_minus_one", dtype, True)
