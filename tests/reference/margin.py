"""High-precision reference of portfolio, cross and isolated margin, in mpmath, and the generator of the golden books.

Independent of the Rust code: the formulas as they are written down, at 50 digits. `python3 tests/reference/margin.py`
writes `tests/golden/margin_{portfolio,cross,chain}.json` from fixed seeds.

`portfolio` and `cross` take a document in the format of `plimsoll margin` (numbers as decimal strings); `chain` takes the
integers a program account holds. All return plain mpf balances, surplus positive.
"""

import json
import os
import random
import sys

from mpmath import mp, mpf

sys.path.insert(0, os.path.dirname(__file__))
from black76 import YEAR, call, discount, svi_vol, vol_shock  # noqa: E402

WINDOW = 1800
CREDIT = 1200
GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden")


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
    equity = initial = maintenance = mpf(document["portfolio"]["cash"])
    for market in document["markets"]:
        spot, stable = mpf(market["spot"]), mpf(market.get("stable_price", 1))
        expiries, collateral = read_market(document, market)
        values = [(mpf(c["value"]) / stable, c) for c in collateral]
        rules = numbers(p["contingency"])
        profits = [mpf(0)] * len(p["scenarios"])
        options = basis = naked = doubt = mpf(0)
        for expiry, legs in expiries:
            seconds, forward = mpf(expiry["seconds_to_expiry"]), mpf(expiry["forward"])
            average = mpf(expiry.get("settlement_average", forward))
            tenor = Tenor(seconds, forward, average, mpf(expiry["rate"]), averaging)
            mark = sum(q * tenor.price(kind, k, v) for kind, k, q, v in legs)
            options += mark
            basis += basis_loss(p, tenor, legs, mark)
            for index, scenario in enumerate(p["scenarios"]):
                profits[index] += scenario_profit(p, tenor, legs, mark, scenario)
            for strike in {k for _, k, _, _ in legs}:
                net = [sum(q for kind, k, q, _ in legs if k == strike and kind == side) for side in ("call", "put")]
                naked += naked_shorts(*net)
            conf = min(confidence(market, "spot_confidence"), confidence(expiry, "forward_confidence", "rate_confidence", "vol_confidence"))
            if conf < rules["conf_threshold"]:
                doubt += (1 - conf) * rules["conf_margin"] * sum(abs(q) for _, _, q, _ in legs) * spot
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
    return equity, initial, maintenance


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


# ---------------------------------------------------------------------------------------------------------------------
# Golden books
# ---------------------------------------------------------------------------------------------------------------------

GRID = [("1.18", "up"), ("1.135", "down"), ("1.135", "none"), ("1.135", "up"), ("1.09", "down"), ("1.09", "up"),
        ("1.045", "none"), ("1", "down"), ("1", "none"), ("1", "up"), ("0.955", "none"), ("0.91", "down"), ("0.91", "up"),
        ("0.865", "none"), ("0.865", "up"), ("0.82", "up")]
TAILS = [("0.34", "0.21"), ("0.67", "0.42"), ("1.5", "0.2772"), ("3", "0.0693"), ("6", "0.02772")]
PARAMETERS = {
    "scenarios": [{"spot": s, "vol": v, "dampening": "1"} for s, v in GRID]
    + [{"spot": s, "vol": "up", "dampening": d} for s, d in TAILS]
    + [{"spot": "1", "vol": v, "dampening": "1"} for v in ("linear", "abs")],
    "vol_shock": {"range_up": "0.5", "min_vol_up": "0.4", "range_down": "0.3", "short_power": "0.3", "long_power": "0.13", "dte_floor": "1"},
    "skew_shock": {"linear_base_cap": "0.15", "linear_c_base": "-0.05", "abs_base_cap": "0.15", "abs_c_base": "-0.05",
                   "min_k": "0.01", "width": "4", "static": "0.6", "scale": "-0.1"},
    "discount": {"base_long": "0.95", "long_mult": "1", "long_add": "0.08", "base_short": "1.04", "short_mult": "0.5", "short_add": "0.08"},
    "basis": {"up": "1.045", "down": "0.955", "add": "0.5", "mult": "2"},
    "contingency": {"mm_option": "0.003", "im_option": "0.002", "conf_threshold": "0.55", "conf_margin": "1", "peg_threshold": "0.99", "peg_factor": "4"},
    "factors": {"mm_factor": "0.8", "im_factor": "1"},
}
# Least and largest of each parameter, for the sweep.
EXTREMES = {
    "vol_shock": {"range_up": ("0", "4"), "min_vol_up": ("0", "3"), "range_down": ("0", "2"), "short_power": ("0", "2"), "long_power": ("0", "2"), "dte_floor": ("0.001", "399")},
    "skew_shock": {"linear_base_cap": ("-1", "9.5"), "linear_c_base": ("-3", "3"), "abs_base_cap": ("-1", "9.5"), "abs_c_base": ("-3", "3"),
                   "min_k": ("0.0001", "5"), "width": ("0", "50"), "static": ("-5", "5"), "scale": ("-5", "5")},
    "discount": {"base_long": ("0", "2"), "long_mult": ("0", "5"), "long_add": ("0", "5"), "base_short": ("0", "5"), "short_mult": ("0", "5"), "short_add": ("0", "5")},
    "basis": {"up": ("1", "3"), "down": ("0.05", "1"), "add": ("0", "10"), "mult": ("0", "20")},
    "contingency": {"mm_option": ("0", "0.5"), "im_option": ("0", "0.5"), "conf_threshold": ("0", "1"), "conf_margin": ("0", "5"), "peg_threshold": ("0", "2"), "peg_factor": ("0", "10")},
    "factors": {"mm_factor": ("0", "2"), "im_factor": ("0", "3")},
}
CROSS = {"max_spot": "0.15", "min_spot": "0.1", "mm_call": "0.075", "mm_put": "0.075", "mm_put_mark": "0.075", "unpaired_im": "1.2", "unpaired_mm": "1.1",
         "offset": "1.05", "conf_threshold": "0.4", "conf_factor": "0.4", "depeg_threshold": "0.98", "depeg_factor": "1.2", "collateral_factor": "0.8"}
CROSS_EXTREMES = {"max_spot": ("0.01", "2"), "min_spot": ("0.005", "2"), "mm_call": ("0.005", "2"), "mm_put": ("0.005", "2"), "mm_put_mark": ("0", "1"),
                  "unpaired_im": ("1", "10"), "unpaired_mm": ("1", "10"), "offset": ("1", "3"), "conf_threshold": ("0", "1"), "conf_factor": ("0", "5"),
                  "depeg_threshold": ("0", "1"), "depeg_factor": ("0", "10"), "collateral_factor": ("0", "1"), "long_im": ("0", "1"), "long_mm": ("0", "1")}
SPOTS = ["1500", "95663.506", "23.41", "0.1873", "0.0000214"]
SECONDS = ["0", "1", "60", "600", "1799", "1800", "1801", "86400", "500400", "2592000", "2592001", "8000000", "34560000"]


def text(value, digits=8):
    """A decimal string with `digits` significant digits."""
    return mp.nstr(mpf(value), digits, strip_zeros=True, min_fixed=-30, max_fixed=30).removesuffix(".0")


def random_market(rng, name, count, spot=None):
    spot = mpf(spot or rng.choice(SPOTS))
    expiries = []
    for index in range(count):
        seconds = mpf(rng.choice(SECONDS))
        forward = spot * mpf(rng.uniform(0.95, 1.08))
        tau = max(seconds, 3600) / YEAR * mpf(rng.uniform(0.9, 1.5))
        level = mpf(rng.uniform(0.2, 1.2)) ** 2 * tau
        expiry = {"id": name + str(index), "seconds_to_expiry": text(seconds), "forward": text(forward),
                  "rate": text(rng.uniform(-0.05, 0.4), 4),
                  "svi": {"a": text(level * mpf("0.3")), "b": text(level), "rho": text(rng.uniform(-0.7, 0.5), 4), "m": text(rng.uniform(-0.1, 0.1), 4),
                          "sigma": text(rng.uniform(0.05, 0.9), 4), "forward": text(spot), "tau": text(tau)}}
        if seconds <= WINDOW and rng.random() < 0.7:
            expiry["settlement_average"] = text(forward * mpf(rng.uniform(0.97, 1.03)))
        if rng.random() < 0.25:
            expiry[rng.choice(["forward_confidence", "rate_confidence", "vol_confidence"])] = text(rng.uniform(0.05, 1), 3)
        expiries.append(expiry)
    market = {"underlying": name, "spot": text(spot), "expiries": expiries}
    if rng.random() < 0.2:
        market["spot_confidence"] = text(rng.uniform(0.1, 1), 3)
    if rng.random() < 0.3:
        market["stable_price"] = text(rng.uniform(0.9, 1.02), 5)
    return market


def random_legs(rng, market, count, bias):
    legs, series = [], {}
    for _ in range(count):
        expiry = rng.choice(market["expiries"])
        wide = rng.random() < 0.1
        strike = text(mpf(expiry["forward"]) * mp.exp(mpf(rng.gauss(0, 2.0 if wide else 0.2))), 4)
        kind = rng.choice(["call", "put"])
        quantity = text(rng.uniform(0.01, 20) * (1 if rng.random() < bias else -1), 5)
        leg = {"underlying": market["underlying"], "expiry": expiry["id"], "strike": strike, "kind": kind, "quantity": quantity}
        key = (expiry["id"], strike, kind)
        if series.setdefault(key, rng.random() < 0.3):
            vol = series.setdefault(key + ("vol",), text(rng.uniform(0.05, 3), 5))
            leg["vol"] = vol
        legs.append(leg)
    return legs


def random_collateral(rng, market):
    return {"underlying": market["underlying"], "name": "c", "value": text(mpf(market["spot"]) * mpf(rng.uniform(0.1, 30))), "confidence": text(rng.uniform(0.2, 1), 3),
            "risk_cancelling": rng.random() < 0.6, "mm_haircut": text(rng.uniform(0, 0.3), 3), "im_haircut": text(rng.uniform(0, 0.2), 3)}


def random_document(rng, mode, parameters, legs, markets=1, expiries=3):
    document = {"mode": mode, "markets": [random_market(rng, "ABC"[i], rng.randint(1, expiries)) for i in range(markets)], "parameters": parameters}
    options, collateral = [], []
    for market in document["markets"]:
        options += random_legs(rng, market, max(1, legs // markets), rng.choice([0.2, 0.5, 0.8]))
        collateral += [random_collateral(rng, market) for _ in range(rng.choice([0, 0, 1, 2]))]
    document["portfolio"] = {"cash": text(rng.uniform(-1000, 5000)), "collateral": collateral, "options": options}
    return document


def mixed_document(mode, parameters, bias=0.3):
    """One book that every parameter changes: the sweep's."""
    rng = random.Random(7)
    document = random_document(rng, mode, parameters, 12, expiries=1)
    market = document["markets"][0] = random_market(rng, "A", 2, "1500")
    for expiry, seconds in zip(market["expiries"], ("500400", "8000000")):
        expiry.update({"seconds_to_expiry": seconds, "vol_confidence": "0.3", "rate": "0.2"})
    market["stable_price"] = "0.95"
    document["portfolio"]["options"] = random_legs(rng, market, 12, bias)
    document["portfolio"]["collateral"] = [dict(random_collateral(rng, market), confidence="0.3")]
    return document


def changed(parameters, group, name, value):
    copy = json.loads(json.dumps(parameters))
    copy[group][name] = value
    return copy


def base_for(group, name):
    """Parameters under which `name` decides the worst of the mixed book, and the share of long legs for that."""
    base = json.loads(json.dumps(PARAMETERS))
    keep = {"skew_shock": lambda s: s["vol"] in ("linear", "abs"), "basis": lambda s: False}
    if name == "range_down":
        keep[group] = lambda s: s["vol"] == "down"
    base["scenarios"] = [s for s in base["scenarios"] if keep.get(group, lambda s: True)(s)]
    if group == "skew_shock" or name == "range_down":
        base["basis"].update(add="0", mult="0")
        base["discount"].update(base_long="1", base_short="1", long_mult="0", long_add="0", short_mult="0", short_add="0")
    if group == "discount":
        base["discount"]["base_short"] = "1"
    return base, 1.0 if name in ("base_long", "long_mult", "long_add", "range_down") else 0.3


def portfolio_documents():
    rng = random.Random(20260101)
    documents = []
    for group, fields in EXTREMES.items():
        for name, ends in fields.items():
            base, bias = base_for(group, name)
            documents += [mixed_document("portfolio", changed(base, group, name, end), bias) for end in ends]
    for legs in [1] * 12 + [2] * 10 + [4] * 10 + [8] * 8 + [16] * 4 + [40] * 2 + [256]:
        documents.append(random_document(rng, "portfolio", PARAMETERS, legs))
    for legs in (4, 9, 15):
        documents.append(random_document(rng, "portfolio", dict(PARAMETERS, averaging_vol=True), legs, markets=rng.randint(2, 3)))
    return documents


def cross_documents():
    rng = random.Random(20260102)
    documents = []
    for name, ends in CROSS_EXTREMES.items():
        pair = [mixed_document("cross", {"cross": dict(CROSS, **{name: end})}) for end in ends]
        if name.startswith("unpaired"):
            # Short calls so deep in the money that the maximum loss is the less demanding reading.
            for document in pair:
                expiry = document["markets"][0]["expiries"][0]["id"]
                leg = {"underlying": "A", "expiry": expiry, "strike": "30", "kind": "call", "quantity": "-3", "vol": "0.6"}
                document["portfolio"]["options"] = [leg]
        documents += pair
    for legs in [1] * 12 + [2] * 12 + [4] * 8 + [8] * 6 + [32] * 2 + [256]:
        documents.append(random_document(rng, "cross", {"cross": CROSS, "averaging_vol": rng.random() < 0.5}, legs, markets=rng.choice([1, 1, 2, 3])))
    for legs in (1, 5, 20):
        documents.append(random_document(rng, "isolated", {"cross": dict(CROSS, long_mm="0.5")}, legs, expiries=1))
    return documents


CHAIN_REFERENCE = [150000, 100000, 75000, 75000, 75000, 1200000, 1100000, 1050000, 400000, 400000, 980000, 1200000, 0, 500000]
CHAIN_EXTREMES = [(10000, 2000000), (5000, 150000), (5000, 100000), (5000, 100000), (0, 1000000), (1100000, 10000000), (1000000, 1200000), (1000000, 3000000),
                  (0, 1000000), (0, 5000000), (0, 1000000), (0, 10000000), (0, 500000), (0, 1000000)]


def random_chain_book(rng, legs, parameters=None, underlyings=None):
    count = underlyings or rng.choice([1, 1, 2, 3])
    book = {"cash": rng.randint(-10**9, 10**10), "stable": rng.choice([1000000, 1000000, rng.randint(900000, 1020000)]),
            "collateral_rules": [400000, 400000], "underlyings": [], "expiries": [], "collateral": [], "positions": []}
    sizes = []
    for index in range(count):
        spot, size, step = rng.choice([(95_663_506_048, 10**7, 10**8), (1_500_123_456, 10**8, 10**6), (23_410_000, 10**9, 10**5), (187_300, 10**12, 1000), (3_000_000_000, 333_333_333, 777_777)])
        sizes.append((spot, size, step))
        converged = rng.random() < 0.5
        ema = spot if converged else int(spot * rng.uniform(0.93, 1.07))
        walking = int(spot * rng.uniform(0.85, 1.15)) if not converged and rng.random() < 0.5 else None
        seen = [spot, ema] + ([walking] if walking else [])
        book["underlyings"].append({"spot": spot, "low": min(seen), "high": max(seen), "walking": walking, "size": size,
                                    "scale_im": rng.choice([1000000, 1250000, 2000000]), "scale_mm": rng.choice([1000000, 1000000, 1250000]),
                                    "confidence": rng.choice([1000000, 1000000, 300000]), "parameters": parameters or CHAIN_REFERENCE})
        for _ in range(rng.randint(1, 3)):
            seconds = rng.choice([-5, 0, 1, 60, 600, 1799, 1800, 1801, 86400, 500400, 2592000, 8000000, 34560000])
            sampled = 0 if seconds > 1800 else min(1800, max(0, 1800 - seconds - rng.choice([0, 0, 60]))) if rng.random() < 0.8 else 0
            strikes = sorted({max(step, int(spot * rng.lognormvariate(0, 0.25)) // step * step) for _ in range(min(64, 4 + legs // 2))})
            rng.shuffle(strikes)
            book["expiries"].append({"underlying": index, "seconds": seconds, "basis": rng.randint(-20000, 30000), "vol": rng.randint(1 << 28, 1 << 33),
                                     "forward_confidence": rng.choice([1000000, 1000000, 350000]), "vol_confidence": 1000000,
                                     "average": int(spot * rng.uniform(0.97, 1.03)), "sampled": sampled, "strikes": strikes,
                                     "settled": int(spot * rng.uniform(0.8, 1.2)) if seconds <= 0 and rng.random() < 0.5 else None})
        for _ in range(rng.choice([0, 1, 1])):
            book["collateral"].append({"value": rng.randint(0, 10**11), "underlying": index, "factor": rng.choice([0, 500000, 800000, 950000]), "confidence": rng.choice([1000000, 300000])})
    book["collateral"] += [{"value": rng.randint(0, 10**11), "underlying": None, "factor": 900000, "confidence": rng.choice([1000000, 250000])} for _ in range(rng.choice([0, 1]))]
    bias = rng.choice([0.2, 0.5, 0.8])
    for _ in range(legs):
        slot = rng.randrange(len(book["expiries"]))
        quantity = rng.randint(1, rng.choice([3, 100, 50000])) * (1 if rng.random() < bias else -1)
        book["positions"].append([slot, rng.randrange(len(book["expiries"][slot]["strikes"])), rng.randint(0, 1), quantity])
    return book


def chain_pair(seed, field, ends):
    """One book at the least and at the largest value of a parameter."""
    pair = []
    for end in ends:
        parameters = list(CHAIN_REFERENCE)
        parameters[field] = end
        pair.append(random_chain_book(random.Random(seed), 8, parameters, 1))
    return pair


def chain_books():
    rng = random.Random(20260103)
    books = []
    for field, ends in enumerate(CHAIN_EXTREMES):
        books += next(pair for pair in (chain_pair(seed, field, ends) for seed in range(1000)) if chain(pair[0]) != chain(pair[1]))
    for legs in [1] * 15 + [2] * 15 + [4] * 8 + [8] * 6 + [32] * 3 + [256] * 2:
        books.append(random_chain_book(rng, legs))
    return books


def write(name, cases):
    path = os.path.join(GOLDEN, name)
    with open(path, "w") as out:
        out.write("[" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]\n")
    print(f"{name}: {len(cases)} books, {os.path.getsize(path)} bytes")


def main():
    digits = lambda values: [mp.nstr(value, 22, min_fixed=-40, max_fixed=40) for value in values]
    write("margin_portfolio.json", [{"input": d, "expected": digits(portfolio(d))} for d in portfolio_documents()])
    write("margin_cross.json", [{"input": d, "expected": digits(cross(d))} for d in cross_documents()])
    write("margin_chain.json", [{"input": b, "expected": digits(chain(b))} for b in chain_books()])


if __name__ == "__main__":
    main()
