//! xrpl beside ours, byte for byte; it judges each payment too.

use quorate_chains::{
    Chain, Context, Intent, Network, XrpContext, address, attach, build, decode, format_amount, verify,
};
use serde_json::json;

use crate::key_hash_oracle::Key;
use crate::lines::{Random, ask};

const SEED: u64 = 0x5eed_0000_0000_0144;

const CASES: usize = 5_000;

#[test]
fn g16_xrpl_makes_the_same_bytes_and_accepts_ours() {
    let mut random = Random(SEED);
    println!("seed {SEED:#x}");
    let (mut questions, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..CASES {
        let key = Key::drawn(&mut random);
        let public = key.public();
        let network = random.choose(&[Network::Mainnet, Network::Testnet, Network::Regtest]);
        let to = address(Chain::Xrp, network, &Key::drawn(&mut random).public()).unwrap().to_string();
        let amount = 1 + random.sized(56);
        let facts = XrpContext {
            sequence: 1 + u32::try_from(random.sized(31)).unwrap(),
            last_ledger_sequence: 1 + u32::try_from(random.sized(31)).unwrap(),
            fee: 1 + random.below(100_000),
            destination_tag: (random.below(2) == 0).then(|| u32::try_from(random.sized(32)).unwrap()),
        };
        let mut payment = json!({
            "Sequence": facts.sequence, "LastLedgerSequence": facts.last_ledger_sequence,
            "Amount": amount.to_string(), "Fee": facts.fee.to_string(), "Destination": to,
        });
        if let Some(tag) = facts.destination_tag {
            payment["DestinationTag"] = json!(tag);
        }
        let intent = Intent::Transfer { to, amount: format_amount(amount.into(), 6), memo: None };
        let unsigned = build(Chain::Xrp, network, &public, &intent, &Context::Xrp(facts)).unwrap();
        let decoded = decode(&unsigned, &public).unwrap();
        let signed = attach(&unsigned, &public, &key.sign(&decoded)).unwrap();
        assert_eq!(verify(&signed, &public), Ok(()));
        questions.push(json!({
            "secret": key.secret(), "key": public.to_string().to_uppercase(), "payment": payment,
            "ours": signed.encoded(),
        }));
        ours.push((unsigned, decoded, signed, address(Chain::Xrp, network, &public).unwrap()));
    }
    let Some(answers) = ask("xrp.mjs", &questions) else { return };
    for ((answer, question), (unsigned, decoded, signed, own)) in answers.iter().zip(&questions).zip(&ours) {
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(own.as_str(), text("address"));
        assert_eq!(hex::encode_upper(&unsigned.bytes), text("unsigned"), "{question}");
        assert_eq!(hex::encode(&decoded.requests[0].payload), text("digest"), "{question}");
        assert_eq!(signed.encoded(), text("encoded"), "{question}");
        assert_eq!(signed.txid(), text("txid"), "{question}");
    }
    println!("XRP: {} payments are the same and accepted", answers.len());
}
