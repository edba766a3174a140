//! Making the schema and bringing it up to date: forward only, one version after the other, in one
//! transaction, and by one node at a time.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::OpenError;
use super::error::told;
use super::sql::{quoted, within};

/// What each version adds. A version that was released is never changed. Nodes of the version
/// before go on while others are brought up to date, so a new version adds columns and functions,
/// and what it replaces goes one version later.
const VERSIONS: [&str; 1] = [include_str!("schema/1.sql")];

/// The version this program works with.
pub(super) const KNOWN: i64 = VERSIONS.len() as i64;

/// Names the lock under which schemas are changed; the schema's own name is its other half.
const LOCK: i32 = 0x6368_6174;

/// Makes the schema what this program works with, or says why not.
pub(super) async fn prepare(
    client: &mut Client,
    schema: &str,
    must_exist: bool,
) -> Result<(), OpenError> {
    let refused = |error: tokio_postgres::Error| match error.code() {
        Some(
            &(SqlState::DUPLICATE_TABLE
            | SqlState::DUPLICATE_OBJECT
            | SqlState::DUPLICATE_FUNCTION
            | SqlState::UNDEFINED_COLUMN),
        ) => OpenError::Foreign(schema.to_owned()),
        _ => OpenError::Refused(told(&error)),
    };
    // Looked at first without the lock and without any right to change something.
    let found = found(client, schema).await.map_err(refused)?;
    if found == Some(KNOWN) {
        return Ok(());
    }
    check(schema, found)?;
    if must_exist {
        let schema = schema.to_owned();
        return Err(match found {
            None => OpenError::Missing(schema),
            Some(found) => OpenError::Older { schema, found, known: KNOWN },
        });
    }
    // What another program did while this one waited for the lock has to be seen.
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = transaction.start().await.map_err(refused)?;
    let lock = "SELECT set_config('statement_timeout', '0', true), \
                pg_advisory_xact_lock($1, hashtext($2))";
    transaction.query(lock, &[&LOCK, &schema]).await.map_err(refused)?;
    let found = self::found(&transaction, schema).await.map_err(refused)?;
    check(schema, found)?;
    bring_up_to_date(&transaction, schema, found).await.map_err(refused)?;
    transaction.commit().await.map_err(refused)
}

fn check(schema: &str, found: Option<i64>) -> Result<(), OpenError> {
    match found {
        Some(found) if found > KNOWN => {
            Err(OpenError::Newer { schema: schema.to_owned(), found, known: KNOWN })
        }
        _ => Ok(()),
    }
}

/// The version of the schema; `None` where none was made.
async fn found(
    client: &impl tokio_postgres::GenericClient,
    schema: &str,
) -> Result<Option<i64>, tokio_postgres::Error> {
    // Asked as a query, because what a session looks up by name it may remember from before
    // another node made it.
    let there = "SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                 WHERE n.nspname = $1 AND c.relname = 'meta'";
    if client.query(there, &[&schema]).await?.is_empty() {
        return Ok(None);
    }
    let rows = client.query(&within("SELECT version FROM @schema@.meta", schema), &[]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

async fn bring_up_to_date(
    transaction: &Transaction<'_>,
    schema: &str,
    found: Option<i64>,
) -> Result<(), tokio_postgres::Error> {
    if found.is_none() {
        let there = "SELECT FROM pg_namespace WHERE nspname = $1";
        // Somebody with more rights may have made it for us.
        if transaction.query(there, &[&schema]).await?.is_empty() {
            transaction.batch_execute(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
        }
    }
    let done = usize::try_from(found.unwrap_or(0)).unwrap_or(0);
    for version in &VERSIONS[done..] {
        transaction.batch_execute(&within(version, schema)).await?;
    }
    let meta = match found {
        None => "INSERT INTO @schema@.meta (version) VALUES ($1)",
        Some(_) => "UPDATE @schema@.meta SET version = $1",
    };
    transaction.execute(&within(meta, schema), &[&KNOWN]).await?;
    Ok(())
}
