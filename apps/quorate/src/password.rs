//! Where the vault's password comes from: a terminal, a file, or an open descriptor. Never an argument and never the
//! environment, which other processes can read.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use quorate_vault::Password;
use zeroize::Zeroizing;

use crate::error::{CliError, Kind};
use crate::screen::Screen;

/// More than the longest password, so that a longer one is refused and not cut.
const MAX_FILE: usize = 2 * Password::MAX_LEN;

/// Where to get the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// Ask at the terminal.
    Terminal,
    /// Read the first line of a file.
    File(PathBuf),
    /// Read the first line of an open descriptor.
    Descriptor(u32),
}

impl PasswordSource {
    /// Returns the password of an existing vault.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn existing(&self, screen: &Screen) -> Result<Password, CliError> {
        match self {
            Self::Terminal => Ok(Password::new(&ask("Password: ")?)?),
            Self::File(_) | Self::Descriptor(_) => self.read(screen),
        }
    }

    /// Returns the password of a new vault: a person types it twice.
    ///
    /// # Errors
    /// If there is none to be had, or the two differ.
    pub fn new_one(&self, screen: &Screen) -> Result<Password, CliError> {
        match self {
            Self::Terminal => {
                let first = ask("New password: ")?;
                let password = Password::new(&first)?;
                if *ask("Once more: ")? == *first {
                    return Ok(password);
                }
                Err(CliError::new(Kind::Password, "the two passwords differ")
                    .hint("nothing was made; try again"))
            }
            Self::File(_) | Self::Descriptor(_) => self.read(screen),
        }
    }

    fn read(&self, screen: &Screen) -> Result<Password, CliError> {
        let path = match self {
            Self::Terminal => return Err(no_terminal()),
            Self::File(path) => path.clone(),
            Self::Descriptor(number) => descriptor(*number)?,
        };
        let failed = |error: &io::Error| {
            CliError::new(Kind::Password, format!("cannot read the password from {}", path.display()))
                .because(Some(error))
        };
        let mut file = File::open(&path).map_err(|error| failed(&error))?;
        if is_open_to_others(&file, &path) {
            screen.warn(&format!("others can read {}: `chmod 600` it", path.display()));
        }
        let line = first_line(&mut file).map_err(|error| failed(&error))?;
        Ok(Password::new(&line)?)
    }
}

/// Reads the only line there is. Its end is no part of the password.
fn first_line(source: &mut impl Read) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE + 1));
    source.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
    if bytes.len() > MAX_FILE {
        return Err(invalid("it is too long for a password"));
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| invalid("it is not UTF-8 text"))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) {
        return Err(invalid("it has more than one line"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, CliError> {
    if !io::stdin().is_terminal() {
        return Err(no_terminal());
    }
    let typed = rpassword::prompt_password(prompt).map(Zeroizing::new);
    typed.map_err(|error| no_terminal().because(Some(&error)))
}

fn no_terminal() -> CliError {
    CliError::new(Kind::Password, "there is no terminal to ask for the password at")
        .hint("give it with --password-file FILE or --password-fd N")
}

/// A descriptor is read by its name, which needs no unsafe code.
fn descriptor(number: u32) -> Result<PathBuf, CliError> {
    let folder = Path::new("/dev/fd");
    if cfg!(unix) {
        return Ok(folder.join(number.to_string()));
    }
    Err(CliError::new(Kind::Password, "descriptors have no names on this system").hint("use --password-file"))
}

/// Looks at the file and at the folder it is in: a private folder protects what is in it.
#[cfg(unix)]
fn is_open_to_others(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let open = |found: io::Result<Metadata>| found.is_ok_and(|found| found.permissions().mode() & 0o077 != 0);
    let folder = path.canonicalize().ok().and_then(|path| path.parent().map(fs::metadata));
    file.metadata().is_ok_and(|found| found.is_file()) && open(file.metadata()) && folder.is_some_and(open)
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &File, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_line_is_no_part_of_the_password() {
        for (file, password) in
            [("a b", "a b"), ("a b\n", "a b"), ("a b\r\n", "a b"), (" a ", " a "), ("", "")]
        {
            assert_eq!(*first_line(&mut file.as_bytes()).unwrap(), password);
        }
    }

    #[test]
    fn refuses_what_is_not_one_line_of_text() {
        for file in [&b"a\nb"[..], b"a\n\n", b"a\rb", b"\xff", &[b'a'; MAX_FILE + 1]] {
            assert_eq!(first_line(&mut &*file).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
