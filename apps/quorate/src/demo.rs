//! `quorate demo`: a relay and three devices as processes of their own make a wallet and sign with it.
//!
//! Nothing here can do what a person at three devices could not: every step is a command to a device process, and
//! every signature is checked with another verifier than the one that made it. Nothing is broadcast.

mod devices;
mod sample;
mod table;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use quorate_wallet::chains::{Chain, ContextFile, Network, PublicKey};
use quorate_wallet::{Command, verify_signed};
use serde::{Deserialize, Serialize};

use crate::device::PRESIGNATURES;
use crate::error::CliError;
use devices::{Children, DeviceProcess};

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Print one JSON object instead of a table.
    pub json: bool,
    /// Keep the devices' homes.
    pub keep: bool,
    /// What the chains say; sample values otherwise.
    pub context: Option<ContextFile>,
}

/// The result, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What programs tell this line from others by: `demo`.
    pub view: &'static str,
    /// How many sign, of how many.
    pub threshold: String,
    /// The safety words that all devices showed.
    pub words: Vec<String>,
    /// Milliseconds from the last join to the certificate on every device.
    pub ceremony_ms: u64,
    /// Milliseconds from the certificate until every two devices had set up their pair.
    pub pairing_ms: u64,
    /// How many presignatures each device held before the first signature.
    pub presignatures: Vec<u64>,
    /// Every signature, in order.
    pub chains: Vec<Signature>,
    /// Where the homes are, if they were kept.
    pub home: Option<PathBuf>,
}

/// One signature of the demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// The chain.
    pub chain: Chain,
    /// What was signed: `transfer` or `message`.
    #[serde(default)]
    pub kind: String,
    /// Its network.
    pub network: Network,
    /// The account that signed.
    pub address: String,
    /// Its hexadecimal public key.
    pub public_key: String,
    /// The transaction's id, or the hash of the message.
    pub txid: String,
    /// As the chain's nodes take it.
    pub encoded: String,
    /// Hexadecimal self-contained form.
    pub signed: String,
    /// Hexadecimal unsigned bytes.
    pub unsigned: String,
    /// Milliseconds from proposal to signature.
    pub elapsed: u64,
    /// Which two devices signed.
    #[serde(default)]
    pub signers: Vec<String>,
}

/// How long any one step may take.
const PATIENCE: Duration = Duration::from_secs(60);

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// Runs the demo and prints its result.
///
/// # Errors
/// Names the step that failed, with what the process said.
pub async fn run(options: Options) -> Result<(), CliError> {
    let mut children = Children::start(&NAMES).await?;
    let outcome = play(&mut children, &options).await;
    let home = children.end(options.keep).await;
    let mut report = outcome?;
    report.home = home;
    if options.json { table::print_json(&report) } else { table::print(&report) }
}

async fn play(children: &mut Children, options: &Options) -> Result<Report, CliError> {
    table::progress(&format!("relay at {}, devices {}", children.relay, NAMES.join(", ")));
    let (words, ceremony) = make_wallet(children).await?;
    let mut chains = Vec::new();
    let given = options.context.clone().unwrap_or_default();
    let (pairing_ms, presignatures) = await_pools(children).await?;
    for (index, (chain, network)) in sample::SHOWN.into_iter().enumerate() {
        let own = address(children, 0, chain, network).await?;
        let recipient = address(children, 1, chain, network).await?;
        let context = sample::context_of(&given, chain, network, &own)?;
        for request in sample::requests((chain, network), &recipient, &context) {
            let pair = (index % NAMES.len(), (index + 1) % NAMES.len());
            chains.push(sign(children, pair, request).await?);
        }
    }
    let threshold = "2-of-3".to_owned();
    let ceremony_ms = millis(ceremony);
    Ok(Report { view: "demo", threshold, words, ceremony_ms, pairing_ms, presignatures, chains, home: None })
}

/// The key ceremony: the first device creates, the others join, all certify.
async fn make_wallet(children: &mut Children) -> Result<(Vec<String>, Duration), CliError> {
    let relay = children.relay.clone();
    let [first, others @ ..] = children.devices.as_mut_slice() else { return Err(devices::missing()) };
    let create = Command::Create {
        name: "demo".to_owned(),
        threshold: 2,
        members: 3,
        relay,
        invite_ttl: 600_000,
        accept_words: true,
    };
    first.command(&create).await?;
    let invite = first.wait_for("invite", PATIENCE).await?;
    let invite = devices::text(&invite, "invite")?;
    let mut started = Instant::now();
    for device in others.iter_mut() {
        started = Instant::now();
        device.command(&Command::Join { invite: invite.clone(), accept_words: true }).await?;
    }
    let mut words = None;
    let mut addresses = None;
    for device in &mut children.devices {
        let shown = device.wait_for("safety-words", PATIENCE).await?;
        devices::agree(&mut words, shown.get("words").cloned(), "safety words")?;
        let ready = device.wait_for_ready(PATIENCE).await?;
        let view = ready.get("wallet").and_then(|wallet| wallet.get("addresses")).cloned();
        devices::agree(&mut addresses, view, "addresses")?;
    }
    let elapsed = started.elapsed();
    table::progress(&format!("keys certified by all three devices after {} ms", elapsed.as_millis()));
    let words = serde_json::from_value(words.unwrap_or_default()).unwrap_or_default();
    Ok((words, elapsed))
}

/// Waits until all pairs are set up and the pools are full: every device is in two of the three signer sets, and in each
/// of them both members keep some.
async fn await_pools(children: &mut Children) -> Result<(u64, Vec<u64>), CliError> {
    let started = Instant::now();
    for device in &mut children.devices {
        device.wait_for_pairs(PATIENCE).await?;
    }
    let pairing = millis(started.elapsed());
    let mut held = Vec::new();
    for device in &mut children.devices {
        held.push(device.wait_for_presignatures(4 * u64::from(PRESIGNATURES), PATIENCE).await?);
    }
    table::progress(&format!(
        "pairs set up after {pairing} ms, {held:?} presignatures after {} ms",
        started.elapsed().as_millis()
    ));
    Ok((pairing, held))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the address of one of the wallet's accounts.
async fn address(
    children: &mut Children,
    account: u32,
    chain: Chain,
    network: Network,
) -> Result<String, CliError> {
    let device = children.devices.first_mut().ok_or_else(devices::missing)?;
    device.command(&Command::Addresses { wallet: None, account }).await?;
    let view = device.wait_for("addresses", PATIENCE).await?;
    // An account has one address on all networks of Ethereum's machine.
    let listed = if chain == Chain::Ethereum { Network::Mainnet } else { network };
    let network = listed.to_string();
    let list = view.get("addresses").and_then(|list| list.as_array()).cloned().unwrap_or_default();
    let matches = |address: &&serde_json::Value| {
        address.get("chain").and_then(|c| c.as_str()) == Some(chain.name())
            && address.get("network").and_then(|n| n.as_str()) == Some(network.as_str())
    };
    let found = list.iter().find(matches).ok_or_else(devices::missing)?;
    devices::text(found, "address")
}

/// One device proposes, another reviews and approves, both verify.
async fn sign(
    children: &mut Children,
    (proposer, approver): (usize, usize),
    (kind, request): (&str, quorate_wallet::Request),
) -> Result<Signature, CliError> {
    let signers =
        [proposer, approver].iter().filter_map(|i| NAMES.get(*i)).map(|n| (*n).to_owned()).collect();
    let propose = Command::Propose { wallet: None, request, note: "demo".to_owned(), ttl: 60_000 };
    device(children, proposer)?.command(&propose).await?;
    let id = device(children, proposer)?.wait_for_own_request(PATIENCE).await?;
    let asked = device(children, approver)?.wait_for_request(&id, PATIENCE).await?;
    let review = asked.get("review").cloned().unwrap_or_default();
    table::progress(&format!("{}: {}", NAMES.get(approver).unwrap_or(&""), devices::text(&review, "title")?));
    device(children, approver)?.command(&Command::Approve { request: id.clone() }).await?;
    let mut result = None;
    for index in [approver, proposer] {
        let signed = device(children, index)?.wait_for_signed(&id, PATIENCE).await?;
        devices::agree(&mut result, signed.get("txid").cloned(), "signatures")?;
        if index == proposer {
            let mut signature: Signature =
                serde_json::from_value(signed).map_err(|error| CliError::internal(&error))?;
            (signature.kind, signature.signers) = (kind.to_owned(), signers);
            verify(&signature)?;
            return Ok(signature);
        }
    }
    Err(devices::missing())
}

fn device(children: &mut Children, index: usize) -> Result<&mut DeviceProcess, CliError> {
    children.devices.get_mut(index).ok_or_else(devices::missing)
}

/// Checks with a verifier that is not ours: `ed25519-dalek`'s or `k256`'s, on the transaction as it would be sent.
fn verify(signature: &Signature) -> Result<(), CliError> {
    let bytes = hex::decode(&signature.signed).map_err(|error| CliError::internal(&error))?;
    let key = hex::decode(&signature.public_key).map_err(|error| CliError::internal(&error))?;
    let key = PublicKey::from_bytes(signature.chain.purpose(), &key).ok_or_else(devices::missing)?;
    verify_signed(signature.chain, signature.network, &bytes, &key)
        .map_err(|error| CliError::internal(&error))
}
