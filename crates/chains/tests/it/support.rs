//! Signers with a whole key, and the facts that transactions are built from.

use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::{ProjectivePoint, Scalar, U256, schnorr};
use quorate_chains::{
    Algorithm, BitcoinContext, BitcoinFee, Chain, Context, CosmosCoin, CosmosContext, CosmosKey, CosmosMode,
    Decoded, EthereumContext, EthereumFee, Intent, MessageVersion, NearContext, Network, PublicKey,
    SignedTransaction, SigningRequest, SolanaContext, TapTweak, UnsignedTransaction, Utxo, XrpContext,
    attach, build, decode, verify,
};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

pub const NETWORK: Network = Network::Regtest;

/// A key that one machine holds.
pub enum Signer {
    Ed25519(ed25519_dalek::SigningKey),
    Secp256k1(k256::SecretKey),
}

impl Signer {
    pub fn new(chain: Chain, seed: u8) -> Self {
        match chain {
            Chain::Solana | Chain::Near => Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32])),
            Chain::Bitcoin
            | Chain::BitcoinSegwit
            | Chain::Dogecoin
            | Chain::Cosmos
            | Chain::Xrp
            | Chain::Ethereum => Self::Secp256k1(k256::SecretKey::from_slice(&[seed; 32]).unwrap()),
        }
    }

    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key().to_bytes()),
            Self::Secp256k1(key) => {
                let point = key.public_key().to_encoded_point(true);
                PublicKey::Secp256k1(point.as_bytes().try_into().unwrap())
            }
        }
    }

    pub fn sign(&self, request: &SigningRequest) -> [u8; 64] {
        match (self, request.algorithm) {
            (Self::Ed25519(key), Algorithm::Ed25519) => {
                ed25519_dalek::Signer::sign(key, &request.payload).to_bytes()
            }
            (Self::Secp256k1(key), Algorithm::Bip340 { tweak: TapTweak::KeyPath }) => {
                let key = schnorr::SigningKey::from_bytes(&output_secret(key).to_bytes()).unwrap();
                key.sign_raw(&request.payload, &[0; 32]).unwrap().to_bytes()
            }
            (Self::Secp256k1(key), Algorithm::Ecdsa) => {
                let key = k256::ecdsa::SigningKey::from(key);
                let (signature, _) = key.sign_prehash_recoverable(&request.payload).unwrap();
                signature.normalize_s().unwrap_or(signature).to_bytes().into()
            }
            _ => panic!("a request for another curve"),
        }
    }

    pub fn sign_all(&self, decoded: &Decoded) -> Vec<[u8; 64]> {
        decoded.requests.iter().map(|request| self.sign(request)).collect()
    }
}

/// BIP-341's tweak of a secret, written down independently of the product.
fn output_secret(key: &k256::SecretKey) -> Scalar {
    let secret = *key.to_nonzero_scalar();
    let point = key.public_key().to_projective().to_affine();
    let even = if bool::from(point.y_is_odd()) { -secret } else { secret };
    let tag = Sha256::digest("TapTweak");
    let tweak = Sha256::new().chain_update(tag).chain_update(tag).chain_update(point.x()).finalize();
    let secret = even + <Scalar as Reduce<U256>>::reduce_bytes(&tweak);
    assert!(ProjectivePoint::GENERATOR * secret != ProjectivePoint::IDENTITY);
    secret
}

pub fn context(chain: Chain) -> Context {
    match chain {
        Chain::Solana => Context::Solana(SolanaContext {
            recent_blockhash: "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N".into(),
            version: MessageVersion::V0,
            compute_unit_limit: None,
            compute_unit_price: None,
            nonce_account: None,
        }),
        Chain::Near => Context::Near(NearContext {
            nonce: 7,
            block_hash: "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N".into(),
            signer_id: None,
        }),
        Chain::Bitcoin => Context::Bitcoin(BitcoinContext {
            utxos: [70_000, 50_000, 20_000].map(utxo).to_vec(),
            fee: BitcoinFee::Rate("2.5".into()),
        }),
        Chain::Ethereum => Context::Ethereum(Box::new(EthereumContext {
            nonce: 7,
            gas_limit: 21_000,
            fee: EthereumFee::Dynamic { max: "30".into(), priority: "1.5".into() },
            access_list: Vec::new(),
            tokens: Vec::new(),
        })),
        Chain::BitcoinSegwit => Context::BitcoinSegwit(BitcoinContext {
            utxos: [70_000, 50_000, 20_000].map(|value| funded(chain, 3, value)).to_vec(),
            fee: BitcoinFee::Rate("2.5".into()),
        }),
        Chain::Dogecoin => Context::Dogecoin(BitcoinContext {
            utxos: [700_000_000, 500_000_000, 20_000_000].map(|value| funded(chain, 3, value)).to_vec(),
            fee: BitcoinFee::Rate("1000".into()),
        }),
        Chain::Cosmos => Context::Cosmos(Box::new(CosmosContext {
            chain_id: "simd-testing".into(),
            prefix: "cosmos".into(),
            account_number: 1,
            sequence: 7,
            denom: "ucosm".into(),
            decimals: Some(6),
            fee: vec![CosmosCoin { amount: "2000".into(), denom: "ucosm".into() }],
            gas: 200_000,
            timeout_height: None,
            mode: CosmosMode::Direct,
            key_type: CosmosKey::Secp256k1,
        })),
        Chain::Xrp => Context::Xrp(XrpContext {
            sequence: 7,
            last_ledger_sequence: 9_000_000,
            fee: 12,
            destination_tag: Some(42),
        }),
    }
}

/// An output of a transaction that is there as a whole, at the address of a signer.
pub fn funded(chain: Chain, seed: u8, value: u64) -> Utxo {
    let key = Signer::new(chain, seed).public_key();
    let hash = Ripemd160::digest(Sha256::digest(key.as_bytes()));
    let script = match chain {
        Chain::Dogecoin => [&[0x76, 0xa9, 20], hash.as_slice(), &[0x88, 0xac]].concat(),
        _ => [&[0, 20], hash.as_slice()].concat(),
    };
    let mut transaction = vec![1, 0, 0, 0, 1];
    transaction.extend([7; 32]);
    transaction.extend([0; 4 + 1 + 4]);
    transaction.extend([2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x6a]);
    transaction.extend(value.to_le_bytes());
    transaction.push(script.len().try_into().unwrap());
    transaction.extend(script);
    transaction.extend([0; 4]);
    let mut txid = Sha256::digest(Sha256::digest(&transaction));
    txid.reverse();
    Utxo { txid: hex::encode(txid), vout: 1, value, transaction: Some(hex::encode(transaction)) }
}

/// An output whose id follows from its value.
pub fn utxo(value: u64) -> Utxo {
    Utxo { txid: hex::encode(Sha256::digest(value.to_le_bytes())), vout: 1, value, transaction: None }
}

pub fn transfer(chain: Chain) -> Intent {
    let (to, amount) = match chain {
        Chain::Solana => ("9oKrJ9iiEnCC7bewcRFbcdo4LKL2PhUEqcu8gH2eDbVM", "0.25"),
        Chain::Near => ("bob.localnet", "1.5"),
        Chain::Ethereum => ("0x3535353535353535353535353535353535353535", "0.5"),
        Chain::Bitcoin | Chain::BitcoinSegwit => ("bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk", "0.001"),
        Chain::Dogecoin => ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "9.5"),
        Chain::Cosmos => ("cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu", "1.234567"),
        Chain::Xrp => ("rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe", "1.5"),
    };
    Intent::Transfer { to: to.into(), amount: amount.into(), memo: None }
}

/// The chains that words are signed on.
pub const fn has_words(chain: Chain) -> bool {
    !matches!(chain, Chain::Dogecoin | Chain::Xrp)
}

pub fn message(chain: Chain, text: &str) -> Intent {
    let near = |value: String| (chain == Chain::Near).then_some(value);
    Intent::Message {
        text: text.into(),
        recipient: near("app.localnet".into()),
        nonce: near("05".repeat(32)),
        callback_url: None,
    }
}

pub fn built(chain: Chain, intent: &Intent) -> (Signer, UnsignedTransaction) {
    let signer = Signer::new(chain, 3);
    let unsigned = build(chain, NETWORK, &signer.public_key(), intent, &context(chain)).unwrap();
    (signer, unsigned)
}

/// Builds, signs and verifies.
pub fn signed(chain: Chain, intent: &Intent) -> (Signer, SignedTransaction) {
    let (signer, unsigned) = built(chain, intent);
    let key = signer.public_key();
    let decoded = decode(&unsigned, &key).unwrap();
    let signed = attach(&unsigned, &key, &signer.sign_all(&decoded)).unwrap();
    assert_eq!(verify(&signed, &key), Ok(()));
    (signer, signed)
}
