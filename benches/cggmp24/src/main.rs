//! `cggmp24` for the table of threshold ECDSA: prints nothing, writes rows for `bench-dkls --with`.
//!
//! Only 2-of-3: with more parties its set-up takes minutes. Its four safe primes are in a file, made anew if that is gone,
//! because that takes a minute or more; all parties use the same, which changes no time, and nobody may use them for
//! anything else. Set-up is key generation and auxiliary information, once. Argument: the file to write.

mod pump;

use std::process::ExitCode;
use std::time::Duration;

use cggmp24::ExecutionId;
use cggmp24::key_refresh::PregeneratedPrimes;
use cggmp24::key_share::KeyShare;
use cggmp24::security_level::SecurityLevel128;
use cggmp24::signing::{DataToSign, PartialSignature};
use cggmp24::supported_curves::Secp256k1;
use measured_rows::{Patience, Phase, Row, Run, measure};
use rand_core::OsRng;
use sha2::Sha256;

const NAME: &str = "cggmp24 0.7.0-alpha.3";
const THRESHOLD: (usize, usize) = (2, 3);
const PRIMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/primes.json");

type Share = KeyShare<Secp256k1, SecurityLevel128>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: bench-cggmp24 FILE");
        return ExitCode::FAILURE;
    };
    let lines: Vec<String> = rows().iter().map(Row::to_line).collect();
    match std::fs::write(&path, lines.join("\n")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn rows() -> [Row; 3] {
    let (t, _) = THRESHOLD;
    let patience = Patience { time: Duration::from_millis(1_500), least: 3, most: 201 };
    let once = Patience { least: 1, most: 1, ..patience };
    let (set_up, shares) = measure(NAME, THRESHOLD, Phase::SetUp, once, set_up);
    let execution = ExecutionId::new(b"bench");
    let signers: Vec<u16> = (0..number(t)).collect();
    let (offline, ready) = measure(NAME, THRESHOLD, Phase::Offline, patience, || {
        let mut sources = vec![OsRng; t];
        let machines = sources.iter_mut().zip(0..).map(|(rng, me)| {
            let share = &shares[usize::from(me)];
            cggmp24::signing(execution, me, &signers, share).generate_presignature_sync(rng)
        });
        let mut run = Run::new(t);
        (pump::run(machines.collect(), &mut run), run)
    });
    let digest = DataToSign::digest::<Sha256>(b"hello");
    let key = shares[0].core.shared_public_key;
    let (online, ()) = measure(NAME, THRESHOLD, Phase::Online, patience, || {
        let mut run = Run::new(t);
        let mut partial = Vec::new();
        for (at, (presignature, _)) in ready.iter().enumerate() {
            let presignature = presignature.clone();
            partial.push(run.timed(at, || presignature.issue_partial_signature(digest)));
            run.sends(at, 32 * (t - 1));
        }
        for (at, (_, public)) in ready.iter().enumerate() {
            run.timed(at, || {
                let signature = PartialSignature::combine(&partial, public, digest).expect("a signature");
                signature.verify(&key, &digest).expect("valid");
            });
        }
        ((), run)
    });
    [set_up, offline, online]
}

/// Key generation and auxiliary information.
fn set_up() -> (Vec<Share>, Run) {
    let (t, n) = THRESHOLD;
    let execution = ExecutionId::new(b"bench");
    let primes = primes();
    let mut run = Run::new(n);
    let mut sources = vec![OsRng; n];
    let machines = sources.iter_mut().zip(0..).map(|(rng, me)| {
        let keygen = cggmp24::keygen::<Secp256k1>(execution, me, number(n)).set_threshold(number(t));
        keygen.into_state_machine(rng)
    });
    let cores = pump::run(machines.collect(), &mut run);
    let mut sources = vec![OsRng; n];
    let machines = sources.iter_mut().zip(0..).map(|(rng, me)| {
        cggmp24::aux_info_gen(execution, me, number(n), primes.clone()).into_state_machine(rng)
    });
    let auxiliary = pump::run(machines.collect(), &mut run);
    let shares = cores.into_iter().zip(auxiliary).map(|parts| KeyShare::from_parts(parts).expect("a share"));
    (shares.collect(), run)
}

fn primes() -> PregeneratedPrimes<SecurityLevel128> {
    if let Ok(text) = std::fs::read_to_string(PRIMES) {
        return serde_json::from_str(&text).expect("primes");
    }
    let primes = PregeneratedPrimes::generate(&mut OsRng);
    std::fs::write(PRIMES, serde_json::to_string(&primes).expect("text")).expect("a file for the primes");
    primes
}

fn number(count: usize) -> u16 {
    u16::try_from(count).expect("a small group")
}
