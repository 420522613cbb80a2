//! Who takes part and what they do: a cast of archetypes, their opening trades, and how they react.

use anyhow::{Context, Result};
use plimsoll::positions::Series;
use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED};
use plimsoll_client::error::LedgerError;
use plimsoll_core::position::OptionKind;
use plimsoll_keeper::policy::Policy;
use plimsoll_keeper::turn::Keeper;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::market::Market;
use crate::stage::{quote, Member, Stage, WRAPPED_DECIMALS};

/// Half the market maker's spread, of the mark: ppm.
const HALF_SPREAD: i64 = 5_000;
/// Quote tokens the founders pay into the insurance fund, per eight traders.
pub const INSURANCE_SEED: i64 = 200_000;
/// How often a trade that needs too much margin is tried smaller.
const SMALLER: usize = 12;

/// One leg of an opening: which coin, which of the two expiries, strike in percent of the first price, and the
/// notional in quote tokens (- sold).
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    coin: usize,
    expiry: usize,
    percent: f64,
    kind: OptionKind,
    notional: i64,
}

/// Somebody of the cast before the play.
#[derive(Clone, Debug)]
pub struct Role {
    /// Name.
    pub name: String,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// 1 isolated, 2 cross, 3 portfolio.
    pub mode: u8,
    /// Quote tokens deposited at the start.
    pub cash: i64,
    /// Quote tokens' worth of the wrapped coin deposited at the start.
    pub wrapped: i64,
    /// Quote tokens kept in the wallet for a margin call.
    pub spare: i64,
    /// Opening trades, in order.
    pub legs: Vec<Leg>,
}

const fn leg(coin: usize, expiry: usize, percent: f64, kind: OptionKind, notional: i64) -> Leg {
    Leg { coin, expiry, percent, kind, notional }
}

fn role(name: &str, about: &'static str, money: (i64, i64, i64), legs: Vec<Leg>) -> Role {
    let (cash, wrapped, spare) = money;
    Role { name: name.to_owned(), about, mode: MODE_CROSS, cash, wrapped, spare, legs }
}

fn isolated(role: Role) -> Role {
    Role { mode: MODE_ISOLATED, ..role }
}

/// The eight archetypes, the one that defaults first so that it is part of the smallest cast.
fn archetypes() -> Vec<Role> {
    use OptionKind::{Call, Put};
    vec![
        role("Wanda", "writes far too many puts", (135_000, 0, 0), vec![leg(0, 1, 95.0, Put, -1_000_000)]),
        role("Piet", "buys puts as insurance", (60_000, 0, 0), vec![leg(0, 1, 90.0, Put, 500_000)]),
        role("Nora", "writes puts against wrapped coins", (15_000, 70_000, 0), vec![leg(0, 1, 85.0, Put, -400_000)]),
        isolated(role(
            "Sven",
            "put spread, isolated",
            (60_000, 0, 0),
            vec![leg(0, 1, 80.0, Put, 300_000), leg(0, 1, 95.0, Put, -300_000)],
        )),
        role(
            "Lea",
            "strangles, answers margin calls",
            (70_000, 0, 150_000),
            vec![leg(0, 0, 90.0, Put, -300_000), leg(0, 0, 110.0, Call, -300_000)],
        ),
        role(
            "Carl",
            "buys calls on both coins",
            (40_000, 0, 0),
            vec![leg(0, 0, 105.0, Call, 300_000), leg(1, 1, 100.0, Call, 200_000)],
        ),
        role("Iris", "writes calls on the second coin", (60_000, 0, 0), vec![leg(1, 0, 110.0, Call, -300_000)]),
        isolated(role(
            "Otto",
            "call spread, isolated",
            (25_000, 0, 0),
            vec![leg(1, 1, 105.0, Call, 200_000), leg(1, 1, 120.0, Call, -200_000)],
        )),
    ]
}

/// `count` roles: the archetypes, then smaller ones in their likeness, drawn with `seed`.
pub fn roles(count: usize, seed: u64) -> Vec<Role> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let known = archetypes();
    let mut roles: Vec<Role> = known.iter().take(count).cloned().collect();
    for number in roles.len()..count {
        let model = &known[1 + number % (known.len() - 1)];
        let percent = 10 + i64::from(random.next_u32() % 30);
        let scaled = |amount: i64| amount * percent / 100;
        let legs = model.legs.iter().map(|leg| Leg {
            percent: leg.percent + f64::from(random.next_u32() % 3) * 5.0 - 5.0,
            notional: scaled(leg.notional),
            ..*leg
        });
        roles.push(Role {
            name: format!("{} {}", model.name, number + 1),
            legs: legs.collect(),
            cash: scaled(model.cash),
            wrapped: scaled(model.wrapped),
            spare: scaled(model.spare),
            ..model.clone()
        });
    }
    roles
}

/// Everybody on stage.
pub struct Cast {
    /// The roles, in the order of `members`.
    pub roles: Vec<Role>,
    /// Traders, then the market maker, the liquidator and the backstop.
    pub members: Vec<Member>,
    /// The liquidator and the backstop: what the keeper's own code runs with.
    pub keepers: Vec<Keeper>,
    traders: usize,
    random: ChaCha8Rng,
}

impl Cast {
    /// Enrols everybody and pays in what they start with, the insurance fund's seed included.
    ///
    /// Errors: the program's refusal.
    pub fn enrol(stage: &Stage, market: &Market, traders: usize, seed: u64) -> Result<Self> {
        let share = |tokens: i64| tokens * i64::try_from(traders.max(8)).unwrap_or(8) / 8;
        let mut roles = roles(traders, seed);
        roles.push(role("Mona", "market maker", (share(2_500_000), 0, 0), Vec::new()));
        roles.push(role("Lars", "liquidator", (share(60_000), 0, 0), Vec::new()));
        roles.push(role("Bella", "backstop: takes the insolvent", (share(1_200_000), 0, 0), Vec::new()));
        let mut members = Vec::new();
        for role in &roles {
            let member = stage.enrol(&role.name, role.mode, quote(role.cash + role.spare))?;
            stage.deposit(&member, quote(role.cash)).with_context(|| format!("{} deposits", role.name))?;
            if role.wrapped > 0 {
                let coins = role.wrapped as f64 / market.coins[0].first;
                let amount = (coins * 10f64.powi(WRAPPED_DECIMALS as i32)).round() as u64;
                stage.deposit_wrapped(&member, amount).with_context(|| format!("{} deposits coins", role.name))?;
            }
            members.push(member);
        }
        let founders = stage.enrol("founders", MODE_CROSS, quote(share(INSURANCE_SEED)))?;
        stage.insure(&founders, quote(share(INSURANCE_SEED))).context("the founders fund the insurance")?;
        let keepers = vec![
            // Waits until an auction offers 5 % of the equity: its hedge costs the maker's spread.
            keeper(stage, &members[traders + 1], Policy { min_discount_ppm: 50_000, ..Policy::default() }),
            // Leaves solvent accounts to others until the discount is large, and cranks to the liquidator.
            keeper(
                stage,
                &members[traders + 2],
                Policy { min_discount_ppm: 250_000, start: false, crank: false, ..Policy::default() },
            ),
        ];
        Ok(Self { roles, members, keepers, traders, random: ChaCha8Rng::seed_from_u64(seed ^ 0x5eed) })
    }

    /// The market maker.
    pub fn maker(&self) -> &Member {
        &self.members[self.traders]
    }

    /// The liquidator and the backstop.
    pub fn keeping(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().skip(self.traders + 1)
    }

    /// The opening trades, all against the market maker. Errors: anything but a lack of margin.
    pub fn open_positions(&self, stage: &Stage, market: &Market) -> Result<()> {
        for (role, member) in self.roles.iter().zip(&self.members) {
            for leg in &role.legs {
                let series = series_of(stage, market, leg);
                let coin = &market.coins[leg.coin];
                let contracts = (leg.notional as f64 / coin.contract_value(coin.first)).round() as i32;
                self.deal(stage, member, &series, contracts)?;
            }
        }
        Ok(())
    }

    /// `member` buys `contracts` (- sells) from the market maker at the mark and the spread; smaller if the margin does
    /// not suffice. Returns the contracts traded. Errors: anything but a refusal by the rules.
    pub fn deal(&self, stage: &Stage, member: &Member, series: &Series, contracts: i32) -> Result<i32, LedgerError> {
        let mark = stage.mark(series)?;
        let spread = mark * HALF_SPREAD / 1_000_000;
        let mut wanted = contracts;
        for _ in 0..SMALLER {
            if wanted == 0 {
                break;
            }
            let result = if wanted > 0 {
                stage.trade((member, self.maker()), series, wanted, mark + spread)
            } else {
                stage.trade((self.maker(), member), series, -wanted, mark - spread)
            };
            match result {
                Ok(_) => return Ok(wanted),
                Err(error) if error.rule().is_some() => wanted = wanted / 4 * 3,
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }

    /// Those who answer margin calls pay in half of what is left in their wallets. Errors: the program's refusal.
    pub fn answer_call(&mut self, stage: &Stage, place: usize) -> Result<bool> {
        let spare = self.roles[place].spare;
        let amount = if spare > 20_000 { spare / 2 } else { spare };
        if amount == 0 {
            return Ok(false);
        }
        self.roles[place].spare -= amount;
        stage.deposit(&self.members[place], quote(amount)).context("answering a margin call")?;
        Ok(true)
    }

    /// Keepers hand what they took on to the market maker. Errors: anything but a refusal by the rules.
    pub fn unwind(&self, stage: &Stage) -> Result<()> {
        for member in self.keeping() {
            let account = stage.account(member)?;
            if account.in_auction() {
                continue;
            }
            for leg in account.legs() {
                let (underlying, expiry) =
                    account.expiry_at(usize::from(leg.expiry_slot)).context("a leg of no expiry")?;
                let series = Series {
                    underlying,
                    expiry,
                    strike: leg.strike,
                    kind: OptionKind::from_u8(leg.kind).context("a leg that is neither call nor put")?,
                };
                if series.expiry - stage.tape.chain.time() > 60 {
                    self.deal(stage, member, &series, -leg.quantity)?;
                }
            }
        }
        Ok(())
    }

    /// Small speculative purchases: somebody picks an option near the price. Errors: anything but a refusal.
    pub fn speculate(&mut self, stage: &Stage, market: &Market, level: f64) -> Result<()> {
        if self.traders == 0 {
            return Ok(());
        }
        let mut draw = |below: usize| self.random.next_u32() as usize % below.max(1);
        let (place, coin_index, distance, call) = (draw(self.traders), draw(2), draw(5), draw(2) == 0);
        let expiry = stage.expiries.iter().position(|expiry| expiry - stage.tape.chain.time() > 7_200);
        let Some(expiry) = expiry else { return Ok(()) };
        let expiry = if expiry == 0 { draw(2) } else { expiry };
        let percent = level * 100.0 + distance as f64 * 5.0 - 10.0;
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        // Isolated accounts hold one expiry of one coin and are left alone; so is the writer who is at the limit.
        if place == 0 || self.roles[place].mode == MODE_ISOLATED {
            return Ok(());
        }
        let coin = &market.coins[coin_index];
        let contracts = (20_000.0 / coin.contract_value(coin.first)).round() as i32;
        let series = series_of(stage, market, &leg(coin_index, expiry, percent, kind, 0));
        self.deal(stage, &self.members[place], &series, contracts.max(1))?;
        Ok(())
    }
}

fn keeper(stage: &Stage, member: &Member, policy: Policy) -> Keeper {
    Keeper {
        clearinghouse: stage.clearinghouse,
        account: member.account,
        signer: member.key.insecure_clone(),
        policy,
        priority_fee: 0,
    }
}

fn series_of(stage: &Stage, market: &Market, leg: &Leg) -> Series {
    Series {
        underlying: market.coins[leg.coin].listing.index,
        expiry: stage.expiries[leg.expiry],
        strike: market.coins[leg.coin].strike(leg.percent),
        kind: leg.kind,
    }
}
