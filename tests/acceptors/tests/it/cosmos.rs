//! cosmjs beside ours: payments in both modes and words, with keys of every type, byte for byte; it judges each too.

use quorate_chains::{
    Chain, Context, CosmosCoin, CosmosContext, CosmosKey, CosmosMode, Intent, Network, attach, build, decode,
    format_amount, verify,
};
use serde_json::{Value, json};

use crate::key_hash_oracle::Key;
use crate::lines::{Random, ask};

const SEED: u64 = 0x5eed_0000_0000_0118;

/// About a fifth of these are words.
const CASES: usize = 6_500;

const NETWORK: Network = Network::Testnet;

const TYPES: [CosmosKey; 4] =
    [CosmosKey::Secp256k1, CosmosKey::Ethermint, CosmosKey::CosmosEvm, CosmosKey::Injective];

/// A question to cosmjs, and what we make of the same wish.
struct Case {
    key: Key,
    intent: Intent,
    context: CosmosContext,
    theirs: Value,
}

fn case(random: &mut Random) -> Case {
    let key = Key::drawn(random);
    let prefix = random.choose(&["cosmos", "osmo", "juno", "okp4", "inj"]);
    let key_type = if random.below(2) == 0 { CosmosKey::Secp256k1 } else { random.choose(&TYPES) };
    let mode = random.choose(&[CosmosMode::Direct, CosmosMode::Amino]);
    let to = to(random, prefix);
    let amount = 1 + u128::from(random.sized(63)) * u128::from(1 + random.sized(30));
    let decimals = u8::try_from(random.below(19)).unwrap();
    let denom = random.choose(&[
        "uatom",
        "aevmos",
        "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2",
    ]);
    let fee: Vec<CosmosCoin> = ["aa1", "uatom", "zz/Z"]
        .into_iter()
        .filter(|_| random.below(2) == 0)
        .map(|denom| CosmosCoin { amount: (1 + (u64::MAX >> 20)).to_string(), denom: denom.into() })
        .collect();
    let context = CosmosContext {
        chain_id: format!("chain_{}-{}", random.below(10_000), random.below(9)),
        prefix: prefix.into(),
        account_number: number(random),
        sequence: number(random),
        denom: denom.into(),
        decimals: Some(decimals),
        fee,
        gas: 1 + random.below(10_000_000),
        timeout_height: (random.below(2) == 0).then(|| number(random)).filter(|height| *height > 0),
        mode,
        key_type,
    };
    let head = json!({"secret": key.secret(), "keyType": key_type, "prefix": prefix});
    let mut theirs = head;
    if random.below(5) == 0 {
        let text = format!("w{}", random.text(60));
        theirs["words"] = json!(text);
        let intent = Intent::Message { text, recipient: None, nonce: None, callback_url: None };
        return Case { key, intent, context, theirs };
    }
    let memo = random.text(40);
    theirs["payment"] = json!({
        "mode": mode, "to": to, "amount": [{"amount": amount.to_string(), "denom": denom}], "memo": memo,
        "fee": context.fee, "gas": context.gas, "chainId": context.chain_id,
        "accountNumber": context.account_number, "sequence": context.sequence,
        "timeoutHeight": context.timeout_height,
    });
    let memo = (!memo.is_empty()).then_some(memo);
    let intent = Intent::Transfer { to, amount: format_amount(amount, decimals), memo };
    Case { key, intent, context, theirs }
}

/// A number that the other side can write: the libraries of JavaScript go to 2⁵³, and the encoder of cosmjs-types 0.11.0
/// loses the upper digits of numbers whose bit 31 is set.
fn number(random: &mut Random) -> u64 {
    if random.below(4) == 0 { 0 } else { random.sized(53) & !(1 << 31) }
}

/// An address of an account of a key or of a module.
fn to(random: &mut Random, prefix: &str) -> String {
    let hrp = bech32::Hrp::parse(prefix).unwrap();
    let encode = |bytes: &[u8]| bech32::encode::<bech32::Bech32>(hrp, bytes).unwrap();
    if random.below(4) == 0 { encode(&random.bytes::<32>()) } else { encode(&random.bytes::<20>()) }
}

#[test]
fn g15_cosmjs_makes_the_same_bytes_and_accepts_ours() {
    let mut random = Random(SEED);
    println!("seed {SEED:#x}");
    let mut questions = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..CASES {
        let Case { key, intent, context, mut theirs } = case(&mut random);
        let public = key.public();
        let facts = Context::Cosmos(Box::new(context));
        let unsigned = build(Chain::Cosmos, NETWORK, &public, &intent, &facts)
            .unwrap_or_else(|error| panic!("{error}: {theirs}"));
        let decoded = decode(&unsigned, &public).unwrap();
        let signed = attach(&unsigned, &public, &key.sign(&decoded)).unwrap();
        assert_eq!(verify(&signed, &public), Ok(()));
        theirs["ours"] = json!(signed.encoded());
        questions.push(theirs);
        ours.push((unsigned, decoded, signed));
    }
    let Some(answers) = ask("cosmos.mjs", &questions) else { return };
    let mut words = 0;
    for ((answer, question), (unsigned, decoded, signed)) in answers.iter().zip(&questions).zip(&ours) {
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}"));
        let theirs = hex::decode(text("unsigned")).unwrap();
        // An amino document stands behind a mark and the type of the key.
        let is_marked = unsigned.bytes.starts_with(b"QC");
        assert_eq!(&unsigned.bytes[if is_marked { 5 } else { 0 }..], theirs, "{question}");
        assert_eq!(hex::encode(&decoded.requests[0].payload), text("digest"), "{question}");
        assert_eq!(signed.encoded(), text("encoded"), "{question}");
        let account =
            decoded.review.lines.iter().find(|line| matches!(line.label.as_str(), "From" | "Account"));
        assert_eq!(account.unwrap().value, text("address"));
        match answer.get("txid") {
            Some(txid) => assert_eq!(signed.txid(), txid),
            None => words += 1,
        }
    }
    assert!(words > 500 && answers.len() - words >= 5_000, "{words} of {}", answers.len());
    println!(
        "Cosmos: {} transactions and words are the same and accepted, {words} of them words",
        answers.len()
    );
}
