//! What ethers makes of the same wishes: what is hashed, the hash, what is signed, its name and the sender, byte for
//! byte.

use std::fmt::Write as _;

use k256::ecdsa::SigningKey;
use quorate_acceptors::node;
use quorate_chains::{
    Chain, Context, EthereumAccess, EthereumContext, EthereumFee, Intent, Network, PublicKey, TokenClaim,
    address, attach, build, decode, format_amount, verify,
};
use serde_json::{Map, Value, json};

const SEED: u64 = 0x5eed_0000_0000_0712;

const TRANSACTIONS: usize = 5_000;

const MESSAGES: usize = 400;

const TYPED: usize = 600;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number of any size up to `bits`.
    fn sized(&mut self, bits: u64) -> u64 {
        let shift = 64 - bits + self.below(bits);
        self.next() >> shift
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.next().to_le_bytes()[3])
    }

    fn address(&mut self) -> String {
        format!("0x{}", hex::encode(self.bytes::<20>()))
    }

    fn text(&mut self) -> String {
        let letters: Vec<char> = "abc XYZ 019 \"\\/ \n\t ä漢😀é\u{202e}\u{7f}<>&'".chars().collect();
        let len = 1 + self.below(60);
        (0..len).map(|_| letters[usize::try_from(self.below(letters.len() as u64)).unwrap()]).collect()
    }
}

/// A wish in the words of both sides.
struct Wish {
    network: Network,
    intent: Intent,
    context: Context,
    theirs: Value,
}

fn network(random: &mut Random) -> Network {
    let id = match random.below(4) {
        0 => 1,
        1 => 8_453,
        2 => 31_337,
        // The libraries of JavaScript go to 2⁵³.
        _ => 2 + random.sized(52),
    };
    Network::of_chain_id(id).expect("not zero")
}

fn transaction(random: &mut Random) -> Wish {
    let network = network(random);
    let to = random.address();
    let nonce = random.sized(50);
    let gas_limit = 21_000 + random.below(400_000);
    let max = 1 + random.sized(41);
    let priority = random.below(max + 1);
    let access_list = access_list(random);
    let gwei = |wei: u64| format_amount(wei.into(), 9);
    let mut theirs = json!({
        "chainId": network.chain_id().to_string(), "nonce": nonce, "gasLimit": gas_limit.to_string(),
    });
    let with = |theirs: &mut Value, more: Value| {
        let more = more.as_object().expect("an object").clone();
        theirs.as_object_mut().expect("an object").extend(more);
    };
    let their_list: Vec<_> = access_list
        .iter()
        .map(|entry| json!({"address": entry.address, "storageKeys": entry.storage_keys}))
        .collect();
    let (fee, access_list) = match random.below(3) {
        0 => {
            with(&mut theirs, json!({"type": 0, "gasPrice": max.to_string()}));
            (EthereumFee::GasPrice(gwei(max)), Vec::new())
        }
        1 if !access_list.is_empty() => {
            with(&mut theirs, json!({"type": 1, "gasPrice": max.to_string(), "accessList": their_list}));
            (EthereumFee::GasPrice(gwei(max)), access_list)
        }
        _ => {
            let fees = json!({
                "type": 2, "maxFeePerGas": max.to_string(), "maxPriorityFeePerGas": priority.to_string(),
                "accessList": their_list,
            });
            with(&mut theirs, fees);
            (EthereumFee::Dynamic { max: gwei(max), priority: gwei(priority) }, access_list)
        }
    };
    let amount = 1 + u128::from(random.sized(60)) * u128::from(1 + random.sized(20));
    let mut tokens = Vec::new();
    let (intent, theirs) = if random.below(2) == 0 {
        with(&mut theirs, json!({"to": to, "value": amount.to_string()}));
        let intent = Intent::Transfer { to, amount: format_amount(amount, 18), memo: None };
        (intent, json!({"transaction": theirs}))
    } else {
        let decimals = u8::try_from(random.below(19)).expect("small");
        let token = random.address();
        with(&mut theirs, json!({"to": token, "value": "0"}));
        let theirs = json!({"transaction": theirs, "token": {"to": to, "amount": amount.to_string()}});
        tokens.push(TokenClaim { address: token.clone(), symbol: "TOK".into(), decimals });
        (Intent::TokenTransfer { token, to, amount: format_amount(amount, decimals) }, theirs)
    };
    let context = EthereumContext { nonce, gas_limit, fee, access_list, tokens };
    Wish { network, intent, context: Context::Ethereum(Box::new(context)), theirs }
}

fn access_list(random: &mut Random) -> Vec<EthereumAccess> {
    (0..random.below(4))
        .map(|_| EthereumAccess {
            address: random.address(),
            storage_keys: (0..random.below(4))
                .map(|_| format!("0x{}", hex::encode(random.bytes::<32>())))
                .collect(),
        })
        .collect()
}

fn message(random: &mut Random) -> Wish {
    let text = random.text();
    let theirs = json!({ "text": text });
    let intent = Intent::Message { text, recipient: None, nonce: None, callback_url: None };
    Wish { network: network(random), intent, context: Context::None, theirs }
}

/// A tree of types with values for them.
struct Tree<'a> {
    random: &'a mut Random,
    types: Map<String, Value>,
}

impl Tree<'_> {
    /// Adds a struct and returns its name, from which values can be made as often as they are needed.
    fn add(&mut self, depth: u64) -> String {
        let name = format!(
            "{}{}",
            ["Order", "Person", "Mail", "T"][usize::try_from(self.random.below(4)).unwrap()],
            self.types.len()
        );
        // Keeps the place, so that names differ.
        self.types.insert(name.clone(), json!([]));
        let fields: Vec<_> = (0..1 + self.random.below(4))
            .map(|index| json!({"name": format!("f{index}"), "type": self.kind(depth)}))
            .collect();
        self.types.insert(name.clone(), json!(fields));
        name
    }

    fn kind(&mut self, depth: u64) -> String {
        let base = match self.random.below(if depth < 3 { 9 } else { 7 }) {
            0 => format!("uint{}", 8 * (1 + self.random.below(32))),
            1 => format!("int{}", 8 * (1 + self.random.below(32))),
            2 => format!("bytes{}", 1 + self.random.below(32)),
            3 => "bytes".into(),
            4 => "string".into(),
            5 => "address".into(),
            6 => "bool".into(),
            _ => self.add(depth + 1),
        };
        match self.random.below(6) {
            0 => format!("{base}[]"),
            1 => format!("{base}[{}]", 1 + self.random.below(3)),
            2 if self.random.below(3) == 0 => format!("{base}[2][]"),
            _ => base,
        }
    }

    fn value(&mut self, kind: &str) -> Value {
        if let Some(list) = kind.strip_suffix(']') {
            let (of, length) = list.rsplit_once('[').expect("a list");
            let length =
                if length.is_empty() { self.random.below(3) } else { length.parse().expect("a length") };
            return (0..length).map(|_| self.value(of)).collect();
        }
        if let Some(fields) = self.types.get(kind).cloned() {
            let fields = fields.as_array().expect("fields").clone();
            let member = |field: &Value| {
                let name = field["name"].as_str().expect("a name").to_owned();
                (name, self.value(field["type"].as_str().expect("a type")))
            };
            return Value::Object(fields.iter().map(member).collect());
        }
        self.atom(kind)
    }

    fn atom(&mut self, kind: &str) -> Value {
        match kind {
            "bytes" => {
                let len = usize::try_from(self.random.below(70)).expect("small");
                json!(format!(
                    "0x{}",
                    hex::encode((0..len).map(|_| self.random.bytes::<1>()[0]).collect::<Vec<_>>())
                ))
            }
            "string" => json!(self.random.text()),
            "address" => json!(self.random.address()),
            "bool" => json!(self.random.below(2) == 1),
            _ => self.sized(kind),
        }
    }

    fn sized(&mut self, kind: &str) -> Value {
        let size = |prefix: &str| kind.strip_prefix(prefix).and_then(|digits| digits.parse::<usize>().ok());
        if let Some(size) = size("bytes") {
            return json!(format!("0x{}", hex::encode(&self.random.bytes::<32>()[..size])));
        }
        if let Some(bits) = size("uint") {
            let digits = hex::encode(&self.random.bytes::<32>()[..bits / 8]);
            return if bits <= 48 {
                json!(u64::from_str_radix(&digits, 16).expect("a number"))
            } else {
                json!(format!("0x{digits}"))
            };
        }
        let bits = size("int").expect("a number");
        let number = i128::from(self.random.sized(bits.min(64) as u64 - 1));
        let number = if self.random.below(2) == 0 { -number } else { number };
        // Past 53 bits a number of JavaScript is none.
        if bits <= 48 { json!(i64::try_from(number).expect("small")) } else { json!(number.to_string()) }
    }
}

fn typed(random: &mut Random) -> Wish {
    let network = network(random);
    let mut domain = Map::new();
    let mut kinds = Vec::new();
    let mut add = |is_there: bool, name: &str, kind: &str, value: Value| {
        if is_there {
            domain.insert(name.into(), value);
            kinds.push(json!({"name": name, "type": kind}));
        }
    };
    add(random.below(3) > 0, "name", "string", json!(random.text()));
    add(random.below(2) > 0, "version", "string", json!("1"));
    add(true, "chainId", "uint256", json!(network.chain_id()));
    add(random.below(2) > 0, "verifyingContract", "address", json!(random.address()));
    add(random.below(4) == 0, "salt", "bytes32", json!(format!("0x{}", hex::encode(random.bytes::<32>()))));
    let with_domain = random.below(2) == 0;
    let mut tree = Tree { random, types: Map::new() };
    let primary = tree.add(0);
    let message = tree.value(&primary);
    let mut types = tree.types;
    if with_domain {
        types.insert("EIP712Domain".into(), json!(kinds));
    }
    let json =
        json!({"types": types, "primaryType": primary, "domain": domain, "message": message}).to_string();
    let theirs = json!({ "typed": json });
    Wish { network, intent: Intent::TypedData { json }, context: Context::None, theirs }
}

/// What the product makes of a wish, in the words of the script.
fn ours(wish: &Wish, key: &SigningKey) -> Value {
    let point = key.verifying_key().to_encoded_point(true);
    let public = PublicKey::Secp256k1(point.as_bytes().try_into().expect("33 bytes"));
    let unsigned = build(Chain::Ethereum, wish.network, &public, &wish.intent, &wish.context)
        .unwrap_or_else(|error| panic!("{error}: {}", wish.theirs));
    let decoded = decode(&unsigned, &public).expect("it can be decoded");
    let payload = &decoded.requests[0].payload;
    let (signature, _) = key.sign_prehash_recoverable(payload).expect("a signature");
    let signed = attach(&unsigned, &public, &[signature.to_bytes().into()]).expect("it verifies");
    assert_eq!(verify(&signed, &public), Ok(()));
    let mut answer = json!({
        "digest": format!("0x{}", hex::encode(payload)),
        "signed": signed.encoded(),
        "name": signed.txid(),
        "from": address(Chain::Ethereum, wish.network, &public).expect("an address").as_str(),
    });
    if wish.theirs.get("transaction").is_some() {
        answer["unsigned"] = json!(format!("0x{}", hex::encode(&unsigned.bytes)));
    }
    answer
}

#[test]
fn g1_ethers_makes_the_same_of_6000_wishes() {
    let mut random = Random(SEED);
    println!("seed {SEED:#x}");
    let mut wishes: Vec<Wish> = (0..TRANSACTIONS).map(|_| transaction(&mut random)).collect();
    wishes.extend((0..MESSAGES).map(|_| message(&mut random)));
    wishes.extend((0..TYPED).map(|_| typed(&mut random)));
    let keys: Vec<_> =
        wishes.iter().map(|_| SigningKey::from_slice(&random.bytes::<32>()).expect("a key")).collect();
    let with_key = |(wish, key): (&Wish, &SigningKey)| {
        let mut theirs = wish.theirs.clone();
        theirs["key"] = json!(format!("0x{}", hex::encode(key.to_bytes())));
        theirs
    };
    let questions: Vec<_> = wishes.iter().zip(&keys).map(with_key).collect();
    let file = std::env::temp_dir().join(format!("quorate-ethers-{}.json", std::process::id()));
    std::fs::write(&file, json!(questions).to_string()).expect("a temporary file");
    let output = node("ethers.mjs", file.as_os_str());
    std::fs::remove_file(&file).expect("the temporary file is still there");
    let Some(output) = output else { return };
    let answers: Vec<Value> = serde_json::from_str(&output).expect("a list of answers");
    assert_eq!(answers.len(), wishes.len());
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for ((wish, key), theirs) in wishes.iter().zip(&keys).zip(&answers) {
        assert_eq!(ours(wish, key), *theirs, "{}", wish.theirs);
        let mut kind = wish.intent.kind().to_owned();
        if let Some(number) = wish.theirs["transaction"]["type"].as_u64() {
            write!(kind, " {number}").expect("text");
        }
        *kinds.entry(kind).or_default() += 1;
    }
    println!("the same: {kinds:?}");
    assert!(kinds.len() == 8 && kinds.values().all(|count| *count >= 300), "{kinds:?}");
}
