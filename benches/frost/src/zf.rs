//! The Zcash Foundation's `frost-ed25519` and `frost-secp256k1-tr`, as their documentation uses them.

macro_rules! peer {
    ($module:ident, $library:ident, $name:literal, $suite:expr) => {
        pub mod $module {
            use std::collections::BTreeMap;
            use std::rc::Rc;

            use frost::{Identifier, keys};
            use rand_core::OsRng;
            use $library as frost;

            use crate::measure::{Phase, Row, timed};

            type Keys = (BTreeMap<Identifier, keys::KeyPackage>, keys::PublicKeyPackage);
            type Commitments = BTreeMap<Identifier, frost::round1::SigningCommitments>;
            type Nonces = BTreeMap<Identifier, frost::round1::SigningNonces>;

            pub fn rows(t: u16, n: u16) -> Vec<Row> {
                let keys = Rc::new(deal(t, n));
                let signers: Vec<_> = keys.0.keys().take(t.into()).copied().collect();
                let first = signers[0];
                let row =
                    |phase, sample| Row { name: $name, suite: $suite, phase, threshold: (t, n), sample };
                let commit = {
                    let keys = keys.clone();
                    move || {
                        let work = || {
                            let share = keys.0[&first].signing_share();
                            let (nonces, commitments) = frost::round1::commit(share, &mut OsRng);
                            (nonces, commitments.serialize().expect("bytes"))
                        };
                        timed(work).1
                    }
                };
                let decode = {
                    let (_, commitments) = frost::round1::commit(keys.0[&first].signing_share(), &mut OsRng);
                    let bytes = commitments.serialize().expect("bytes");
                    move || {
                        timed(|| frost::round1::SigningCommitments::deserialize(&bytes).expect("commitments"))
                            .1
                    }
                };
                let share = {
                    let (keys, signers) = (keys.clone(), signers.clone());
                    move || {
                        let (commitments, nonces) = committed(&keys, &signers);
                        let work = || {
                            let package = frost::SigningPackage::new(commitments, b"hello");
                            frost::round2::sign(&package, &nonces[&first], &keys.0[&first]).expect("a share")
                        };
                        timed(work).1
                    }
                };
                let aggregate = move || {
                    let (commitments, nonces) = committed(&keys, &signers);
                    let package = frost::SigningPackage::new(commitments.clone(), b"hello");
                    let shares = nonces
                        .iter()
                        .map(|(id, nonces)| {
                            (*id, frost::round2::sign(&package, nonces, &keys.0[id]).expect("a share"))
                        })
                        .collect();
                    let work = || {
                        let package = frost::SigningPackage::new(commitments, b"hello");
                        frost::aggregate(&package, &shares, &keys.1)
                            .and_then(|signature| signature.serialize())
                            .expect("a signature")
                    };
                    timed(work).1
                };
                vec![
                    row(Phase::Commit, Box::new(commit)),
                    row(Phase::Share, Box::new(share)),
                    row(Phase::Aggregate, Box::new(aggregate)),
                    row(Phase::Decode, Box::new(decode)),
                ]
            }

            fn deal(t: u16, n: u16) -> Keys {
                let (shares, public) = keys::generate_with_dealer(n, t, keys::IdentifierList::Default, OsRng)
                    .expect("a dealt key");
                let packages = shares
                    .into_iter()
                    .map(|(id, share)| (id, keys::KeyPackage::try_from(share).expect("a share")))
                    .collect();
                (packages, public)
            }

            fn committed(keys: &Keys, signers: &[Identifier]) -> (Commitments, Nonces) {
                signers
                    .iter()
                    .map(|id| {
                        let (nonces, commitments) =
                            frost::round1::commit(keys.0[id].signing_share(), &mut OsRng);
                        ((*id, commitments), (*id, nonces))
                    })
                    .unzip()
            }
        }
    };
}

peer!(ed25519, frost_ed25519, "frost-ed25519 3.0.0", crate::measure::Suite::Ed25519);
peer!(bip340, frost_secp256k1_tr, "frost-secp256k1-tr 3.0.0", crate::measure::Suite::Bip340);
