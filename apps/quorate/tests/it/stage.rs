//! A scene of devices and a relay, and the transcript of what is said.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::normalise::Names;

const PATIENCE: Duration = Duration::from_secs(60);

/// The password of every device.
pub const PASSWORD: &str = "correct horse battery staple";

/// The key derivation of every device: the weakest that is allowed.
pub const KDF: [&str; 4] = ["--kdf-memory", "19", "--kdf-passes", "2"];

/// A folder with one home per device, and what happened in it so far.
pub struct Stage {
    dir: PathBuf,
    names: Names,
    transcript: String,
    relay: Option<Child>,
    /// The relay's address.
    pub url: String,
}

/// A command that has not ended.
pub struct Running {
    title: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
    said: Vec<String>,
    only: Option<Vec<String>>,
    /// Standard input stays open: what ends the command is to be the signal.
    interrupted: bool,
}

/// How a command ended.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Stage {
    /// Makes an empty scene.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("quorate-cli-{}-{count}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
        let mut stage =
            Self { dir, names: Names::default(), transcript: String::new(), relay: None, url: String::new() };
        stage.names.call(&stage.dir.display().to_string(), "<dir>");
        stage.write("password", PASSWORD);
        stage
    }

    /// Makes a scene with a relay.
    pub fn with_relay() -> Self {
        let mut stage = Self::new();
        stage.start_relay(0);
        stage.names.call(&stage.url.clone(), "<relay>");
        stage
    }

    /// Starts the relay on a port; 0 takes a free one.
    pub fn start_relay(&mut self, port: u16) {
        let mut command = self.quorate();
        command.args(["signal", "--json", "--listen", &format!("127.0.0.1:{port}"), "--drain", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let started: serde_json::Value = serde_json::from_str(&line).unwrap();
        self.url = started["url"].as_str().unwrap().to_owned();
        self.relay = Some(child);
    }

    /// Kills the relay, and returns its port.
    pub fn kill_relay(&mut self) -> u16 {
        let mut relay = self.relay.take().unwrap();
        relay.kill().unwrap();
        relay.wait().unwrap();
        self.url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap()
    }

    /// Returns a path of the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file that only its owner can read.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Makes a device without writing about it.
    pub fn init(&self, device: &str) {
        let mut command = self.command(device, &["init", "--name", device]);
        let made = command.args(KDF).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Makes a wallet of new devices without writing about it.
    pub fn make_wallet(&mut self, name: &str, threshold: &str, devices: &[&str]) {
        devices.iter().for_each(|device| self.init(device));
        self.make_another_wallet(name, threshold, devices);
    }

    /// Makes a wallet of devices that exist, without writing about it.
    pub fn make_another_wallet(&mut self, name: &str, threshold: &str, devices: &[&str]) {
        let (url, members) = (self.url.clone(), devices.len().to_string());
        let args = ["wallet", "create", name, "--threshold", threshold, "--members", &members];
        let mut all = vec![self.start(devices[0], &[&args[..], &["--yes", "--relay", &url]].concat())];
        let invite = all[0].wait_for("1| quorate1")[3..].to_owned();
        for (index, device) in devices.iter().enumerate().skip(1) {
            all.push(self.start(device, &["wallet", "join", &invite, "--yes"]));
            all[0].wait_for(&format!("{device} is here ({} of {members})", index + 1));
        }
        for device in all {
            let ended = device.end();
            assert_eq!(ended.code, 0, "{}", ended.stderr);
        }
    }

    /// Begins another transcript of the same scene.
    pub fn turn_page(&mut self) {
        self.transcript.clear();
    }

    /// Writes a remark.
    pub fn note(&mut self, text: &str) {
        let gap = if self.transcript.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.transcript, "{gap}# {text}");
    }

    /// Writes down what was seen elsewhere.
    pub fn record(&mut self, lines: &[String]) {
        let gap = if self.transcript.is_empty() { "" } else { "\n" };
        self.transcript.push_str(gap);
        for line in lines {
            let line = self.names.line(line);
            let _ = writeln!(self.transcript, "{}", line.trim_end());
        }
    }

    /// Runs a command of a device to its end, and writes it down.
    pub fn run(&mut self, device: &str, args: &[&str]) -> Ended {
        self.run_with(device, args, "")
    }

    /// The same, with something on standard input.
    pub fn run_with(&mut self, device: &str, args: &[&str], stdin: &str) -> Ended {
        let mut running = self.start(device, args);
        for line in stdin.lines() {
            running.say(line);
        }
        self.finish(running)
    }

    /// Runs any command of the binary, with nothing set, and writes it down.
    pub fn run_bare(&mut self, args: &[&str], title: &str) -> Ended {
        let mut command = self.quorate();
        command.args(args);
        let running = spawn(command, format!("$ {title}"));
        self.finish(running)
    }

    /// Runs a prepared command to its end, and writes it down.
    pub fn run_command(&mut self, command: Command, title: &str) -> Ended {
        let running = spawn(command, title.to_owned());
        self.finish(running)
    }

    /// Returns the id in a line that says `Request …`.
    pub fn request_id(&mut self, line: &str) -> String {
        let (_, rest) = line.split_once("Request ").unwrap();
        self.names.number(&rest[..8]);
        rest[..8].to_owned()
    }

    /// Starts a command of a device.
    pub fn start(&mut self, device: &str, args: &[&str]) -> Running {
        let title = format!(
            "{device} $ quorate {}",
            args.iter().map(|arg| quoted(arg)).collect::<Vec<_>>().join(" ")
        );
        self.names.keep(&title);
        spawn(self.command(device, args), title)
    }

    /// Waits for a command's end, and writes it down.
    pub fn finish(&mut self, running: Running) -> Ended {
        let title = running.title.clone();
        let said = running.said.clone();
        let only = running.only.clone();
        let ended = running.end();
        let mut lines = vec![title];
        lines.extend(said.iter().map(|line| format!("< {line}")));
        // When a connection begins among other events depends on who was faster.
        let of_relay = |line: &str| line.contains(r#""view":"relay""#);
        let chosen =
            |line: &str| only.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| line.contains(kind)));
        let kept = ended.stdout.lines().filter(|line| !of_relay(line) && chosen(line));
        lines.extend(kept.map(|line| format!("1| {line}")));
        lines.extend(ended.stderr.lines().map(|line| format!("2| {line}")));
        lines.push(format!("exit {}", ended.code));
        self.record(&lines);
        ended
    }

    /// Shows `text` as `name` from now on.
    pub fn call(&mut self, text: &str, name: &str) {
        self.names.call(text, name);
    }

    /// Compares with the golden transcript, or writes it.
    pub fn compare(&self, name: &str) {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(format!("{name}.txt"));
        if std::env::var_os("QUORATE_BLESS").is_some() {
            return fs::write(path, &self.transcript).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden == self.transcript {
            return;
        }
        let line = golden.lines().zip(self.transcript.lines()).take_while(|(a, b)| a == b).count();
        let show =
            |text: &str| text.lines().skip(line.saturating_sub(3)).take(12).collect::<Vec<_>>().join("\n");
        panic!(
            "{name}.txt differs from line {}; QUORATE_BLESS=1 accepts it\n--- expected\n{}\n--- found\n{}",
            line + 1,
            show(&golden),
            show(&self.transcript)
        );
    }

    /// Returns the command of a device, with its home and its password.
    pub fn command(&self, device: &str, args: &[&str]) -> Command {
        let mut command = self.quorate();
        command.env("QUORATE_HOME", self.path(device)).args(args);
        command.arg("--password-file").arg(self.path("password"));
        command
    }

    /// Returns the binary, with an empty environment.
    pub fn quorate(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("COLUMNS", "100");
        command.current_dir(&self.dir).stdin(Stdio::piped());
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut relay) = self.relay.take() {
            let _ = relay.kill();
            let _ = relay.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Running {
    /// Waits for a line that contains `text`; `1| ` is before lines of standard output, `2| ` of standard error.
    pub fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.seen.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no {text:?} from {}: {:#?}", self.title, self.seen)
                }
            }
        }
    }

    /// Waits until there are so many lines: one answer for each question before the next question.
    pub fn wait_for_lines(&mut self, count: usize) {
        while self.seen.len() < count {
            let line = self.lines.recv_timeout(PATIENCE);
            self.seen
                .push(line.unwrap_or_else(|_| panic!("too few lines from {}: {:#?}", self.title, self.seen)));
        }
    }

    /// Keeps only these kinds of views in the transcript.
    pub fn keep_only(&mut self, kinds: &[&str]) {
        self.only = Some(kinds.iter().map(|kind| format!("\"view\":\"{kind}\"")).collect());
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        self.said.push(line.to_owned());
        // A command that ended already does not hear it.
        let _ = writeln!(self.stdin.as_mut().unwrap(), "{line}");
    }

    /// Interrupts it, as Ctrl-C does.
    pub fn interrupt(&mut self) {
        self.interrupted = true;
        let status = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        if !self.interrupted {
            drop(self.stdin.take());
        }
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        if self.child.try_wait().unwrap().is_none() && Instant::now() >= deadline {
            let _ = self.child.kill();
            panic!("{} does not end: {:#?}", self.title, self.seen);
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let of = |prefix: &str| {
            let lines = self.seen.iter().filter_map(|line| line.strip_prefix(prefix));
            lines.collect::<Vec<_>>().join("\n")
        };
        Ended { code, stdout: of("1| "), stderr: of("2| ") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(mut command: Command, title: String) -> Running {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (sender, lines) = channel();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let pipes: [(&str, Box<dyn Read + Send>); 2] = [("1| ", Box::new(stdout)), ("2| ", Box::new(stderr))];
    for (prefix, pipe) in pipes {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let Ok(line) = line else { return };
                if sender.send(format!("{prefix}{line}")).is_err() {
                    return;
                }
            }
        });
    }
    let stdin = child.stdin.take();
    Running { title, child, stdin, lines, seen: Vec::new(), said: Vec::new(), only: None, interrupted: false }
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.escape_debug())
    }
}
