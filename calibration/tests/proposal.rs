use plimsoll_calibration::proposal::{Change, Proposal};
use plimsoll_core::margin::CrossParameters;
use plimsoll_core::units::Ratio;
use plimsoll_core::volatility::ScanParameters;

#[test]
fn the_shipped_parameters_pass_and_change_nothing() {
    let shipped = Proposal::shipped();
    shipped.validate("BTC").unwrap();
    assert!(shipped.changes(&shipped).is_empty());
}

#[test]
fn a_group_outside_the_rule_books_ranges_is_refused_by_field() {
    let scan = ScanParameters { deviations: 30_000_000, ..ScanParameters::shipped() };
    let error = Proposal { scan, ..Proposal::shipped() }.validate("BTC").unwrap_err().to_string();
    assert!(error.contains("BTC") && error.contains("scan") && error.contains("deviations = 30000000"), "{error}");
    let cross = CrossParameters { mm_call: Ratio(120_000), ..CrossParameters::REFERENCE };
    let error = Proposal { cross, ..Proposal::shipped() }.validate("BTC").unwrap_err().to_string();
    assert!(error.contains("cross") && error.contains("mm_call = 120000"), "{error}");
}

#[test]
fn changes_name_group_field_and_both_values() {
    let scan = ScanParameters { deviations: 4_300_000, ..ScanParameters::shipped() };
    let changed = Proposal { scan, ..Proposal::shipped() };
    let expected = Change { group: "scan", field: "deviations", now: 4_000_000, proposed: 4_300_000 };
    assert_eq!(changed.changes(&Proposal::shipped()), [expected]);
}

#[test]
fn the_toml_has_every_field_of_every_proposed_group() {
    let proposed = ["volatility", "scan", "cross"];
    let text = Proposal { cross_factor: Some(890_000), ..Proposal::shipped() }.toml("BTC", &proposed, &[]);
    for (group, fields) in Proposal::shipped().groups() {
        assert!(text.contains(&format!("\n[{group}]\n")), "{text}");
        for (field, value) in fields {
            assert!(text.contains(&format!("\n{field} = {value}\n")), "{field} in {text}");
        }
    }
    assert!(text.contains("# Collateral priced by BTC: cross_factor = 890000"));
}

#[test]
fn a_group_that_is_not_proposed_is_a_comment_and_notes_stand_on_top() {
    let notes = ["first".to_owned(), "second".to_owned()];
    let text = Proposal::shipped().toml("BTC", &["volatility", "cross"], &notes);
    assert!(text.contains("spans seconds.\n# first\n# second\n"), "{text}");
    assert!(text.contains("\n[volatility]\n") && text.contains("\n[cross]\n") && !text.contains("\n[scan]"), "{text}");
    assert!(!text.contains("deviations"), "{text}");
    assert!(text.contains("\n# [scan]: nothing is proposed.\n"), "{text}");
    assert!(text.contains("# Collateral priced by BTC: nothing is proposed."), "{text}");
    let none = Proposal::shipped().toml("A\n[x]", &[], &["a\n[cross]\r\nmm_call = 1\u{1b}[31m".to_owned()]);
    assert!(
        none.contains("# A\\n[x]: ratios") && none.contains("\n# a\\n[cross]\\r\\nmm_call = 1\\u{1b}[31m\n"),
        "{none}"
    );
    assert!(none.lines().all(|line| line.is_empty() || line.starts_with('#')), "{none}");
}
