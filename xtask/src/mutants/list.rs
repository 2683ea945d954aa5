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

/// Every rule that is worth a test, broken once.
pub const MUTANTS: [Mutant; 24] = [
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
        find: "let mut rng = HedgedRng::new(entropy, &self.session, b\"signing nonces\");\n        \
               (0..self.task.messages.len() as u64)\n            .map(|index| {\n                \
               let context =\n                    \
               Transcript::new(\"signing/nonce\").field(\"session\", &self.session).number(\"index\", index);\n                \
               self.key.commit(&context.finish(), &mut rng)\n            })\n            .collect()",
        replace: "let mut rng = HedgedRng::new(entropy, b\"\", b\"signing nonces\");\n        \
                  (0..self.task.messages.len()).map(|_| self.key.commit(b\"\", &mut rng)).collect()",
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
        test: "b1_polynomials_of_another_degree",
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
        test: "b2_the_sender_is_the_channels",
    },
    Mutant {
        name: "skip the signature of envelopes",
        file: "crates/session/src/courier.rs",
        find: "self.seat.verify(envelope).map_err(|_| Dropped::Foreign)",
        replace: "Ok(())",
        package: SESSION,
        test: "b2_the_sender_is_the_channels",
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
];
