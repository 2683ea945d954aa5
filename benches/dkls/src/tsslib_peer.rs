//! `tsslib`: one call runs all parties, so a figure is the total over the parties that take part, and bytes are not
//! seen. Its presignatures are made without a check of the multiplications; the row "checked" has no presignatures.

use measured_rows::{Patience, Phase, Row, Run, measure};
use purecrypto::rng::OsRng;
use tsslib::dklstss::{keygen, presign, sign_checked, sign_with_presign};
use tsslib::tss::PartyId;

pub const NAME: &str = "tsslib 0.2.17";
pub const CHECKED: &str = "tsslib 0.2.17 checked";

const DIGEST: [u8; 32] = [7; 32];

pub fn rows(threshold: (usize, usize), patience: Patience) -> Vec<Row> {
    let (t, n) = threshold;
    let id = |at: usize| {
        let key = vec![u8::try_from(at).expect("few")];
        PartyId::new(at.to_string(), format!("P{at}"), key)
    };
    let ids = PartyId::sort((1..=n).map(id).collect(), 0);
    let signers: Vec<usize> = (0..t).collect();
    let (set_up, keys) = measure(NAME, threshold, Phase::SetUp, patience, || {
        let mut run = Run::new(n);
        (run.timed_together(|| keygen(n, t - 1, &ids, &mut OsRng).expect("keys")), run)
    });
    let make = || presign(&keys, &signers, &mut OsRng).expect("a presignature");
    let (offline, _) = measure(NAME, threshold, Phase::Offline, patience, || {
        let mut run = Run::new(t);
        (run.timed_together(make), run)
    });
    let (online, _) = measure(NAME, threshold, Phase::Online, Patience { most: 15, ..patience }, || {
        let ready = make();
        // The call makes the shares of all, and the signature once: nearly what one party does.
        let mut run = Run::new(1);
        (run.timed_together(|| sign_with_presign(&ready, &DIGEST, None).expect("a signature")), run)
    });
    let (whole, _) = measure(CHECKED, threshold, Phase::Online, patience, || {
        let mut run = Run::new(t);
        (run.timed_together(|| sign_checked(&keys, &signers, &DIGEST, &mut OsRng).expect("a signature")), run)
    });
    vec![set_up, offline, online, whole]
}
