//! The broken threshold of a run, in words and as JSON.

use serde_json::{Value, json};

use super::columns::exact;
use super::console::one_line;
use super::digits::table_ms;
use crate::stats::{Breach, EntryKey, Measured};

/// Returns one line: `p95 > 10ms was broken: 101 ms of Aggregated from 2.00 s to 12.00 s, worst GET
/// /items with 130 ms`.
pub(crate) fn sentence(breach: &Breach) -> String {
    let Breach { level, entry, measured, worst, from, to, at_end: _ } = breach;
    let worst = worst
        .as_ref()
        .map(|(entry, measured)| format!(", worst {} with {}", name(entry), value(*measured)));
    format!(
        "{level} was broken: {} of {} from {:.2} s to {:.2} s{}",
        value(*measured),
        name(entry),
        from.as_secs_f64(),
        to.as_secs_f64(),
        worst.unwrap_or_default(),
    )
}

/// Returns the sentence with its consequence.
pub(crate) fn verdict(breach: &Breach) -> String {
    let when = if breach.at_end { "At the end" } else { "Stopped, because" };
    format!("{when} {}", sentence(breach))
}

/// Returns the breach as JSON, with times in milliseconds; `null` without one.
pub(super) fn json(breach: Option<&Breach>) -> Value {
    let Some(breach) = breach else { return Value::Null };
    let entry = |entry: &EntryKey, measured| json!({ "method": entry.method, "name": entry.name, "measured": number(measured) });
    json!({
        "level": breach.level,
        "measured": number(breach.measured),
        "method": breach.entry.method,
        "name": breach.entry.name,
        "worst": breach.worst.as_ref().map(|(key, measured)| entry(key, *measured)),
        "from_s": breach.from.as_secs_f64(),
        "to_s": breach.to.as_secs_f64(),
        "at_end": breach.at_end,
        "text": sentence(breach),
    })
}

fn number(measured: Measured) -> Value {
    match measured {
        Measured::Time(time) => json!(exact(time)),
        Measured::Share(number) | Measured::PerSecond(number) => json!(number),
    }
}

fn value(measured: Measured) -> String {
    match measured {
        Measured::Time(time) => format!("{} ms", table_ms(time)),
        Measured::Share(share) => format!("{:.2}%", 100.0 * share),
        Measured::PerSecond(rate) => format!("{rate:.2} per second"),
    }
}

fn name(EntryKey { method, name }: &EntryKey) -> String {
    let name = one_line(name);
    if method.is_empty() { name.into_owned() } else { format!("{} {name}", one_line(method)) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::breach;

    #[test]
    fn a_sentence_names_level_value_entry_and_stretch_in_one_line() {
        let mut time = breach("p95 > 10ms");
        time.worst = time
            .worst
            .map(|(key, measured)| (EntryKey { name: "/a\nb".to_owned(), ..key }, measured));
        assert_eq!(
            sentence(&time),
            "p95 > 10ms was broken: 101 ms of Aggregated from 2.00 s to 12.00 s, worst GET /a\\nb \
             with 101 ms"
        );
        let share = Breach { worst: None, measured: Measured::Share(0.0667), ..breach("a") };
        let told = "a was broken: 6.67% of Aggregated from 2.00 s to 12.00 s";
        assert_eq!(verdict(&share), format!("Stopped, because {told}"));
        let rate = Breach { at_end: true, measured: Measured::PerSecond(9.5), ..breach("a") };
        assert!(verdict(&rate).starts_with("At the end a was broken: 9.50 per second of"));
    }

    #[test]
    fn the_object_has_the_same_with_all_digits() {
        assert_eq!(json(None), Value::Null);
        let to = Duration::from_millis(12_340);
        let object = json(Some(&Breach { to, ..breach("a") }));
        assert_eq!((&object["measured"], &object["to_s"]), (&json!(101.3), &json!(12.34)));
        assert_eq!(
            (&object["name"], &object["worst"]["name"]),
            (&json!("Aggregated"), &json!("/"))
        );
    }
}
