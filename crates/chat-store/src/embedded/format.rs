//! Which files are ours, which format they have, and how an older one becomes the present one.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableHandle, WriteTransaction};

use super::rows::{
    AGES, CHATS, DUE, ENTRIES, FEED_IDS, FEEDS, JOURNAL, LAPSES, LEASES, LISTS, META, PLACES,
    SNAPSHOTS,
};
use super::{Broken, OpenError};

/// The format this version writes.
pub(super) const FORMAT: u64 = 1;

/// How a file of format n + 1 becomes one of format n + 2, for n from 0. Steps only go forward, and
/// all that are needed go through in one transaction with the new format's number.
const STEPS: &[Step] = &[];

type Step = fn(&WriteTransaction) -> Result<(), Broken>;

const NUMBER: &str = "format";
const TOUCHED: &str = "touched";

/// Makes an empty file a store, brings an older one up, and leaves any other untouched.
pub(super) fn prepare(path: &Path, db: &Database) -> Result<(), OpenError> {
    let damaged = |why: Broken| OpenError::Damaged(path.to_owned(), why.why().to_owned());
    match format(db).map_err(damaged)? {
        Format::Foreign => Err(OpenError::Foreign(path.to_owned())),
        Format::Number(found) if found > FORMAT => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT })
        }
        Format::Number(FORMAT) => Ok(()),
        Format::Number(found) => migrate(db, found, STEPS).map_err(damaged),
        Format::Empty => create(db).map_err(damaged),
    }
}

/// Proves that the file can be written to.
pub(super) fn touch(db: &Database) -> Result<(), Broken> {
    let txn = db.begin_write()?;
    {
        let mut meta = txn.open_table(META)?;
        let times = meta.get(TOUCHED)?.map_or(0, |times| times.value());
        meta.insert(TOUCHED, times + 1)?;
    }
    Ok(txn.commit()?)
}

enum Format {
    /// No table at all: a new file, or one whose making was interrupted.
    Empty,
    Number(u64),
    Foreign,
}

fn format(db: &Database) -> Result<Format, Broken> {
    let txn = db.begin_read()?;
    let mut any = false;
    for table in txn.list_tables()? {
        any = true;
        if table.name() == META.name() {
            let number = txn.open_table(META)?.get(NUMBER)?.map(|number| number.value());
            return Ok(number.map_or(Format::Foreign, Format::Number));
        }
    }
    any |= txn.list_multimap_tables()?.next().is_some();
    Ok(if any { Format::Foreign } else { Format::Empty })
}

fn create(db: &Database) -> Result<(), Broken> {
    let txn = db.begin_write()?;
    txn.open_table(META)?.insert(NUMBER, FORMAT)?;
    txn.open_table(CHATS)?;
    txn.open_table(JOURNAL)?;
    txn.open_table(PLACES)?;
    txn.open_table(SNAPSHOTS)?;
    txn.open_table(DUE)?;
    txn.open_table(FEED_IDS)?;
    txn.open_table(FEEDS)?;
    txn.open_table(ENTRIES)?;
    txn.open_table(AGES)?;
    txn.open_table(LISTS)?;
    txn.open_table(LEASES)?;
    txn.open_table(LAPSES)?;
    Ok(txn.commit()?)
}

fn migrate(db: &Database, found: u64, steps: &[Step]) -> Result<(), Broken> {
    let txn = db.begin_write()?;
    let done = usize::try_from(found).ok().and_then(|found| found.checked_sub(1));
    let Some(steps_left) = done.and_then(|done| steps.get(done..)) else {
        return Err(Broken::new(format!("there is no format {found}")));
    };
    for step in steps_left {
        step(&txn)?;
    }
    txn.open_table(META)?.insert(NUMBER, steps.len() as u64 + 1)?;
    Ok(txn.commit()?)
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{Builder, Database, ReadableDatabase, TableDefinition, WriteTransaction};

    use super::{Broken, Format, META, Step, create, format, migrate};

    const TOLD: TableDefinition<'_, u64, &str> = TableDefinition::new("told");

    fn tell(txn: &WriteTransaction, what: &str) -> Result<(), Broken> {
        let mut told = txn.open_table(TOLD)?;
        let nth = redb::ReadableTableMetadata::len(&told)?;
        told.insert(nth, what)?;
        Ok(())
    }

    fn told(db: &Database) -> Vec<String> {
        let txn = db.begin_read().unwrap();
        let Ok(table) = txn.open_table(TOLD) else { return Vec::new() };
        let rows = redb::ReadableTable::iter(&table).unwrap();
        rows.map(|row| row.unwrap().1.value().to_owned()).collect()
    }

    fn number(db: &Database) -> Option<u64> {
        match format(db).unwrap() {
            Format::Number(number) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn an_older_file_goes_through_every_step_it_lacks_or_stays_as_it_was() {
        let two: Step = |txn| tell(txn, "two");
        let three: Step = |txn| tell(txn, "three");
        let breaks: Step = |txn| tell(txn, "broken").and(Err(Broken::new("no")));
        for (found, steps, goes, says) in [
            (1, vec![two, three], Some(3), vec!["two", "three"]),
            (2, vec![two, three], Some(3), vec!["three"]),
            (1, vec![two, breaks], None, vec![]),
            (0, vec![two], None, vec![]),
        ] {
            let db = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
            create(&db).unwrap();
            let txn = db.begin_write().unwrap();
            txn.open_table(META).unwrap().insert("format", found).unwrap();
            txn.commit().unwrap();
            assert_eq!(migrate(&db, found, &steps).is_ok(), goes.is_some(), "from {found}");
            assert_eq!(number(&db), Some(goes.unwrap_or(found)));
            assert_eq!(told(&db), says, "from {found}");
        }
    }
}
