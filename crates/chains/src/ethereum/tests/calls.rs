use super::*;
use crate::context::{EthereumContext, EthereumFee, TokenClaim};

const TOKEN: AddressBytes = [0x77; 20];

/// A call of a token, from its function and arguments.
fn call(function: &str, arguments: &[Uint256]) -> Transaction {
    let selector = keccak(&[function.as_bytes()]);
    let data =
        [&selector[..4], arguments.iter().map(|word| word.0).collect::<Vec<_>>().as_flattened()].concat();
    Transaction { to: Some(TOKEN), value: Uint256::ZERO, data, gas_limit: 60_000, ..transaction() }
}

fn word(address: &AddressBytes) -> Uint256 {
    Uint256::from_be_bytes(address).unwrap()
}

#[test]
fn a_payment_of_tokens_is_put_into_words() {
    let review = judge(&call("transfer(address,uint256)", &[word(&TO), 1_500_000_u64.into()])).unwrap();
    let (token, to) = (address::show(&TOKEN), address::show(&TO));
    assert_eq!(review.title, format!("Send 1500000 units of the token {token} to {to}"));
    assert!(has_line(&review, "Contract", &token));
    assert!(has_line(&review, "To", &to));
    assert!(has_line(&review, "Units of the token", "1500000"));
    assert!(review.warnings.is_empty());
    let claims = [TokenClaim { address: token, symbol: "USDC".into(), decimals: 6 }];
    let mut claimed = review.clone();
    let transaction = call("transfer(address,uint256)", &[word(&TO), 1_500_000_u64.into()]);
    review::claim(&mut claimed, &claims, &transaction).unwrap();
    assert!(has_line(&claimed, "Amount, as the context claims", "1.5 USDC"));
    assert_eq!(claimed.title, review.title);
    assert_eq!(claimed.lines[..review.lines.len()], review.lines);
    let others = [TokenClaim { address: to, symbol: "USDC".into(), decimals: 6 }];
    let mut other = review.clone();
    review::claim(&mut other, &others, &transaction).unwrap();
    assert_eq!(other, review, "a claim about another token says nothing");
}

#[test]
fn g5_handing_power_to_others_is_shown_as_high_risk() {
    let limit = |bits: u32| Uint256::from(1_u128 << bits);
    let owner = own(Account::new(Network::Mainnet, &key())).unwrap();
    let words = [Uint256::ZERO, Uint256::from(27_u64), limit(9), limit(8)];
    for (function, arguments, risks) in [
        ("approve(address,uint256)", vec![word(&TO), 5_u64.into()], 1),
        ("approve(address,uint256)", vec![word(&TO), Uint256([0xff; 32])], 2),
        ("approve(address,uint256)", vec![word(&TO), limit(95)], 2),
        ("approve(address,uint256)", vec![word(&TO), limit(94)], 1),
        ("approve(address,uint256)", vec![word(&TO), Uint256::ZERO], 0),
        ("increaseAllowance(address,uint256)", vec![word(&TO), 5_u64.into()], 1),
        ("decreaseAllowance(address,uint256)", vec![word(&TO), 5_u64.into()], 0),
        ("setApprovalForAll(address,bool)", vec![word(&TO), 1_u64.into()], 1),
        ("setApprovalForAll(address,bool)", vec![word(&TO), Uint256::ZERO], 0),
        ("transferFrom(address,address,uint256)", vec![word(&[0x22; 20]), word(&TO), 5_u64.into()], 0),
        (
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
            [&[word(&owner), word(&TO), Uint256([0xff; 32])][..], &words].concat(),
            3,
        ),
    ] {
        let review = judge(&call(function, &arguments)).unwrap_or_else(|error| panic!("{function}: {error}"));
        let found = review.warnings.iter().filter(|warning| warning.starts_with("HIGH RISK")).count();
        assert_eq!(found, risks, "{function}: {:?}", review.warnings);
        assert!(format!("{review:?}").contains(&address::show(&TO)), "{function}");
    }
}

#[test]
fn g5_calls_that_are_not_understood_are_refused_by_their_function() {
    for (data, selector) in [
        (&[0xac, 0x96, 0x50, 0xd8][..], "ac9650d8"),
        (&[0xa9, 0x05, 0x9c], "a9059c"),
        (&[0], "00"),
        (&[0xd0, 0xe3, 0x0d, 0xb0, 1, 2, 3], "d0e30db0"),
    ] {
        let unknown = Transaction { data: data.to_vec(), value: Uint256::ZERO, ..transaction() };
        assert_eq!(refused(&unknown), EthereumRefusal::UnknownCall { selector: selector.to_owned() });
    }
    let transfer = call("transfer(address,uint256)", &[word(&TO), 5_u64.into()]);
    let paid = Transaction { value: 1_u64.into(), ..transfer };
    assert_eq!(refused(&paid), EthereumRefusal::PaidCall { wei: 1 });
    let itself = call("transfer(address,uint256)", &[word(&TOKEN), 5_u64.into()]);
    assert_eq!(refused(&itself), EthereumRefusal::TokenToItself { address: address::show(&TOKEN) });
    let nobody = call("transfer(address,uint256)", &[Uint256::ZERO, 5_u64.into()]);
    assert!(matches!(refused(&nobody), EthereumRefusal::NobodysAddress { .. }));
}

#[test]
fn g5_arguments_with_a_second_spelling_are_refused() {
    let transfer = call("transfer(address,uint256)", &[word(&TO), 5_u64.into()]);
    let malformed = ChainError::Malformed { what: "call of a contract" };
    let not_canonical = ChainError::NotCanonical { what: "call of a contract" };
    let mut long = transfer.clone();
    long.data.push(0);
    assert_eq!(judge(&long), Err(malformed.clone()));
    let mut short = transfer.clone();
    short.data.pop();
    assert_eq!(judge(&short), Err(malformed));
    let mut dirty = transfer;
    dirty.data[4] = 1;
    assert_eq!(judge(&dirty), Err(not_canonical.clone()));
    let neither = call("setApprovalForAll(address,bool)", &[word(&TO), 2_u64.into()]);
    assert_eq!(judge(&neither), Err(not_canonical));
}

#[test]
fn claims_that_are_none_are_refused() {
    let token = address::show(&TOKEN);
    let good = TokenClaim { address: token.clone(), symbol: "USDC".into(), decimals: 6 };
    for tokens in [
        vec![TokenClaim { symbol: String::new(), ..good.clone() }],
        vec![TokenClaim { symbol: "a\u{202e}b".into(), ..good.clone() }],
        vec![TokenClaim { symbol: "a b".into(), ..good.clone() }],
        vec![TokenClaim { symbol: "a".repeat(17), ..good.clone() }],
        vec![TokenClaim { decimals: 37, ..good.clone() }],
        vec![TokenClaim { address: token.to_uppercase(), ..good.clone() }],
        vec![good.clone(), good.clone()],
    ] {
        assert!(matches!(build_tokens(tokens.clone()), Err(ChainError::InvalidField { .. })), "{tokens:?}");
    }
    let missing = ChainError::MissingField { chain: CHAIN, intent: "token-transfer", field: "tokens" };
    assert_eq!(build_tokens(Vec::new()), Err(missing));
    let built = build_tokens(vec![good]).unwrap();
    assert_eq!(Transaction::parse(&built).unwrap().data, call::Call::transfer(&TO, 1_500_000_u64.into()));
}

fn build_tokens(tokens: Vec<TokenClaim>) -> Result<Vec<u8>, ChainError> {
    let fee = EthereumFee::Dynamic { max: "30".into(), priority: "1.5".into() };
    let context = EthereumContext { nonce: 1, gas_limit: 60_000, fee, access_list: Vec::new(), tokens };
    let intent =
        Intent::TokenTransfer { token: address::show(&TOKEN), to: address::show(&TO), amount: "1.5".into() };
    Ethereum.build(Account::new(Network::Mainnet, &key()), &intent, &Context::Ethereum(Box::new(context)))
}
