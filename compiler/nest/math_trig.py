"""sin, cos, tan and atan2.

Arguments of any size are reduced to quarter turns without loss: f32 with 2 / pi in seven pieces
whose products with a 24-bit number are exact in f64, f64 with the 192 bits of 2 / pi that matter at
the argument's exponent (Payne and Hanek, "Radian reduction for trigonometric functions", SIGNUM
18(1), 1983), chosen by selections from constants.
"""

from __future__ import annotations

import math

from compiler.nest.math_value import (
    Value,
    fast_two_sum,
    fma,
    poly,
    select,
    two_product,
)

_SIGN = 1 << 63
_LOW32 = 0xFFFFFFFF
_PI_2 = float.fromhex("0x1.921fb54442d18p+0")
_PI_2_REST = float.fromhex("0x1.1a62633145c07p-54")
_ROUND = 1.5 * 2.0**52  # adding it rounds to an integer and leaves that in the low bits

# 2 / pi in pieces of 29 bits.
_TWO_OVER_PI = (
    float.fromhex("0x1.45f306dp-1"),
    float.fromhex("0x1.9391054p-30"),
    float.fromhex("0x1.4fe13abp-59"),
    float.fromhex("0x1.d1f534dp-88"),
    float.fromhex("0x1.b81b6c5p-117"),
    float.fromhex("0x1.5993c4p-148"),
    float.fromhex("0x1.c820ff2p-175"),
)
# sin(q pi / 2) / q and cos(q pi / 2) in q**2 up to 1/2: relative error 2**-37.7, 2**-34.0
_SIN_F32 = (
    1.5707963267877352,
    -0.6459640961001224,
    0.07969258178900875,
    -0.004681260231069499,
    0.0001581941770975179,
)
_COS_F32 = (
    0.9999999999438212,
    -1.2337005395470613,
    0.2536691821894335,
    -0.020859933093324057,
    0.0009033564442132778,
)


def _quarter_turns_f32(a: Value) -> tuple[Value, Value]:
    """``a = (n + q) pi / 2`` modulo 2 pi for an f32 value a >= 0; q in [-1/2, 1/2], n low bits.

    A product with one piece is exact; whole turns are cut off it, exactly. Then at most two of the
    parts are above 1/16, and each partial sum below is exact wherever its successor may cancel it.
    """
    parts = []
    for piece in _TWO_OVER_PI[:5]:
        p = a * piece
        parts.append(fma((p * 0.25).rint(), -4.0, p))
    rest = fma(a, _TWO_OVER_PI[6], a * _TWO_OVER_PI[5])
    total = parts[0] + parts[1] + parts[2] + parts[3] + parts[4]
    rounded = total + _ROUND
    q = parts[0] - (rounded - _ROUND)
    for part in (*parts[1:], rest):
        q = q + part
    return q, rounded.bits()


def _sin_cos_f32(a: Value) -> tuple[Value, Value, Value]:
    """Sine and cosine of the angle within the quarter turn, and the quarter turns' number."""
    q, n = _quarter_turns_f32(a)
    u = q * q
    return q * poly(u, _SIN_F32), poly(u, _COS_F32), n


def _odd(n: Value) -> Value:
    return (n & 1).ne(0)


def _flip(x: Value, sign: Value) -> Value:
    """``x`` with its sign bit changed where ``sign`` has one."""
    return (x.bits() ^ sign).as_float()


def _sine(s: Value, c: Value, n: Value, x: Value) -> Value:
    """Sine of n quarter turns and the rest, signed as x."""
    return _flip(select(_odd(n), c, s), ((n & 2) << 62) ^ (x.bits() & _SIGN))


def _cosine(s: Value, c: Value, n: Value) -> Value:
    """Cosine of n quarter turns and the rest."""
    return _flip(select(_odd(n), s, c), ((n + 1) & 2) << 62)


def sin_f32(x: Value) -> Value:
    """Sine in f64 arithmetic, right to 2**-33."""
    return _sine(*_sin_cos_f32(abs(x)), x)


def cos_f32(x: Value) -> Value:
    """Cosine in f64 arithmetic, right to 2**-33."""
    return _cosine(*_sin_cos_f32(abs(x)))


def tan_f32(x: Value) -> Value:
    """Tangent in f64 arithmetic, right to 2**-33."""
    s, c, n = _sin_cos_f32(abs(x))
    odd = _odd(n)
    return _flip(select(odd, c, s) / select(odd, s, c), (n << 63) ^ (x.bits() & _SIGN))


# 64 zeros, then the first bits of 2 / pi.
_TWO_OVER_PI_BITS = (
    0x0000000000000000,
    0xA2F9836E4E441529,
    0xFC2757D1F534DDC0,
    0xDB6295993C439041,
    0xFE5163ABDEBBC561,
    0xB7246E3A424DD2E0,
    0x06492EEA09D1921C,
    0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484,
    0xE99C7026B45F7E41,
    0x3991D639835339F4,
    0x9C845F8BBDF9283B,
    0x1FF897FFDE05980F,
    0xEF2F118B5A0A6D1F,
    0x6D367ECF27CB09B7,
    0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B,
    0x3D0739F78A5292EA,
    0x6BFB5FB11F8D5D08,
    0x56033046FC7B6BAB,
)


def _window(j: Value) -> list[Value]:
    """Bits j..j+191 of the table as three words, the highest first."""
    table = [j.lift(w) for w in _TWO_OVER_PI_BITS]
    words = table[:19]
    for level, keep in ((3, 11), (2, 7), (1, 5), (0, 4)):
        chosen = (j & (64 << level)).ne(0)
        words = [select(chosen, words[t + (1 << level)], words[t]) for t in range(keep)]
    last = (j & 1024).ne(0)
    words = [select(last, table[16 + t], words[t]) for t in range(4)]
    s = j & 63
    back = 64 - s
    return [(words[t] << s) | (words[t + 1] >> back) for t in range(3)]


def _as_float(word: Value, exponent: int) -> Value:
    """``word * 2**exponent``, exactly, for a word below 2**32."""
    return (word | ((1023 + 52 + exponent) << 52)).as_float() - 2.0 ** (52 + exponent)


def _payne_hanek(a: Value) -> tuple[Value, Value, Value]:
    """For a in [pi / 4, inf): r + rest = a - n pi / 2 with ``|r| <= pi / 4``, and n (low bits).

    With a = m 2**e, ``a * 2 / pi`` modulo 4 is m times the 192 bits from weight 2**(1 - e) on: two
    bits of quarter turns and 190 of fraction, of which at most 62 are zeros (Muller, Elementary
    Functions, 3rd ed., 11.3).
    """
    bits = a.bits()
    w = [
        half for word in _window((bits >> 52) - 1013)[::-1] for half in (word & _LOW32, word >> 32)
    ]
    low, high = bits & _LOW32, ((bits >> 32) & 0xFFFFF) | 0x100000
    carry = (low * w[0]) >> 32
    product, limbs = low * w[1], []
    for k in range(1, 6):
        column = (product & _LOW32) + carry + high * w[k - 1]
        limbs.append(column & _LOW32)
        carry = (column >> 32) + (product >> 32)
        if k < 5:
            product = low * w[k + 1]
    r1, r2, r3, r4, r5 = limbs
    n = ((r5 + 0x20000000) >> 30) & 3
    top = ((r5 << 34) | (r4 << 2)) | (r3 >> 30)  # the fraction, as a signed number of 64 bits
    mid = ((r3 << 34) | (r2 << 2)) | (r1 >> 30)
    sign = top & _SIGN
    flip = 0 - (top >> 63)
    top, mid = top ^ flip, mid ^ flip
    q, rest = fast_two_sum(_as_float(top >> 32, -32), _as_float(top & _LOW32, -64))
    rest = rest + (_as_float(mid >> 32, -96) + _as_float(mid & _LOW32, -128))
    q, rest = fast_two_sum(q, rest)
    r, error = two_product(q, _PI_2)
    rest = fma(rest, _PI_2, fma(q, _PI_2_REST, error))
    return _flip(r, sign), _flip(rest, sign), n


# (sin(r) - r) / r**3 and (cos(r) - 1 + r**2 / 2) / r**4 in r**2: relative error 2**-56.3, 2**-59.7
_SIN = (
    -0.1666666666666663,
    0.008333333333322118,
    -0.00019841269829588704,
    2.7557313621096113e-06,
    -2.5050747716956512e-08,
    1.5896227444486135e-10,
)
_COS = (
    0.041666666666666595,
    -0.0013888888888873056,
    2.480158728885095e-05,
    -2.7557314179065177e-07,
    2.087570080869672e-09,
    -1.1358534711470585e-11,
)


def _sin_cos_f64(a: Value) -> tuple[tuple[Value, Value], tuple[Value, Value], Value]:
    """Sine and cosine of the angle within the quarter turn, each in two parts, and the number n."""
    r, rest, n = _payne_hanek(a)
    small = a <= math.pi / 4
    r, rest, n = select(small, a, r), select(small, 0.0, rest), select(small, 0, n)
    z, z_rest = two_product(r, r)
    s = fast_two_sum(r, fma(z * r, poly(z, _SIN), fma(z, -0.5, 1.0) * rest))
    high, low = fast_two_sum(r.lift(1.0), z * -0.5)
    low = low + fma(z * z, poly(z, _COS), fma(z_rest, -0.5, -(r * rest)))
    # An infinite or NaN argument has no place in the table: make both NaN.
    bad = a - a
    return (s[0] + bad, s[1]), fast_two_sum(high + bad, low), n


def sin_f64(x: Value) -> Value:
    """Sine, 0.75 ulp."""
    (s, _), (c, _), n = _sin_cos_f64(abs(x))
    return _sine(s, c, n, x)


def cos_f64(x: Value) -> Value:
    """Cosine, 0.75 ulp."""
    (s, _), (c, _), n = _sin_cos_f64(abs(x))
    return _cosine(s, c, n)


def tan_f64(x: Value) -> Value:
    """Quotient of sine and cosine with their rests, below one ulp."""
    (s, s_rest), (c, c_rest), n = _sin_cos_f64(abs(x))
    odd = _odd(n)
    top, bottom = select(odd, c, s), select(odd, s, c)
    inverse = 1.0 / bottom
    q = top * inverse
    left = fma(q, -bottom, top) + fma(q, -select(odd, s_rest, c_rest), select(odd, c_rest, s_rest))
    return _flip(fma(left, inverse, q), (n << 63) ^ (x.bits() & _SIGN))


# atan(t) / t in t**2 up to 1 for f32: relative error 2**-31.3
_ATAN_F32 = (
    0.9999999996281831,
    -0.33333323935207143,
    0.19999604639799676,
    -0.1427915969805717,
    0.11054501701456979,
    -0.08798774054986831,
    0.0671611246252841,
    -0.044357568804264176,
    0.022274419643809554,
    -0.007199415016802658,
    0.001091117083202664,
)
# (atan(t) / t - 1) / t**2 in t**2 up to tan(pi / 8), relative to atan(t) / t: error 2**-57.5
_ATAN = (
    -0.333333333333332,
    0.1999999999995324,
    -0.14285714280165884,
    0.11111110782120016,
    -0.09090897724210045,
    0.07692059698244055,
    -0.06663098978171543,
    0.05847857577642653,
    -0.050391825452259884,
    0.03806193368463683,
    -0.017904807261524335,
)


def _legs(y: Value, x: Value) -> tuple[Value, Value, Value, Value]:
    """The shorter and the longer of ``|y|`` and ``|x|``, if ``|y|`` is longer, if x has a sign.

    Two zeros become 0 and 1, two infinities 1 and 1, one infinity 0 and 1: the same angles.
    """
    a, b = abs(y), abs(x)
    steep = a > b
    short, long = select(steep, b, a), select(steep, a, b)
    infinite = long.eq(math.inf)
    short = select(infinite, select(short.eq(math.inf), 1.0, short * 0.0), short)
    long = select(infinite | long.eq(0.0), 1.0, long)
    return short, long, steep, (x.bits() & _SIGN).ne(0)


def atan2_f32(y: Value, x: Value) -> Value:
    """atan2 in f64 arithmetic, right to 2**-31."""
    short, long, steep, left = _legs(y, x)
    t = short / long
    angle = t * poly(t * t, _ATAN_F32)
    angle = select(steep, math.pi / 2 - angle, angle)
    return select(left, math.pi - angle, angle).sign_of(y)


def atan2_f64(y: Value, x: Value) -> Value:
    """atan2, about one ulp: a corrected quotient; above pi / 8 it is the angle to pi / 4."""
    short, long, steep, left = _legs(y, x)
    up = select(long < 2.0**-500, long.lift(2.0**500), 1.0)
    factor = select(long > 2.0**500, 2.0**-500, up)
    short, long = short * factor, long * factor
    near = short > long * 0.41421356237309503  # tan(pi / 8)
    difference, d_rest = fast_two_sum(-long, short)
    total, t_rest = fast_two_sum(long, short)
    top, bottom = select(near, difference, short), select(near, total, long)
    inverse = 1.0 / bottom
    t = top * inverse
    left_over = fma(t, -bottom, top) + select(near, fma(t, -t_rest, d_rest), 0.0)
    z = t * t
    rest = fma(z * t, poly(z, _ATAN), left_over * inverse * (1.0 - z))
    # angle = eighths * pi / 4 + side * (t + rest)
    eighths = select(near, t.lift(1.0), 0.0)
    eighths = select(steep, 2.0 - eighths, eighths)
    eighths = select(left, 4.0 - eighths, eighths)
    side = select(steep ^ left, t.lift(-1.0), 1.0)
    base, base_rest = two_product(eighths, _PI_2 / 2)
    base_rest = fma(eighths, _PI_2_REST / 2, base_rest)
    angle, error = fast_two_sum(base, side * t)
    return (angle + (error + fma(side, rest, base_rest))).sign_of(y)
