//! What a running server is told from outside: to end, to end at once, and to read its certificate
//! again.

use std::io;

use chat_http::App;
use tokio::sync::watch;

/// Listens for as long as it is there, or the runtime.
pub(super) struct Signals {
    /// How often somebody asked it to end.
    ends: watch::Receiver<u32>,
}

impl Signals {
    /// Begins to listen. SIGHUP is listened to where there is a certificate; elsewhere it does what it
    /// does to any program.
    #[cfg(unix)]
    pub(super) fn of(app: &App) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (asked, ends) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                asked.send_modify(|times| *times += 1);
            }
        });
        if app.speaks_tls() {
            let mut hangup = signal(SignalKind::hangup())?;
            let app = app.clone();
            tokio::spawn(async move {
                while hangup.recv().await.is_some() {
                    match app.read_certificate_again() {
                        Ok(_) => tracing::info!("the certificate was read again"),
                        Err(error) => tracing::error!("the certificate stays as it was: {error}"),
                    }
                }
            });
        }
        Ok(Self { ends })
    }

    /// Begins to listen for Ctrl-C.
    #[cfg(not(unix))]
    pub(super) fn of(_: &App) -> io::Result<Self> {
        let (asked, ends) = watch::channel(0);
        tokio::spawn(async move {
            // Without a handler the system ends the program itself.
            while tokio::signal::ctrl_c().await.is_ok() {
                asked.send_modify(|times| *times += 1);
            }
            std::future::pending::<()>().await;
        });
        Ok(Self { ends })
    }

    /// Ready once someone has asked it so often to end: Ctrl-C, or SIGTERM from whatever supervises it.
    pub(super) fn asked_to_end(&self, times: u32) -> impl Future<Output = ()> + use<> {
        let mut ends = self.ends.clone();
        async move {
            if ends.wait_for(|asked| *asked >= times).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
