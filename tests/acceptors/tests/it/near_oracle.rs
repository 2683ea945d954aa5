//! NEAR's own transaction types beside ours, on transactions drawn at random.

use near_crypto::{ED25519PublicKey, PublicKey as NearKey};
use near_primitives::account::AccessKey;
use near_primitives::action::{
    Action, AddKeyAction, CreateAccountAction, DeleteAccountAction, DeleteKeyAction, DeployContractAction,
    FunctionCallAction, StakeAction, TransferAction,
};
use near_primitives::hash::CryptoHash;
use near_primitives::transaction::{Transaction, TransactionV0};
use near_primitives::types::{Balance, Gas};
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_chains::{
    Chain, ChainError, NearRefusal, Network, PublicKey, UnsignedTransaction, decode, parse_address,
};

fn key() -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()
}

fn near_key() -> NearKey {
    NearKey::ED25519(ED25519PublicKey(key()))
}

fn any_account() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,10}([-_.][a-z0-9]{1,10}){1,4}"
}

fn any_action() -> impl Strategy<Value = Action> {
    let call = ("[a-z_]{1,20}", vec(any::<u8>(), 0..60), 0_u64..100_000_000_000_000, 0_u128..1 << 100)
        .prop_map(|(method_name, args, gas, deposit)| {
            Action::FunctionCall(Box::new(FunctionCallAction {
                method_name,
                args,
                gas: Gas::from_gas(gas),
                deposit: Balance::from_yoctonear(deposit),
            }))
        });
    let transfer = (0_u128..1 << 100)
        .prop_map(|deposit| Action::Transfer(TransferAction { deposit: Balance::from_yoctonear(deposit) }));
    prop_oneof![transfer, call]
}

fn refused_actions() -> Vec<(Action, &'static str)> {
    let add = AddKeyAction { public_key: near_key(), access_key: AccessKey::full_access() };
    let stake = StakeAction { stake: Balance::from_yoctonear(1), public_key: near_key() };
    let delete = DeleteAccountAction { beneficiary_id: "mallory.near".parse().unwrap() };
    vec![
        (Action::CreateAccount(CreateAccountAction {}), "CreateAccount"),
        (Action::DeployContract(DeployContractAction { code: vec![0, 1] }), "DeployContract"),
        (Action::Stake(Box::new(stake)), "Stake"),
        (Action::AddKey(Box::new(add)), "AddKey"),
        (Action::DeleteKey(Box::new(DeleteKeyAction { public_key: near_key() })), "DeleteKey"),
        (Action::DeleteAccount(delete), "DeleteAccount"),
    ]
}

fn transaction(nonce: u64, receiver: &str, block_hash: [u8; 32], actions: Vec<Action>) -> Transaction {
    Transaction::V0(TransactionV0 {
        signer_id: hex::encode(key()).parse().unwrap(),
        public_key: near_key(),
        nonce,
        receiver_id: receiver.parse().unwrap(),
        block_hash: CryptoHash(block_hash),
        actions,
    })
}

fn decode_ours(transaction: &Transaction) -> Result<quorate_chains::Decoded, ChainError> {
    let bytes = borsh::to_vec(transaction).unwrap();
    let unsigned = UnsignedTransaction { chain: Chain::Near, network: Network::Regtest, bytes };
    decode(&unsigned, &PublicKey::Ed25519(key()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn payloads_are_the_hashes_of_the_node(
        nonce in 1_u64.., receiver in any_account(), block_hash: [u8; 32], actions in vec(any_action(), 1..4),
    ) {
        let transaction = transaction(nonce, &receiver, block_hash, actions);
        let decoded = decode_ours(&transaction).unwrap();
        let (hash, _) = transaction.get_hash_and_size();
        prop_assert_eq!(&decoded.requests[0].payload, &hash.as_bytes().to_vec());
    }

    #[test]
    fn account_names_are_read_the_same(text in "[a-zA-Z0-9._-]{0,12}|[a-z0-9._-]{50,70}|.{0,10}") {
        let theirs = text.parse::<near_primitives::types::AccountId>().is_ok();
        prop_assert_eq!(parse_address(Chain::Near, Network::Regtest, &text).is_ok(), theirs, "{}", text);
    }
}

#[test]
fn g14_actions_of_the_node_that_change_the_account_are_refused() {
    for (action, name) in refused_actions() {
        let payment = Action::Transfer(TransferAction { deposit: Balance::from_yoctonear(1) });
        let transaction = transaction(1, "bob.near", [1; 32], vec![payment, action]);
        match decode_ours(&transaction) {
            Err(ChainError::Near(NearRefusal::Action { index: 2, action })) => {
                assert!(action.starts_with(name), "{action}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}
