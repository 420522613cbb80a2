//! Wallets: repeatable, and files that other tools read.
use plimsoll_localnet::keys;
use solana_signer::Signer;

#[test]
fn a_key_follows_from_seed_and_name() {
    let key = |seed, name| keys::keypair(seed, name).pubkey();
    assert_eq!(key(1, "maker"), key(1, "maker"));
    assert_ne!(key(1, "maker"), key(2, "maker"));
    assert_ne!(key(1, "maker"), key(1, "liquidator"));
}

#[test]
fn a_key_file_reads_back_and_only_its_owner_may_read_it() {
    let keypair = keys::keypair(7, "maker");
    let folder = std::env::temp_dir();
    let name = format!("plimsoll-key-{}", std::process::id());
    let path = keys::write(&folder, &name, &keypair).unwrap();
    let read = solana_keypair::read_keypair_file(&path).unwrap();
    assert_eq!(read.pubkey(), keypair.pubkey());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_file(path).unwrap();
}
