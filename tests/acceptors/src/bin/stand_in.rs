//! Does what `quorate demo --json --context FILE` does, with keys that one machine holds.

use k256::ecdsa::SigningKey;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::{Scalar, SecretKey, U256, schnorr};
use quorate_acceptors::{Report, Signature};
use quorate_chains::{
    Algorithm, Chain, Context, ContextFile, EthereumAccess, EthereumContext, EthereumFee, Intent,
    MessageVersion, Network, PublicKey, SigningRequest, TapTweak, TokenClaim, address, attach, build, decode,
};
use sha2::{Digest, Sha256};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [demo, json, flag, file] = arguments.as_slice() else { panic!("usage: demo --json --context FILE") };
    assert_eq!([demo.as_str(), json, flag], ["demo", "--json", "--context"]);
    let context = ContextFile::from_json(&std::fs::read(file).expect("the context file")).expect("a context");
    let mut chains = Vec::new();
    for chain in Chain::ALL {
        for seed in 1..=4 {
            for (kind, intent, context) in wishes(chain, &context.context(chain)) {
                chains.push(sign(chain, seed, kind, &intent, &context));
            }
        }
    }
    println!("{}", serde_json::to_string(&Report { chains }).expect("a report is JSON"));
}

/// What is signed on a chain, with the facts it is built from.
fn wishes(chain: Chain, context: &Context) -> Vec<(&'static str, Intent, Context)> {
    let to = address(chain, network(chain), &Key::new(chain, 200).public()).expect("a key has an address");
    let transfer = |amount: &str, memo: Option<&str>| Intent::Transfer {
        to: to.to_string(),
        amount: amount.into(),
        memo: memo.map(Into::into),
    };
    let near = |value: String| (chain == Chain::Near).then_some(value);
    let message = Intent::Message {
        text: "Signed by a stand-in, für alle".into(),
        recipient: near("app.near".into()),
        nonce: near("07".repeat(32)),
        callback_url: None,
    };
    let has_words = !matches!(chain, Chain::Dogecoin | Chain::Xrp);
    let mut wishes = Vec::new();
    if has_words {
        wishes.push(("message", message, Context::None));
    }
    match context {
        // Their oracles build transfers by themselves, from facts that depend on the account.
        Context::None
        | Context::BitcoinSegwit(_)
        | Context::Dogecoin(_)
        | Context::Cosmos(_)
        | Context::Xrp(_) => {}
        Context::Solana(facts) => {
            let legacy = Context::Solana(quorate_chains::SolanaContext {
                version: MessageVersion::Legacy,
                compute_unit_limit: Some(50_000),
                compute_unit_price: Some(1_000),
                ..facts.clone()
            });
            wishes.push(("transfer", transfer("0.25", None), context.clone()));
            wishes.push(("transfer with memo and priority fee", transfer("0.125", Some("rent")), legacy));
        }
        Context::Near(_) => {
            wishes.push(("transfer", transfer("1.5", None), context.clone()));
            let call = Intent::NearFunctionCall {
                contract: "app.testnet".into(),
                method: "act".into(),
                args: r#"{"n":1}"#.into(),
                tera_gas: "30".into(),
                deposit: "0.01".into(),
            };
            wishes.push(("function call", call, context.clone()));
        }
        Context::Bitcoin(_) => {
            wishes.push(("transfer", transfer("0.1", None), context.clone()));
            wishes.push(("transfer with memo", transfer("0.0501", Some("invoice 17")), context.clone()));
        }
        Context::Ethereum(facts) => wishes.extend(ethereum(facts, &to.to_string())),
    }
    wishes
}

/// One transaction of each kind, a payment of tokens, and typed data; each transaction has the next nonce.
fn ethereum(facts: &EthereumContext, to: &str) -> Vec<(&'static str, Intent, Context)> {
    const TOKEN: &str = "0x7777777777777777777777777777777777777777";
    let transfer = |amount: &str| Intent::Transfer { to: to.into(), amount: amount.into(), memo: None };
    let next = |nonce, fee: EthereumFee, access_list| {
        let tokens = vec![TokenClaim { address: TOKEN.into(), symbol: "TOK".into(), decimals: 6 }];
        let nonce = facts.nonce + nonce;
        Context::Ethereum(Box::new(EthereumContext { nonce, fee, access_list, tokens, ..facts.clone() }))
    };
    let price = || EthereumFee::GasPrice("20".into());
    let access =
        EthereumAccess { address: TOKEN.into(), storage_keys: vec![format!("0x{}", "ab".repeat(32))] };
    let pay = Intent::TokenTransfer { token: TOKEN.into(), to: to.into(), amount: "1.5".into() };
    let json = r#"{"types":{"Permit":[{"name":"spender","type":"address"},{"name":"value","type":"uint256"}]},
        "primaryType":"Permit","domain":{"name":"Token","version":"1","chainId":31337},
        "message":{"spender":"0x3535353535353535353535353535353535353535","value":"1000000"}}"#;
    vec![
        ("transfer", transfer("0.1"), next(0, facts.fee.clone(), Vec::new())),
        ("legacy transfer", transfer("0.2"), next(1, price(), Vec::new())),
        ("transfer with access list", transfer("0.3"), next(2, price(), vec![access])),
        ("token transfer", pay, next(3, facts.fee.clone(), Vec::new())),
        ("typed data", Intent::TypedData { json: json.into() }, Context::None),
    ]
}

fn network(chain: Chain) -> Network {
    match chain {
        Chain::Solana | Chain::Near => Network::Testnet,
        Chain::Bitcoin
        | Chain::BitcoinSegwit
        | Chain::Dogecoin
        | Chain::Cosmos
        | Chain::Xrp
        | Chain::Ethereum => Network::Regtest,
    }
}

fn sign(chain: Chain, seed: u8, kind: &str, intent: &Intent, context: &Context) -> Signature {
    let network = network(chain);
    let key = Key::new(chain, seed);
    let public_key = key.public();
    let unsigned = build(chain, network, &public_key, intent, context).expect("it can be built");
    let decoded = decode(&unsigned, &public_key).expect("it can be decoded");
    let signatures: Vec<[u8; 64]> = decoded.requests.iter().map(|request| key.sign(request)).collect();
    let signed = attach(&unsigned, &public_key, &signatures).expect("the signatures verify");
    Signature {
        chain: chain.to_string(),
        kind: kind.to_owned(),
        network: network.to_string(),
        address: address(chain, network, &public_key).expect("a key has an address").to_string(),
        public_key: public_key.to_string(),
        txid: signed.txid().to_owned(),
        encoded: signed.encoded().to_owned(),
        signed: hex::encode(signed.bytes()),
        unsigned: hex::encode(unsigned.bytes),
    }
}

/// A whole key.
enum Key {
    Ed25519(ed25519_dalek::SigningKey),
    Secp256k1(SecretKey),
}

impl Key {
    fn new(chain: Chain, seed: u8) -> Self {
        match chain {
            Chain::Solana | Chain::Near => Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32])),
            Chain::Bitcoin
            | Chain::BitcoinSegwit
            | Chain::Dogecoin
            | Chain::Cosmos
            | Chain::Xrp
            | Chain::Ethereum => Self::Secp256k1(SecretKey::from_slice(&[seed; 32]).expect("a small number")),
        }
    }

    fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key().to_bytes()),
            Self::Secp256k1(key) => {
                let point = key.public_key().to_encoded_point(true);
                PublicKey::Secp256k1(point.as_bytes().try_into().expect("33 bytes"))
            }
        }
    }

    fn sign(&self, request: &SigningRequest) -> [u8; 64] {
        match (self, request.algorithm) {
            (Self::Ed25519(key), Algorithm::Ed25519) => {
                ed25519_dalek::Signer::sign(key, &request.payload).to_bytes()
            }
            (Self::Secp256k1(key), Algorithm::Bip340 { tweak: TapTweak::KeyPath }) => {
                let key = schnorr::SigningKey::from_bytes(&output_secret(key).to_bytes()).expect("not zero");
                key.sign_raw(&request.payload, &[0; 32]).expect("a signature").to_bytes()
            }
            (Self::Secp256k1(key), Algorithm::Ecdsa) => {
                let (signature, _) =
                    SigningKey::from(key).sign_prehash_recoverable(&request.payload).expect("a signature");
                signature.to_bytes().into()
            }
            _ => panic!("a request for another curve"),
        }
    }
}

/// BIP-341's tweak of a secret.
fn output_secret(key: &SecretKey) -> Scalar {
    let point = *key.public_key().as_affine();
    let secret = *key.to_nonzero_scalar();
    let even = if bool::from(point.y_is_odd()) { -secret } else { secret };
    let tag = Sha256::digest("TapTweak");
    let tweak = Sha256::new().chain_update(tag).chain_update(tag).chain_update(point.x()).finalize();
    even + <Scalar as Reduce<U256>>::reduce_bytes(&tweak)
}
