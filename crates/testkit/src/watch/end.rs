//! What must hold when a run is over.

use std::collections::{BTreeMap, BTreeSet};

use quorate_threshold::frost::{KeyPackage, SuiteId};

use super::Watch;
use crate::device::{Device, Told};
use crate::group::{reconstructs, subsets};
use crate::plan::{Plan, RECOVERY, Start};
use crate::report::{DeviceReport, KeygenEnd, PairEnd, SessionEnd};

impl Watch {
    /// Checks S3, S5, S6, and that what could end well ended well.
    pub fn end(&mut self, plan: &Plan, devices: &[Device], reports: &[DeviceReport]) {
        let present = |index: &usize| self.is_honest(*index) && !plan.absent.contains(index);
        let honest: Vec<usize> = (0..reports.len()).filter(present).collect();
        self.agree_on_keys(devices, reports, &honest);
        self.agree_on_signatures(reports, &honest);
        self.agree_on_pairs(reports, &honest);
        self.account_for_presignatures(reports, &honest);
        self.end_everything(plan, reports, &honest);
        if plan.is_honest() && plan.absent.is_empty() && plan.cancel_at.is_none() {
            self.demand_success(plan, reports);
        }
        self.find_secrets(reports);
    }

    /// S3: one result, shares that fit it, and nobody without keys once somebody has them.
    fn agree_on_keys(&mut self, devices: &[Device], reports: &[DeviceReport], honest: &[usize]) {
        let finished: Vec<usize> =
            honest.iter().copied().filter(|index| reports[*index].keygen == KeygenEnd::Finished).collect();
        let Some(first) = finished.first() else { return };
        for index in honest {
            if let KeygenEnd::Failed(failure) = &reports[*index].keygen {
                self.broken(format!("S3: device {index} failed ({failure}) and device {first} has keys"));
            }
        }
        for index in &finished {
            let (report, reference) = (&reports[*index], &reports[*first]);
            let public =
                |report: &DeviceReport| report.shares.iter().map(|s| s.public.clone()).collect::<Vec<_>>();
            if report.statement != reference.statement || public(report) != public(reference) {
                self.broken(format!("S3: devices {index} and {first} have different keys"));
            }
            let membership = devices[*index].membership().expect("a device that is up");
            let certificate = report.certificate.as_ref();
            let statement = report.statement.unwrap_or_default();
            if certificate.is_some_and(|c| c.verify(membership.seat.roster(), &statement).is_err()) {
                self.broken(format!("S3: the certificate of device {index} proves nothing"));
            }
            let is_usable =
                |share| SuiteId::of(share_purpose(share)).is_err() || KeyPackage::new(share).is_ok();
            if !report.shares.iter().all(is_usable) {
                self.broken(format!("S3: device {index} can not use its shares"));
            }
        }
        self.reconstruct(reports, &finished);
    }

    fn reconstruct(&mut self, reports: &[DeviceReport], finished: &[usize]) {
        for (key, share) in reports[finished[0]].shares.iter().enumerate() {
            let needed = usize::from(share.public.threshold.min_signers());
            for signers in subsets(finished, needed) {
                let shares: Vec<_> = signers.iter().map(|index| &reports[*index].shares[key]).collect();
                if !reconstructs(&shares) {
                    self.broken(format!("S3: the shares of {signers:?} do not make key {key}"));
                }
            }
        }
    }

    fn agree_on_signatures(&mut self, reports: &[DeviceReport], honest: &[usize]) {
        let mut known = BTreeMap::new();
        for index in honest {
            for (session, end) in &reports[*index].sessions {
                let SessionEnd::Signed(signatures) = end else { continue };
                if known.entry(session).or_insert(signatures) != &signatures {
                    self.broken(format!("S3: device {index} has other signatures of one session"));
                }
            }
        }
    }

    /// S3: both sides of a pair that is ready hold the same; K10: nobody bans an honest member.
    fn agree_on_pairs(&mut self, reports: &[DeviceReport], honest: &[usize]) {
        let by_participant: BTreeMap<_, _> =
            honest.iter().filter_map(|index| Some((reports[*index].participant?, *index))).collect();
        for (me, index) in &by_participant {
            for (peer, end) in &reports[*index].pairs {
                let Some(other) = by_participant.get(peer) else { continue };
                let theirs = reports[*other].pairs.get(me);
                if matches!(theirs, Some(PairEnd::Ready(_)))
                    && matches!(end, PairEnd::Ready(_))
                    && theirs != Some(end)
                {
                    self.broken(format!(
                        "S3: devices {index} and {other} hold different secrets of their pair"
                    ));
                }
                if *end == PairEnd::Banned {
                    self.broken(format!("K10: device {index} banned the honest device {other}"));
                }
            }
        }
    }

    /// S2: what was used or lost is not held: nothing comes back, in no later life.
    fn account_for_presignatures(&mut self, reports: &[DeviceReport], honest: &[usize]) {
        for index in honest {
            let DeviceReport { made, used, presignatures: held, .. } = reports[*index];
            if used + held > made {
                self.broken(format!(
                    "S2: device {index} holds {held} and used {used} of {made} presignatures"
                ));
            }
        }
    }

    /// S6: nothing waits for ever, except keys that are pending, and then the person knows.
    fn end_everything(&mut self, plan: &Plan, reports: &[DeviceReport], honest: &[usize]) {
        for index in honest {
            let report = &reports[*index];
            let is_stuck = match report.keygen {
                KeygenEnd::Waiting | KeygenEnd::Pending(false) => true,
                KeygenEnd::Never => plan.start == Start::Roster,
                KeygenEnd::Finished | KeygenEnd::Failed(_) | KeygenEnd::Pending(true) => false,
            };
            if is_stuck {
                self.broken(format!(
                    "S6: the ceremony of device {index} waits for ever: {:?}",
                    report.keygen
                ));
            }
            if report.sessions.values().any(|end| *end == SessionEnd::Open) {
                self.broken(format!("S6: a signature of device {index} waits for ever"));
            }
        }
    }

    /// Among honest devices, everything that was not too late succeeds once the network is well.
    fn demand_success(&mut self, plan: &Plan, reports: &[DeviceReport]) {
        let in_time = plan.patience > plan.heal_at + 10_000;
        if !in_time {
            return;
        }
        for (index, report) in reports.iter().enumerate() {
            if report.keygen != KeygenEnd::Finished {
                self.broken(format!("liveness: the ceremony of device {index} ended as {:?}", report.keygen));
            }
        }
        for (index, report) in reports.iter().enumerate() {
            if report.pairs.values().any(|end| !matches!(end, PairEnd::Ready(_))) {
                self.broken(format!("liveness: the pairs of device {index} ended as {:?}", report.pairs));
            }
        }
        for (index, report) in reports.iter().enumerate() {
            if report.batches > 0 {
                self.broken(format!("S6: device {index} is still at work on presignatures"));
            }
        }
        let healed = plan.heal_at + RECOVERY;
        let asked_late = plan.requests.iter().filter(|request| request.at >= healed).count();
        let asked: BTreeSet<[u8; 32]> = reports
            .iter()
            .flat_map(|report| &report.told)
            .filter(|(at, _)| *at >= healed)
            .filter_map(|(_, told)| if let Told::Asked(session) = told { Some(*session) } else { None })
            .collect();
        if asked.len() < asked_late {
            self.broken(format!("liveness: {} of {asked_late} requests were heard", asked.len()));
        }
        for session in asked {
            for (index, report) in reports.iter().enumerate() {
                if !matches!(report.sessions.get(&session), Some(SessionEnd::Signed(_))) {
                    let end = report.sessions.get(&session);
                    self.broken(format!("liveness: device {index} has no signature, but {end:?}"));
                }
            }
        }
    }

    /// S5: no share, no seed and no identity in anything said or printed.
    fn find_secrets(&mut self, reports: &[DeviceReport]) {
        let Some(scan) = self.scan.take() else { return };
        let shares =
            reports.iter().flat_map(|report| &report.shares).map(|share| *share.signing_share.expose());
        for secret in scan.secrets.iter().copied().chain(shares) {
            let needle = secret.split_at(12).0;
            let printed = format!("{needle:?}");
            let printed = printed.trim_matches(['[', ']']);
            let hex: String = needle.iter().map(|byte| format!("{byte:02x}")).collect();
            let in_body = |body: &Vec<u8>| body.windows(needle.len()).any(|window| window == needle);
            let in_text = |text: &String| text.contains(printed) || text.contains(&hex);
            if scan.bodies.iter().any(in_body) || scan.texts.iter().any(in_text) {
                self.broken("S5: a secret was said or printed".to_owned());
            }
        }
    }
}

const fn share_purpose(share: &quorate_threshold::KeyShare) -> quorate_primitives::KeyPurpose {
    share.public.purpose
}
