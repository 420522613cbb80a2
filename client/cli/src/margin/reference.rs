//! Named defaults for what a document leaves out: the modes it was not written for.

use plimsoll_core::margin::evaluator::Real;
use plimsoll_core::margin::CrossParameters;
use plimsoll_core::units::Ratio;

use super::decimal::Decimal;
use super::input::{Cross, Document, Mode, Parameters};

/// Name of the portfolio defaults.
const PORTFOLIO: &str = "portfolio reference";
/// Name of the cross defaults.
const CROSS: &str = "shipped cross reference";
const PORTFOLIO_TEXT: &str = include_str!("portfolio_reference.json");

/// A document for `mode` with what that mode needs filled in; `assumed` says what was.
pub fn filled(document: &Document, mode: Mode) -> Result<(Document, Vec<String>), String> {
    let mut filled = Document { mode, ..document.clone() };
    let mut assumed = Vec::new();
    match mode {
        Mode::Portfolio => fill_portfolio(&mut filled, &mut assumed)?,
        Mode::Cross | Mode::Isolated => fill_cross(&mut filled, &mut assumed)?,
    }
    Ok((filled, assumed))
}

/// Sets `slot` from `default` where it is empty; notes the name of the group.
fn fill<T>(slot: &mut Option<T>, default: Option<T>, name: &str, missing: &mut Vec<String>) {
    if slot.is_none() {
        *slot = default;
        missing.push(name.to_owned());
    }
}

fn fill_portfolio(document: &mut Document, assumed: &mut Vec<String>) -> Result<(), String> {
    let reference: Parameters =
        serde_json::from_str(PORTFOLIO_TEXT).map_err(|error| format!("{PORTFOLIO}: {error}"))?;
    let parameters = &mut document.parameters;
    let mut missing = Vec::new();
    fill(&mut parameters.scenarios, reference.scenarios, "scenarios", &mut missing);
    fill(&mut parameters.vol_shock, reference.vol_shock, "vol_shock", &mut missing);
    fill(&mut parameters.skew_shock, reference.skew_shock, "skew_shock", &mut missing);
    fill(&mut parameters.discount, reference.discount, "discount", &mut missing);
    fill(&mut parameters.basis, reference.basis, "basis", &mut missing);
    fill(&mut parameters.contingency, reference.contingency, "contingency", &mut missing);
    fill(&mut parameters.factors, reference.factors, "factors", &mut missing);
    if !missing.is_empty() {
        assumed.push(format!("parameters.{} of the {PORTFOLIO}", missing.join(", parameters.")));
    }
    let mut rates = Vec::new();
    for expiry in document.markets.iter_mut().flat_map(|market| &mut market.expiries) {
        fill(&mut expiry.rate, Some(Decimal::from(Real::ZERO)), &expiry.id.clone(), &mut rates);
    }
    if !rates.is_empty() {
        assumed.push(format!("rate 0 for expiry {}", rates.join(", ")));
    }
    let kept = document.parameters.cross.as_ref().and_then(|cross| cross.collateral_factor);
    let haircut = Decimal::from(Real::ONE - kept.map_or(default_factor()?.0, |factor| factor.0));
    let mut collateral = Vec::new();
    for entry in &mut document.portfolio.collateral {
        let name = entry.name.clone();
        fill(&mut entry.risk_cancelling, Some(false), &format!("{name} not risk-cancelling"), &mut collateral);
        fill(&mut entry.mm_haircut, Some(haircut), &format!("{name} haircut 1 - collateral factor"), &mut collateral);
        fill(
            &mut entry.im_haircut,
            Some(Decimal::from(Real::ZERO)),
            &format!("{name} no further haircut"),
            &mut collateral,
        );
    }
    assumed.extend(collateral);
    Ok(())
}

fn fill_cross(document: &mut Document, assumed: &mut Vec<String>) -> Result<(), String> {
    if document.parameters.cross.is_none() {
        document.parameters.cross = Some(cross_reference()?);
        assumed.push(format!("parameters.cross of the {CROSS}"));
    }
    let factor = document.parameters.cross.as_mut().map(|cross| &mut cross.collateral_factor);
    if let (Some(slot @ None), false) = (factor, document.portfolio.collateral.is_empty()) {
        *slot = Some(default_factor()?);
        assumed.push("parameters.cross.collateral_factor 0.8".to_owned());
    }
    Ok(())
}

/// Share of collateral that counts where nothing says otherwise.
fn default_factor() -> Result<Decimal, String> {
    Decimal::parse("0.8")
}

/// What new underlyings start from.
fn cross_reference() -> Result<Cross, String> {
    let shipped = CrossParameters::REFERENCE;
    let share = |ratio: Ratio| {
        let share = Real::from_ratio(i128::from(ratio.0), i128::from(Ratio::ONE.0));
        share.map(Decimal::from).ok_or_else(|| format!("{CROSS}: {ratio} is not a share"))
    };
    Ok(Cross {
        max_spot: share(shipped.max_spot)?,
        min_spot: share(shipped.min_spot)?,
        mm_call: share(shipped.mm_call)?,
        mm_put: share(shipped.mm_put)?,
        mm_put_mark: share(shipped.mm_put_mark)?,
        unpaired_im: share(shipped.unpaired_im)?,
        unpaired_mm: share(shipped.unpaired_mm)?,
        offset: share(shipped.offset)?,
        conf_threshold: share(shipped.conf_threshold)?,
        conf_factor: share(shipped.conf_factor)?,
        depeg_threshold: share(shipped.depeg_threshold)?,
        depeg_factor: share(shipped.depeg_factor)?,
        collateral_factor: None,
        long_im: Some(share(shipped.long_im)?),
        long_mm: Some(share(shipped.long_mm)?),
    })
}
