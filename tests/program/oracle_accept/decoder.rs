//! `oracle_accept`: the decoder at fixed offsets against the receiver SDK's own reader.

use anchor_lang::AccountDeserialize;
use plimsoll::pyth::decode;
use plimsoll_core::oracle::Observation;
use plimsoll_tests::pyth::PriceUpdate;
use proptest::prelude::*;
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};
use solana_program::pubkey::Pubkey;

/// What the SDK reads, if it is a fully verified update of `feed_id`.
fn by_sdk(data: &[u8], feed_id: &[u8; 32]) -> Option<Observation> {
    let read = PriceUpdateV2::try_deserialize(&mut &*data).ok()?;
    let message = read.price_message;
    let believed = read.verification_level == VerificationLevel::Full && message.feed_id == *feed_id;
    believed.then_some(Observation {
        price: message.price,
        confidence: message.conf,
        ema: message.ema_price,
        exponent: message.exponent,
        publish_time: message.publish_time,
    })
}

fn any_update() -> impl Strategy<Value = PriceUpdate> {
    let message = (any::<[u8; 32]>(), any::<i64>(), any::<u64>(), any::<i32>(), any::<[i64; 3]>(), any::<u64>());
    let level = prop_oneof![
        4 => Just(VerificationLevel::Full),
        1 => any::<u8>().prop_map(|num_signatures| VerificationLevel::Partial { num_signatures }),
    ];
    (message, level, any::<[u8; 32]>(), any::<u64>()).prop_map(|(message, verification, authority, posted_slot)| {
        let (feed_id, price, conf, exponent, [publish_time, prev_publish_time, ema_price], ema_conf) = message;
        PriceUpdate {
            receiver: pyth_solana_receiver_sdk::ID,
            write_authority: Pubkey::new_from_array(authority),
            verification,
            message: PriceFeedMessage {
                feed_id,
                price,
                conf,
                exponent,
                publish_time,
                prev_publish_time,
                ema_price,
                ema_conf,
            },
            posted_slot,
        }
    })
}

proptest! {
    #[test]
    fn every_update_is_read_as_the_sdk_reads_it(update in any_update()) {
        let data = update.data();
        let read = decode(&data, &update.message.feed_id).ok();
        prop_assert_eq!(read, by_sdk(&data, &update.message.feed_id));
        prop_assert_eq!(read.is_some(), update.verification == VerificationLevel::Full);
    }

    #[test]
    fn a_changed_byte_is_read_as_the_sdk_reads_it(update in any_update(), at in 0..PriceUpdateV2::LEN, byte: u8) {
        let mut data = update.data();
        data[at] = byte;
        prop_assert_eq!(decode(&data, &update.message.feed_id).ok(), by_sdk(&data, &update.message.feed_id));
    }

    #[test]
    fn bytes_that_are_no_update_are_never_read(data in prop::collection::vec(any::<u8>(), 0..200), feed_id: [u8; 32]) {
        prop_assert_eq!(decode(&data, &feed_id).ok(), None);
    }

    #[test]
    fn what_the_sdk_reads_of_a_cut_account_is_read_the_same(update in any_update(), length in 0..PriceUpdateV2::LEN) {
        let data = &update.data()[..length];
        let (read, sdk) = (decode(data, &update.message.feed_id).ok(), by_sdk(data, &update.message.feed_id));
        // The fields behind the average are not needed: a cut there is the only one that is overlooked.
        prop_assert!(read == sdk || (length >= super::READ && sdk.is_none()));
        prop_assert!(length >= super::READ || read.is_none());
    }
}
