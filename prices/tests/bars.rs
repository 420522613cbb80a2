//! Reading bars: what is accepted, and that each refusal names the file, the line, the value and the cure.
use plimsoll_prices::{read_bar_lines, read_bars, Bar, Path, PriceError};

const HEADER: &str = "timestamp,open,high,low,close\n";

fn read(text: &str) -> Result<Vec<Bar>, PriceError> {
    read_bars("btc.csv", text.as_bytes())
}

fn refusal(lines: &str) -> String {
    read(&format!("{HEADER}{lines}")).expect_err("accepted").to_string()
}

#[test]
fn bars_are_read_in_order() {
    let bars = read(&format!("{HEADER}100,4,6,3,5\n160,5,5.5,4.25,4.5\n")).unwrap();
    assert_eq!(bars[0], Bar { timestamp: 100, open: 4.0, high: 6.0, low: 3.0, close: 5.0 });
    assert_eq!(bars[1].low, 4.25);
}

#[test]
fn a_bar_knows_its_line_past_empty_ones() {
    let text = format!("{HEADER}100,4,6,3,5\n\n160,5,5.5,4.25,4.5\n");
    let lines: Vec<u64> =
        read_bar_lines("btc.csv", text.as_bytes()).unwrap().into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 4]);
    for (text, line) in
        [("100,4,6,3,5\n\n\n160,5,x,4,5\n", 5), ("\r\n\r\n100,4,x,3,5\r\n", 4), ("100,4,6,3,5\n\n1,2", 4)]
    {
        let text = refusal(text);
        assert!(text.starts_with(&format!("btc.csv, line {line}")), "{text}");
    }
}

#[test]
fn lines_end_with_a_line_feed_a_carriage_return_or_both() {
    for end in ["\n", "\r", "\r\n"] {
        for (lines, line) in
            [("100,4,6,3,5|160,5,x,4,5|", 3), ("100,4,6,3,5|||160,4,6,3|", 5), ("100,4,6,3,5|160,3|", 3)]
        {
            let text = format!("timestamp,open,high,low,close|{lines}").replace('|', end);
            let text = read(&text).expect_err("accepted").to_string();
            assert!(text.starts_with(&format!("btc.csv, line {line}")), "{end:?}: {text}");
        }
        let text = "timestamp,open,high,low,close|100,4,6,3,5||160,5,6,4,5|".replace('|', end);
        let lines = read_bar_lines("btc.csv", text.as_bytes()).unwrap();
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4], "{end:?}");
    }
}

#[test]
fn columns_may_stand_in_any_order_and_case_beside_others() {
    let bars = read("\u{feff}Close, Volume ,TIMESTAMP,open,low,high\n5,9,100,4,3,6\n").unwrap();
    assert_eq!(bars, [Bar { timestamp: 100, open: 4.0, high: 6.0, low: 3.0, close: 5.0 }]);
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n\n"] {
        let error = read(text).unwrap_err();
        assert!(matches!(error, PriceError::Empty { .. }), "{error}");
        assert!(error.to_string().contains("btc.csv is empty"), "{error}");
    }
}

#[test]
fn a_header_alone_is_refused() {
    assert!(matches!(read(HEADER), Err(PriceError::NoBars { .. })));
}

#[test]
fn a_missing_column_is_named_with_the_header_found() {
    let text = read("timestamp,open,high,close\n1,1,1,1\n").unwrap_err().to_string();
    assert!(
        text.contains("btc.csv, line 1: column `low` is missing") && text.contains("timestamp,open,high,close"),
        "{text}"
    );
    let text = read("timestamp;open;high;low;close\n").unwrap_err().to_string();
    assert!(text.contains("column `timestamp`") && text.contains("separated by commas"), "{text}");
}

#[test]
fn a_price_that_is_no_number_is_named() {
    for value in ["abc", "", "NaN", "inf", "1 000"] {
        let text = refusal(&format!("100,4,6,3,5\n160,5,{value},4,5\n"));
        assert!(text.contains(&format!("btc.csv, line 3, column `high`: `{value}` is not a number")), "{text}");
    }
}

#[test]
fn a_price_out_of_range_is_named() {
    for value in ["-3", "0", "2000000000", "1e300"] {
        let text = refusal(&format!("100,4,6,{value},5\n"));
        assert!(text.contains(&format!("line 2, column `low`: {value} is outside")), "{text}");
    }
}

#[test]
fn a_timestamp_that_is_not_unix_seconds_is_named() {
    for value in ["2020-03-12", "-1", "1583971200000", "1.5"] {
        let text = refusal(&format!("{value},4,6,3,5\n"));
        assert!(
            text.contains(&format!("line 2, column `timestamp`: `{value}`")) && text.contains("milliseconds"),
            "{text}"
        );
    }
}

#[test]
fn timestamps_must_grow() {
    for second in [160, 100, 163] {
        let text = refusal(&format!("160,4,6,3,5\n{second},4,6,3,5\n"));
        assert!(text.contains(&format!("line 3: timestamp {second} comes after 160")), "{text}");
    }
}

#[test]
fn low_and_high_must_enclose_open_and_close() {
    for prices in ["4,3,2,3", "4,6,5,5", "4,3,6,5"] {
        let error = read(&format!("{HEADER}100,{prices}\n")).unwrap_err();
        assert!(matches!(error, PriceError::Crossed { line: 2, .. }), "{error}");
        assert!(error.to_string().contains("do not enclose open 4"), "{error}");
    }
}

#[test]
fn a_line_of_another_length_is_named() {
    let text = refusal("100,4,6,3,5\n160,4,6,3\n");
    assert!(text.contains("btc.csv, line 3: 4 fields, the header has 5"), "{text}");
}

#[test]
fn text_that_is_not_utf8_is_named() {
    let error = read_bars("btc.csv", &b"timestamp,open,high,low,close\n100,4,6,3,\xff\n"[..]).unwrap_err();
    assert!(matches!(error, PriceError::Unreadable { line: 2, .. }), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let text = Path::from_csv("/nowhere/btc.csv").unwrap_err().to_string();
    assert!(text.contains("cannot open /nowhere/btc.csv") && text.contains("give the path"), "{text}");
}
