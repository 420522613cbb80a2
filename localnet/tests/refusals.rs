//! What the chain refuses, told in words: the instruction, the rule, the numbers with their units, the account.
use plimsoll_client::address;
use plimsoll_localnet::keys::{self, LIQUIDATOR, MAKER, TRADERS};
use plimsoll_localnet::Localnet;
use solana_signer::Signer;

use crate::command_line::{governance, new_mint, start, wallet};
use crate::programs::Plimsoll;

/// Each command with parts of what it must say.
fn refused(cli: &Plimsoll, cases: &[(&[&str], &[&str])]) {
    for (command, parts) in cases {
        let text = cli.refusal(command);
        for part in *parts {
            assert!(text.contains(part), "{command:?}: no {part:?} in {text}");
        }
    }
}

#[test]
fn refusals_of_money_and_accounts_are_told_in_words() {
    let localnet = start("refusals-money", |_| {});
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let owner = localnet.ready().wallet(TRADERS[0]).unwrap().pubkey.clone();
    let source = localnet.ready().wallet(TRADERS[0]).unwrap().token_account.clone();
    let world = localnet.world();
    let record = address::owner(&world.clearinghouse, &owner.parse().unwrap()).to_string();
    let (_, other) = wallet(&localnet, TRADERS[2]);
    let named = format!("Account: margin_account {account}.");
    let short = ["withdraw is refused by CashShort", "free cash 9", "needed 99999999.00", &named];
    refused(
        &cli,
        &[
            (&["withdraw", "0", "99999999"], &short),
            (&["deposit", "0", "9999999"], &["InsufficientFunds of the token program", &format!("source {source}")]),
            (&["insurance", "deposit", "9999999"], &["insurance_deposit is refused by InsufficientFunds", &source]),
            (&["account", "close", "0"], &["margin_account_close is refused by MarginAccountNotEmpty", &named]),
            (
                &["collateral", "withdraw", "0", "0", "1000"],
                &["CollateralShort", "held 100.00, asked for 1000.00", &named],
            ),
            (&["bad-debt", "repay", &owner, "5"], &["BadDebtNone", &format!("owner_record {record}")]),
            (
                &["account", "delegate", "set", "0", &other, "--budget", "1", "--window-seconds", "1"],
                &["delegate_set is refused by ParameterOutOfRange", "Parameter: window_seconds", "value 1, bound 60"],
            ),
            (&["account", "delegate", "set", "0", &owner, "--budget", "1"], &["DelegateTerms", &named]),
        ],
    );
    let buy = ["collateral", "buy", &account, "0", "5", "--buyer", "0", "--limit", "1000"];
    let (liquidator, _) = wallet(&localnet, LIQUIDATOR);
    refused(&liquidator, &[(&buy, &["collateral_sale is refused by DebtNone", "cash 9", &named])]);

    let listed = |cli: &Plimsoll, mint: &str, weight: &str, parts: &[&str]| {
        let terms = ["--weight", weight, "--ramp-seconds", "3600", "--cap", "10", "--mint", mint];
        refused(cli, &[(&[&["collateral", "create"][..], &terms[..]].concat(), parts)]);
    };
    let mint = new_mint(&localnet, 6);
    listed(&cli, &mint, "0.5", &["collateral_create is refused by AuthorityMismatch", &format!("authority {owner}")]);
    listed(&governance(&localnet), &world.quote.mint.to_string(), "0.5", &["CollateralIsQuote", "plimsoll deposit"]);
    listed(&governance(&localnet), &mint, "0.96", &["ParameterOutOfRange", "value 960000, bound 950000"]);
    bad_input_names_what_is_not_there(&localnet, &cli);
    a_payer_without_sol_is_named(&localnet);
    localnet.shutdown().unwrap();
}

fn bad_input_names_what_is_not_there(localnet: &Localnet, cli: &Plimsoll) {
    let (_, other) = wallet(localnet, TRADERS[2]);
    let expiry = localnet.world().markets[1].expiries[1].to_string();
    let unlisted = format!("SOL-{expiry}-151-C");
    let show = ["margin", "show", "0", "--quantity", "1", "--price", "1", "--trade", &unlisted];
    for (command, parts) in [
        (&["withdraw", &other, "1"][..], &["ACCOUNT", other.as_str(), "only the owner"][..]),
        (&["account", "close", &other], &["ACCOUNT", "only the owner"]),
        (&["collateral", "deposit", "0", "7", "1"], &["COLLATERAL", "\"7\" is not listed; listed: 0 ("]),
        (&["expiry", "sweep", "SOL", "30JAN40"], &["30JAN40", "not listed"]),
        (&["oracle", "show", "DOGE"], &["\"DOGE\" is not listed; listed: BTC, SOL"]),
        (&["bad-debt", "show", &other], &["OWNER", "not registered"]),
        (&show, &["strike 151 is not listed", "150.00"]),
    ] {
        let text = cli.bad_input(command);
        parts.iter().for_each(|part| assert!(text.contains(part), "{command:?}: no {part:?} in {text}"));
    }
}

fn a_payer_without_sol_is_named(localnet: &Localnet) {
    let poor = keys::keypair(99, "poor");
    let folder = localnet.ready().cli_config.parent().unwrap().to_owned();
    let file = keys::write(&folder, "poor", &poor).unwrap();
    let cli = Plimsoll::new(&localnet.ready().cli_config, &file);
    let payer = format!("fee payer {}", poor.pubkey());
    refused(&cli, &[(&["account", "open"], &["did not run", localnet.rpc_url(), &payer, "SOL"])]);
}

#[test]
fn refusals_of_markets_are_told_in_words() {
    let localnet = start("refusals-markets", |_| {});
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let (_, maker) = wallet(&localnet, MAKER);
    let (_, other) = wallet(&localnet, TRADERS[2]);
    let maker_file = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let market = &localnet.world().markets[1];
    let time = market.expiries[1];
    let expiry = format!("expiry {}", address::expiry(&market.feed.underlying, time));
    let (time, off_grid, clearinghouse) =
        (time.to_string(), (time + 1).to_string(), localnet.world().clearinghouse.to_string());
    let [btc, sol] = [0, 1].map(|at: usize| localnet.world().markets[at].feed.update.to_string());
    let update = |at: &str| format!("price_update {at}");
    refused(
        &cli,
        &[
            (&["expiry", "create", "SOL", &off_grid], &["ExpiryOffGrid", " UTC", "beyond the grid by seconds 1"]),
            (&["expiry", "create", "SOL", &time], &["expiry_create is refused by AccountExists", &expiry]),
            (&["strike", "create", "SOL", &time, "150.5"], &["StrikeOffGrid", "strike 150.50, step 2.00", &expiry]),
            (&["strike", "create", "SOL", &time, "150"], &["StrikeExists", &expiry]),
            (&["strike", "create", "SOL", &time, "100000"], &["StrikeTooFar", "strike 100000.00, bound ", &expiry]),
            (&["settle", "sample", "SOL", &time], &["SampleTooEarly", "first useful 20", " UTC", &expiry]),
            (&["settle", "expiry", "SOL", &time], &["SettlementWindowOpen", "open until 20", &expiry]),
            (&["settle", "account", "0", "SOL", &time], &["ExpiryNotSettled", &expiry, "plimsoll settle expiry"]),
            (&["expiry", "close", "SOL", &time], &["ExpiryNotOver", "expiry 20", " UTC", &expiry]),
            (&["expiry", "sweep", "SOL", &time], &["FeesNone", &expiry]),
            (&["oracle", "accept", "SOL", &sol], &["PriceNotNewer", &update(&sol)]),
            (&["oracle", "accept", "SOL", &btc], &["PriceFeedMismatch", &update(&btc)]),
            (&["oracle", "accept", "SOL", &clearinghouse], &["PriceOwner", &update(&clearinghouse)]),
            (
                &["auction", "start", &other, "--starter", "0"],
                &["AccountHealthy", "maintenance balance, or room under the debt cap ", &other],
            ),
            (&["auction", "end", &other], &["AccountNotInAuction", &other]),
            (
                &["auction", "bid", &other, "--bidder", "0", "--fraction", "0.5", "--limit", "1"],
                &["AuctionOver", "balance "],
            ),
        ],
    );

    let series = format!("SOL-{time}-150-C");
    let what_if = cli.json(&["margin", "show", "0", "--trade", &series, "--quantity", "1", "--price", "1"]);
    let mark = what_if["trade"]["mark"].as_str().unwrap();
    let trade = |quantity: &str, price: &str, signer: &str, parts: &[&str]| {
        let terms = ["trade", "clear", &series, "--quantity", quantity, "--price", price];
        let sides =
            ["--buyer", &maker, "--buyer-keypair", &maker_file, "--seller", &account, "--seller-keypair", signer];
        refused(&cli, &[(&[&terms[..], &sides[..]].concat(), parts)]);
    };
    let own = localnet.ready().wallet(TRADERS[0]).unwrap().keypair.display().to_string();
    let foreign = localnet.ready().wallet(TRADERS[1]).unwrap().keypair.display().to_string();
    let seller = format!("Account: seller {account}.");
    trade("1", "1000", &own, &["trade_clear is refused by TradePriceBand", "distance to the mark 99", "at most "]);
    trade("20000", mark, &own, &["InitialMarginShort", "initial balance -", "at least 0.00", &seller]);
    trade("2000000", mark, &own, &["LegTooLarge", "contracts after 2000000, at most 100000"]);
    trade("1", mark, &foreign, &["SignerNotAuthorised", &account]);
    localnet.shutdown().unwrap();
}
