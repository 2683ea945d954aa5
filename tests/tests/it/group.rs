//! Three devices at a relay.

use std::path::{Path, PathBuf};
use std::time::Duration;

use quorate_tests::{Device, Relay, binary, scratch};
use serde_json::{Value, json};

pub const NAMES: [&str; 3] = ["alice", "barnaby", "carol"];
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Group {
    pub relay: Relay,
    pub devices: Vec<Device>,
    pub dir: PathBuf,
}

impl Group {
    /// Starts a relay and three devices; `None` where there is no binary to test.
    pub fn start(test: &str) -> Option<Self> {
        let binary = binary()?;
        let dir = scratch(test);
        let relay = Relay::start(&binary, 0, None);
        let devices = NAMES.iter().map(|name| Device::start(&binary, &dir, name, None)).collect();
        Some(Self { relay, devices, dir })
    }

    /// A group whose wallet is ready.
    pub fn with_wallet(test: &str) -> Option<Self> {
        let mut group = Self::start(test)?;
        let url = group.relay.url.clone();
        group.make_wallet(&url);
        Some(group)
    }

    pub fn make_wallet(&mut self, url: &str) {
        let invite = self.devices[0].create_wallet(url, 2, 3).expect("an invite");
        for device in &mut self.devices[1..] {
            device.join(&invite);
        }
        for device in &mut self.devices {
            device.wait_for("ready", PATIENCE);
        }
    }

    /// All devices agree on the wallet's addresses.
    pub fn agree(&mut self) -> Option<Value> {
        let mut addresses = self.devices.iter_mut().map(|device| device.addresses(PATIENCE));
        let first = addresses.next()??;
        addresses.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

pub fn remove(dir: &Path) {
    let _ = std::fs::remove_dir_all(dir);
}

/// A Solana transfer of the first account.
pub fn propose(lamports: u32) -> Value {
    json!({
        "command": "propose", "note": "", "ttl": 60_000,
        "request": {
            "chain": "solana", "network": "testnet", "account": 0,
            "content": { "build": {
                "intent": { "transfer": {
                    "to": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
                    "amount": format!("0.{lamports:09}"),
                } },
                "context": { "solana": { "recent_blockhash": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG" } },
            } },
        },
    })
}

/// An Ethereum transfer of the first account. It expires soon: a proposer that dies while presignatures are made
/// forgets the request, and the others wait for its end.
pub fn propose_ethereum(wei: u32) -> Value {
    json!({
        "command": "propose", "note": "", "ttl": 10_000,
        "request": {
            "chain": "ethereum", "network": "mainnet", "account": 0,
            "content": { "build": {
                "intent": { "transfer": {
                    "to": "0x00000000219ab540356cBB839Cbe05303d7705Fa",
                    "amount": format!("0.{wei:018}"),
                } },
                "context": { "ethereum": {
                    "nonce": 0, "gas_limit": 21_000, "fee": { "dynamic": { "max": "30", "priority": "1" } },
                } },
            } },
        },
    })
}

pub fn approve(id: &str) -> Value {
    json!({ "command": "approve", "request": id })
}

/// Waits for a request that a device has still to decide, other than those in `known`.
pub fn undecided(device: &mut Device, known: &[String], patience: Duration) -> Option<String> {
    let id = |view: &Value| {
        let request = view.get("request")?;
        let undecided = request.get("undecided")?.as_bool()?;
        let id = request.get("id")?.as_str()?.to_owned();
        (undecided && !known.contains(&id)).then_some(id)
    };
    let view = device.try_wait("request", patience, |view| id(view).is_some())?;
    id(&view)
}

/// Waits for a request that a device itself has just proposed, other than those in `known`.
pub fn proposed(device: &mut Device, known: &[String], patience: Duration) -> Option<String> {
    let name = device.name.clone();
    let id = |view: &Value| {
        let request = view.get("request")?;
        let own = request.get("proposer")?.as_str()? == name;
        let id = request.get("id")?.as_str()?.to_owned();
        (own && !known.contains(&id)).then_some(id)
    };
    let view = device.try_wait("request", patience, |view| id(view).is_some())?;
    id(&view)
}

/// Returns the signatures that a device has shown for a request.
pub fn signed(device: &mut Device, id: &str, patience: Duration) -> Option<Vec<String>> {
    let of_request = |view: &Value| {
        let signed = view.get("signed")?;
        (signed.get("request")?.as_str()? == id).then(|| signed.get("signatures").cloned()).flatten()
    };
    let view = device.try_wait("signature", patience, |view| of_request(view).is_some())?;
    serde_json::from_value(of_request(&view)?).ok()
}

/// Returns whether a device has shown that a request failed.
pub fn failed(device: &mut Device, id: &str) -> bool {
    let view_of = |view: &Value| {
        let kind = view.get("view").and_then(Value::as_str);
        kind == Some("request-failed") && view.get("request").and_then(Value::as_str) == Some(id)
    };
    device.look().iter().any(view_of)
}
