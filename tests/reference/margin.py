"""High-precision reference of portfolio, cross and isolated margin, in mpmath.

Independent of the Rust code: the formulas as they are written down, at 50 digits. `margin_books.py` evaluates the golden
books with it.

`portfolio` and `cross` take a document in the format of `plimsoll margin` (numbers as decimal strings); `chain` takes the
integers a program account holds. All return plain mpf balances, surplus positive.
"""

import os
import sys

from mpmath import mp, mpf

sys.path.insert(0, os.path.dirname(__file__))
from black76 import YEAR, call, discount, svi_vol, vol_shock  # noqa: E402

WINDOW = 1800
CREDIT = 1200


class Tenor:
    """Forward split and root of time of one expiry."""

    def __init__(self, seconds, forward, average, rate, averaging, elapsed=None):
        self.seconds, self.rate = seconds, max(rate, mpf(0))
        self.t = seconds / YEAR
        self.df = discount(rate, self.t)
        inside = seconds <= WINDOW
        if elapsed is None:
            elapsed = WINDOW - seconds if inside else mpf(0)
        if not inside:
            elapsed = mpf(0)
        self.fix = average * elapsed / WINDOW
        self.var = forward * (WINDOW - elapsed) / WINDOW
        self.root = mp.sqrt(self.t)
        if averaging and inside:
            self.root *= self.var / ((self.fix + self.var) * mp.sqrt(3))
        elif averaging:
            self.root = mp.sqrt((seconds - CREDIT) / YEAR)

    @property
    def forward(self):
        return self.fix + self.var

    def price(self, kind, strike, vol, shock=mpf(1)):
        forward = self.fix + self.var * shock
        value = call(forward, strike, vol * self.root)
        return self.df * (value if kind == "call" else value - forward + strike)


def numbers(group):
    """A group of decimal strings as mpf."""
    return {name: mpf(value) for name, value in group.items()}


def read_market(document, market):
    """Expiries (by id) with their legs (kind, strike, quantity, vol), and the collateral of one market."""
    many = len(document["markets"]) > 1
    mine = lambda entry: not many or entry["underlying"] == market["underlying"]
    expiries = {e["id"]: (e, []) for e in market["expiries"]}
    for option in filter(mine, document["portfolio"].get("options", [])):
        expiry, legs = expiries[option["expiry"]]
        strike = mpf(option["strike"])
        vol = mpf(option["vol"]) if "vol" in option else svi_vol(numbers(expiry["svi"]), strike)
        legs.append((option["kind"], strike, mpf(option["quantity"]), vol))
    collateral = [c for c in document["portfolio"].get("collateral", []) if mine(c)]
    return [(e, legs) for e, legs in expiries.values() if legs], collateral


def confidence(entry, *names):
    return min(mpf(entry.get(name, 1)) for name in names)


def portfolio(document):
    """Balances of portfolio mode: (equity, initial, maintenance)."""
    p = document["parameters"]
    averaging = p.get("averaging_vol", False)
    losses = {}
    equity = initial = maintenance = mpf(document["portfolio"]["cash"])
    for market in document["markets"]:
        spot, stable = mpf(market["spot"]), mpf(market.get("stable_price", 1))
        expiries, collateral = read_market(document, market)
        values = [(mpf(c["value"]) / stable, c) for c in collateral]
        rules = numbers(p["contingency"])
        profits = [mpf(0)] * len(p["scenarios"])
        options = basis = naked = doubt = mpf(0)
        unmoved = dict.fromkeys(("none", "up", "down"), mpf(0))
        for expiry, legs in expiries:
            seconds, forward = mpf(expiry["seconds_to_expiry"]), mpf(expiry["forward"])
            average = mpf(expiry.get("settlement_average", forward))
            tenor = Tenor(seconds, forward, average, mpf(expiry["rate"]), averaging)
            mark = sum(q * tenor.price(kind, k, v) for kind, k, q, v in legs)
            options += mark
            basis += basis_loss(p, tenor, legs, mark)
            for index, scenario in enumerate(p["scenarios"]):
                profits[index] += scenario_profit(p, tenor, legs, mark, scenario)
            if "concentration" in p:
                for shift in unmoved:
                    unmoved[shift] += scenario_profit(p, tenor, legs, mark, {"spot": "1", "vol": shift})
            for strike in {k for _, k, _, _ in legs}:
                net = [sum(q for kind, k, q, _ in legs if k == strike and kind == side) for side in ("call", "put")]
                naked += naked_shorts(*net)
            conf = min(confidence(market, "spot_confidence"), confidence(expiry, "forward_confidence", "rate_confidence", "vol_confidence"))
            if conf < rules["conf_threshold"]:
                series = {(kind, k) for kind, k, _, _ in legs}
                gross = sum(abs(sum(q for kind, k, q, _ in legs if (kind, k) == one)) for one in series)
                doubt += (1 - conf) * rules["conf_margin"] * gross * spot
        moving = sum(v for v, c in values if c["risk_cancelling"])
        for index, scenario in enumerate(p["scenarios"]):
            profits[index] = mpf(scenario["dampening"]) * (profits[index] + moving * (mpf(scenario["spot"]) - 1))
        for value, c in values:
            conf = min(confidence(c, "confidence"), confidence(market, "spot_confidence"))
            if conf < rules["conf_threshold"]:
                doubt += (1 - conf) * rules["conf_margin"] * value
        c_mm = naked * spot * rules["mm_option"] + sum(v * mpf(c["mm_haircut"]) for v, c in values)
        c_im = naked * spot * rules["im_option"] + sum(v * mpf(c["im_haircut"]) for v, c in values) + doubt
        l_im = mpf(p["factors"]["im_factor"]) + max(mpf(0), rules["peg_threshold"] - stable) * rules["peg_factor"]
        loss = min([basis] + profits)
        part = options + sum(v for v, _ in values)
        equity += part
        maintenance += part + mpf(p["factors"]["mm_factor"]) * loss - c_mm
        initial += part + l_im * loss - c_mm - c_im
        initial -= concentration(p, document, market, unmoved) + between_steps(p, document, market)
        losses[market["underlying"]] = (basis, profits, loss)
    credit_im, credit_mm = offset(p, losses)
    return equity, initial + credit_im, maintenance + credit_mm


def series_of(document, market):
    """By (expiry id, strike, kind): the net quantity of a series, and its open interest."""
    series = {}
    for option in document["portfolio"].get("options", []):
        if len(document["markets"]) > 1 and option["underlying"] != market["underlying"]:
            continue
        key = (option["expiry"], mpf(option["strike"]), option["kind"])
        interest = mpf(option.get("open_interest", 0))
        net, known = series.get(key, (mpf(0), interest))
        assert known == interest, key
        series[key] = (net + mpf(option["quantity"]), interest)
    return series


def concentration(p, document, market, unmoved):
    """Charge for contracts and vega that one account alone would have to sell; `unmoved`: P by shift of volatility."""
    if "concentration" not in p:
        return mpf(0)
    c = numbers(p["concentration"])
    series = series_of(document, market).values()
    beyond = sum(max(mpf(0), abs(q) - max(c["free"], c["share"] * interest)) for q, interest in series)
    cost = max(mpf(0), unmoved["none"] - min(unmoved["up"], unmoved["down"]))
    return c["rate"] * mpf(market["spot"]) * beyond + c["vega_rate"] * max(mpf(0), cost - c["vega_free"])


def between_steps(p, document, market):
    """Charge for what spreads near expiry may lose between two steps of the scenarios."""
    if "between_steps" not in p:
        return mpf(0)
    b = numbers(p["between_steps"])
    series = series_of(document, market)
    contracts = mpf(0)
    for expiry in market["expiries"]:
        if mpf(expiry["seconds_to_expiry"]) < b["seconds"]:
            own = {(strike, kind): q for (name, strike, kind), (q, _) in series.items() if name == expiry["id"]}
            at = lambda strike: sum(q for (k, _), q in own.items() if k == strike)
            long = sum(max(mpf(0), at(strike)) for strike in {strike for strike, _ in own})
            short = sum(max(mpf(0), -q) for q in own.values())
            contracts += min(long, 2 * short)
    return contracts * mpf(market["spot"]) * b["step"] / 4


def offset(p, losses):
    """What two underlyings save together, (initial, maintenance); `losses`: (basis, profits, worst) by underlying.

    The balance of both is the least over the scenarios s of the sum of m_i + a (PnL_i(s) - worst_i), or that with the
    bases in the place of the profits. m_i is a member's balance by itself, so that it counts on both sides. A weak quote
    token raises the loss of a member, not a.
    """
    if "offset" not in p:
        return mpf(0), mpf(0)
    (basis_1, profits_1, worst_1), (basis_2, profits_2, worst_2) = (losses[name] for name in p["offset"]["underlyings"])
    places = [(basis_1, basis_2)] + list(zip(profits_1, profits_2))
    credits = []
    for factor in ("im_factor", "mm_factor"):
        a = min(mpf(1), mpf(p["offset"]["share"]) * mpf(p["factors"][factor]))
        together = min(a * (one - worst_1) + a * (other - worst_2) for one, other in places)
        credits.append(max(mpf(0), together))
    return tuple(credits)


def naked_shorts(calls, puts):
    """Contracts short at one strike after netting calls against puts when their signs differ."""
    if calls < 0 and puts < 0:
        return -calls - puts
    return max(mpf(0), -(calls + puts))


def basis_loss(p, tenor, legs, mark):
    b = numbers(p["basis"])
    value = lambda shock: sum(q * tenor.price(kind, k, v, shock) for kind, k, q, v in legs)
    return min(value(b["up"]) - mark, value(b["down"]) - mark, mpf(0)) * (b["add"] + b["mult"] * tenor.t)


def scenario_profit(p, tenor, legs, mark, scenario):
    """g(disc(V) - m) of one expiry in one scenario."""
    shock, shift = mpf(scenario["spot"]), scenario["vol"]
    value = sum(q * tenor.price(kind, k, shifted_vol(p, tenor, k, v, shift), shock) for kind, k, q, v in legs)
    d = numbers(p["discount"])
    if value >= 0:
        value *= d["base_long"] * mp.exp(-tenor.t * (tenor.rate * d["long_mult"] + d["long_add"]))
    else:
        value *= min(1 / tenor.df, d["base_short"] / mp.exp(-tenor.t * (tenor.rate * d["short_mult"] + d["short_add"])))
    change = value - mark
    return -abs(change) if shift in ("linear", "abs") else change


def shifted_vol(p, tenor, strike, vol, shift):
    if shift == "none":
        return vol
    if shift in ("up", "down"):
        s = numbers(p["vol_shock"])
        power = s["short_power"] if tenor.seconds <= 30 * 86400 else s["long_power"]
        mult = vol_shock(tenor.seconds, s["dte_floor"] * 86400, power)
        if shift == "up":
            return max(s["min_vol_up"], vol * (1 + s["range_up"] * mult))
        return vol * max(mpf(0), 1 - s["range_down"] * mult)
    s = numbers(p["skew_shock"])
    root = mp.sqrt(tenor.t)
    cap = s[shift + "_c_base"] * root + s[shift + "_base_cap"]
    width = max(s["min_k"], root * s["width"] * (s["static"] + root * s["scale"]))
    k = mp.log(strike / tenor.forward)
    k = abs(k) if shift == "abs" else k
    change = k * cap / width
    change = min(change, cap) if k >= 0 else max(change, -cap)
    return vol * max(mpf(0), 1 + change)


def cross_expiry(c, spot, tenor, legs, scale_im=mpf(1), scale_mm=mpf(1)):
    """(initial, maintenance, mark-to-market, shorts) of one expiry; `legs` may repeat a series."""
    series = {}
    for kind, k, q, v in legs:
        net, _ = series.get((kind, k), (mpf(0), v))
        series[kind, k] = (net + q, v)
    series = {key: value for key, value in series.items() if value[0] != 0}
    im = mm = mtm = shorts = mpf(0)
    for (kind, k), (n, v) in series.items():
        m = n * tenor.price(kind, k, v)
        mtm += m
        if n >= 0:
            im += c["long_im"] * m
            mm += c["long_mm"] * m
            continue
        shorts -= n
        otm = max(mpf(0), k - spot if kind == "call" else spot - k)
        share = max(c["max_spot"] * scale_im - otm / spot, c["min_spot"] * scale_im)
        if kind == "call":
            mm += m + c["mm_call"] * scale_mm * spot * n
            im += m + share * spot * n
        else:
            at = lambda scale: m + min(c["mm_put"] * scale * spot * n, c["mm_put_mark"] * m)
            mm += at(scale_mm)
            im += min(m + share * spot * n, at(scale_im) * c["offset"])
    payoff = lambda s: sum(
        n * max(mpf(0), s - k if kind == "call" else k - s) for (kind, k), (n, _) in series.items())
    worst = min([mpf(0), payoff(mpf(0))] + [payoff(k) for _, k in series])
    unpaired = min(mpf(0), sum(n for (kind, _), (n, _) in series.items() if kind == "call")) * tenor.forward
    im = max(im, worst + unpaired * c["unpaired_im"])
    mm = max(mm, worst + unpaired * c["unpaired_mm"])
    return im, mm, mtm, shorts


def doubt(conf, c):
    return (1 - conf) * c["conf_factor"] if conf < c["conf_threshold"] else mpf(0)


def cross(document):
    """Balances of cross and isolated mode: (equity, initial, maintenance)."""
    c = numbers(document["parameters"]["cross"])
    c.setdefault("long_im", mpf(0))
    c.setdefault("long_mm", mpf(0))
    averaging = document["parameters"].get("averaging_vol", False)
    equity = initial = maintenance = mpf(document["portfolio"]["cash"])
    for market in document["markets"]:
        spot, stable = mpf(market["spot"]), mpf(market.get("stable_price", 1))
        expiries, collateral = read_market(document, market)
        for expiry, legs in expiries:
            forward = mpf(expiry["forward"])
            average = mpf(expiry.get("settlement_average", forward))
            tenor = Tenor(mpf(expiry["seconds_to_expiry"]), forward, average, mpf(0), averaging)
            im, mm, mtm, shorts = cross_expiry(c, spot, tenor, legs)
            conf = min(confidence(market, "spot_confidence"), confidence(expiry, "forward_confidence", "vol_confidence"))
            im -= doubt(conf, c) * spot * shorts
            im -= max(mpf(0), c["depeg_threshold"] - stable) * c["depeg_factor"] * spot * shorts
            equity, initial, maintenance = equity + mtm, initial + im, maintenance + mm
        for entry in collateral:
            value = mpf(entry["value"])
            equity += value / stable
            maintenance += value * c["collateral_factor"]
            initial += value * c["collateral_factor"] - doubt(confidence(entry, "confidence"), c) * value
    return equity, initial, maintenance


FIELDS = ["max_spot", "min_spot", "mm_call", "mm_put", "mm_put_mark", "unpaired_im", "unpaired_mm", "offset",
          "conf_threshold", "conf_factor", "depeg_threshold", "depeg_factor", "long_im", "long_mm"]
PPM = mpf(10) ** 6


def chain(book):
    """Balances from account integers, in quote atoms: (equity, initial, maintenance, mark-to-market).

    Prices in atoms per whole underlying, contract size in billionths, ratios in millionths, vol in Q32.
    """
    stable = book["stable"] / PPM
    cash = mpf(book["cash"])
    mark_to_market = mpf(0)
    initial = maintenance = cash
    for index, u in enumerate(book["underlyings"]):
        c = {name: value / PPM for name, value in zip(FIELDS, map(mpf, u["parameters"]))}
        im, mm, mtm = [], [], None
        raw = u["walking"]
        for price in [u["spot"], u["low"], u["high"]] + ([raw] if raw is not None else []):
            a, b, m = chain_underlying(book, index, u, c, mpf(price), stable)
            if price in (u["spot"], u["low"], u["high"]):
                im.append(a)
            if price == u["spot"]:
                mtm = m
            if price == u["spot"] or price == raw:
                mm.append(b)
        initial, maintenance, mark_to_market = initial + min(im), maintenance + min(mm), mark_to_market + mtm
    rules = {"conf_threshold": book["collateral_rules"][0] / PPM, "conf_factor": book["collateral_rules"][1] / PPM}
    equity = cash + mark_to_market
    for entry in book["collateral"]:
        value = mpf(entry["value"])
        equity += value / stable
        if entry["underlying"] is None:
            maintenance += value * entry["factor"] / PPM
            initial += value * entry["factor"] / PPM - doubt(entry["confidence"] / PPM, rules) * value
    return equity, min(initial, maintenance), maintenance, mark_to_market


def chain_underlying(book, index, u, c, price, stable):
    scale_im, scale_mm, size = u["scale_im"] / PPM, u["scale_mm"] / PPM, u["size"] / mpf(10) ** 9
    im = mm = mtm = mpf(0)
    for slot, e in enumerate(book["expiries"]):
        if e["underlying"] != index:
            continue
        legs = [("put" if kind else "call", mpf(e["strikes"][strike]), q * size, e["vol"] / mpf(2) ** 32)
                for s, strike, kind, q in book["positions"] if s == slot]
        if not legs:
            continue
        if e["settled"] is not None:
            s = e["settled"]
            value = sum(q * max(mpf(0), s - k if kind == "call" else k - s) for kind, k, q, _ in legs)
            im, mm, mtm = im + value, mm + value, mtm + value
            continue
        forward = price * (1 + e["basis"] / PPM)
        if e["seconds"] <= 0:
            settled = mpf(e["average"]) if e["sampled"] > 0 else forward
            tenor = Tenor(mpf(0), settled, settled, mpf(0), True, elapsed=mpf(0))
        else:
            tenor = Tenor(mpf(e["seconds"]), forward, mpf(e["average"]), mpf(0), True, elapsed=mpf(e["sampled"]))
        a, b, m, shorts = cross_expiry(c, price, tenor, legs, scale_im, scale_mm)
        conf = min(u["confidence"], e["forward_confidence"], e["vol_confidence"]) / PPM
        a -= doubt(conf, c) * price * shorts
        a -= max(mpf(0), c["depeg_threshold"] - stable) * c["depeg_factor"] * price * shorts
        im, mm, mtm = im + a, mm + b, mtm + m
    for entry in book["collateral"]:
        if entry["underlying"] == index:
            value = entry["value"] * price / u["spot"]
            counted = lambda scale: value * max(mpf(0), 1 - scale * (1 - entry["factor"] / PPM))
            im += counted(scale_im) - doubt(entry["confidence"] / PPM, c) * value
            mm += counted(scale_mm)
    return im, mm, mtm
