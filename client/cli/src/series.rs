//! Names of underlyings, expiries and series: `BTC`, `30JAN26`, `BTC-30JAN26-100000-C`.

use plimsoll::positions::Series;
use plimsoll::state::{Expiry, Underlying};
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::LedgerExt as _;
use plimsoll_client::presets::{BTC_FEED, ETH_FEED, SOL_FEED, USDC_FEED};
use plimsoll_client::price::format_quote;
use plimsoll_core::position::OptionKind;

use crate::amount;
use crate::session::Session;
use crate::Failure;

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// Feeds that have a name without configuration.
const FEEDS: [(&str, [u8; 32]); 4] = [("BTC", BTC_FEED), ("ETH", ETH_FEED), ("SOL", SOL_FEED), ("USDC", USDC_FEED)];

/// Index of the underlying `text` names: a name of the configuration file, of a known feed, or an index.
/// Errors: `Input` with the names that there are.
pub fn underlying(session: &Session, directory: &Directory, text: &str) -> Result<u16, Failure> {
    let configured = session.settings.underlyings.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let known = FEEDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let listed = |feed: &[u8; 32]| directory.underlyings.values().find(|u| u.feed_id == *feed).map(|u| u.index);
    let index = configured
        .map(|(_, index)| *index)
        .or_else(|| known.and_then(|(_, feed)| listed(feed)))
        .or_else(|| text.parse().ok())
        .filter(|index| directory.underlyings.contains_key(index));
    index.ok_or_else(|| {
        let names: Vec<String> =
            directory.underlyings.keys().map(|i| underlying_name(session, directory, *i)).collect();
        Failure::Input(format!(
            "underlying {text:?} is not listed; listed: {}. Names may be set under [underlyings] in the \
             configuration file",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        ))
    })
}

/// Name of the underlying with `index`; its index when it has none.
pub fn underlying_name(session: &Session, directory: &Directory, index: u16) -> String {
    if let Some((name, _)) = session.settings.underlyings.iter().find(|(_, configured)| **configured == index) {
        return name.clone();
    }
    let feed = directory.underlyings.get(&index).map(|u| u.feed_id);
    let known = FEEDS.iter().find(|(_, id)| Some(*id) == feed);
    known.map_or_else(|| index.to_string(), |(name, _)| (*name).to_owned())
}

/// Expiry time in unix seconds from `30JAN26` (at the time of day of the underlying's grid), `30JAN26T1430` (UTC) or
/// unix seconds. Errors: `Input`.
pub fn expiry_time(underlying: &Underlying, text: &str) -> Result<i64, Failure> {
    if let (Ok(seconds), true) = (text.parse::<i64>(), text.len() > 7) {
        return Ok(seconds);
    }
    let refused =
        || Failure::Input(format!("expiry {text:?}: expected DDMMMYY (30JAN26), DDMMMYYTHHMM in UTC, or unix seconds"));
    let (date, time) = text.split_once(['T', 't']).filter(|(date, _)| date.len() >= 6).unwrap_or((text, ""));
    let month_at = date.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
    let (day, rest) = date.split_at(month_at);
    let (month, year) = rest.split_at_checked(3).ok_or_else(refused)?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month)).ok_or_else(refused)?;
    let month = i64::try_from(month).map_err(|_| refused())? + 1;
    let (day, year): (i64, i64) = (day.parse().map_err(|_| refused())?, year.parse().map_err(|_| refused())?);
    if !(0..=99).contains(&year) || !(1..=31).contains(&day) {
        return Err(refused());
    }
    let days = days_from_date(2000 + year, month, day);
    if date_from_days(days) != (2000 + year, month, day) {
        return Err(Failure::Input(format!("expiry {text:?}: there is no such day")));
    }
    let second = if time.is_empty() {
        i64::from(underlying.grid.expiry_offset_seconds) % DAY
    } else {
        let hhmm: i64 = time.parse().ok().filter(|_| time.len() == 4).ok_or_else(refused)?;
        if !(0..24).contains(&(hhmm / 100)) || !(0..60).contains(&(hhmm % 100)) {
            return Err(refused());
        }
        hhmm / 100 * 3_600 + hhmm % 100 * 60
    };
    Ok(days * DAY + second)
}

/// The shortest text that [`expiry_time`] reads back as `expiry`.
pub fn expiry_name(underlying: Option<&Underlying>, expiry: i64) -> String {
    let (year, month, day) = date_from_days(expiry.div_euclid(DAY));
    let second = expiry.rem_euclid(DAY);
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or("?");
    if !(2000..2100).contains(&year) || second % 60 != 0 {
        return expiry.to_string();
    }
    let date = format!("{day}{month}{:02}", year - 2000);
    if underlying.is_some_and(|u| i64::from(u.grid.expiry_offset_seconds) % DAY == second) {
        return date;
    }
    format!("{date}T{:02}{:02}", second / 3_600, second % 3_600 / 60)
}

/// A moment in unix seconds as `2026-01-30 08:00:00 UTC`; the number itself outside the years 1970 to 9999.
pub fn moment(seconds: i64) -> String {
    let (year, month, day) = date_from_days(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    if !(1970..10_000).contains(&year) {
        return seconds.to_string();
    }
    let (hour, minute, second) = (second / 3_600, second % 3_600 / 60, second % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The series `text` names, which must be listed. Errors: `Input` for its form, or what of it is not listed;
/// connection.
pub fn series(session: &Session, directory: &Directory, text: &str) -> Result<Series, Failure> {
    let parts: Vec<&str> = text.split('-').collect();
    let [name, expiry, strike, kind] = parts.as_slice() else {
        return Err(Failure::Input(format!(
            "series {text:?}: expected UNDERLYING-EXPIRY-STRIKE-KIND, as BTC-30JAN26-100000-C"
        )));
    };
    let kind = match kind.to_ascii_uppercase().as_str() {
        "C" => OptionKind::Call,
        "P" => OptionKind::Put,
        _ => {
            return Err(Failure::Input(format!("series {text:?}: its last part is C (call) or P (put), not {kind:?}")))
        }
    };
    let price = amount::price("strike", strike)?;
    let index = underlying(session, directory, name)?;
    let time = expiry_time(&directory.underlyings[&index], expiry)?;
    let state = load_expiry(session, directory, index, time)?;
    let listed = state.strikes().iter().position(|s| s.price == price).and_then(|at| u8::try_from(at).ok());
    let strike = listed.ok_or_else(|| {
        let order = state.order().iter().filter_map(|id| state.strikes().get(usize::from(*id)));
        let prices: Vec<String> = order.map(|s| format_quote(s.price)).collect();
        Failure::Input(format!(
            "series {text:?}: strike {strike} is not listed in that expiry; listed: {}. `plimsoll strike create` \
             lists one",
            if prices.is_empty() { "none".to_owned() } else { prices.join(", ") }
        ))
    })?;
    Ok(Series { underlying: index, expiry: time, strike, kind })
}

/// The expiry account. Errors: `Input` if the expiry is not listed, connection.
pub fn load_expiry(session: &Session, directory: &Directory, index: u16, time: i64) -> Result<Expiry, Failure> {
    let found = session.ok(session.ledger.find::<Expiry>(&directory.expiry(index, time)))?;
    found.ok_or_else(|| {
        let name = expiry_name(directory.underlyings.get(&index), time);
        Failure::Input(format!(
            "expiry {name} ({time}) of underlying {} is not listed: see `plimsoll expiry list`",
            underlying_name(session, directory, index)
        ))
    })
}

/// The UTC day of a unix time, as 2026-01-30.
pub fn date_text(time: i64) -> String {
    let (year, month, day) = date_from_days(time.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day since 1970-01-01.
fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::{date_from_days, days_from_date, moment};

    #[test]
    fn a_moment_reads_as_date_and_time() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(1_769_760_000 + 3_661), "2026-01-30 09:01:01 UTC");
        assert_eq!(moment(-1), "-1");
        assert_eq!(moment(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(days_from_date(1970, 1, 1), 0);
        assert_eq!(days_from_date(2000, 3, 1), 11_017);
        assert_eq!(days_from_date(2026, 1, 30) * 86_400 + 28_800, 1_769_760_000);
        assert_ne!(date_from_days(days_from_date(2026, 2, 29)), (2026, 2, 29));
        for days in 0..60_000 {
            let (year, month, day) = date_from_days(days);
            assert_eq!(days_from_date(year, month, day), days);
        }
    }
}
