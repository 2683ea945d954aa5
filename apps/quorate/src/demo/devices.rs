//! The demo's child processes: one relay, three devices.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use quorate_wallet::Command;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command as Process};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::CliError;

/// The relay, the devices and where they live.
pub(super) struct Children {
    pub(super) relay: String,
    pub(super) devices: Vec<DeviceProcess>,
    signal: Child,
    home: PathBuf,
}

/// A `quorate device` process.
pub(super) struct DeviceProcess {
    name: String,
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    /// Views that nobody has waited for yet.
    seen: VecDeque<Value>,
    /// Requests that this device proposed; they are shown again whenever they change.
    proposed: Vec<String>,
}

impl Children {
    /// Starts the relay and one device per name, in a fresh temporary directory.
    pub(super) async fn start(names: &[&str]) -> Result<Self, CliError> {
        let home = temporary_home()?;
        let (signal, relay) = start_relay().await?;
        let mut devices = Vec::new();
        for name in names {
            devices.push(DeviceProcess::start(&home, name)?);
        }
        for device in &mut devices {
            device.wait_for("device", Duration::from_secs(30)).await?;
        }
        Ok(Self { relay, devices, signal, home })
    }

    /// Ends all processes that were started here. Returns where the homes are, if they are kept.
    pub(super) async fn end(mut self, keep: bool) -> Option<PathBuf> {
        for device in self.devices {
            device.end().await;
        }
        let _ = self.signal.kill().await;
        if keep {
            return Some(self.home);
        }
        let _ = std::fs::remove_dir_all(&self.home);
        None
    }
}

impl DeviceProcess {
    fn start(home: &Path, name: &str) -> Result<Self, CliError> {
        let home = home.join(name);
        let password = home.join("password");
        create_private_dir(&home)?;
        let secret = hex::encode(random_bytes()?);
        write_private(&password, &secret)?;
        let mut process = Process::new(own_executable()?);
        process.arg("--home").arg(&home).arg("--password-file").arg(&password);
        process.args(["device", "--init", name]);
        let mut child = spawn(process)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(missing());
        };
        let stdout = BufReader::new(stdout).lines();
        Ok(Self { name: name.to_owned(), child, stdin, stdout, seen: VecDeque::new(), proposed: Vec::new() })
    }

    /// Sends a command.
    pub(super) async fn command(&mut self, command: &Command) -> Result<(), CliError> {
        let mut line = serde_json::to_vec(command).map_err(|error| CliError::internal(&error))?;
        line.push(b'\n');
        self.stdin.write_all(&line).await.map_err(|error| CliError::process(&self.name, &error))
    }

    /// Waits for the next view of a kind; others stay for later.
    pub(super) async fn wait_for(&mut self, kind: &str, patience: Duration) -> Result<Value, CliError> {
        self.wait(kind, patience, |view| view.get("view").and_then(Value::as_str) == Some(kind)).await
    }

    /// Waits for certified keys.
    pub(super) async fn wait_for_ready(&mut self, patience: Duration) -> Result<Value, CliError> {
        self.wait_for("ready", patience).await
    }

    /// Waits until all pairs of this device are set up.
    pub(super) async fn wait_for_pairs(&mut self, patience: Duration) -> Result<(), CliError> {
        let count = |view: &Value, name: &str| view.get(name).and_then(Value::as_u64);
        let all = |view: &Value| {
            view.get("view").and_then(Value::as_str) == Some("pairs")
                && count(view, "ready") == count(view, "of")
        };
        self.wait("pair set-up", patience, all).await.map(drop)
    }

    /// Waits until this device holds so many presignatures.
    pub(super) async fn wait_for_presignatures(
        &mut self,
        least: u64,
        patience: Duration,
    ) -> Result<u64, CliError> {
        let held = |view: &Value| view.get("held").and_then(Value::as_u64);
        let view = self.wait("presignature", patience, |view| held(view) >= Some(least)).await?;
        Ok(held(&view).unwrap_or_default())
    }

    /// Waits for the request that this device has just proposed, and returns its id.
    pub(super) async fn wait_for_own_request(&mut self, patience: Duration) -> Result<String, CliError> {
        let (name, known) = (self.name.clone(), self.proposed.clone());
        let is_new = |view: &Value| {
            let field = |name: &str| view.get("request").and_then(|r| r.get(name)).and_then(Value::as_str);
            field("proposer") == Some(&name) && field("id").is_some_and(|id| !known.iter().any(|k| k == id))
        };
        let view = self.wait("request", patience, is_new).await?;
        let id = text(view.get("request").unwrap_or(&Value::Null), "id")?;
        self.proposed.push(id.clone());
        Ok(id)
    }

    /// Waits for a request of another device.
    pub(super) async fn wait_for_request(&mut self, id: &str, patience: Duration) -> Result<Value, CliError> {
        let is_it =
            |view: &Value| view.get("request").and_then(|r| r.get("id")).and_then(Value::as_str) == Some(id);
        let view = self.wait("request", patience, is_it).await?;
        Ok(view.get("request").cloned().unwrap_or_default())
    }

    /// Waits for the signature of a request.
    pub(super) async fn wait_for_signed(&mut self, id: &str, patience: Duration) -> Result<Value, CliError> {
        let of_request = |view: &Value| {
            view.get("signed").and_then(|signed| signed.get("request")).and_then(Value::as_str) == Some(id)
        };
        let view = self.wait("signature", patience, of_request).await?;
        Ok(view.get("signed").cloned().unwrap_or_default())
    }

    async fn wait(
        &mut self,
        what: &str,
        patience: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value, CliError> {
        if let Some(position) = self.seen.iter().position(&is_it) {
            return Ok(self.seen.remove(position).unwrap_or_default());
        }
        let deadline = Instant::now() + patience;
        loop {
            let line = timeout_at(deadline, self.stdout.next_line()).await;
            let line =
                line.map_err(|_| CliError::timed_out(&format!("{} did not show a {what}", self.name)))?;
            let line = line.map_err(|error| CliError::process(&self.name, &error))?;
            let line = line.ok_or_else(|| CliError::timed_out(&format!("{} ended early", self.name)))?;
            let view: Value = serde_json::from_str(&line).map_err(|error| CliError::internal(&error))?;
            if let Some(reason) = failure_in(&view) {
                return Err(CliError::timed_out(&format!("{}: {reason}", self.name)));
            }
            if is_it(&view) {
                return Ok(view);
            }
            self.seen.push_back(view);
        }
    }

    async fn end(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        if timeout(Duration::from_secs(2), child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

/// Returns what went wrong, if a view says that something did.
fn failure_in(view: &Value) -> Option<String> {
    let kind = view.get("view").and_then(Value::as_str).unwrap_or_default();
    let failed =
        matches!(kind, "ceremony-failed" | "pair-failed" | "request-failed" | "rejected" | "not-admitted");
    let reason = view.get("reason").or_else(|| view.get("message")).and_then(Value::as_str);
    (failed || view.get("error").is_some()).then(|| reason.unwrap_or(kind).to_owned())
}

async fn start_relay() -> Result<(Child, String), CliError> {
    let mut process = Process::new(own_executable()?);
    process.args(["signal", "--listen", "127.0.0.1:0", "--json"]);
    let mut child = spawn(process)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let mut lines = BufReader::new(stdout).lines();
    let line = timeout(Duration::from_secs(10), lines.next_line()).await;
    let line = line.map_err(|_| CliError::timed_out("the relay did not start"))?;
    let line = line.map_err(|error| CliError::process("relay", &error))?.unwrap_or_default();
    let started: Value = serde_json::from_str(&line).map_err(|error| CliError::internal(&error))?;
    // Keeps reading, so that the relay never blocks on a full pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, text(&started, "url")?))
}

fn spawn(mut process: Process) -> Result<Child, CliError> {
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    process.spawn().map_err(|error| CliError::process("quorate", &error))
}

fn own_executable() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|error| CliError::process("quorate", &error))
}

fn temporary_home() -> Result<PathBuf, CliError> {
    let name = format!("quorate-demo-{}", hex::encode(random_bytes()?.first_chunk::<8>().unwrap_or(&[0; 8])));
    let home = std::env::temp_dir().join(name);
    create_private_dir(&home)?;
    Ok(home)
}

fn write_private(path: &Path, text: &str) -> Result<(), CliError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CliError::file(path, &error))
}

fn create_private_dir(path: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().mode(0o700).create(path);
    made.map_err(|error| CliError::file(path, &error))
}

fn random_bytes() -> Result<[u8; 32], CliError> {
    let mut bytes = [0; 32];
    getrandom::getrandom(&mut bytes).map_err(|error| CliError::internal(&error))?;
    Ok(bytes)
}

/// Reads a text field of a view.
pub(super) fn text(view: &Value, field: &str) -> Result<String, CliError> {
    view.get(field).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing)
}

/// Checks that all devices show the same.
pub(super) fn agree(known: &mut Option<Value>, shown: Option<Value>, what: &str) -> Result<(), CliError> {
    let shown = shown.ok_or_else(missing)?;
    if known.get_or_insert_with(|| shown.clone()) == &shown {
        return Ok(());
    }
    Err(CliError::internal_message(&format!("the devices show different {what}")))
}

/// A process did not say what it always says.
pub(super) fn missing() -> CliError {
    CliError::internal_message("a device did not show what it should")
}
