//! What steps of scenario files take out of their responses.

use super::error::Result;
use super::reader::{Item, Table};
use crate::scenario::variables::variable_name;
use crate::session::{Capture, Pick};

const SOURCES: [&str; 7] = ["json", "header", "cookie", "regex", "html", "status", "url"];

/// Reads `{ token = { json = "/token" }, … }`.
pub(super) fn captures(item: Item<'_>) -> Result<Vec<(String, Capture)>> {
    let mut captures = Vec::new();
    for entry in item.entries()? {
        variable_name(entry.key).map_err(|error| entry.key_problem(error))?;
        captures.push((entry.key.to_owned(), capture(entry.value)?));
    }
    Ok(captures)
}

fn capture(item: Item<'_>) -> Result<Capture> {
    let table = item.table(&[&SOURCES[..], &["attribute", "pick", "default"]].concat())?;
    let Some((source, place)) = table.at_most_one(&SOURCES)? else {
        return Err(item.problem(format!("a capture needs one of {}", SOURCES.join(", "))));
    };
    let mut capture = of_source(source, place, &table)?;
    if let Some(attribute) = table.get("attribute").filter(|_| source != "html") {
        return Err(attribute.problem("'attribute' belongs to html; leave it out"));
    }
    if let Some(item) = table.get("pick") {
        capture = capture.pick(pick(item)?);
    }
    if let Some(item) = table.get("default") {
        capture = capture.default(item.json()?);
    }
    Ok(capture)
}

fn of_source(source: &str, item: Item<'_>, table: &Table<'_>) -> Result<Capture> {
    Ok(match source {
        "json" => item.judged(Capture::json(&item.text()?))?,
        "header" => item.judged(Capture::header(&item.text()?))?,
        "cookie" => Capture::cookie(item.text()?),
        "regex" => item.judged(Capture::regex(&item.text()?))?,
        "html" => {
            let attribute = table.get("attribute").map(|item| item.text()).transpose()?;
            item.judged(Capture::html(&item.text()?, attribute.as_deref()))?
        }
        "status" => is_set(item).map(|()| Capture::status())?,
        _ => is_set(item).map(|()| Capture::url())?,
    })
}

fn is_set(item: Item<'_>) -> Result<()> {
    if item.boolean()? { Ok(()) } else { Err(item.problem("write true, or leave the capture out")) }
}

fn pick(item: Item<'_>) -> Result<Pick> {
    match &*item.text()? {
        "first" => Ok(Pick::First),
        "last" => Ok(Pick::Last),
        "random" => Ok(Pick::Random),
        "all" => Ok(Pick::All),
        "count" => Ok(Pick::Count),
        other => {
            let picks = "\"first\", \"last\", \"random\", \"all\" or \"count\"";
            Err(item.problem(format!("there is no pick '{other}'; write {picks}")))
        }
    }
}
