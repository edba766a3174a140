//! What makes a server one to try clients on: faults, an admin endpoint, ids and dates that repeat, and
//! people who act by a script.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat_http::{
    App, Chance, Clock, Config, Extras, FaultRule, Faults, Recorder, SeededChance, SetClock,
    SystemChance,
};
use tokio::net::TcpListener;

use super::cannot_listen;
use super::greeting::Beside;
use super::script::Script;
use crate::args;
use crate::exit::Failure;
use crate::store::StoreName;

/// What was asked for, none of it by default.
pub(super) struct Trial {
    faults: Vec<FaultRule>,
    admin: Option<SocketAddr>,
    seed: Option<u64>,
    record: Option<PathBuf>,
    /// The clock, if it was set.
    pub(super) clock: Option<Arc<SetClock>>,
    script: Option<Script>,
}

impl Trial {
    pub(super) fn of(
        args: &args::Serve,
        store: &StoreName,
        config: &Config,
    ) -> Result<Self, Failure> {
        let option = match (args.seed, args.clock) {
            (Some(_), _) => Some("--seed"),
            (None, Some(_)) => Some("--clock"),
            (None, None) => None,
        };
        // Ids that were drawn before would be drawn again, and leases would lapse at times that no other
        // process knows.
        if let Some(option) = option
            && !matches!(store, StoreName::Memory)
        {
            let message = format!("{option}: expected --store memory beside it, found {store}");
            return Err(Failure::usage(message));
        }
        if let Some(record) = &args.record {
            let store = match store {
                StoreName::File(path) => Some(path),
                _ => None,
            };
            let others = [args.config.as_ref(), args.chats.as_ref(), args.script.as_ref(), store];
            if let Some(other) = others.into_iter().flatten().find(|other| is_same(other, record)) {
                return Err(Failure::usage(format!(
                    "--record: expected a file that is for nothing else, found {}",
                    other.display()
                )));
            }
        }
        if let Some(unknown) = args.fault.iter().find_map(|rule| rule.unknown_in(config)) {
            return Err(Failure::usage(format!("--fault: {unknown}")));
        }
        Ok(Self {
            faults: args.fault.clone(),
            admin: args.admin,
            seed: args.seed,
            record: args.record.clone(),
            clock: args.clock.map(|calendar| calendar.clock()),
            script: args.script.as_deref().map(|file| Script::read(file, config)).transpose()?,
        })
    }

    /// Puts into `extras` what the server must bring along.
    ///
    /// # Errors
    /// The recording cannot be written.
    pub(super) fn prepare(
        &self,
        extras: &mut Extras,
        config: &Config,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), Failure> {
        if let Some(seed) = self.seed {
            tracing::warn!(
                seed,
                "EVERY SECRET OF THIS SERVER CAN BE GUESSED: its ids and cookies follow from the seed"
            );
            extras.chance = Arc::new(SeededChance::new(seed, "ids"));
        }
        if let Some(path) = &self.record {
            let recorder = Recorder::create(
                path,
                config,
                clock.clone(),
                &*self.chance("names of a recording"),
            );
            let says = |error| Failure::failed(format!("{}: {error}", path.display()));
            extras.recorder = Some(recorder.map_err(says)?);
        }
        if self.faults.is_empty() && self.admin.is_none() {
            return Ok(());
        }
        let faults = Faults::new(clock.clone(), self.chance("faults"));
        for rule in &self.faults {
            faults.add(rule.clone());
        }
        extras.faults = Some(faults);
        Ok(())
    }

    /// What chance decides in matters of `what`.
    fn chance(&self, what: &str) -> Arc<dyn Chance> {
        match self.seed {
            Some(seed) => Arc::new(SeededChance::new(seed, what)),
            None => Arc::new(SystemChance::new()),
        }
    }

    /// Lets the people of the script log in, and then plays it, if there is one. Never ends.
    pub(super) async fn play(
        &self,
        app: &App,
    ) -> Result<impl Future<Output = Infallible> + use<>, Failure> {
        let stage = match &self.script {
            Some(script) => Some(script.begin(app, self.clock.as_ref()).await?),
            None => None,
        };
        Ok(async move {
            match stage {
                Some(stage) => stage.run().await,
                None => std::future::pending().await,
            }
        })
    }

    /// What the greeting says of it.
    pub(super) fn beside(&self, admin: &Admin) -> Beside<'_> {
        let told = self.script.as_ref().map(|script| script.greeting(self.clock.is_some()));
        Beside {
            admin: admin.0.as_ref().map(|open| open.address),
            admin_told: admin.greeting(),
            script: self.script.as_ref().map(Script::name),
            script_told: told.unwrap_or_default(),
        }
    }

    /// Takes the port of the admin endpoint, if there shall be one.
    pub(super) async fn admin(&self, app: &App) -> Result<Admin, Failure> {
        let Some(address) = self.admin else { return Ok(Admin(None)) };
        let says = |error| cannot_listen(address, "--admin", &error);
        let listener = TcpListener::bind(address).await.map_err(says)?;
        let address = listener.local_addr().map_err(says)?;
        Ok(Admin(Some(Open { listener, address, app: app.clone(), clock: self.clock.clone() })))
    }
}

/// Whether two paths lead to one file, which may not be there yet.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().ok() == Some(one))
}

/// The admin endpoint, if there is one.
pub(super) struct Admin(Option<Open>);

struct Open {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
    clock: Option<Arc<SetClock>>,
}

impl Admin {
    /// What the greeting says of it.
    fn greeting(&self) -> String {
        let open = self.0.as_ref();
        open.map_or_else(String::new, |open| {
            format!("\nFaults can be changed at http://{}/faults, without a login", open.address)
        })
    }

    /// Serves it. Ends only by a failure.
    pub(super) async fn serve(self) -> Failure {
        let Some(Open { listener, address, app, clock }) = self.0 else {
            return std::future::pending().await;
        };
        match chat_http::serve_admin(listener, app, clock).await {
            Err(error) => Failure::failed(format!("{address}: {error}")),
            Ok(()) => Failure::failed(format!("{address}: the admin endpoint has ended")),
        }
    }
}
