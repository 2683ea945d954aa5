//! What holds on every chain, for honest bytes and for broken ones.

use proptest::collection::vec;
use proptest::prelude::*;
use quorate_chains::{
    Chain, ChainError, Intent, Network, PublicKey, SignedTransaction, UnsignedTransaction, address, attach,
    build, decode, import, parse_address, verify,
};
use quorate_primitives::KeyPurpose;

use crate::support::{NETWORK, Signer, built, context, has_words, message, signed, transfer};

fn any_chain() -> impl Strategy<Value = Chain> {
    proptest::sample::select(Chain::ALL.to_vec())
}

/// A transfer, or words on a chain that signs words.
fn wish(chain: Chain, words: bool) -> Intent {
    if words && has_words(chain) { message(chain, "Hello World") } else { transfer(chain) }
}

fn honest(chain: Chain, words: bool) -> (Signer, UnsignedTransaction) {
    built(chain, &wish(chain, words))
}

/// One byte another, gone, or more.
#[derive(Clone, Debug)]
pub enum Mutation {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index),
    Insert(prop::sample::Index, u8),
}

pub fn any_mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        1 => index().prop_map(Mutation::Cut),
        1 => index().prop_map(Mutation::Remove),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
    ]
}

pub fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    match mutation {
        Mutation::Set(at, byte) => bytes[at.index(len)] = *byte,
        Mutation::Cut(at) => bytes.truncate(at.index(len)),
        Mutation::Remove(at) => drop(bytes.remove(at.index(len))),
        Mutation::Insert(at, byte) => bytes.insert(at.index(len), *byte),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Two acceptable transactions never have the same payload: whatever a person read is what the signature is for.
    #[test]
    fn g1_other_bytes_are_refused_or_sign_something_else(
        chain in any_chain(), words: bool, mutations in vec(any_mutation(), 1..4),
    ) {
        let (signer, unsigned) = honest(chain, words);
        let key = signer.public_key();
        let original = decode(&unsigned, &key).unwrap();
        let mut other = unsigned.clone();
        mutations.iter().for_each(|mutation| mutate(&mut other.bytes, mutation));
        if let Ok(decoded) = decode(&other, &key) {
            prop_assert_eq!(other.bytes == unsigned.bytes, decoded.requests == original.requests);
            prop_assert_eq!(other.bytes == unsigned.bytes, decoded == original);
            let imported = import(chain, NETWORK, &other.bytes);
            prop_assert_eq!(imported, Ok(other));
        }
    }

    #[test]
    fn other_signed_bytes_do_not_verify(
        chain in any_chain(), words: bool, mutations in vec(any_mutation(), 1..4),
    ) {
        let (signer, signed) = signed(chain, &wish(chain, words));
        let mut bytes = signed.bytes().to_vec();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        if bytes != signed.bytes() && let Ok(other) = SignedTransaction::from_bytes(chain, NETWORK, &bytes) {
            prop_assert!(verify(&other, &signer.public_key()).is_err());
        }
    }

    #[test]
    fn any_bytes_are_an_answer(chain in any_chain(), bytes in vec(any::<u8>(), 0..300)) {
        let key = Signer::new(chain, 3).public_key();
        if let Ok(unsigned) = import(chain, NETWORK, &bytes) {
            let _ = decode(&unsigned, &key);
        }
        let _ = decode(&UnsignedTransaction { chain, network: NETWORK, bytes: bytes.clone() }, &key);
        let _ = SignedTransaction::from_bytes(chain, NETWORK, &bytes);
    }

    #[test]
    fn any_text_is_an_answer(chain in any_chain(), text in "[a-z0-9]{1,90}|.{0,90}") {
        for network in [Network::Mainnet, Network::Testnet, Network::Regtest] {
            if let Ok(address) = parse_address(chain, network, &text) {
                prop_assert_eq!(parse_address(chain, network, address.as_str()), Ok(address));
            }
        }
    }
}

#[test]
fn own_addresses_read_back_on_their_network() {
    for chain in Chain::ALL {
        for network in [Network::Mainnet, Network::Testnet, Network::Regtest] {
            for seed in 1..=8 {
                let own = address(chain, network, &Signer::new(chain, seed).public_key()).unwrap();
                assert_eq!(parse_address(chain, network, own.as_str()), Ok(own));
            }
        }
    }
}

#[test]
fn g1_a_network_that_the_chain_has_not_is_refused_everywhere() {
    for chain in Chain::ALL {
        // Base is a network of Ethereum's machine; a second name for Ethereum's mainnet is not.
        let network = if chain == Chain::Ethereum { Network::Evm(1) } else { Network::Evm(8_453) };
        let (signer, signed) = signed(chain, &transfer(chain));
        let key = signer.public_key();
        let (_, unsigned) = built(chain, &transfer(chain));
        let refused = || ChainError::NoSuchNetwork { chain, network };
        assert_eq!(address(chain, network, &key), Err(refused()));
        assert_eq!(parse_address(chain, network, "x"), Err(refused()));
        assert_eq!(build(chain, network, &key, &transfer(chain), &context(chain)), Err(refused()));
        assert_eq!(import(chain, network, &unsigned.bytes), Err(refused()));
        assert_eq!(SignedTransaction::from_bytes(chain, network, signed.bytes()), Err(refused()));
        let elsewhere = UnsignedTransaction { network, ..unsigned };
        assert_eq!(decode(&elsewhere, &key), Err(refused()));
        assert_eq!(attach(&elsewhere, &key, &[]), Err(refused()));
    }
}

#[test]
fn a_key_of_another_curve_is_refused_everywhere() {
    for chain in Chain::ALL {
        let is_ed25519 = matches!(chain.purpose(), KeyPurpose::Ed25519);
        let other = if is_ed25519 { Chain::Bitcoin } else { Chain::Solana };
        let key = Signer::new(other, 3).public_key();
        let (_, unsigned) = built(chain, &transfer(chain));
        let wrong = ChainError::WrongKey { chain };
        assert_eq!(address(chain, NETWORK, &key), Err(wrong.clone()));
        assert_eq!(decode(&unsigned, &key), Err(wrong.clone()));
        assert_eq!(attach(&unsigned, &key, &[]), Err(wrong));
    }
}

#[test]
fn another_account_of_the_same_curve_cannot_sign() {
    for chain in Chain::ALL.into_iter().filter(|chain| *chain != Chain::Ethereum) {
        let stranger = Signer::new(chain, 4);
        let (_, unsigned) = built(chain, &transfer(chain));
        assert!(decode(&unsigned, &stranger.public_key()).is_err());
    }
}

#[test]
fn wrong_missing_and_swapped_signatures_are_refused() {
    for chain in Chain::ALL {
        let (signer, unsigned) = built(chain, &transfer(chain));
        let key = signer.public_key();
        let decoded = decode(&unsigned, &key).unwrap();
        let good = signer.sign_all(&decoded);
        let expected = good.len();
        for wrong_number in [&good[1..], &[good.as_slice(), &good[..1]].concat()] {
            let found = wrong_number.len();
            let error = ChainError::SignatureCount { expected, found };
            assert_eq!(attach(&unsigned, &key, wrong_number), Err(error));
        }
        for (byte, bit) in [(0, 1), (31, 0x80), (32, 1), (63, 0x80)] {
            let mut bad = good.clone();
            bad[0][byte] ^= bit;
            assert_eq!(attach(&unsigned, &key, &bad), Err(ChainError::BadSignature { index: 0 }));
        }
        let mut swapped = good.clone();
        swapped.reverse();
        if expected > 1 {
            assert_eq!(attach(&unsigned, &key, &swapped), Err(ChainError::BadSignature { index: 0 }));
        }
    }
}

/// An Ed25519 signature whose S has the group order added verifies with lax verifiers only.
#[test]
fn g10_a_signature_with_a_second_spelling_is_refused() {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (signer, unsigned) = built(Chain::Solana, &transfer(Chain::Solana));
    let key = signer.public_key();
    let mut signature = signer.sign(&decode(&unsigned, &key).unwrap().requests[0]);
    let mut carry = 0_u16;
    for (byte, l) in signature[32..].iter_mut().zip(L) {
        carry += u16::from(*byte) + u16::from(l);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(attach(&unsigned, &key, &[signature]), Err(ChainError::BadSignature { index: 0 }));
}

/// A transaction of Ethereum does not name its account: the review and the signature do.
#[test]
fn a_stranger_reviews_a_transaction_of_ethereum_as_his_own_and_cannot_sign_for_another() {
    let (signer, unsigned) = built(Chain::Ethereum, &transfer(Chain::Ethereum));
    let stranger = Signer::new(Chain::Ethereum, 4);
    let decoded = decode(&unsigned, &stranger.public_key()).unwrap();
    let from = address(Chain::Ethereum, NETWORK, &stranger.public_key()).unwrap();
    assert!(decoded.review.lines.iter().any(|line| line.label == "From" && line.value == from.as_str()));
    let signatures = stranger.sign_all(&decoded);
    let refused = attach(&unsigned, &signer.public_key(), &signatures);
    assert_eq!(refused, Err(ChainError::BadSignature { index: 0 }));
    let signed = attach(&unsigned, &stranger.public_key(), &signatures).unwrap();
    assert!(verify(&signed, &signer.public_key()).is_err());
}

/// Solana and NEAR share a curve; what one of them signs is never what the other signs.
#[test]
fn payloads_of_two_chains_never_have_the_same_length() {
    let length = |chain| {
        let (signer, unsigned) = built(chain, &transfer(chain));
        decode(&unsigned, &signer.public_key()).unwrap().requests[0].payload.len()
    };
    assert_eq!(length(Chain::Near), 32);
    assert!(length(Chain::Solana) > 32);
    let key = PublicKey::Ed25519([0; 32]);
    assert!(matches!(address(Chain::Solana, NETWORK, &key), Err(ChainError::InvalidKey { .. })));
}
