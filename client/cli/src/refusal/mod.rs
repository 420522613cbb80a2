//! Refusals in words: the rule, its two numbers with their units, the account they are about, and what to do.

mod rules;

use std::sync::LazyLock;

use plimsoll_client::error::{Refusal, Rejection};
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::Pubkey;
use serde::Deserialize;
use solana_program::instruction::Instruction;

use crate::series::moment;
use rules::{Number, Rule, Subject, Unit, FOREIGN_RULES, RULES};

/// The interface description: names of instructions and of their accounts.
static INTERFACE: LazyLock<Interface> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../idl/plimsoll.json")).unwrap_or_default());

#[derive(Default, Deserialize)]
struct Interface {
    instructions: Vec<InterfaceInstruction>,
}

#[derive(Deserialize)]
struct InterfaceInstruction {
    name: String,
    discriminator: [u8; 8],
    accounts: Vec<InterfaceAccount>,
}

#[derive(Deserialize)]
struct InterfaceAccount {
    name: String,
}

/// An instruction with the names of the interface description.
struct Named<'a> {
    name: &'static str,
    accounts: Vec<(&'static str, &'a Pubkey)>,
}

impl<'a> Named<'a> {
    fn of(instruction: &'a Instruction) -> Option<Self> {
        let is = |known: &&InterfaceInstruction| {
            instruction.program_id == plimsoll::ID && instruction.data.starts_with(&known.discriminator)
        };
        let known = INTERFACE.instructions.iter().find(is)?;
        let names = known.accounts.iter().map(|account| account.name.as_str());
        let keys = instruction.accounts.iter().map(|meta| &meta.pubkey);
        Some(Self { name: &known.name, accounts: names.zip(keys).collect() })
    }

    /// The accounts of the first group of `subject` that has one here.
    fn about(&self, subject: Subject) -> Vec<(&'static str, &'a Pubkey)> {
        let of_group = |group: &&[&str]| {
            let found = self.accounts.iter().filter(|(name, _)| group.contains(name)).copied();
            Some(found.collect::<Vec<_>>()).filter(|found| !found.is_empty())
        };
        subject.iter().find_map(of_group).unwrap_or_default()
    }
}

/// What the sender of a transaction knows and the program does not say.
#[derive(Default)]
pub struct Known {
    /// The account at fault, where the rule may be about several.
    pub account: Option<String>,
    /// Decimals of the collateral that moves.
    pub decimals: Option<u8>,
}

/// A rejection of one of `instructions` (`ahead` budget instructions stand before them) in one line.
pub fn explain(rejection: &Rejection, instructions: &[Instruction], ahead: usize, known: &Known) -> String {
    let at = usize::from(rejection.instruction).checked_sub(ahead);
    let named = at.and_then(|at| instructions.get(at)).and_then(Named::of);
    let ours = rejection.program == plimsoll::ID;
    let rule = find(ours, &rejection.rule);
    let mut text = named.as_ref().map_or_else(|| "the transaction".to_owned(), |named| named.name.to_owned());
    text.push_str(&format!(" is refused by {}", rejection.rule));
    if !ours {
        text.push_str(&format!(" of {}", rejection.program_name()));
    }
    text.push_str(&format!(": {}", sentence(&rejection.message)));
    if let Some(field) = parameter(rejection) {
        text.push_str(&format!(" Parameter: {field}."));
    }
    text.push_str(&numbers(rule, rejection.values.as_ref(), known.decimals));
    if let Some(account) = known.account.clone().or_else(|| account(rejection, rule, named.as_ref())) {
        text.push_str(&format!(" Account: {account}."));
    }
    text + &next_step(rule)
}

/// A refusal of program code that ran here, in one line.
pub fn explain_here(refusal: &Refusal) -> String {
    let rule = find(true, &refusal.rule);
    let values = numbers(rule, refusal.values.as_ref(), None);
    format!("{}: {}{values}{}", refusal.rule, sentence(&refusal.message), next_step(rule))
}

fn find(ours: bool, name: &str) -> Option<&'static Rule> {
    let table = if ours { RULES } else { FOREIGN_RULES };
    table.iter().find(|rule| rule.name == name)
}

/// One sentence with one full stop; a message of the token program begins with `Error: `.
fn sentence(message: &str) -> String {
    format!("{}.", message.trim().trim_start_matches("Error: ").trim_end_matches('.'))
}

fn next_step(rule: Option<&Rule>) -> String {
    let next = rule.map_or("", |rule| rule.next);
    let mut letters = next.chars();
    let capital = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    capital.map_or_else(String::new, |next| format!(" {next}."))
}

/// The account Anchor named, else what the rule is about.
fn account(rejection: &Rejection, rule: Option<&Rule>, named: Option<&Named>) -> Option<String> {
    let named = named?;
    if let Some(name) = &rejection.account {
        let key = named.accounts.iter().find(|(known, _)| known == name).map(|(_, key)| format!(" {key}"));
        return Some(format!("{name}{}", key.unwrap_or_default()));
    }
    let about = named.about(rule?.subject);
    let shown: Vec<String> = about.iter().map(|(name, key)| format!("{name} {key}")).collect();
    Some(shown.join(" or ")).filter(|shown| !shown.is_empty())
}

/// The program logs the field before it refuses a parameter.
fn parameter(rejection: &Rejection) -> Option<&str> {
    let at = rejection.logs.iter().rposition(|line| line.contains("Error Code: ParameterOutOfRange."))?;
    let line = rejection.logs.get(at.checked_sub(1)?)?.strip_prefix("Program log: ")?;
    line.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_').then_some(line)
}

/// ` Free cash 4.50, needed 5.00.`, or nothing where there are no numbers that say anything.
fn numbers(rule: Option<&Rule>, values: Option<&(String, String)>, decimals: Option<u8>) -> String {
    let Some((left, right)) = values else { return String::new() };
    let labels = rule.map_or(&[][..], |rule| rule.numbers);
    let shown: Vec<String> = labels
        .iter()
        .zip([left, right])
        .map(|(number, value)| format!("{} {}", number.0, in_unit(number, value, decimals)))
        .collect();
    match (shown.is_empty(), rule) {
        (false, _) => format!(" In numbers: {}.", shown.join(", ")),
        // A rule without numbers passes two zeros.
        (true, _) if left == "0" && right == "0" => String::new(),
        (true, _) => format!(" In numbers: {left} against {right}."),
    }
}

/// `value`, which the program logs as an integer, in its unit; as it is if it is none.
fn in_unit((_, unit): &Number, value: &str, decimals: Option<u8>) -> String {
    let Ok(number) = value.parse::<i64>() else { return value.to_owned() };
    match unit {
        Unit::Quote => format_quote(number),
        Unit::Seconds => format!("{number} s"),
        Unit::Time => moment(number),
        Unit::Billionths => format_atoms(number, 9),
        Unit::Atoms => {
            decimals.map_or_else(|| format!("{number} atoms"), |decimals| format_atoms(number, decimals.into()))
        }
        Unit::Plain => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{explain, explain_here, find, Known, INTERFACE};
    use crate::refusal::rules::{FOREIGN_RULES, RULES};
    use plimsoll_client::error::{Refusal, Rejection};
    use plimsoll_client::{error_codes, instruction, Pubkey};

    const SOURCE: &str = include_str!("../../../../programs/plimsoll/src/error.rs");

    fn rejection(rule: &str, values: Option<(i64, i64)>) -> Rejection {
        Rejection {
            instruction: 1,
            program: plimsoll::ID,
            code: Some(6_000),
            rule: rule.to_owned(),
            message: "It is so.".to_owned(),
            account: None,
            values: values.map(|(left, right)| (left.to_string(), right.to_string())),
            logs: Vec::new(),
        }
    }

    #[test]
    fn every_rule_of_the_table_is_one_of_the_program() {
        let known: Vec<&str> = error_codes::all().map(|(name, _)| name).collect();
        let unknown: Vec<&str> = RULES.iter().map(|rule| rule.name).filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(FOREIGN_RULES.iter().all(|rule| rule.numbers.len() <= 2));
    }

    #[test]
    fn every_error_with_numbers_names_them() {
        let mut numbered = 0;
        for entry in SOURCE.split("#[msg(").skip(1).zip(SOURCE.split("#[msg(")) {
            let (after, before) = entry;
            let documented = before.rsplit("///").next().is_some_and(|doc| doc.contains("(left:"));
            let name = after.lines().nth(1).map(|line| line.trim().trim_end_matches(',')).unwrap_or_default();
            if documented {
                numbered += 1;
                let rule = find(true, name).unwrap_or_else(|| panic!("{name} has numbers and no words"));
                assert!(!rule.numbers.is_empty(), "{name}");
            }
        }
        assert!(numbered > 50, "only {numbered} errors with numbers were found");
    }

    #[test]
    fn every_account_a_rule_is_about_is_one_of_the_interface() {
        let accounts = || INTERFACE.instructions.iter().flat_map(|known| &known.accounts);
        for rule in RULES.iter().chain(FOREIGN_RULES) {
            for name in rule.subject.iter().copied().flatten() {
                assert!(accounts().any(|account| account.name == *name), "{}: {name}", rule.name);
            }
        }
    }

    #[test]
    fn a_rejection_names_rule_numbers_account_and_next_step() {
        let (expiry, underlying) = (1_769_760_000, Pubkey::new_from_array([3; 32]));
        let sample = [instruction::settlement_sample(&underlying, expiry)];
        let early = rejection("SampleTooEarly", Some((expiry - 3_600, expiry - 1_800)));
        let text = explain(&early, &sample, 1, &Known::default());
        let account = sample[0].accounts[2].pubkey;
        assert_eq!(
            text,
            format!(
                "settlement_sample is refused by SampleTooEarly: It is so. In numbers: published 2026-01-30 07:00:00 \
                 UTC, first useful 2026-01-30 07:30:00 UTC. Account: expiry {account}. Wait for the settlement window."
            )
        );
        let seller = Known { account: Some("seller X".to_owned()), decimals: None };
        let short = explain(&rejection("CashShort", Some((4_500_000, 5_000_000))), &sample, 1, &seller);
        assert!(short.contains("free cash 4.50, needed 5.00. Account: seller X."), "{short}");
    }

    #[test]
    fn an_account_that_the_framework_names_is_given_with_its_address() {
        let (underlying, update) = (Pubkey::new_from_array([3; 32]), Pubkey::new_from_array([4; 32]));
        let accept = [instruction::oracle_accept(&underlying, &update)];
        let mut wrong = rejection("AccountNotInitialized", None);
        wrong.account = Some("underlying".to_owned());
        assert!(explain(&wrong, &accept, 1, &Known::default()).contains(&format!("Account: underlying {underlying}.")));
        let foreign = explain(&rejection("PriceOwner", None), &accept, 1, &Known::default());
        assert!(foreign.contains(&format!("Account: price_update {update}.")), "{foreign}");
    }

    #[test]
    fn an_amount_of_collateral_is_in_tokens_where_its_decimals_are_known() {
        let short = rejection("CollateralShort", Some((1_500_000_000, 2_000_000_000)));
        let text = |decimals| explain(&short, &[], 1, &Known { account: None, decimals });
        assert!(text(Some(9)).contains("held 1.50, asked for 2.00."), "{}", text(Some(9)));
        assert!(text(None).contains("held 1500000000 atoms, asked for 2000000000 atoms."), "{}", text(None));
    }

    #[test]
    fn a_parameter_out_of_range_is_named() {
        let mut range = rejection("ParameterOutOfRange", Some((1, 60)));
        range.logs = ["window_seconds", "AnchorError occurred. Error Code: ParameterOutOfRange. Error Number: 6004."]
            .map(|line| format!("Program log: {line}"))
            .to_vec();
        let text = explain(&range, &[], 1, &Known::default());
        assert!(text.contains("Parameter: window_seconds. In numbers: value 1, bound 60."), "{text}");
    }

    #[test]
    fn a_refusal_without_numbers_shows_none() {
        let refusal = |rule: &str, values: (&str, &str)| Refusal {
            rule: rule.to_owned(),
            message: "No price.".to_owned(),
            values: Some((values.0.to_owned(), values.1.to_owned())),
        };
        let missing = explain_here(&refusal("PriceMissing", ("0", "0")));
        assert_eq!(missing, "PriceMissing: No price. Post a price with `plimsoll oracle accept`.");
        let unknown = explain_here(&refusal("Overflow", ("7", "8")));
        assert_eq!(unknown, "Overflow: No price. In numbers: 7 against 8.");
    }
}
