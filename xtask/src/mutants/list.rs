//! The defects.

/// One defect and who must notice it.
pub struct Mutant {
    /// What is wrong.
    pub name: &'static str,
    /// Where.
    pub file: &'static str,
    /// The right code, there exactly once: an expression, or statements up to a semicolon.
    pub find: &'static str,
    /// The wrong code.
    pub replace: &'static str,
    /// The package whose test notices.
    pub package: &'static str,
    /// The test, or the beginning of several.
    pub test: &'static str,
}

const SESSION: &str = "quorate-session";
const SIMULATOR: &str = "quorate-testkit";
const DKLS: &str = "quorate-dkls";

/// Every rule that is worth a test, broken once.
pub const MUTANTS: [Mutant; 34] = [
    Mutant {
        name: "skip the burn record",
        file: "crates/session/src/signing/release.rs",
        find: "self.out.push(Output::Persist(Mutation::Burned { package, share: share.clone() }));",
        replace: "drop(package);",
        package: SESSION,
        test: "s2_the_share_leaves_after_its_burn_record",
    },
    Mutant {
        name: "release the share before the burn record",
        file: "crates/session/src/signing/release.rs",
        find: "self.out.push(Output::Persist(Mutation::Burned { package, share: share.clone() }));",
        replace: "self.out.push(Output::Send(Recipient::All, share.clone())); \
                  self.out.push(Output::Persist(Mutation::Burned { package, share: share.clone() }));",
        package: SIMULATOR,
        test: "any_enough_members_sign",
    },
    Mutant {
        name: "approve again after nonces were lost",
        file: "crates/session/src/signing/replay.rs",
        find: "(approved || own_proposal)",
        replace: "own_proposal && !approved",
        package: SESSION,
        test: "c1_a_restart_repeats_the_burned_share_or_withdraws",
    },
    Mutant {
        name: "draw the same nonces in every session",
        file: "crates/session/src/signing/collect.rs",
        find: "Some(self.key_of(message)?.commit(&context.finish(), &mut rng))",
        replace: "{ let mut rng = HedgedRng::new(entropy, b\"\", &index.to_be_bytes()); drop(context); \
                  Some(self.key_of(message)?.commit(b\"\", &mut rng)) }",
        package: SESSION,
        test: "c4_the_same_request_again",
    },
    Mutant {
        name: "ignore the statement in an approval",
        file: "crates/session/src/signing/collect.rs",
        find: "approval.statement == self.statement",
        replace: "true",
        package: SESSION,
        test: "s1_a_package_with_anything_but_t_approvals",
    },
    Mutant {
        name: "ignore the policy version in an approval",
        file: "crates/session/src/signing/collect.rs",
        find: "approval.policy_version == self.task.policy_version",
        replace: "true",
        package: SESSION,
        test: "s1_a_package_with_anything_but_t_approvals",
    },
    Mutant {
        name: "fix the signers one approval too early",
        file: "crates/session/src/signing/collect.rs",
        find: "approvals.len() < needed",
        replace: "approvals.len() + 1 < needed",
        package: SIMULATOR,
        test: "any_enough_members_sign",
    },
    Mutant {
        name: "take approvals without their signatures",
        file: "crates/session/src/signing/collect.rs",
        find: "(ours && self.is_about_this(&approval) && self.seat.verify(envelope).is_ok())",
        replace: "ours && self.is_about_this(&approval)",
        package: SESSION,
        test: "s1_a_package_with_anything_but_t_approvals",
    },
    Mutant {
        name: "blame a signer for the proposer's second package",
        file: "crates/session/src/signing/release.rs",
        find: "(self.proposer, Blame::Equivocated)",
        replace: "(signer, Blame::OtherPackage)",
        package: SIMULATOR,
        test: "b12_whoever_fixes_two_packages",
    },
    Mutant {
        name: "skip the echo of commitments",
        file: "crates/threshold/src/dkg/rounds/dealings.rs",
        find: "d.commitments_seen != self.commitments_hash",
        replace: "false",
        package: SIMULATOR,
        test: "a3_false_echoes_are_named",
    },
    Mutant {
        name: "skip the echo of dealings",
        file: "crates/threshold/src/dkg/rounds/shares.rs",
        find: "e.dealings_seen != *dealings.dealings_hash()",
        replace: "false",
        package: SIMULATOR,
        test: "a3_false_echoes_are_named",
    },
    Mutant {
        name: "take a long polynomial",
        file: "crates/threshold/src/dkg/polynomial.rs",
        find: "points.len() != usize::from(threshold.min_signers())",
        replace: "points.len() < usize::from(threshold.min_signers())",
        package: SIMULATOR,
        test: "k19_b1_polynomials_of_another_degree",
    },
    Mutant {
        name: "skip the opening of commitments",
        file: "crates/threshold/src/dkg/rounds/dealings.rs",
        find: "commitment != Some(&dealing.commitment(session, dealer))",
        replace: "false",
        package: SIMULATOR,
        test: "b10_dealings_without_possession",
    },
    Mutant {
        name: "skip the proof of possession",
        file: "crates/threshold/src/dkg/proof.rs",
        find: "C::mul_base(&response) == commitment + *constant_term * challenge",
        replace: "true",
        package: SIMULATOR,
        test: "b10_dealings_without_possession",
    },
    Mutant {
        name: "skip the check of shares",
        file: "crates/threshold/src/dkg/polynomial.rs",
        find: "C::mul_base(share) == self.evaluate(at)",
        replace: "true",
        package: SIMULATOR,
        test: "b5_wrong_shares_of_each_key",
    },
    Mutant {
        name: "blame the accuser for the dealer's shares",
        file: "crates/threshold/src/dkg/complaint.rs",
        find: "Verdict { culprit: dealer, offence: Offence::Share }",
        replace: "Verdict { culprit: accuser, offence: Offence::Share }",
        package: SIMULATOR,
        test: "b5_wrong_shares_of_each_key",
    },
    Mutant {
        name: "take a complaint about shares that nobody signed",
        file: "crates/session/src/keygen/dispute.rs",
        find: "header.recipient == recipient\n            && self.seat.verify(envelope).is_ok()",
        replace: "header.recipient == recipient",
        package: SIMULATOR,
        test: "b5_false_complaints_name_the_accuser",
    },
    Mutant {
        name: "take the sender from the header",
        file: "crates/session/src/courier.rs",
        find: "header.sender != sender || !for_me",
        replace: "!for_me",
        package: SESSION,
        test: "k28_b2_the_sender_is_the_channels",
    },
    Mutant {
        name: "skip the signature of envelopes",
        file: "crates/session/src/courier.rs",
        find: "self.seat.verify(envelope).map_err(|_| Dropped::Foreign)",
        replace: "Ok(())",
        package: SESSION,
        test: "k28_b2_the_sender_is_the_channels",
    },
    Mutant {
        name: "no associated data in frames",
        file: "crates/session/src/courier.rs",
        find: "Transcript::new(\"frame\")\n            .field(\"roster\", self.seat.roster_hash())\n            \
               .number(\"sender\", u64::from(sender.get()))\n            \
               .number(\"recipient\", u64::from(recipient.get()))\n            .finish()",
        replace: "[0; 32]",
        package: SESSION,
        test: "b7_frames_are_bound_to_sender_and_recipient",
    },
    Mutant {
        name: "repeat nonces where randomness stands still",
        file: "crates/session/src/courier.rs",
        find: "Transcript::new(\"frame/randomness\").field(\"aad\", &aad).field(\"message\", bytes).finish()",
        replace: "Transcript::new(\"frame/randomness\").field(\"aad\", &aad).finish()",
        package: SESSION,
        test: "c5_stuck_randomness_never_repeats_a_nonce",
    },
    Mutant {
        name: "a certificate of all but one",
        file: "crates/session/src/certificate.rs",
        find: "self.signatures.len() != roster.members.len()",
        replace: "self.signatures.len() + 1 < roster.members.len()",
        package: SESSION,
        test: "b16_only_a_whole_certificate",
    },
    Mutant {
        name: "a ceremony that begins before its seed is durable",
        file: "crates/session/src/keygen.rs",
        find: "keygen.out.push(Output::Persist(Mutation::Started { seed, sent: announcement.clone() }));",
        replace: "keygen.out.push(Output::Append(Mutation::Started { seed, sent: announcement.clone() }));",
        package: SIMULATOR,
        test: "c1_a_crash_at_every_effect_of_a_ceremony",
    },
    Mutant {
        name: "members that share a key",
        file: "crates/session/src/roster.rs",
        find: "distinct.len() == self.members.len()",
        replace: "true",
        package: SESSION,
        test: "a6_two_members_never_share",
    },
    Mutant {
        name: "answer a bad extension without a durable ban",
        file: "crates/session/src/pairing.rs",
        find: "self.out.push(Output::Persist(Mutation::Banned(tombstone)));",
        replace: "",
        package: SIMULATOR,
        test: "k10_a_bad_extension_bans_the_pair",
    },
    Mutant {
        name: "let any proposer name a presignature",
        file: "crates/session/src/pool.rs",
        find: "self.owner == owner",
        replace: "true",
        package: SESSION,
        test: "b17_nobody_uses_presignatures",
    },
    Mutant {
        name: "give one presignature to two sessions",
        file: "crates/session/src/pool.rs",
        find: "if ids.len() < count {\n            return None;\n        }\n        self.chosen.extend(&ids);",
        replace: "if ids.len() < count {\n            return None;\n        }",
        package: SESSION,
        test: "b17_nobody_uses_presignatures",
    },
    Mutant {
        name: "blame a member that restarted for what it opens",
        file: "crates/session/src/presigning.rs",
        find: "matches!(offence, Offence::Opening)",
        replace: "false",
        package: SESSION,
        test: "b6_a_restart_in_the_middle",
    },
    Mutant {
        name: "fix ECDSA signers without their proposer",
        file: "crates/session/src/signing/collect.rs",
        find: "first.header.sender != me",
        replace: "first.header.sender == me && false",
        package: SESSION,
        test: "a_proposer_that_approves_last",
    },
    Mutant {
        name: "skip the check of an extension",
        file: "crates/dkls/src/extension.rs",
        find: "!bool::from(right)",
        replace: "false",
        package: DKLS,
        test: "k5_k9_b4_every_field_of_an_extension",
    },
    Mutant {
        name: "accept a signature by its r alone",
        file: "crates/dkls/src/sign/plan/acceptance.rs",
        find: "Secp256k1::mul_base(&(self.digest * s_inverse)) + of_key == self.nonce_point",
        replace: "crate::wire::point_bytes(&(Secp256k1::mul_base(&(self.digest * s_inverse)) + of_key)).get(1..) \
                  == crate::wire::point_bytes(&self.nonce_point).get(1..)",
        package: DKLS,
        test: "k34_g11_a_signature_of_the_opposite_nonce_point",
    },
    Mutant {
        name: "skip the check in the exponent",
        file: "crates/dkls/src/presign/multiplications.rs",
        find: "self.inputs_are_right(received.expose(), rng)",
        replace: "true",
        package: DKLS,
        test: "k5_k9_b4_every_field_of_a_multiplication",
    },
    Mutant {
        name: "leave fresh entropy out of the re-randomisation",
        file: "crates/dkls/src/sign/statement.rs",
        find: "Hkdf::<Sha256>::new(None, &self.entropy)",
        replace: "Hkdf::<Sha256>::new(None, &[0; 32])",
        package: DKLS,
        test: "k16_b19_another_statement_has_another_nonce_point",
    },
    Mutant {
        name: "keep a presignature that was taken",
        file: "crates/session/src/pool.rs",
        find: "Some(ids.iter().filter_map(|id| self.held.remove(id)).map(|held| held.presignature).collect())",
        replace: "{ let copies = |id: &PresignatureId| { \
                  let bytes = self.held.remove(id)?.presignature.into_sealed_bytes(); \
                  let presignature = Presignature::from_sealed_bytes(bytes.duplicate()).ok()?; \
                  self.held.insert(*id, Held { owner, presignature }); \
                  Presignature::from_sealed_bytes(bytes).ok() }; \
                  Some(ids.iter().filter_map(copies).collect()) }",
        package: SESSION,
        test: "k14_c7_of_a_thousand_claims",
    },
];
