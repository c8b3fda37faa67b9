//! Checks of scenario files.
//!
//! A table with several conditions is one check per condition, in the order in which they cost the
//! least and say the most: status, header, body, JSON, time.

use http::HeaderName;

use super::error::Result;
use super::reader::{Entry, Item, Table};
use crate::scenario::validate;
use crate::session::{Check, Condition, Pattern, Pointer, StatusRange};

const KEYS: [&str; 10] = [
    "status",
    "header",
    "header_equals",
    "body_contains",
    "body_matches",
    "json",
    "json_equals",
    "json_length",
    "max_time",
    "message",
];

/// Reads `check = { … }` or `checks = [ { … }, … ]`.
pub(super) fn checks(item: Item<'_>) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for item in item.one_or_more() {
        checks.extend(table(item)?);
    }
    Ok(checks)
}

fn table(item: Item<'_>) -> Result<Vec<Check>> {
    let table = item.table(&KEYS)?;
    item.has_no_secret()?;
    let conditions = conditions(&table)?;
    if conditions.is_empty() {
        let known = KEYS[..KEYS.len() - 1].join(", ");
        return Err(item.problem(format!("a check needs a condition: one of {known}")));
    }
    let message = table.get("message").map(|message| message.text()).transpose()?;
    let check = |condition| match &message {
        Some(message) => Check::from(condition).message(&**message),
        None => Check::from(condition),
    };
    Ok(conditions.into_iter().map(check).collect())
}

fn conditions(table: &Table<'_>) -> Result<Vec<Condition>> {
    let mut conditions = Vec::new();
    if let Some(item) = table.get("status") {
        conditions.push(statuses(item)?);
    }
    for item in several(table, "header") {
        let name = HeaderName::from_bytes(item.text()?.as_bytes())
            .map_err(|_| item.problem("this is not the name of a header"))?;
        conditions.push(Condition::Header(name, None));
    }
    for entry in entries(table, "header_equals")? {
        let name = entry.header_name()?;
        conditions.push(Condition::Header(name, Some(entry.value.header_value()?)));
    }
    for item in several(table, "body_contains") {
        conditions.push(Condition::BodyContains(item.text()?.into_owned()));
    }
    for item in several(table, "body_matches") {
        conditions.push(Condition::BodyMatches(item.judged(Pattern::new(&item.text()?))?));
    }
    for item in several(table, "json") {
        conditions.push(Condition::JsonExists(item.judged(Pointer::parse(&item.text()?))?));
    }
    for entry in entries(table, "json_equals")? {
        let pointer = Pointer::parse(entry.key).map_err(|error| entry.key_problem(error))?;
        conditions.push(Condition::JsonEquals(pointer, entry.value.json()?));
    }
    for entry in entries(table, "json_length")? {
        let pointer = Pointer::parse(entry.key).map_err(|error| entry.key_problem(error))?;
        conditions.push(Condition::JsonLength(pointer, entry.value.count()? as usize));
    }
    if let Some(item) = table.get("max_time") {
        conditions.push(Condition::MaxTime(item.duration()?));
    }
    Ok(conditions)
}

/// Reads `200`, `"2xx"`, `"200-204"`, or an array of such.
fn statuses(item: Item<'_>) -> Result<Condition> {
    let mut ranges = Vec::new();
    for item in item.one_or_more() {
        ranges.push(status(item)?);
    }
    if ranges.is_empty() {
        return Err(item.problem(crate::scenario::Error::NoStatus));
    }
    Ok(Condition::Status(ranges))
}

fn status(item: Item<'_>) -> Result<StatusRange> {
    if item.is_text() {
        return item.judged(item.text()?.parse());
    }
    let code = item.count()?;
    let range = StatusRange::from(u16::try_from(code).unwrap_or(u16::MAX));
    let refused = || item.problem(crate::scenario::Error::Status(code.to_string()));
    validate::status(range).map(|()| range).map_err(|_| refused())
}

fn several<'a>(table: &Table<'a>, key: &str) -> Vec<Item<'a>> {
    table.get(key).map(|item| item.one_or_more()).unwrap_or_default()
}

fn entries<'a>(table: &Table<'a>, key: &str) -> Result<Vec<Entry<'a>>> {
    table.get(key).map_or(Ok(Vec::new()), |item| item.entries())
}
