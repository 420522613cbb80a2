//! Two known crashes as waypoints: the turning points of the spot price in dollars, rounded, by the minute.
//!
//! They were picked so that straight lines between them stay within 7 % (BTC) and 9 % (SOL) of the half-hourly and
//! five-minute spot bars of those days. They are for trying the system on, not a record of trades.

/// A known crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// BTC on 12 and 13 March 2020: 7,935 to 3,782 in 26 hours.
    BtcMarch2020,
    /// SOL from 8 November 2022, 60 hours: 31.70 to 12.35 in 30 hours.
    SolNovember2022,
}

impl Crash {
    /// Every crash there is.
    pub const ALL: [Self; 2] = [Self::BtcMarch2020, Self::SolNovember2022];

    /// Name, starting with the underlying.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BtcMarch2020 => "BTC March 2020",
            Self::SolNovember2022 => "SOL November 2022",
        }
    }

    /// Time of the first waypoint, unix seconds: midnight UTC of 12 March 2020 or 8 November 2022.
    pub const fn start(self) -> i64 {
        match self {
            Self::BtcMarch2020 => 1_583_971_200,
            Self::SolNovember2022 => 1_667_865_600,
        }
    }

    /// The waypoints: (minute from the start, dollars).
    pub const fn waypoints(self) -> &'static [(i64, f64)] {
        match self {
            Self::BtcMarch2020 => BTC_MARCH_2020,
            Self::SolNovember2022 => SOL_NOVEMBER_2022,
        }
    }
}

#[rustfmt::skip]
const BTC_MARCH_2020: &[(i64, f64)] = &[
    (0, 7935.0), (610, 7367.0), (640, 7215.0), (650, 5550.0), (680, 6466.0), (710, 5750.0), (740, 6308.0),
    (820, 5735.0), (890, 6201.0), (1280, 5565.0), (1340, 5966.0), (1390, 5802.0), (1400, 4687.0),
    (1420, 5198.0), (1430, 4410.0), (1450, 5049.0), (1490, 4521.0), (1540, 4690.0), (1550, 4082.0),
    (1570, 3782.0), (1580, 4259.0), (1600, 4231.0), (1610, 5277.0), (1630, 4808.0), (1640, 5523.0),
    (1730, 4674.0), (1760, 5200.0), (1810, 4858.0), (1930, 5600.0), (1970, 5126.0), (2030, 5700.0),
    (2120, 5266.0), (2260, 5955.0), (2320, 5831.0), (2330, 5300.0), (2390, 4920.0), (2440, 5400.0),
    (2570, 4807.0), (2600, 5300.0), (2620, 4863.0), (2630, 5525.0), (2880, 5579.0),
];

#[rustfmt::skip]
const SOL_NOVEMBER_2022: &[(i64, f64)] = &[
    (0, 29.6), (326, 25.0), (411, 28.7), (928, 26.65), (961, 27.45), (971, 31.7), (1081, 26.1), (1088, 23.05),
    (1143, 25.85), (1166, 23.4), (1171, 19.8), (1173, 23.9), (1176, 21.35), (1188, 24.5), (1423, 24.75),
    (1788, 21.85), (2061, 16.25), (2166, 20.75), (2231, 18.15), (2366, 18.7), (2398, 15.75), (2443, 17.85),
    (2511, 16.0), (2523, 13.8), (2563, 12.55), (2568, 14.75), (2586, 15.2), (2653, 13.3), (2676, 14.7),
    (2683, 12.9), (2731, 12.35), (2733, 13.55), (2908, 15.3), (3056, 13.7), (3106, 16.05), (3153, 14.55),
    (3336, 15.95), (3373, 13.75), (3396, 14.8), (3406, 13.15), (3600, 14.15),
];
