#!/usr/bin/env python3
"""Writes `core/src/math/tables.rs`: one polynomial per cell for every function of the kernel, and its proved bound.

    python tests/reference/tables.py            write the file
    python tests/reference/tables.py --check    exit 1 unless the checked-in file is what this script writes

Each cell interpolates at the Chebyshev nodes, so with degree n, cell width h and M = sup |f^(n+1)| in the cell
    |f - p| <= 2 M (h/4)^(n+1) / (n+1)!
and the integer evaluation adds at most half a unit per rounded coefficient and one unit per inner shift. M comes from closed
forms (see `sup_*`), the sum is the bound written next to the table, and a dense scan of the integers must stay below it.
"""

import sys
from pathlib import Path

from mpmath import mp, mpf

from black76 import mills, normal_cdf, normal_pdf

mp.dps = 50
TARGET = Path(__file__).resolve().parents[2] / "core" / "src" / "math" / "tables.rs"
SCAN_POINTS = 24


class Table:
    """One table: `cells` cells of width `width` from `start`, arguments with `bits` fraction bits inside a cell.

    The coefficients are in Q`q`, except c0 and the value in Q`out`: the last shift does both. `top` caps the value.
    """

    def __init__(self, name, doc, f, sup, cells, width, bits, q, out=None, start=0, top=None, degree=3, slack=0):
        self.name, self.doc, self.f, self.sup = name, doc, f, sup
        self.cells, self.width, self.bits, self.q, self.degree = cells, mpf(width), bits, q, degree
        self.out, self.start = q if out is None else out, mpf(start)
        self.top = top
        self.rows = [self.fit(i) for i in range(cells)]
        self.bound = self.proved_bound() + mpf(slack)
        self.measured = self.scan()
        assert self.measured <= self.bound, (name, self.measured, self.bound)

    def fit(self, cell):
        """Integer coefficients of the interpolating polynomial in t in [0, 1)."""
        n = self.degree + 1
        nodes = [(1 - mp.cos((2 * j + 1) * mp.pi / (2 * n))) / 2 for j in range(n)]
        matrix = mp.matrix(n, n)
        values = mp.matrix(n, 1)
        for row, t in enumerate(nodes):
            values[row] = self.f(self.start + (cell + t) * self.width)
            for column in range(n):
                matrix[row, column] = t**column
        solution = mp.lu_solve(matrix, values)
        row = [int(mp.nint(solution[j] * mpf(2) ** self.q)) for j in range(n)]
        # Half a unit up: the floor of the last shift then errs by half a unit to either side.
        row[0] = int(mp.nint(solution[0] * mpf(2) ** self.out + mpf(1) / 2))
        if all(self.value(row, t) == row[0] for t in self.arguments()):
            # A flat cell has no floor to make up for.
            row[0] = int(mp.nint(solution[0] * mpf(2) ** self.out))
        if self.top is not None:
            row[0] -= max(0, max(self.value(row, t) for t in self.arguments()) - self.top)
            row[0] -= min(0, min(self.value(row, t) for t in self.arguments()))
        return row

    def arguments(self):
        """Integer positions inside a cell, both ends included."""
        return [min((1 << self.bits) - 1, (j << self.bits) // SCAN_POINTS) for j in range(SCAN_POINTS + 1)]

    def proved_bound(self):
        n = self.degree + 1
        ends = [self.start + i * self.width for i in range(self.cells + 1)]
        sup = max(self.sup(lo, hi) for lo, hi in zip(ends, ends[1:]))
        interpolation = 2 * sup * (self.width / 4) ** n / mp.factorial(n)
        # c0 and the last shift: half a unit of Q`out` each; the others: half a unit and a floor of Q`q` each.
        inner = mpf(self.degree) / 2 + self.degree - 1
        return interpolation + 1 / mpf(2) ** self.out + inner / mpf(2) ** self.q

    def value(self, row, t):
        """The integer evaluation that the Rust code does, in Q`out`."""
        value = row[-1]
        for coefficient in reversed(row[1:-1]):
            value = coefficient + ((t * value) >> self.bits)
        return row[0] + ((t * value) >> (self.bits + self.q - self.out))

    def scan(self):
        worst = mpf(0)
        for cell in range(self.cells):
            for t in self.arguments():
                x = self.start + (cell + mpf(t) / (1 << self.bits)) * self.width
                if x == 0 and self.name == "MILLS":
                    continue
                error = abs(mpf(self.value(self.rows[cell], t)) / mpf(2) ** self.out - self.f(x))
                worst = max(worst, error)
        return worst

    def bound_line(self):
        return (
            f"/// Proved bound of {self.doc.split(' on ')[0]} in units of 2^-60: {mp.nstr(self.bound, 3)} "
            f"(largest error seen in the scan: {mp.nstr(self.measured, 3)}).\n"
            f"pub const {self.name}_ERROR_Q60: i64 = {int(mp.ceil(self.bound * mpf(2) ** 60))};\n"
        )

    def rust(self):
        return self.bound_line() + "\n" + rust_table(self.name, self.doc, self.rows)


def rust_table(name, doc, rows, integer="i64"):
    columns = len(rows[0])
    per_line = {4: 3, 8: 2}.get(columns, 1)
    rows_text = ["[" + ", ".join(str(c) for c in row) + "]," for row in rows]
    lines = [f"/// {doc}", "#[rustfmt::skip]", f"pub static {name}: [[{integer}; {columns}]; {len(rows)}] = ["]
    lines += ["    " + " ".join(rows_text[i : i + per_line]) for i in range(0, len(rows_text), per_line)]
    return "\n".join(lines + ["];"]) + "\n"


def halved(name, doc, rows, signed):
    """Coefficients as 32-bit words without a sign; those that may have one (`signed`) stand 2^30 above themselves."""
    bias = [2**30 if sign else 0 for sign in signed]
    words = [[c + b for c, b in zip(row, bias)] for row in rows]
    assert all(0 <= word < 2 ** (31 if b else 32) for row in words for word, b in zip(row, bias)), name
    return rust_table(name, doc, words, "u32")


def sup_on_grid(polynomial, lipschitz):
    """sup of |phi(x) polynomial(x)| on [lo, hi]: 64 samples plus what it can rise between two of them."""

    def sup(lo, hi):
        step = (hi - lo) / 64
        top = max(abs(normal_pdf(lo + j * step) * polynomial(lo + j * step)) for j in range(65))
        return top + lipschitz * step / 2

    return sup


def build():
    tables = [
        Table(
            "CDF",
            "Normal distribution N(x) on [-8, 8): cells of 1/32, 27 fraction bits, values in Q31.",
            normal_cdf,
            # N'''' = phi''' = phi (3x - x^3); its derivative phi'''' is at most 1.2.
            sup_on_grid(lambda x: 3 * x - x**3, mpf("1.2")),
            512,
            mpf(1) / 32,
            27,
            36,
            out=31,
            start=-8,
            top=1 << 31,
        ),
        Table(
            "PDF",
            "Normal density on [0, 6.5): cells of 1/32, 27 fraction bits, values in Q31.",
            normal_pdf,
            # phi'''' = phi (x^4 - 6x^2 + 3); its derivative is at most 2.4.
            sup_on_grid(lambda x: x**4 - 6 * x**2 + 3, mpf("2.4")),
            208,
            mpf(1) / 32,
            27,
            36,
            out=31,
            top=1 << 31,
        ),
        Table(
            "MILLS",
            "Mills ratio R(1/u) = N(-1/u) / phi(1/u) on (0, 1): cells of 1/64, 26 fraction bits, values in Q31.",
            lambda u: mills(1 / u) if u > 0 else mpf(0),
            # R(1/u) = integral of e^-s u e^(-u^2 s^2 / 2) ds; four derivatives in u give s^3 He5(us) e^(-(us)^2 / 2),
            # |He5(v) e^(-v^2/2)| <= 5.79 and the integral of s^3 e^-s is 6.
            lambda lo, hi: mpf("34.74"),
            64,
            mpf(1) / 64,
            26,
            36,
            out=31,
            top=1 << 31,
        ),
        Table(
            "LN",
            "ln(1 + f) on [0, 1): cells of 1/64, values in Q46, degree 4; t has 42 bits in the first product and 28 "
            "in the others.",
            lambda f: mp.log1p(f),
            # |ln^(5)| = 24 / x^5, at the left end.
            lambda lo, hi: 24 / (1 + lo) ** 5,
            64,
            mpf(1) / 64,
            28,
            46,
            degree=4,
            # t cut to 28 bits in the terms of degree >= 2: at most c2 * 2 * 2^-28 with c2 <= 2^-13.
            slack=mpf(2) ** -40 + mpf(2) ** -46,
        ),
        Table(
            "EXP2",
            "2^f on [0, 1): cells of 1/64, 28 fraction bits, values in Q40.",
            lambda f: mpf(2) ** f,
            # (ln 2)^4 2^f, at the right end.
            lambda lo, hi: mp.log(2) ** 4 * mpf(2) ** hi,
            64,
            mpf(1) / 64,
            28,
            40,
        ),
    ]
    return tables


HEADER = """//! Polynomial tables of the kernel. Written by `tests/reference/tables.py` from mpmath: do not edit.
//!
//! A row holds the coefficients c0, c1, .. of a polynomial in t in [0, 1), the position inside the cell. The bound next
//! to a table covers the interpolation, the rounded coefficients and the floors of the integer evaluation.

"""


def render():
    cdf, pdf, *others = build()
    assert normal_pdf(mpf("6.5")) < pdf.bound
    words = [
        halved("NORMAL", "N on [-8, 8), cells of 1/32: c0, c1, c2 + 2^30, c3 + 2^30. Q31.", cdf.rows, [False, False, True, True]),
        halved("DENSITY", "phi on [0, 6.5), cells of 1/32: c0, the others + 2^30. Q31.", pdf.rows, [False, True, True, True]),
    ]
    parts = [cdf.bound_line(), pdf.bound_line()] + words + [table.rust() for table in others]
    return HEADER + "\n".join(parts)


def main():
    text = render()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            print(f"{TARGET} is not what tests/reference/tables.py writes: run it without --check")
            return 1
        print("tables.rs is up to date")
        return 0
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
