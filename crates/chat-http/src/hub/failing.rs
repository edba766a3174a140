//! Sessions that are forgotten on demand: the part of `faults` that needs the protocol's server.

use bayeux::Reconnect;

use super::{Hub, State};

impl Hub {
    /// Forgets sessions when a rule says that it is time, for as long as it is polled.
    pub(crate) async fn keep_failing(&self) {
        let Some(faults) = &self.faults else { return std::future::pending().await };
        loop {
            self.forget_in_time();
            faults.due().await;
        }
    }

    /// Forgets the sessions whose time has come: held connects are answered with 402, and so are those
    /// that come later.
    pub(crate) fn forget_in_time(&self) {
        let Some(faults) = &self.faults else { return };
        for whose in faults.forgotten() {
            let mut state = self.state();
            let State { followed, server, .. } = &mut *state;
            for (user, owner) in followed.values().map(|followed| followed.who()) {
                if faults.are(&whose, Some(user)) {
                    server.drop_owner(self.now(), owner, Reconnect::Handshake);
                }
            }
            self.carry_out(state);
        }
    }
}
