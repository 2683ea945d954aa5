use proptest::collection::vec;
use proptest::prelude::*;

use super::instruction::{COMPUTE_BUDGET, MEMO, RECENT_BLOCKHASHES, SYSTEM};
use super::message::Instruction;
use super::*;
use crate::context::{MessageVersion, SolanaContext};
use crate::review::Review;

const TO: [u8; 32] = [0xaa; 32];
const NONCE_ACCOUNT: [u8; 32] = [0xbb; 32];

fn key() -> PublicKey {
    PublicKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes())
}

fn own() -> [u8; 32] {
    key_bytes(&key()).unwrap()
}

fn call(program: u8, accounts: &[u8], data: &[u8]) -> Instruction {
    Instruction { program, accounts: accounts.to_vec(), data: data.to_vec() }
}

fn transfer_data(lamports: u64) -> Vec<u8> {
    [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat()
}

/// A transfer of five lamports; the tests below break it.
fn message() -> Message {
    Message {
        version: MessageVersion::Legacy,
        signers: 1,
        readonly_signers: 0,
        readonly_others: 1,
        keys: vec![own(), TO, SYSTEM],
        recent_blockhash: [9; 32],
        instructions: vec![call(2, &[0, 1], &transfer_data(5))],
    }
}

/// The same message with more read-only keys and more instructions.
fn message_with(keys: &[[u8; 32]], instructions: &[Instruction]) -> Message {
    let mut message = message();
    message.keys.extend(keys);
    message.readonly_others += u8::try_from(keys.len()).unwrap();
    message.instructions.extend_from_slice(instructions);
    message
}

fn judge(message: &Message) -> Result<Review, ChainError> {
    decode(&message.encode()).map(|decoded| decoded.review)
}

fn decode(bytes: &[u8]) -> Result<Decoded, ChainError> {
    Solana.decode(Account::new(Network::Testnet, &key()), bytes)
}

fn refusal(result: Result<Review, ChainError>) -> SolanaRefusal {
    match result {
        Err(ChainError::Solana(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

#[test]
fn the_bytes_of_a_transfer_are_those_of_the_format() {
    let bytes = message().encode();
    let expected = [
        &[1, 0, 1, 3][..],
        &own(),
        &TO,
        &[0; 32],
        &[9; 32],
        &[1, 2, 2, 0, 1, 12, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    assert_eq!(bytes, expected);
    assert_eq!(Message::parse(&bytes), Ok(message()));
    let v0 = Message { version: MessageVersion::V0, ..message() };
    assert_eq!(v0.encode(), [&[0x80], bytes.as_slice(), &[0]].concat());
    assert_eq!(Message::parse(&v0.encode()), Ok(v0));
}

#[test]
fn the_payload_is_the_message_itself() {
    let bytes = message().encode();
    let decoded = decode(&bytes).unwrap();
    assert_eq!(decoded.requests, [SigningRequest { algorithm: Algorithm::Ed25519, payload: bytes }]);
    assert_eq!(decoded.review.title, format!("Send 0.000000005 SOL to {}", base58(&TO)));
    assert_eq!(decoded.review.fee.as_deref(), Some("0.000005 SOL"));
}

#[test]
fn g13_lookup_tables_are_refused() {
    let mut bytes = Message { version: MessageVersion::V0, ..message() }.encode();
    bytes.pop();
    bytes.push(1);
    bytes.extend([7; 32]);
    bytes.extend([1, 0, 0]);
    assert_eq!(decode(&bytes), Err(SolanaRefusal::AddressLookupTables.into()));
}

#[test]
fn g13_a_durable_nonce_is_pointed_out_and_bound_to_its_place() {
    let nonce = |place: usize| {
        let mut message = message();
        message.keys = vec![own(), TO, NONCE_ACCOUNT, SYSTEM, RECENT_BLOCKHASHES];
        message.readonly_others = 2;
        message.instructions = vec![call(3, &[0, 1], &transfer_data(5))];
        message.instructions.insert(place, call(3, &[2, 4, 0], &4_u32.to_le_bytes()));
        message
    };
    let review = judge(&nonce(0)).unwrap();
    assert!(review.warnings.iter().any(|warning| warning.starts_with("durable nonce")), "{review:?}");
    assert_eq!(refusal(judge(&nonce(1))), SolanaRefusal::MisplacedNonce { index: 2 });
    let mut other_sysvar = nonce(0);
    other_sysvar.keys[4] = MEMO;
    assert_eq!(
        refusal(judge(&other_sysvar)),
        SolanaRefusal::AccountRoles { index: 1, what: "nonce advance" }
    );
}

#[test]
fn g13_another_fee_payer_or_signer_is_refused() {
    let mut swapped = message();
    swapped.keys.swap(0, 1);
    assert_eq!(refusal(judge(&swapped)), SolanaRefusal::ForeignFeePayer { found: base58(&TO) });
    let two_signers = Message { signers: 2, ..message() };
    assert_eq!(refusal(judge(&two_signers)), SolanaRefusal::ForeignSigner { found: base58(&TO) });
}

#[test]
fn accounts_without_use_or_twice_are_refused() {
    let unused = message_with(&[[4; 32]], &[]);
    assert_eq!(refusal(judge(&unused)), SolanaRefusal::UnusedAccount { account: base58(&[4; 32]) });
    let twice = message_with(&[TO], &[]);
    assert_eq!(refusal(judge(&twice)), SolanaRefusal::DuplicateAccount { account: base58(&TO) });
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let token = [6; 32];
    let unknown = message_with(&[token], &[call(3, &[], &[])]);
    assert_eq!(refusal(judge(&unknown)), SolanaRefusal::UnknownProgram { index: 2, program: base58(&token) });
    let assign = [&1_u32.to_le_bytes()[..], &[6; 32]].concat();
    let what = "assign (gives the account to a program)".to_owned();
    assert_eq!(
        refusal(judge(&message_with(&[], &[call(2, &[0], &assign)]))),
        SolanaRefusal::UnknownInstruction { index: 2, program: "system", what }
    );
    let what = "instruction 77".to_owned();
    assert_eq!(
        refusal(judge(&message_with(&[], &[call(2, &[0], &77_u32.to_le_bytes())]))),
        SolanaRefusal::UnknownInstruction { index: 2, program: "system", what }
    );
    let what = "instruction 1".to_owned();
    assert_eq!(
        refusal(judge(&message_with(&[COMPUTE_BUDGET], &[call(3, &[], &[1, 0, 0, 0, 1])]))),
        SolanaRefusal::UnknownInstruction { index: 2, program: "compute budget", what }
    );
    let none = Message { instructions: Vec::new(), ..message() };
    assert_eq!(refusal(judge(&none)), SolanaRefusal::NoInstruction);
}

#[test]
fn accounts_in_wrong_roles_are_refused() {
    let roles = |index, what| SolanaRefusal::AccountRoles { index, what };
    for accounts in [&[1, 0][..], &[1], &[0, 1, 1], &[2, 1]] {
        let message = Message { instructions: vec![call(2, accounts, &transfer_data(5))], ..message() };
        assert_eq!(refusal(judge(&message)), roles(1, "transfer"), "{accounts:?}");
    }
    let readonly_receiver = Message { readonly_others: 2, ..message() };
    assert_eq!(refusal(judge(&readonly_receiver)), roles(1, "transfer"));
    let budget = message_with(&[COMPUTE_BUDGET], &[call(3, &[0], &[2, 0, 0, 0, 0])]);
    assert_eq!(refusal(judge(&budget)), roles(2, "compute budget setting"));
    let memo = message_with(&[MEMO], &[call(3, &[1], b"hi")]);
    assert_eq!(refusal(judge(&memo)), roles(2, "memo"));
}

#[test]
fn paying_a_program_is_refused() {
    let message = Message {
        keys: vec![own(), COMPUTE_BUDGET, SYSTEM],
        instructions: vec![call(2, &[0, 1], &transfer_data(5))],
        ..message()
    };
    assert_eq!(refusal(judge(&message)), SolanaRefusal::PaysProgram { index: 1, program: "compute budget" });
}

#[test]
fn g4_an_absurd_priority_fee_is_refused_and_a_sane_one_shown_at_its_highest() {
    let with = |limit: Option<u32>, price: u64| {
        let mut calls = Vec::new();
        if let Some(limit) = limit {
            calls.push(call(3, &[], &[&[2], &limit.to_le_bytes()[..]].concat()));
        }
        calls.push(call(3, &[], &[&[3], &price.to_le_bytes()[..]].concat()));
        judge(&message_with(&[COMPUTE_BUDGET], &calls))
    };
    // 5,000 + 1,000 units at 1,500,001 millionths of a lamport, rounded up.
    assert_eq!(with(Some(1000), 1_500_001).unwrap().fee.as_deref(), Some("0.000006501 SOL"));
    // Without a limit, every instruction gets 200,000 units.
    assert_eq!(with(None, 1_000_000).unwrap().fee.as_deref(), Some("0.000405 SOL"));
    let fee = 100_000_001;
    assert_eq!(refusal(with(Some(1_000_000), 99_995_001)), SolanaRefusal::Fee { fee, max: MAX_FEE });
    assert!(with(Some(1_000_000), 99_995_000).is_ok());
    assert_eq!(with(Some(u32::MAX), u64::MAX), Err(ChainError::Overflow { chain: Chain::Solana }));
    let twice = call(3, &[], &[3, 0, 0, 0, 0, 0, 0, 0, 0]);
    let twice = message_with(&[COMPUTE_BUDGET], &[twice.clone(), twice]);
    assert_eq!(
        refusal(judge(&twice)),
        SolanaRefusal::RepeatedSetting { index: 3, what: "compute unit price" }
    );
}

#[test]
fn malformed_bytes_are_refused() {
    let malformed = Err(ChainError::Malformed { what: "solana message" });
    let good = message().encode();
    for len in 0..good.len() {
        assert_eq!(Message::parse(&good[..len]), malformed, "cut to {len}");
    }
    assert_eq!(Message::parse(&[&good[..], &[0]].concat()), malformed);
    let broken: [fn(&mut Message); 7] = [
        |m| m.signers = 4,
        |m| m.signers = 0,
        |m| m.readonly_signers = 1,
        |m| m.readonly_others = 3,
        |m| m.instructions[0].program = 3,
        |m| m.instructions[0].program = 0,
        |m| m.instructions[0].accounts[1] = 3,
    ];
    for (index, break_it) in broken.iter().enumerate() {
        let mut message = message();
        break_it(&mut message);
        assert_eq!(Message::parse(&message.encode()), malformed, "{index}");
    }
    let mut long_data = message();
    long_data.instructions[0].data = transfer_data(5);
    long_data.instructions[0].data.push(0);
    assert_eq!(judge(&long_data), Err(ChainError::Malformed { what: "system instruction" }));
}

#[test]
fn a_length_in_a_longer_spelling_is_refused() {
    let good = message().encode();
    let longer = [&good[..3], &[0x83, 0], &good[4..]].concat();
    assert_eq!(decode(&longer), Err(ChainError::Malformed { what: "solana message" }));
}

#[test]
fn unknown_versions_are_refused() {
    for version in 1..=126 {
        let bytes = [&[0x80 | version], message().encode().as_slice(), &[0]].concat();
        assert_eq!(decode(&bytes), Err(SolanaRefusal::UnknownVersion { version }.into()));
    }
}

#[test]
fn e2_a_message_longer_than_a_packet_is_refused_first() {
    let bytes = vec![0; 1168];
    let error = ChainError::TooLong { what: "solana message", len: 1168, max: 1167 };
    assert_eq!(decode(&bytes), Err(error));
}

#[test]
fn import_reads_messages_and_wire_transactions_and_their_base64() {
    let message = message().encode();
    let wire = [&[1], &[0; 64][..], &message].concat();
    for file in
        [message.clone(), wire.clone(), to_base64(&message).into(), format!("{}\n", to_base64(&wire)).into()]
    {
        assert_eq!(Solana.import(&file), Ok(message.clone()));
    }
    let mut signed = wire;
    signed[5] = 1;
    assert_eq!(Solana.import(&signed), Err(SolanaRefusal::AlreadySigned.into()));
    let malformed = ChainError::Malformed { what: "solana message" };
    assert_eq!(Solana.import(b""), Err(malformed));
    assert!(matches!(Solana.import(b"AAAA"), Err(ChainError::Malformed { .. })));
}

#[test]
fn words_are_an_off_chain_message_of_version_1() {
    let message = OffchainMessage { signer: own(), text: "I own this".to_owned() };
    let bytes = message.encode();
    assert_eq!(bytes, [&b"\xffsolana offchain\x01\x01"[..], &own(), b"I own this"].concat());
    let decoded = decode(&bytes).unwrap();
    assert_eq!(decoded.requests[0].payload, bytes);
    assert_eq!(decoded.review.lines[1].value, "I own this");
}

#[test]
fn words_of_another_form_are_refused() {
    let head = b"\xffsolana offchain";
    let own = own();
    let cases: [(Vec<u8>, ChainError); 6] = [
        ([&head[..], &[0, 1], &own, b"x"].concat(), SolanaRefusal::UnknownVersion { version: 0 }.into()),
        ([&head[..], &[2, 1], &own, b"x"].concat(), SolanaRefusal::UnknownVersion { version: 2 }.into()),
        (
            [&head[..], &[1, 2], &own, &TO, b"x"].concat(),
            SolanaRefusal::ForeignSigner { found: base58(&TO) }.into(),
        ),
        (
            [&head[..], &[1, 1], &TO, b"x"].concat(),
            SolanaRefusal::ForeignSigner { found: base58(&TO) }.into(),
        ),
        ([&head[..], &[1, 1], &own].concat(), ChainError::EmptyMessage),
        (
            [&head[..], &[1, 1], &own, &[0xff]].concat(),
            ChainError::Malformed { what: "solana off-chain message" },
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(decode(&bytes), Err(error));
    }
    let other_domain = [&b"\xffsolana 0ffchain\x01\x01"[..], &own, b"x"].concat();
    assert_eq!(decode(&other_domain), Err(ChainError::Malformed { what: "solana off-chain message" }));
}

#[test]
fn addresses_are_read_strictly() {
    let good = base58(&TO);
    assert_eq!(Solana.parse_address(Network::Mainnet, &good).unwrap().as_str(), good);
    for (text, fault) in [
        ("", AddressFault::Length),
        ("abc", AddressFault::Length),
        (&"1".repeat(31), AddressFault::Length),
        (&"1".repeat(33), AddressFault::Length),
        (&"z".repeat(44), AddressFault::Length),
        (&"1".repeat(45), AddressFault::Length),
        (&"0".repeat(32), AddressFault::Characters),
        (&format!(" {}", &good[1..]), AddressFault::Characters),
    ] {
        let error = ChainError::Address { chain: Chain::Solana, network: Network::Mainnet, fault };
        assert_eq!(Solana.parse_address(Network::Mainnet, text), Err(error), "{text}");
    }
}

#[test]
fn building_is_refused_where_a_field_means_nothing() {
    let build = |intent: Intent, context: Context| {
        Solana.build(Account::new(Network::Mainnet, &key()), &intent, &context)
    };
    let to = base58(&TO);
    let transfer = |amount: &str| Intent::Transfer { to: to.clone(), amount: amount.into(), memo: None };
    let context = SolanaContext {
        recent_blockhash: base58(&[9; 32]),
        version: MessageVersion::V0,
        compute_unit_limit: None,
        compute_unit_price: None,
        nonce_account: None,
    };
    let missing = ChainError::MissingContext { chain: Chain::Solana, intent: "transfer" };
    assert_eq!(build(transfer("1"), Context::None), Err(missing));
    let zero = ChainError::Amount(crate::AmountFault::Zero);
    assert_eq!(build(transfer("0"), Context::Solana(context.clone())), Err(zero));
    let price_alone = SolanaContext { compute_unit_price: Some(1), ..context.clone() };
    let missing = ChainError::MissingField {
        chain: Chain::Solana,
        intent: "priority fee",
        field: "compute_unit_limit",
    };
    assert_eq!(build(transfer("1"), Context::Solana(price_alone)), Err(missing));
    let bad_hash = SolanaContext { recent_blockhash: "oops".into(), ..context };
    let invalid = ChainError::InvalidField { field: "recent_blockhash", expected: "32 bytes in base58" };
    assert_eq!(build(transfer("1"), Context::Solana(bad_hash)), Err(invalid));
    let message =
        Intent::Message { text: "x".into(), recipient: Some("y".into()), nonce: None, callback_url: None };
    let unknown = ChainError::UnknownField { chain: Chain::Solana, intent: "message", field: "recipient" };
    assert_eq!(build(message, Context::None), Err(unknown));
}

fn any_message() -> impl Strategy<Value = Message> {
    let instruction = (1_u8..6, vec(0_u8..6, 0..5), vec(any::<u8>(), 0..200))
        .prop_map(|(program, accounts, data)| Instruction { program, accounts, data });
    let version = prop_oneof![Just(MessageVersion::Legacy), Just(MessageVersion::V0)];
    (version, 1_u8..6, any::<[u8; 32]>(), vec(instruction, 0..4), any::<[[u8; 31]; 6]>()).prop_flat_map(
        |(version, signers, recent_blockhash, instructions, keys)| {
            (0..signers, 0..=6 - signers).prop_map(move |(readonly_signers, readonly_others)| Message {
                version,
                signers,
                readonly_signers,
                readonly_others,
                keys: (0_u8..)
                    .zip(keys)
                    .map(|(n, key)| [&[n], &key[..]].concat().try_into().unwrap())
                    .collect(),
                recent_blockhash,
                instructions: instructions.clone(),
            })
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(message in any_message()) {
        prop_assert_eq!(Message::parse(&message.encode()), Ok(message));
    }

    #[test]
    fn g1_what_reads_is_written_back_to_the_same_bytes(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::parse(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }
}
