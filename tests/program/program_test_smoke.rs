//! The same binary in solana-program-test, the Solana team's own harness with its own token program: money in and out.

use anchor_lang::solana_program::{program_option::COption, program_pack::Pack};
use anchor_spl::token::spl_token::state::{Account as TokenAccount, AccountState, Mint};
use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::{Clearinghouse, MarginAccount};
use plimsoll::MarginAccountOpenArgs;
use plimsoll_client::decode::State;
use plimsoll_client::directory::Directory;
use plimsoll_client::{address, instruction, presets};
use plimsoll_tests::chain::program_path;
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Quote atoms the depositor starts with.
const START: u64 = 1_000_000_000;

fn token_program_account<T: Pack>(state: &T) -> Account {
    let mut data = vec![0; T::LEN];
    T::pack_into_slice(state, &mut data);
    Account { lamports: 1_000_000_000, data, owner: anchor_spl::token::ID, executable: false, rent_epoch: 0 }
}

fn with_tokens(test: &mut ProgramTest, mint: &Pubkey, owner: &Pubkey) -> Pubkey {
    let quote = Mint {
        mint_authority: COption::None,
        supply: START,
        decimals: 6,
        is_initialized: true,
        freeze_authority: COption::None,
    };
    test.add_account(*mint, token_program_account(&quote));
    let wallet = TokenAccount {
        mint: *mint,
        owner: *owner,
        amount: START,
        delegate: COption::None,
        state: AccountState::Initialized,
        is_native: COption::None,
        delegated_amount: 0,
        close_authority: COption::None,
    };
    let source = address::token_account(owner, mint);
    test.add_account(source, token_program_account(&wallet));
    source
}

async fn run(context: &mut ProgramTestContext, instructions: &[Instruction], signer: &Keypair) {
    let hash = context.get_new_latest_blockhash().await.expect("block hash");
    let payer = Some(&signer.pubkey());
    let transaction = Transaction::new_signed_with_payer(instructions, payer, &[signer], hash);
    context.banks_client.process_transaction(transaction).await.expect("transaction");
}

async fn load<T: State>(context: &mut ProgramTestContext, address: &Pubkey) -> T {
    let account = context.banks_client.get_account(*address).await.expect("read").expect("account");
    T::decode(address, &account).expect("decode")
}

async fn tokens(context: &mut ProgramTestContext, address: &Pubkey) -> u64 {
    let account = context.banks_client.get_account(*address).await.expect("read").expect("token account");
    TokenAccount::unpack(&account.data).expect("token account").amount
}

#[tokio::test]
async fn money_goes_in_and_out_under_solana_program_test() {
    let folder = program_path().parent().expect("folder of the program").to_owned();
    std::env::set_var("SBF_OUT_DIR", folder);
    let mut test = ProgramTest::default();
    test.prefer_bpf(true);
    test.add_program("plimsoll", plimsoll::ID, None);
    let (owner, mint) = (Keypair::new(), Pubkey::new_unique());
    let lamports = 100_000_000_000;
    test.add_account(owner.pubkey(), Account { lamports, ..Account::default() });
    let source = with_tokens(&mut test, &mint, &owner.pubkey());
    let mut context = test.start_with_context().await;

    let key = owner.pubkey();
    let clearinghouse = address::clearinghouse(&key, 0);
    let open = MarginAccountOpenArgs { id: 0, mode: MODE_CROSS };
    let setup = [
        instruction::clearinghouse_create(&key, &mint, presets::clearinghouse(0, key, key)),
        instruction::owner_create(&clearinghouse, &key, &key),
        instruction::margin_account_open(&clearinghouse, &key, &key, open),
    ];
    run(&mut context, &setup, &owner).await;
    let directory = Directory {
        address: clearinghouse,
        clearinghouse: load::<Clearinghouse>(&mut context, &clearinghouse).await,
        underlyings: Default::default(),
        collaterals: Default::default(),
        rows: Default::default(),
    };
    let margin = address::margin_account(&clearinghouse, &key, 0);
    run(&mut context, &[instruction::deposit(&directory, &margin, &key, &source, START)], &owner).await;
    let account: MarginAccount = load(&mut context, &margin).await;
    assert_eq!(account.cash.unsigned_abs(), START);
    assert_eq!(tokens(&mut context, &directory.clearinghouse.vault).await, START);

    let part = START / 10;
    let withdraw = instruction::withdraw(&directory, &account, &source, part).expect("withdraw");
    run(&mut context, &[withdraw], &owner).await;
    let account: MarginAccount = load(&mut context, &margin).await;
    assert_eq!(account.cash.unsigned_abs(), START - part);
    assert_eq!(tokens(&mut context, &source).await, part);
}
