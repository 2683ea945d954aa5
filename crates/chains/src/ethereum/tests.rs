use k256::ecdsa::SigningKey;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::model::{Access, Fee};
use super::uint::Uint256;
use super::*;
use crate::key::PublicKey;
use crate::transaction::UnsignedTransaction;

mod calls;
mod messages;

const TO: AddressBytes = [0x35; 20];

fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[0x46; 32]).unwrap()
}

fn key() -> PublicKey {
    let point = signing_key().verifying_key().to_encoded_point(true);
    PublicKey::Secp256k1(point.as_bytes().try_into().unwrap())
}

/// The example of EIP-155; the tests below break it.
fn transaction() -> Transaction {
    Transaction {
        chain_id: 1,
        nonce: 9,
        fee: Fee::Legacy { price: 20_000_000_000_u64.into() },
        gas_limit: 21_000,
        to: Some(TO),
        value: 1_000_000_000_000_000_000_u64.into(),
        data: Vec::new(),
    }
}

fn decode(bytes: &[u8]) -> Result<Decoded, ChainError> {
    Ethereum.decode(Account::new(Network::Mainnet, &key()), bytes)
}

fn judge(transaction: &Transaction) -> Result<Review, ChainError> {
    decode(&transaction.encode()).map(|decoded| decoded.review)
}

fn refused(transaction: &Transaction) -> EthereumRefusal {
    match judge(transaction) {
        Err(ChainError::Ethereum(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

fn signed(network: Network, bytes: Vec<u8>) -> crate::SignedTransaction {
    let unsigned = UnsignedTransaction { chain: CHAIN, network, bytes };
    let decoded = crate::decode(&unsigned, &key()).unwrap();
    let (signature, _) = signing_key().sign_prehash_recoverable(&decoded.requests[0].payload).unwrap();
    let signed = crate::attach(&unsigned, &key(), &[signature.to_bytes().into()]).unwrap();
    assert_eq!(crate::verify(&signed, &key()), Ok(()));
    signed
}

fn has_line(review: &Review, label: &str, value: &str) -> bool {
    review.lines.iter().any(|line| line.label == label && line.value == value)
}

fn warnings(review: &Review) -> String {
    review.warnings.join("\n")
}

#[test]
fn the_example_of_eip_155_has_its_bytes_hash_and_signature() {
    let bytes = transaction().encode();
    let expected =
        "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";
    assert_eq!(hex::encode(&bytes), expected);
    let decoded = decode(&bytes).unwrap();
    let hash = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53";
    assert_eq!(hex::encode(&decoded.requests[0].payload), hash);
    assert_eq!(decoded.requests[0].algorithm, Algorithm::Ecdsa);
    let signed = signed(Network::Mainnet, bytes);
    let expected = "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080\
                    25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb7\
                    03304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    assert_eq!(signed.encoded(), expected);
    assert_eq!(signed.txid(), format!("0x{}", hex::encode(keccak(&[signed.bytes()]))));
    let own = crate::address(CHAIN, Network::Mainnet, &key()).unwrap();
    assert_eq!(own.as_str(), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
}

#[test]
fn the_bytes_of_each_kind_are_those_of_the_standards() {
    let access = Access { address: [0xaa; 20], keys: vec![[0xbb; 32]] };
    // [[address, [key]]]: the key is 33 bytes, its list 34, the address 21, the pair 55 and a header, the list 56 and two.
    let accesses = [&[0xf8, 56][..], &[0xf7, 0x94], &[0xaa; 20], &[0xe1, 0xa0], &[0xbb; 32]].concat();
    let call = [&[0x82, 0x52, 0x08, 0x94][..], &TO, &[0x05, 0x80]].concat();
    let base = Transaction { nonce: 0, value: 5_u64.into(), ..transaction() };

    let fee = Fee::AccessList { price: 7_u64.into(), list: vec![access.clone()] };
    let expected = [&[1, 0xf8, 87][..], &[0x01, 0x80, 0x07], &call, &accesses].concat();
    let with_list = Transaction { fee, ..base.clone() };
    assert_eq!(hex::encode(with_list.encode()), hex::encode(&expected));
    assert_eq!(Transaction::parse(&expected), Ok(with_list));

    let fee = Fee::TwoFees { priority: 2_u64.into(), max: 300_u64.into(), list: vec![access] };
    let expected = [&[2, 0xf8, 90][..], &[0x01, 0x80, 0x02, 0x82, 0x01, 0x2c], &call, &accesses].concat();
    let with_fees = Transaction { fee, ..base.clone() };
    assert_eq!(hex::encode(with_fees.encode()), hex::encode(&expected));
    assert_eq!(Transaction::parse(&expected), Ok(with_fees));

    let fee = Fee::TwoFees { priority: 2_u64.into(), max: 300_u64.into(), list: Vec::new() };
    let expected = [&[2, 0xe1][..], &[0x01, 0x80, 0x02, 0x82, 0x01, 0x2c], &call, &[0xc0]].concat();
    assert_eq!(hex::encode(Transaction { fee, ..base }.encode()), hex::encode(expected));
}

#[test]
fn the_signature_of_each_kind_is_verified_and_its_parity_bound() {
    for fee in [
        Fee::Legacy { price: 7_u64.into() },
        Fee::AccessList { price: 7_u64.into(), list: vec![Access { address: TO, keys: vec![[1; 32]; 3] }] },
        Fee::TwoFees { priority: 2_u64.into(), max: 300_u64.into(), list: Vec::new() },
    ] {
        for nonce in 0..8 {
            let transaction = Transaction { fee: fee.clone(), nonce, ..transaction() };
            let signed = signed(Network::Mainnet, transaction.encode());
            let (read, signature) = Transaction::parse_signed(signed.bytes()).unwrap();
            assert_eq!(read, transaction);
            let other = Signature { is_odd: !signature.is_odd, ..signature };
            let other = transaction.encode_signed(&other);
            let other = crate::SignedTransaction::from_bytes(CHAIN, Network::Mainnet, &other).unwrap();
            let refusal = ChainError::NotCanonical { what: "signed transaction" };
            assert_eq!(crate::verify(&other, &key()), Err(refusal), "the parity is another");
        }
    }
}

#[test]
fn g11_a_point_that_a_transaction_cannot_name_is_refused() {
    for recovery_id in [Some(2), Some(3), None] {
        let verified = Verified { key: key(), bytes: [1; 64], recovery_id };
        let assembled = Ethereum.assemble(&transaction().encode(), &[verified]);
        assert_eq!(assembled, Err(ChainError::BadSignature { index: 0 }));
    }
}

#[test]
fn a_payment_is_put_into_words() {
    let review = judge(&transaction()).unwrap();
    assert_eq!(review.title, "Send 1 ETH to 0x3535353535353535353535353535353535353535");
    for (label, value) in [
        ("From", "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"),
        ("To", "0x3535353535353535353535353535353535353535"),
        ("Amount", "1 ETH"),
        ("Amount in wei", "1000000000000000000"),
        ("Network", "mainnet, chain id 1"),
        ("Nonce", "9"),
        ("Gas", "at most 21000"),
        ("Fee", "at most 0.00042 ETH"),
        ("Price of gas", "20 gwei, paid in full"),
    ] {
        assert!(has_line(&review, label, value), "{label}: {:?}", review.lines);
    }
    assert_eq!(review.fee.as_deref(), Some("at most 0.00042 ETH"));
    assert!(review.warnings.is_empty(), "{:?}", review.warnings);
}

#[test]
fn g8_the_own_address_and_one_that_looks_like_it_are_pointed_out() {
    let own = own(Account::new(Network::Mainnet, &key())).unwrap();
    let review = judge(&Transaction { to: Some(own), ..transaction() }).unwrap();
    assert!(warnings(&review).contains("the account itself"));
    let mut alike = own;
    alike[2..18].fill(0x11);
    let review = judge(&Transaction { to: Some(alike), ..transaction() }).unwrap();
    assert!(warnings(&review).contains("looks like the account itself and is another"));
    assert!(review.title.contains(&address::show(&alike)));
}

#[test]
fn g2_a_transaction_of_another_network_is_refused() {
    let refusal = |found, expected| ChainError::from(EthereumRefusal::ChainId { found, expected });
    let on = |network, chain_id| {
        let bytes = Transaction { chain_id, ..transaction() }.encode();
        Ethereum.decode(Account::new(network, &key()), &bytes).map(|_| ())
    };
    assert_eq!(on(Network::Mainnet, 1), Ok(()));
    assert_eq!(on(Network::Testnet, 11_155_111), Ok(()));
    assert_eq!(on(Network::Regtest, 31_337), Ok(()));
    assert_eq!(on(Network::Evm(8_453), 8_453), Ok(()));
    for (network, found) in [
        (Network::Mainnet, 8_453),
        (Network::Mainnet, 0),
        (Network::Testnet, 1),
        (Network::Regtest, 1),
        (Network::Evm(8_453), 10),
    ] {
        assert_eq!(on(network, found), Err(refusal(found, network.chain_id())));
    }
}

#[test]
fn g2_a_transaction_without_chain_id_is_refused() {
    let unsigned = "e9098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080";
    assert_eq!(decode(&hex::decode(unsigned).unwrap()), Err(EthereumRefusal::NoChainId.into()));
    let signed = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080\
                  1ba028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb7\
                  03304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    let signed = hex::decode(signed).unwrap();
    let read = crate::SignedTransaction::from_bytes(CHAIN, Network::Mainnet, &signed);
    assert_eq!(read, Err(EthereumRefusal::NoChainId.into()));
}

#[test]
fn a_network_is_named_in_one_way_only() {
    for (network, is_known) in [
        (Network::Evm(5_000), true),
        (Network::Evm(MAX_CHAIN_ID), true),
        (Network::Evm(MAX_CHAIN_ID + 1), false),
        (Network::Evm(1), false),
        (Network::Evm(31_337), false),
        (Network::Evm(0), false),
    ] {
        assert_eq!(crate::address(CHAIN, network, &key()).is_ok(), is_known, "{network}");
    }
    let transaction = Transaction { chain_id: MAX_CHAIN_ID, ..transaction() };
    signed(Network::Evm(MAX_CHAIN_ID), transaction.encode());
}

#[test]
fn kinds_that_are_not_signed_are_refused_by_name() {
    for (kind, name) in
        [(0, "nobody"), (3, "blobs"), (4, "hands the account"), (5, "nobody"), (0x7f, "nobody")]
    {
        let bytes = [&[kind][..], &transaction().encode()].concat();
        match decode(&bytes) {
            Err(ChainError::Ethereum(EthereumRefusal::Kind { kind: found, name: found_name })) => {
                assert_eq!(found, kind);
                assert!(found_name.contains(name), "{found_name}");
            }
            other => panic!("kind {kind}: {other:?}"),
        }
    }
}

#[test]
fn what_is_absurd_or_lost_is_refused() {
    let fees =
        |priority: u64, max: u64| Fee::TwoFees { priority: priority.into(), max: max.into(), list: vec![] };
    let accesses = |keys| Fee::AccessList {
        price: 1_u64.into(),
        list: vec![Access { address: TO, keys: vec![[0; 32]; keys] }],
    };
    assert!(judge(&Transaction { fee: fees(5, 5), ..transaction() }).is_ok());
    assert!(judge(&Transaction { fee: accesses(63), ..transaction() }).is_ok());
    let gas = |gas| EthereumRefusal::Gas { gas, min: 21_000, max: 1 << 24 };
    let max = 1_000_000_000_000_000_000;
    let nobody = |address: &str| EthereumRefusal::NobodysAddress { address: address.to_owned() };
    let mut precompile = [0; 20];
    precompile[19] = 9;
    for (broken, refusal) in [
        (Transaction { fee: fees(6, 5), ..transaction() }, EthereumRefusal::PriorityFee),
        (Transaction { gas_limit: 20_999, ..transaction() }, gas(20_999)),
        (Transaction { gas_limit: (1 << 24) + 1, ..transaction() }, gas((1 << 24) + 1)),
        (Transaction { nonce: u64::MAX, ..transaction() }, EthereumRefusal::Nonce { nonce: u64::MAX }),
        (Transaction { to: None, ..transaction() }, EthereumRefusal::ContractCreation),
        (Transaction { to: None, data: vec![0x60; 40], ..transaction() }, EthereumRefusal::ContractCreation),
        (
            Transaction { to: Some([0; 20]), ..transaction() },
            nobody("0x0000000000000000000000000000000000000000"),
        ),
        (
            Transaction { to: Some(precompile), ..transaction() },
            nobody("0x0000000000000000000000000000000000000009"),
        ),
        (
            Transaction { fee: accesses(64), ..transaction() },
            EthereumRefusal::AccessList { entries: 65, max: 64 },
        ),
        (
            Transaction { fee: Fee::Legacy { price: 47_619_047_619_048_u64.into() }, ..transaction() },
            EthereumRefusal::Fee { price: "47619.047619048".into(), gas: 21_000, max },
        ),
        (
            Transaction { fee: Fee::Legacy { price: Uint256([0xff; 32]) }, ..transaction() },
            EthereumRefusal::Fee { price: Uint256([0xff; 32]).to_amount(9), gas: 21_000, max },
        ),
    ] {
        assert_eq!(refused(&broken), refusal);
    }
    assert!(
        judge(&Transaction { fee: Fee::Legacy { price: 47_619_047_619_047_u64.into() }, ..transaction() })
            .is_ok()
    );
    let too_much = Transaction { value: Uint256([1; 32]), ..transaction() };
    assert_eq!(judge(&too_much), Err(ChainError::Overflow { chain: CHAIN }));
}

#[test]
fn malformed_bytes_are_refused() {
    for fee in
        [Fee::Legacy { price: 7_u64.into() }, Fee::AccessList { price: 7_u64.into(), list: Vec::new() }]
    {
        let good = Transaction { fee, ..transaction() }.encode();
        for len in 0..good.len() {
            assert!(decode(&good[..len]).is_err(), "cut to {len}");
        }
        assert!(decode(&[&good[..], &[0]].concat()).is_err());
    }
    let long = vec![0xc0; MAX_UNSIGNED + 1];
    let what = "ethereum transaction";
    assert_eq!(decode(&long), Err(ChainError::TooLong { what, len: long.len(), max: MAX_UNSIGNED }));
}

#[test]
fn a_signed_transaction_is_no_unsigned_one() {
    for fee in
        [Fee::Legacy { price: 7_u64.into() }, Fee::AccessList { price: 7_u64.into(), list: Vec::new() }]
    {
        let unsigned = Transaction { fee, ..transaction() }.encode();
        let signed = signed(Network::Mainnet, unsigned.clone());
        assert_eq!(decode(signed.bytes()), Err(EthereumRefusal::AlreadySigned.into()));
        assert!(crate::SignedTransaction::from_bytes(CHAIN, Network::Mainnet, &unsigned).is_err());
    }
}

#[test]
fn files_are_imported_in_every_spelling_that_tools_write() {
    let bytes = transaction().encode();
    let in_hex = format!(" 0x{}\n", hex::encode(&bytes));
    for file in [&bytes[..], in_hex.as_bytes(), crate::text::to_base64(&bytes).as_bytes()] {
        assert_eq!(Ethereum.import(file), Ok(bytes.clone()));
    }
    assert_eq!(Ethereum.import(b"0xzz"), Err(ChainError::Malformed { what: "ethereum transaction" }));
    let long = format!("0x{}", "0".repeat(2 * MAX_UNSIGNED + 2));
    assert!(matches!(Ethereum.import(long.as_bytes()), Err(ChainError::TooLong { .. })));
}

fn any_uint() -> impl Strategy<Value = Uint256> {
    (any::<[u8; 32]>(), 0_usize..=32).prop_map(|(mut word, zeros)| {
        word[..zeros].fill(0);
        Uint256(word)
    })
}

fn any_fee() -> impl Strategy<Value = Fee> {
    let access = (any::<[u8; 20]>(), vec(any::<[u8; 32]>(), 0..3))
        .prop_map(|(address, keys)| Access { address, keys });
    let list = || vec(access.clone(), 0..3);
    prop_oneof![
        any_uint().prop_map(|price| Fee::Legacy { price }),
        (any_uint(), list()).prop_map(|(price, list)| Fee::AccessList { price, list }),
        (any_uint(), any_uint(), list()).prop_map(|(priority, max, list)| Fee::TwoFees {
            priority,
            max,
            list
        }),
    ]
}

prop_compose! {
    fn any_transaction()(
        chain_id in 1..=MAX_CHAIN_ID, nonce: u64, fee in any_fee(), gas_limit: u64,
        to in option::of(any::<[u8; 20]>()), value in any_uint(), data in vec(any::<u8>(), 0..100),
    ) -> Transaction {
        Transaction { chain_id, nonce, fee, gas_limit, to, value, data }
    }
}

proptest! {
    #[test]
    fn encode_and_parse_are_each_others_inverse(
        transaction in any_transaction(), r in 1_u128.., s in 1_u128.., is_odd: bool,
    ) {
        prop_assert_eq!(Transaction::parse(&transaction.encode()), Ok(transaction.clone()));
        let numbers = [Uint256::from(r).0, Uint256::from(s).0].as_flattened().try_into().unwrap();
        let signature = Signature { numbers, is_odd };
        let signed = transaction.encode_signed(&signature);
        prop_assert_eq!(Transaction::parse_signed(&signed), Ok((transaction, signature)));
    }

    #[test]
    fn g4_what_is_accepted_never_costs_more_than_the_cap(transaction in any_transaction()) {
        let transaction = Transaction { chain_id: 1, data: Vec::new(), ..transaction };
        if judge(&transaction).is_ok() {
            let price = transaction.fee.max().to_u128().unwrap();
            prop_assert!(price * u128::from(transaction.gas_limit) <= 1_000_000_000_000_000_000);
        }
    }
}
