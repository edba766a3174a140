//! One connection: what it is told, what it hears, and the statements it has prepared.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::Severity;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Notification, Row, SimpleQueryMessage, Statement};

use super::durability::SETTINGS;
use super::error::{Fault, told};
use super::sql::{Query, Texts};
use super::{Access, OpenError, Settings, Weakness};

/// What an address was checked for on every new connection, because a name may lead to another
/// server each time.
const OLDEST_SERVER: u32 = 140_000;

/// A connection. Dropping it closes it at once, whatever the server is still doing.
pub(super) struct Session {
    client: Client,
    driver: JoinHandle<()>,
    texts: Arc<Texts>,
    prepared: [OnceCell<Statement>; Query::COUNT],
    /// Whether the server has warned of something since [`Session::run`] last looked.
    warned: Arc<AtomicBool>,
    /// What was weaker than asked for when it was made: what a user or a database is set to holds for
    /// new connections.
    pub(super) weaknesses: Vec<Weakness>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// What is done with a notification.
pub(super) type Hear = Box<dyn Fn(&Notification) + Send>;

impl Session {
    /// Connects, and looks at whom it got. `hear` gets the notifications of what is listened to.
    pub(super) async fn connect(
        access: &Access,
        hear: Hear,
    ) -> Result<(Self, Settings), OpenError> {
        let limit = access.options.connect_within;
        let connecting = async {
            let (client, mut connection) = access.config.connect(access.tls.clone()).await?;
            let warned = Arc::new(AtomicBool::new(false));
            let warning = Arc::clone(&warned);
            let driver = tokio::spawn(async move {
                // An error ends the connection, and the client's next call says so.
                while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                    match message {
                        AsyncMessage::Notification(notification) => hear(&notification),
                        AsyncMessage::Notice(notice)
                            if notice.parsed_severity() == Some(Severity::Warning) =>
                        {
                            warning.store(true, SeqCst);
                        }
                        _ => {}
                    }
                }
            });
            let (texts, prepared) = (Arc::clone(&access.texts), Default::default());
            let weaknesses = Vec::new();
            let mut session = Self { client, driver, texts, prepared, warned, weaknesses };
            let settings = session.settings().await?;
            session.weaknesses = settings.weaknesses(access.options.durability);
            Ok::<_, tokio_postgres::Error>((session, settings))
        };
        let (session, settings) = match timeout(limit, connecting).await {
            Ok(connected) => connected?,
            Err(_) => {
                return Err(OpenError::Unreachable(format!("no connection within {limit:?}")));
            }
        };
        if settings.version < OLDEST_SERVER {
            let why = format!("expected PostgreSQL 14 or newer, found {}", settings.version);
            return Err(OpenError::Unfit(why));
        }
        if settings.encoding != "UTF8" {
            let why = format!("expected a database in UTF8, found {}", settings.encoding);
            return Err(OpenError::Unfit(why));
        }
        // A read there may be behind what was acknowledged, so not even reads are sent to it.
        if settings.standby {
            return Err(OpenError::Standby);
        }
        Ok((session, settings))
    }

    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Waits until the connection is gone.
    pub(super) async fn ended(&mut self) {
        // The task that drives it ends with it, and never panics.
        let _ = (&mut self.driver).await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) async fn settings(&self) -> Result<Settings, tokio_postgres::Error> {
        let messages = self.client.simple_query(SETTINGS).await?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(Settings::read(|nth| row.and_then(|row| row.get(nth))))
    }

    pub(super) async fn prepare(&self, query: Query) -> Result<&Statement, Fault> {
        let text = self.texts.of(query);
        let prepared =
            self.prepared[query as usize].get_or_try_init(|| self.client.prepare(text)).await;
        prepared.map_err(|error| match Fault::of(&error) {
            // Preparing writes nothing, whatever became of it.
            Fault::Unknown(why) => Fault::NotSent(why),
            refused => refused,
        })
    }

    /// Runs a statement to the end of its transaction.
    pub(super) async fn run(&self, query: Query, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let statement = self.prepare(query).await?;
        self.warned.store(false, SeqCst);
        self.client.query(statement, values).await.map_err(|error| Fault::of(&error))
    }

    /// Whether the server warned of something while the last statement ran.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.load(SeqCst)
    }

    /// Begins to hear what is told on `channel`, which is quoted already.
    pub(super) async fn listen(&self, channel: &str) -> Result<(), OpenError> {
        let listening = format!("LISTEN {channel}");
        self.client
            .batch_execute(&listening)
            .await
            .map_err(|error| OpenError::Refused(told(&error)))
    }
}
