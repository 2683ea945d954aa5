//! A device process, driven by JSON lines, killed where a test asks for it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Every device's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// Where a device is killed: with signal 9 at the entry of a system call, before the call happens.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// The system calls that count, in strace's notation.
    pub calls: &'static str,
    /// Which of them, from 1, counted in each thread.
    pub nth: u32,
}

/// `quorate device` with a home of its own.
pub struct Device {
    binary: PathBuf,
    home: PathBuf,
    options: Vec<String>,
    /// Its name.
    pub name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    /// Everything it has shown since it was started.
    pub seen: Vec<Value>,
}

impl Device {
    /// Starts a device in a new home below `dir`; with `kill`, under strace.
    pub fn start(binary: &Path, dir: &Path, name: &str, kill: Option<Kill>) -> Self {
        Self::start_with(&[], binary, dir, name, kill)
    }

    /// Starts a device with further options of `quorate device`, which it keeps when started again.
    pub fn start_with(options: &[&str], binary: &Path, dir: &Path, name: &str, kill: Option<Kill>) -> Self {
        let home = dir.join(name);
        std::fs::create_dir(&home).expect("a home");
        let password = home.join("password");
        std::fs::write(&password, PASSWORD).expect("a password file");
        std::fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).expect("a private file");
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let (child, stdin, lines) = spawn(binary, &home, Some(name), &options, kill);
        let (binary, name) = (binary.to_owned(), name.to_owned());
        let mut device = Self { binary, home, options, name, child, stdin, lines, seen: Vec::new() };
        device.wait_for("device", Duration::from_secs(20));
        device
    }

    /// Starts it again from its home.
    pub fn restart(&mut self, kill: Option<Kill>) {
        self.kill();
        let (child, stdin, lines) = spawn(&self.binary, &self.home, None, &self.options, kill);
        (self.child, self.stdin, self.lines) = (child, stdin, lines);
        self.seen.clear();
        let started = self.try_wait("device", Duration::from_secs(20), |view| is(view, "device"));
        assert!(started.is_some() || kill.is_some(), "{} does not start again", self.name);
    }

    /// Kills it without a goodbye.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Returns whether it has ended.
    pub fn is_dead(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits until it has ended; returns whether it has.
    pub fn dies(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while !self.is_dead() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.is_dead()
    }

    /// Returns its process id (under strace: strace's).
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns its home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Sends a command; a dead device does not hear it.
    pub fn command(&mut self, command: &Value) {
        if let Some(stdin) = &mut self.stdin {
            let _ = writeln!(stdin, "{command}").and_then(|()| stdin.flush());
        }
    }

    /// Creates a wallet for `members` devices and returns the invite, if it lives long enough.
    pub fn create_wallet(&mut self, relay: &str, threshold: u16, members: u16) -> Option<String> {
        self.command(&json!({
            "command": "create", "name": "treasury", "threshold": threshold, "members": members,
            "relay": relay, "accept_words": true,
        }));
        let invite = self.try_wait("invite", Duration::from_secs(5), |v| is(v, "invite"))?;
        invite.get("invite").and_then(Value::as_str).map(str::to_owned)
    }

    /// Joins with an invite.
    pub fn join(&mut self, invite: &str) {
        self.command(&json!({ "command": "join", "invite": invite, "accept_words": true }));
    }

    /// Waits for a view of a kind, also among those seen before.
    pub fn wait_for(&mut self, kind: &str, patience: Duration) -> Value {
        let name = self.name.clone();
        let found = self.try_wait(kind, patience, |view| is(view, kind));
        found.unwrap_or_else(|| panic!("{name} did not show {kind:?}; it showed {:#?}", self.seen))
    }

    /// Waits for a view; `None` at the end of patience or of the process.
    pub fn try_wait(
        &mut self,
        _what: &str,
        patience: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        if let Some(found) = self.seen.iter().find(|view| is_it(view)) {
            return Some(found.clone());
        }
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(view) => {
                    self.seen.push(view.clone());
                    if is_it(&view) {
                        return Some(view);
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Reads what it has shown meanwhile, without waiting.
    pub fn look(&mut self) -> &[Value] {
        self.seen.extend(self.lines.try_iter());
        &self.seen
    }

    /// Returns the addresses of its wallet once that is ready; `None` if it is not in time.
    pub fn addresses(&mut self, patience: Duration) -> Option<Value> {
        let is_ready = |wallet: &Value| wallet.get("state").and_then(Value::as_str) == Some("ready");
        self.wallet(patience, is_ready)?.get("addresses").cloned()
    }

    /// Returns whether its wallet's pairs with all other members are set up in time.
    pub fn is_paired(&mut self, patience: Duration) -> bool {
        let is_paired = |wallet: &Value| {
            let pairs = wallet.get("pairs").and_then(Value::as_array);
            pairs.is_some_and(|pairs| pairs.len() == 2 && pairs.first() == pairs.last())
        };
        self.wallet(patience, is_paired).is_some()
    }

    /// Asks for its wallet until that is as wanted.
    fn wallet(&mut self, patience: Duration, is_wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline && !self.is_dead() {
            let known = self.seen.len();
            self.command(&json!({ "command": "list" }));
            let seen = self.look_for_list(known);
            let wallet = seen.and_then(|view| view.get("wallets")?.get(0).cloned());
            if let Some(wallet) = wallet.filter(&is_wanted) {
                return Some(wallet);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    fn look_for_list(&mut self, from: usize) -> Option<Value> {
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let view = self.lines.recv_timeout(left).ok()?;
            self.seen.push(view);
            let found = self.seen.iter().skip(from).find(|view| is(view, "wallets")).cloned();
            if found.is_some() {
                return found;
            }
        }
    }
}

fn is(view: &Value, kind: &str) -> bool {
    view.get("view").and_then(Value::as_str) == Some(kind)
}

fn spawn(
    binary: &Path,
    home: &Path,
    init: Option<&str>,
    options: &[String],
    kill: Option<Kill>,
) -> (Child, Option<ChildStdin>, Receiver<Value>) {
    let mut command = match kill {
        None => Command::new(binary),
        Some(Kill { calls, nth }) => {
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
            strace.args(["-e", &format!("inject={calls}:signal=KILL:when={nth}"), "--"]).arg(binary);
            strace
        }
    };
    command.arg("--home").arg(home).arg("--password-file").arg(home.join("password")).arg("device");
    if let Some(name) = init {
        command.args(["--init", name, "--kdf-memory", "19", "--kdf-passes", "2"]);
    }
    command.args(options);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().expect("the device starts");
    let stdout = child.stdout.take().expect("a pipe");
    let stdin = child.stdin.take();
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { return };
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if sender.send(value).is_err() {
                return;
            }
        }
    });
    (child, stdin, lines)
}

impl Drop for Device {
    fn drop(&mut self) {
        self.kill();
    }
}
