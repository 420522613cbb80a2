"""The least and the largest value `plimsoll margin` takes of every number of its input, by group and field.

The evaluator refuses what is beyond (`plimsoll margin --schema` has the same as `minimum` and `maximum`, and a test of the
command holds the two together). `margin_books.py` has a book at each of them.
"""

PRICE = ("0.000000001", "10000000000")
CONFIDENCE = ("0", "1")
TEN = ("0", "10")
HUNDRED = ("0", "100")
SIGNED = ("-100", "100")
MONEY = ("0", "10000000000000")
CONTRACTS = ("0", "100000000000000")
SECONDS = ("0", "504576000")

PARAMETERS = {
    "vol_shock": {"range_up": HUNDRED, "min_vol_up": HUNDRED, "range_down": HUNDRED, "short_power": ("0", "5"), "long_power": ("0", "5"),
                  "dte_floor": ("0.00001", "6000")},
    "skew_shock": {"linear_base_cap": SIGNED, "linear_c_base": SIGNED, "abs_base_cap": SIGNED, "abs_c_base": SIGNED, "min_k": ("0.000001", "100"),
                   "width": SIGNED, "static": SIGNED, "scale": SIGNED},
    "discount": {"base_long": TEN, "long_mult": SIGNED, "long_add": SIGNED, "base_short": TEN, "short_mult": SIGNED, "short_add": SIGNED},
    "basis": {"up": ("0", "20"), "down": ("0", "20"), "add": HUNDRED, "mult": HUNDRED},
    "contingency": {"mm_option": TEN, "im_option": TEN, "conf_threshold": CONFIDENCE, "conf_margin": HUNDRED, "peg_threshold": TEN, "peg_factor": HUNDRED},
    "factors": {"mm_factor": TEN, "im_factor": TEN},
}
CHARGES = {
    "concentration": {"share": ("0", "1"), "free": CONTRACTS, "rate": TEN, "vega_free": MONEY, "vega_rate": TEN},
    "between_steps": {"seconds": SECONDS, "step": TEN},
    "offset": {"share": ("0", "0.5")},
}
CROSS = {"max_spot": TEN, "min_spot": TEN, "mm_call": TEN, "mm_put": TEN, "mm_put_mark": TEN, "unpaired_im": TEN, "unpaired_mm": TEN, "offset": TEN,
         "conf_threshold": CONFIDENCE, "conf_factor": HUNDRED, "depeg_threshold": TEN, "depeg_factor": HUNDRED, "collateral_factor": ("0", "1"),
         "long_im": ("0", "1"), "long_mm": ("0", "1")}
SCENARIO = {"spot": ("0", "20"), "dampening": TEN}
MARKET = {"spot": PRICE, "spot_confidence": CONFIDENCE, "stable_price": ("0.001", "1000")}
EXPIRY = {"seconds_to_expiry": SECONDS, "forward": PRICE, "rate": ("-10", "10"), "forward_confidence": CONFIDENCE, "rate_confidence": CONFIDENCE,
          "vol_confidence": CONFIDENCE, "settlement_average": PRICE}
SVI = {"a": ("-10000", "10000"), "b": ("0", "1000"), "rho": ("-1", "1"), "m": SIGNED, "sigma": ("0", "1000"), "forward": PRICE, "tau": ("0.00000001", "16")}
LEG = {"strike": ("0.000000000000001", "100000000000000"), "quantity": ("-100000000000000", "100000000000000"), "vol": ("0", "1000"),
       "open_interest": CONTRACTS}
COLLATERAL = {"value": MONEY, "confidence": CONFIDENCE, "mm_haircut": TEN, "im_haircut": TEN}
CASH = ("-10000000000000", "10000000000000")
