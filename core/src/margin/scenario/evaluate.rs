//! The balances of a book in portfolio mode.

use crate::error::CoreError;
use crate::margin::contract::SizeFraction;
use crate::margin::cross::{
    collateral_equity, counted_down, difference, doubt_up, magnitude, settled_value, sum, unmoved_collateral,
};
use crate::margin::forward::Forward;
use crate::margin::kernel::Pricer;
use crate::margin::netting::Netting;
use crate::margin::scenario::columns::{columns_needed, Cell, Grid, Reach, COLUMNS_MAX, SPOTS_MAX};
use crate::margin::scenario::concentration::contracts_beyond;
use crate::margin::scenario::joint::{Joint, Member};
use crate::margin::scenario::parameters::PortfolioParameters;
use crate::margin::scenario::rows::{Rows, ROW};
use crate::margin::scenario::sums::{times_up, Kind, Sums};
use crate::margin::scenario::surface::{Columns, Deviations, SizeMantissa};
use crate::margin::scenario::tenor::Tenor;
use crate::margin::scenario::{PortfolioView, ScenarioView};
use crate::margin::view::{Balances, Book, CollateralView, ExpiryView, UnderlyingBalances, UnderlyingView};
use crate::math::black76::{price_error_up, FORWARD_MULTIPLE_MAX};
use crate::math::fixed::{mul_div_down, Bounded};
use crate::parameters::PPM;
use crate::series::MAX_STRIKES;
use crate::units::{Price, Quote, Ratio, Wide};

/// The balances of `book`: every scenario of every underlying.
///
/// Errors: those of [`Book::validate`]; `OutOfDomain` for an underlying without scenario view; `UnknownSeries` for a
/// leg that names nothing or whose row is not filled or not far enough; `Overflow` beyond the listing bounds.
#[inline(never)]
pub fn balances(book: &Book, view: &PortfolioView) -> Result<Balances, CoreError> {
    book.validate()?;
    let mut out = Balances::default();
    let (mut initial, mut maintenance) = (book.cash.wide(), book.cash.wide());
    let mut joint = joints(view);
    for (index, part) in (0u8..).zip(out.by_underlying.iter_mut()).take(book.underlyings.len()) {
        *part = part_of(book, view, index, joint.as_mut())?;
        initial = sum(initial, part.initial)?;
        maintenance = sum(maintenance, part.maintenance)?;
        out.mark_to_market = sum(out.mark_to_market, part.mark_to_market)?;
    }
    if let Some([of_initial, of_maintenance]) = &joint {
        (out.initial_offset, out.maintenance_offset) = (of_initial.credit(), of_maintenance.credit());
        initial = sum(initial, out.initial_offset)?;
        maintenance = sum(maintenance, out.maintenance_offset)?;
    }
    let rest = unmoved_collateral(book)?;
    out.maintenance = sum(maintenance, quoted_down(rest.maintenance, book.stable_price)?)?;
    out.initial = sum(initial, quoted_down(rest.initial, book.stable_price)?)?.min(out.maintenance);
    out.equity = sum(sum(book.cash.wide(), out.mark_to_market)?, collateral_equity(book)?)?;
    Ok(out)
}

/// The balances of one underlying; by itself, so that the loop over underlyings is not unrolled around it. `joint` takes
/// the initial and the maintenance balance, if the underlying offsets another.
#[inline(never)]
fn part_of(
    book: &Book,
    view: &PortfolioView,
    index: u8,
    joint: Option<&mut [Joint; 2]>,
) -> Result<UnderlyingBalances, CoreError> {
    Account::new(book, view, index)?.worst(joint.filter(|_| view.offset.concerns(index)))
}

/// Maintenance balance of `book` if the underlying at `index` traded at `price` and every other stayed.
///
/// Priced fresh. Errors: as [`balances`].
pub fn maintenance_at(book: &Book, view: &PortfolioView, index: u8, price: Price) -> Result<Wide, CoreError> {
    book.validate()?;
    let view = &PortfolioView { rows: &[], ..*view };
    let rest = unmoved_collateral(book)?.maintenance;
    let mut maintenance = sum(book.cash.wide(), quoted_down(rest, book.stable_price)?)?;
    let mut joint = maintenance_joint(view);
    for (at, _) in (0u8..).zip(book.underlyings) {
        let account = Account::new(book, view, at)?;
        let joint = joint.as_mut().filter(|_| view.offset.concerns(at));
        let lowest = if at == index {
            account.standing_only(price, joint)?.maintenance
        } else {
            let (here, there) = account.standings(joint)?;
            there.map_or(here.maintenance, |there| there.maintenance.min(here.maintenance))
        };
        maintenance = sum(maintenance, lowest)?;
    }
    sum(maintenance, joint.map_or(0, |joint| joint.credit()))
}

/// For the initial and the maintenance balance of the members of an offset, if there is one.
fn joints(view: &PortfolioView) -> Option<[Joint; 2]> {
    let [initial, maintenance] =
        [lowest_factor(view, |rules| rules.im_factor), lowest_factor(view, |rules| rules.mm_factor)];
    view.offset.any().then(|| [Joint::new(&view.offset, initial), Joint::new(&view.offset, maintenance)])
}

/// The second of [`joints`] alone.
pub(super) fn maintenance_joint(view: &PortfolioView) -> Option<Joint> {
    view.offset.any().then(|| Joint::new(&view.offset, lowest_factor(view, |rules| rules.mm_factor)))
}

/// The lowest factor on a loss of the members.
fn lowest_factor(view: &PortfolioView, factor: fn(&PortfolioParameters) -> u32) -> u32 {
    let members = (0u8..).zip(view.underlyings).filter(|(index, _)| view.offset.concerns(*index));
    members.fold(u32::MAX, |lowest, (_, rules)| lowest.min(factor(rules.parameters)))
}

/// Grid steps a side that the rows of an underlying must serve for [`balances`].
pub fn steps_needed(view: &UnderlyingView, rules: &ScenarioView) -> u8 {
    let [initial, _] = Reach::of(view, rules);
    initial.most()
}

/// How many kernel prices [`balances`] takes at most: legs of unsettled expiries without rows, times their columns,
/// twice while the price walks.
pub fn kernel_prices(book: &Book, view: &PortfolioView) -> Result<usize, CoreError> {
    let mut prices = 0usize;
    for (slot, expiry) in (0u8..).zip(book.expiries) {
        if view.rows_of(usize::from(slot)).is_some() || expiry.settled.is_some() {
            continue;
        }
        let legs = book.positions.iter().filter(|leg| leg.expiry_slot == slot && leg.quantity != 0).count();
        if legs > 0 {
            let underlying = book.underlying(expiry.underlying)?;
            let rules = view.underlyings.get(usize::from(expiry.underlying)).ok_or(CoreError::OutOfDomain)?;
            let passes = if underlying.walking.is_some() { 2 } else { 1 };
            let columns = columns_needed(rules.parameters, steps_needed(underlying, rules));
            prices = prices.saturating_add(legs.saturating_mul(columns).saturating_mul(passes));
        }
    }
    Ok(prices)
}

/// Options and collateral of one underlying at one price.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Part of the maintenance balance.
    pub(super) maintenance: Wide,
    /// Mark-to-market.
    pub(super) marks: Wide,
    /// What rows may have moved: contracts after parity times distance, >= 0.
    pub(super) drift: Wide,
}

/// One underlying of a book with what all its expiries share.
pub(super) struct Account<'a> {
    book: &'a Book<'a>,
    portfolio: &'a PortfolioView<'a>,
    index: u8,
    view: &'a UnderlyingView,
    rules: &'a ScenarioView<'a>,
    size: SizeFraction,
    /// Accepted price per contract, atoms, rounded up.
    spot: i64,
    mantissa: SizeMantissa,
    pub(super) initial: Kind,
    pub(super) maintenance: Kind,
}

impl<'a> Account<'a> {
    #[inline(never)]
    pub(super) fn new(book: &'a Book<'a>, portfolio: &'a PortfolioView<'a>, index: u8) -> Result<Self, CoreError> {
        let view = book.underlying(index)?;
        let rules = portfolio.underlyings.get(usize::from(index)).ok_or(CoreError::OutOfDomain)?;
        let parameters = rules.parameters;
        let gap = Ratio(parameters.peg_threshold.saturating_sub(book.stable_price.0));
        let peg = u32::try_from(times_up(Wide::from(gap.0), Ratio(parameters.peg_factor))?);
        let factor = parameters.im_factor.saturating_add(peg.map_err(|_| CoreError::Overflow)?);
        let [initial, maintenance] = Reach::of(view, rules);
        let drift = portfolio.drift;
        let size = SizeFraction::new(view.contract_size)?;
        Ok(Self {
            book,
            portfolio,
            index,
            view,
            rules,
            size,
            spot: size.up(magnitude(view.spot.0)?)?,
            mantissa: SizeMantissa::new(view.contract_size)?,
            initial: Kind { reach: initial, factor: Ratio(factor), scale: view.scale_im, initial: true, drift },
            maintenance: Kind {
                reach: maintenance,
                factor: Ratio(parameters.mm_factor),
                scale: view.scale_mm,
                initial: false,
                drift,
            },
        })
    }

    /// The balances at the accepted price; maintenance not above that at the raw price while it walks. `joint`: as
    /// [`part_of`].
    #[inline(never)]
    fn worst(&self, mut joint: Option<&mut [Joint; 2]>) -> Result<UnderlyingBalances, CoreError> {
        let grid = self.grid(self.initial.reach.most());
        let cells = grid.cells(self.initial.reach.most());
        let mut sums = Sums::ZERO;
        let spot = self.view.spot;
        self.fill(&grid, cells, spot, &mut sums)?;
        let mut out = UnderlyingBalances {
            mark_to_market: sums.marks,
            raw_mark_to_market: sums.marks,
            initial: self.balance(&grid, &sums, &self.initial, spot)?,
            maintenance: self.balance(&grid, &sums, &self.maintenance, spot)?,
        };
        let mut member = None;
        if let Some([of_initial, of_maintenance]) = &mut joint {
            self.join(of_initial, (&grid, cells), (&sums, &self.initial), out.initial);
            let mut own = of_maintenance.member();
            own.add((&grid, cells), (&sums, &self.maintenance), out.maintenance);
            member = Some(own);
        }
        if let Some(there) = self.raw_standing(member.as_mut())? {
            out.raw_mark_to_market = there.marks;
            out.maintenance = out.maintenance.min(there.maintenance);
        }
        if let (Some([_, of_maintenance]), Some(own)) = (joint, member) {
            of_maintenance.complete(&own, self.rules.parameters);
        }
        Ok(out)
    }

    /// Takes the underlying into `joint` at one price.
    #[inline(never)]
    fn join(&self, joint: &mut Joint, grid: (&Grid, &[Cell]), sums: (&Sums, &Kind), balance: Wide) {
        let mut member = joint.member();
        member.add(grid, sums, balance);
        joint.complete(&member, self.rules.parameters);
    }

    /// At the raw price, while the accepted one walks toward it; added to `member`.
    #[inline(never)]
    fn raw_standing(&self, member: Option<&mut Member>) -> Result<Option<Standing>, CoreError> {
        let raw = self.view.walking.filter(|raw| *raw != self.view.spot);
        raw.map(|raw| self.standing_at(raw, member)).transpose()
    }

    /// At the accepted price and, while it walks, at the raw one; taken into `joint`.
    #[inline(never)]
    pub(super) fn standings(&self, joint: Option<&mut Joint>) -> Result<(Standing, Option<Standing>), CoreError> {
        let mut member = joint.as_deref().map(Joint::member);
        let here = self.standing_at(self.view.spot, member.as_mut())?;
        let there = self.raw_standing(member.as_mut())?;
        if let (Some(joint), Some(member)) = (joint, member) {
            joint.complete(&member, self.rules.parameters);
        }
        Ok((here, there))
    }

    /// At `price` alone; taken into `joint`.
    fn standing_only(&self, price: Price, joint: Option<&mut Joint>) -> Result<Standing, CoreError> {
        let mut member = joint.as_deref().map(Joint::member);
        let standing = self.standing_at(price, member.as_mut())?;
        if let (Some(joint), Some(member)) = (joint, member) {
            joint.complete(&member, self.rules.parameters);
        }
        Ok(standing)
    }

    /// The columns up to `steps`, prepared if an expiry is priced fresh.
    pub(super) fn grid(&self, steps: u8) -> Grid {
        let mut grid = Grid::new(self.rules.parameters, steps);
        let priced = |e: &ExpiryView| e.underlying == self.index && e.settled.is_none() && !e.strikes.is_empty();
        if self.book.expiries.iter().enumerate().any(|(slot, e)| priced(e) && self.portfolio.rows_of(slot).is_none()) {
            grid.prepare();
        }
        grid
    }

    /// With the underlying at `spot`; added to `member`.
    #[inline(never)]
    fn standing_at(&self, spot: Price, member: Option<&mut Member>) -> Result<Standing, CoreError> {
        let steps = self.maintenance.reach.most();
        let grid = self.grid(steps);
        let mut sums = Sums::ZERO;
        self.fill(&grid, grid.cells(steps), spot, &mut sums)?;
        let maintenance = self.balance(&grid, &sums, &self.maintenance, spot)?;
        if let Some(member) = member {
            member.add((&grid, grid.cells(steps)), (&sums, &self.maintenance), maintenance);
        }
        Ok(Standing { maintenance, marks: sums.marks, drift: sums.drift })
    }

    /// Every expiry, then the collateral, at `spot`.
    #[inline(never)]
    pub(super) fn fill(&self, grid: &Grid, cells: &[Cell], spot: Price, sums: &mut Sums) -> Result<(), CoreError> {
        for (slot, expiry) in self.book.expiries.iter().enumerate() {
            if expiry.underlying == self.index {
                self.add_expiry((slot, expiry), (grid, cells), spot, sums)?;
            }
        }
        let (mut gaining, mut losing) = (0i64, 0i64);
        for collateral in self.collateral() {
            let value = self.value_at(collateral, spot)?;
            let counted = counted_down(value, collateral.factor, Ratio::ONE)?;
            gaining = gaining.exact_add(counted).ok_or(CoreError::Overflow)?;
            losing = losing.exact_add(value).ok_or(CoreError::Overflow)?;
        }
        sums.finish(grid, cells, (gaining, losing))
    }

    #[inline(never)]
    fn add_expiry(
        &self,
        (slot, expiry): (usize, &ExpiryView),
        (grid, cells): (&Grid, &[Cell]),
        spot: Price,
        sums: &mut Sums,
    ) -> Result<(), CoreError> {
        let mut net = Netting::EMPTY;
        net.fill(self.book.positions, slot, expiry.strikes.len())?;
        if net.is_empty() {
            return Ok(());
        }
        if let Some(settlement) = expiry.settled {
            net.total();
            sums.marks = sum(sums.marks, settled_value(&net, expiry, settlement, self.view.contract_size)?)?;
            return Ok(());
        }
        let now = Tenor::new(expiry, spot, self.rules.parameters)?;
        let rows = self.portfolio.rows_of(slot);
        let tenor = rows.map_or(&now, |rows| &rows.header.tenor);
        let mut totals = [0i64; ROW];
        let mut legs = Legs::of(&net);
        match rows {
            // Columns that were never filled would count as zero.
            Some(rows) if grid.needed(rows.header.steps) < cells.len() => return Err(CoreError::UnknownSeries),
            Some(rows) => cached(rows, &net, cells, (&mut totals, &mut legs))?,
            None => self.fresh((expiry, tenor), (grid, cells), &net, (&mut totals, &mut legs))?,
        }
        // A shocked forward is at most 8 times the forward.
        let forward = self.size.up(magnitude(tenor.forward())?)?.saturated_mul(FORWARD_MULTIPLE_MAX);
        sums.add_bound(legs.gross, forward.max(legs.highest))?;
        sums.add_columns(cells, &totals, (now.long_share, now.basis_share));
        if legs.largest > u64::from(self.rules.parameters.concentration_free) {
            let beyond = contracts_beyond(&net, expiry, self.rules.parameters)?;
            sums.concentrated = sums.concentrated.exact_add(beyond).ok_or(CoreError::Overflow)?;
        }
        self.add_charges(expiry, (tenor, &now), &legs, sums)
    }

    /// Naked shorts, confidence, exposure, and what rows may have moved.
    #[inline(never)]
    fn add_charges(
        &self,
        expiry: &ExpiryView,
        (tenor, now): (&Tenor, &Tenor),
        legs: &Legs,
        sums: &mut Sums,
    ) -> Result<(), CoreError> {
        let rules = self.rules.parameters;
        // PROOF: below 2^39 contracts in each of twelve expiries.
        sums.naked = sums.naked.wrapping_add(legs.naked);
        if expiry.seconds_to_expiry < i64::from(rules.near_seconds) {
            // PROOF: as above.
            sums.between = sums.between.wrapping_add(legs.long.min(legs.short.wrapping_mul(2)));
        }
        let confidence = self.view.spot_confidence.min(expiry.forward_confidence).min(expiry.vol_confidence);
        let doubt = doubt_up(self.spot, confidence, Ratio(rules.conf_threshold), Ratio(rules.conf_margin))?;
        // PROOF: a gross quantity is below 2^41 and every amount per contract below 2^63; twelve expiries stay below 2^108.
        let times = |amount: i64| Wide::from(legs.gross).wrapping_mul(Wide::from(amount));
        sums.doubt = sums.doubt.wrapping_add(times(doubt));
        sums.exposure = sums.exposure.wrapping_add(times(self.size.up(magnitude(now.forward())?)?));
        let distance = magnitude(tenor.distance_up(now))?;
        if distance != 0 {
            // PROOF: as above, with no more contracts. No book moves further than its legs one by one.
            let moved = Wide::from(legs.reduced.min(legs.gross)).wrapping_mul(Wide::from(self.size.up(distance)?));
            // Rows and fresh prices are rounded apart: two atoms and the error of two prices per contract of any leg.
            let error = magnitude(price_error_up(tenor.forward().max(now.forward())).saturated_mul(2))?;
            let error = times(self.size.up(error)?.saturated_add(2));
            sums.drift = sums.drift.wrapping_add(moved).wrapping_add(error);
        }
        Ok(())
    }

    /// One kernel price per strike and column. A strike whose calls and puts cancel is a forward and takes none.
    #[inline(never)]
    fn fresh(
        &self,
        (expiry, tenor): (&ExpiryView, &Tenor),
        (grid, cells): (&Grid, &[Cell]),
        net: &Netting,
        (totals, legs): (&mut [i64; ROW], &mut Legs),
    ) -> Result<(), CoreError> {
        let [deviation, ..] = tenor.deviations;
        let pricer = Pricer::new(&Forward { price: tenor.forward(), deviation }, self.size)?;
        let deviations = Deviations::new(tenor);
        let mut columns = Columns::new(&deviations);
        columns.fill(grid, cells, (&pricer, &self.mantissa))?;
        let mut row = [0; ROW];
        for strike in net.iter() {
            let series = expiry.strike(strike.id)?;
            let (calls, puts) = (strike.calls, strike.puts);
            let prepared = pricer.prepared(series);
            let quantity = calls.wrapping_add(puts);
            if quantity != 0 {
                columns.calls(&prepared, &mut row);
                for (total, value) in totals.iter_mut().zip(row.get(..cells.len()).unwrap_or(&[])) {
                    // Wraps; `Sums::add_bound` refuses books whose sums do.
                    *total = total.wrapping_add(quantity.wrapping_mul(*value));
                }
            }
            let marks = pricer.marks_of(&prepared, series.price, (calls != 0, puts != 0))?;
            let price = self.size.down(magnitude(series.price)?)?;
            legs.add((calls, puts), price, (marks.call, marks.put));
        }
        legs.settle_puts(cells, columns.forwards(), totals);
        Ok(())
    }

    /// Options and collateral of one balance with the underlying at `spot`.
    #[inline(never)]
    pub(super) fn balance(&self, grid: &Grid, sums: &Sums, kind: &Kind, spot: Price) -> Result<Wide, CoreError> {
        let rules = self.rules.parameters;
        let per_contract = self.size.up(magnitude(spot.0)?)?;
        let mut balance = sums.balance((grid, grid.cells(kind.reach.most())), rules, kind, per_contract)?;
        for collateral in self.collateral() {
            let value = self.value_at(collateral, spot)?;
            balance = sum(balance, Wide::from(counted_down(value, collateral.factor, kind.scale)?))?;
            if kind.initial {
                let confidence = collateral.confidence.min(self.view.spot_confidence);
                let doubt = doubt_up(value, confidence, Ratio(rules.conf_threshold), Ratio(rules.conf_margin))?;
                balance = difference(balance, Wide::from(doubt))?;
            }
        }
        Ok(balance)
    }

    fn collateral(&self) -> impl Iterator<Item = &'a CollateralView> + '_ {
        self.book.collateral.iter().filter(|collateral| collateral.price_underlying == Some(self.index))
    }

    /// Value in quote atoms with the underlying at `spot`, rounded down.
    #[inline(never)]
    fn value_at(&self, collateral: &CollateralView, spot: Price) -> Result<i64, CoreError> {
        let value = if spot == self.view.spot {
            collateral.value.0
        } else {
            mul_div_down(collateral.value.0, spot.0, self.view.spot.0).ok_or(CoreError::Overflow)?
        };
        if self.book.stable_price == Ratio::ONE {
            return Ok(value);
        }
        mul_div_down(value, PPM, i64::from(self.book.stable_price.0)).ok_or(CoreError::Overflow)
    }
}

/// One multiply-add per strike and column.
#[inline(never)]
fn cached(
    rows: &Rows,
    net: &Netting,
    cells: &[Cell],
    (totals, legs): (&mut [i64; ROW], &mut Legs),
) -> Result<(), CoreError> {
    let mut held = [Held::NONE; MAX_STRIKES];
    let mut marked = *legs;
    for (held, strike) in held.iter_mut().zip(net.iter()) {
        let row = rows.row(strike.id)?;
        *held = Held { row, calls: strike.calls.wrapping_add(strike.puts) };
        let [call, .., put, price] = row;
        marked.add((strike.calls, strike.puts), *price, (*call, *put));
    }
    *legs = marked;
    let held = held.get(..net.iter().len()).ok_or(CoreError::UnknownSeries)?;
    add_rows(held, cells.len(), totals);
    legs.settle_puts(cells, &rows.header.forwards, totals);
    Ok(())
}

/// A strike of the book with its row.
#[derive(Clone, Copy)]
struct Held<'a> {
    row: &'a [i64; ROW],
    /// Calls and puts together: the calls to price.
    calls: i64,
}

impl Held<'_> {
    /// Stands behind the last strike. No row at all would be a question per strike and chunk.
    const NONE: Self = Self { row: &[0; ROW], calls: 0 };
}

/// Adds calls times row for the first `columns` to `totals`, in whole chunks: what stands behind is not read.
///
/// The sums of a chunk stay in registers while the strikes go by; more than four do not fit beside what the loop needs.
#[inline(never)]
fn add_rows(held: &[Held], columns: usize, totals: &mut [i64; ROW]) {
    const CHUNK: usize = 4;
    const BYTES: usize = size_of::<[i64; CHUNK]>();
    let (sums, _) = totals.as_chunks_mut::<CHUNK>();
    for (at, sums) in sums.iter_mut().enumerate().take(columns.div_ceil(CHUNK)) {
        // In bytes: the machine adds them to an address, and would multiply an index for every strike.
        let first = at.wrapping_mul(BYTES);
        // Their negatives: the compiler subtracts in place where it adds into another register and moves.
        let [mut a, mut b, mut c, mut d] = [0i64; CHUNK];
        for Held { row, calls } in held {
            let bytes: &[u8; size_of::<[i64; ROW]>()] = bytemuck::cast_ref(*row);
            // Never missing: the chunks of a row are as many as those of the totals.
            let Some(chunk) = bytes.get(first..).and_then(<[u8]>::first_chunk::<BYTES>) else { continue };
            let (values, _) = chunk.as_chunks();
            let [w, x, y, z] = values else { continue };
            // Wraps like every product of a quantity here.
            a = a.wrapping_sub(calls.wrapping_mul(i64::from_ne_bytes(*w)));
            b = b.wrapping_sub(calls.wrapping_mul(i64::from_ne_bytes(*x)));
            c = c.wrapping_sub(calls.wrapping_mul(i64::from_ne_bytes(*y)));
            d = d.wrapping_sub(calls.wrapping_mul(i64::from_ne_bytes(*z)));
        }
        for (sum, negative) in sums.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_sub(negative);
        }
    }
}

/// What the legs of an expiry add up to beside the columns.
#[derive(Clone, Copy, Debug, Default)]
struct Legs {
    /// Mark, atoms.
    mark: i64,
    /// Sum of puts, signed.
    puts: i64,
    /// Sum of puts times strike, atoms.
    strikes: i64,
    /// Contracts short after netting per strike, >= 0.
    naked: i64,
    /// Contracts long after netting per strike, >= 0: at each the value turns upward.
    long: i64,
    /// Contracts short per series, >= 0: no more slope than that leads down to such a turn.
    short: i64,
    /// Sum of magnitudes per series.
    gross: u64,
    /// Contracts that move with the price after parity: calls and puts of a strike are that many calls together, and the
    /// puts of all strikes a forward. A box is none of either, a conversion only its share of the forward; what is rounded
    /// stays with the gross contracts.
    reduced: u64,
    /// Highest strike, atoms per contract.
    highest: i64,
    /// The magnitudes of all series, bit by bit: not below the largest of them.
    largest: u64,
}

impl Legs {
    /// Counts the contracts. PROOF: 64 strikes of two i32 keep every count below 2^39.
    fn of(net: &Netting) -> Self {
        let (mut puts, mut naked, mut sum, mut gross, mut largest) = (0i64, 0i64, 0i64, 0u64, 0u64);
        for strike in net.iter() {
            let both = strike.calls.wrapping_add(strike.puts);
            let (held_calls, held_puts) = (strike.calls.unsigned_abs(), strike.puts.unsigned_abs());
            puts = puts.wrapping_add(strike.puts);
            naked = naked.wrapping_sub(both.min(0));
            sum = sum.wrapping_add(both);
            gross = gross.wrapping_add(held_calls).wrapping_add(held_puts);
            largest |= held_calls | held_puts;
        }
        // Sum of |x| = sum of x + 2 sum of -min(x, 0).
        let reduced = sum.wrapping_add(naked.wrapping_mul(2)).unsigned_abs().wrapping_add(puts.unsigned_abs());
        // Sum of max(x, 0) = sum of x + sum of -min(x, 0), over strikes and, halved with the magnitudes, over series.
        let long = sum.wrapping_add(naked);
        let short = gross.cast_signed().wrapping_sub(sum) >> 1;
        Self { puts, naked, long, short, gross, reduced, largest, ..Self::default() }
    }

    /// Adds a strike worth `strike` atoms per contract with its marks. Products wrap here and below, and
    /// [`Sums::add_bound`] refuses those that do.
    #[inline(always)]
    fn add(&mut self, (calls, puts): (i64, i64), strike: i64, (call, put): (i64, i64)) {
        self.mark = self.mark.wrapping_add(calls.wrapping_mul(call)).wrapping_add(puts.wrapping_mul(put));
        self.strikes = self.strikes.wrapping_add(puts.wrapping_mul(strike));
        self.highest = self.highest.max(strike);
    }

    /// Turns calls into what the legs are worth by parity, and sets the mark.
    #[inline(never)]
    fn settle_puts(&self, cells: &[Cell], forwards: &[i64; SPOTS_MAX], totals: &mut [i64; ROW]) {
        let given = self.puts.wrapping_neg();
        for (cell, total) in cells.iter().zip(totals.get_mut(..cells.len()).unwrap_or(&mut [])) {
            // PROOF: a cell's spot is an index that the grid has given out, below `SPOTS_MAX`.
            let forward = forwards.get(usize::from(cell.spot)).copied().unwrap_or(0);
            // PROOF: the true sum is below 2^63 (`Sums::add_bound`), so wrapping on the way cancels.
            *total = total.wrapping_add(self.strikes).wrapping_add(given.wrapping_mul(forward));
        }
        let [mark, ..] = totals;
        *mark = self.mark;
    }
}

/// `value / stable`, rounded down. Errors: `Overflow`.
#[inline(never)]
pub(super) fn quoted_down(value: Wide, stable: Ratio) -> Result<Wide, CoreError> {
    if stable == Ratio::ONE || value == 0 {
        return Ok(value);
    }
    let value = Quote::from_wide(value)?;
    mul_div_down(value.0, PPM, i64::from(stable.0)).map(Wide::from).ok_or(CoreError::Overflow)
}

// Three values of a row are no columns.
const _: () = assert!(COLUMNS_MAX <= ROW - 3);
