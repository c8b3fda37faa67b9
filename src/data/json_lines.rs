//! Reads JSON Lines: a JSON object in each line.
//!
//! The columns are the keys of all objects, in the order in which they first occur. A key that an object does not have
//! is `null` in its row: tools that write such files leave out what has no value, also in the first line. Strings become
//! texts; all other values stay as they were written. Empty lines are no rows.

use std::fmt;
use std::io::{BufRead, Read};
use std::result::Result as StdResult;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::cells::{Cell, Cells};
use super::columns::Columns;
use super::error::{Problem, Result};

/// The longest line: no object of a data set is as long, but a file without line breaks.
pub(super) const LINE_MAX: u64 = 16 << 20;

/// What JSON has between values, and what ends a line.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The members of an object that have values: columns with JSON text.
type Members<'a> = Vec<(usize, &'a RawValue)>;

/// Adds all rows.
pub(super) fn read(mut input: impl BufRead, cells: &mut Cells) -> Result<Columns> {
    let mut columns = Columns::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if Read::take(&mut input, LINE_MAX + 1).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.len() as u64 > LINE_MAX {
            return Err(Problem::LongLine.at(line));
        }
        let text = str::from_utf8(&bytes).map_err(|_| Problem::Utf8.at(line))?;
        let text = text.trim_end_matches(SPACE);
        if !text.is_empty() {
            let members = members(text, line, &mut columns)?;
            add(members, cells, &columns).map_err(|problem| problem.at(line))?;
        }
    }
    Ok(columns)
}

/// Reads the object that is this line.
fn members<'a>(text: &'a str, line: u64, columns: &mut Columns) -> Result<Members<'a>> {
    match text.trim_start_matches(SPACE).chars().next() {
        Some('{') => {}
        Some('[') => return Err(Problem::Array.at(line)),
        _ => return Err(Problem::NoObject.at(line)),
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Object { columns }.deserialize(&mut json);
    match read.and_then(|members| json.end().map(|()| members)) {
        Ok(members) => members.map_err(|problem| problem.at(line)),
        Err(error) => Err(invalid(&error).at_byte(line, error.column())),
    }
}

/// Adds a row.
fn add(mut members: Members<'_>, cells: &mut Cells, columns: &Columns) -> StdResult<(), Problem> {
    members.sort_by_key(|(column, _)| *column);
    if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Problem::RepeatedKey(columns.names()[pair[0].0].clone()));
    }
    cells.begin_row()?;
    let mut next = 0;
    for (column, value) in members {
        let json = value.get();
        if json == "null" {
            continue;
        }
        cells.skip(column - next);
        next = column + 1;
        match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            None => cells.push(Cell::Json(json)),
            Some(text) if !text.contains('\\') => cells.push(Cell::Text(text)),
            Some(_) => {
                let text: String = serde_json::from_str(json).map_err(|error| invalid(&error))?;
                cells.push(Cell::Text(&text));
            }
        }
    }
    Ok(())
}

/// Returns what the parser does not like. The place is that of the file, and nothing of its text is in it.
fn invalid(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    Problem::Json(text.split(" at line ").next().unwrap_or_default().to_owned())
}

/// Reads an object, and adds the columns that are new.
struct Object<'c> {
    columns: &'c mut Columns,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = StdResult<Members<'de>, Problem>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> StdResult<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = StdResult<Members<'de>, Problem>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> StdResult<Self::Value, A::Error> {
        let mut members = Members::new();
        while let Some(column) =
            map.next_key_seed(Key { columns: self.columns, expected: members.len() })?
        {
            match column {
                Ok(column) => members.push((column, map.next_value()?)),
                Err(problem) => {
                    map.next_value::<IgnoredAny>()?;
                    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                    return Ok(Err(problem));
                }
            }
        }
        Ok(Ok(members))
    }
}

/// Reads a key as the index of its column.
struct Key<'c> {
    columns: &'c mut Columns,
    /// Where the column probably is.
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = StdResult<usize, Problem>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> StdResult<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = StdResult<usize, Problem>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> StdResult<Self::Value, E> {
        Ok(self.columns.find_or_add(name, self.expected))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{contents, refused, table};

    #[track_caller]
    fn check(text: &str, columns: &[&str], rows: &[&[&str]]) {
        let table = table("x.jsonl", text).unwrap();
        assert_eq!(table.columns(), columns, "{text:?}");
        assert_eq!(contents(&table), rows, "{text:?}");
    }

    #[track_caller]
    fn check_refused(text: impl AsRef<[u8]>, message: &str) {
        assert_eq!(refused("x.jsonl", text), message);
    }

    #[test]
    fn columns_are_the_keys_of_all_lines() {
        let text = "{\"a\": \"1\", \"b\": \"2\"}\n{\"b\":\"4\",\"a\":\"3\"}\n";
        check(text, &["a", "b"], &[&["1", "2"], &["3", "4"]]);
        let text = "{\"b\":\"1\"}\n\n{}\r\n{\"c\":\"2\",\"a\":\"3\"}\n \n{\"a\":\"4\"}";
        let rows: [&[&str]; 4] = [
            &["1", "json null", "json null"],
            &["json null"; 3],
            &["json null", "2", "3"],
            &["json null", "json null", "4"],
        ];
        check(text, &["b", "c", "a"], &rows);
        check("\u{feff}{\"a\":\"1\"}", &["a"], &[&["1"]]);
    }

    #[test]
    fn values_other_than_strings_stay_as_they_are_written() {
        let values = ["1.10", "-0", "1e400", "12345678901234567890123", "true", "false", "null"];
        for json in values.into_iter().chain(["[ 1,\t{} ]", "{ \"x\" : [] }", "\"\"", "[\"\\n\"]"])
        {
            let found = if json == "\"\"" { String::new() } else { format!("json {json}") };
            check(&format!("{{\"a\": {json} ,\"b\":\"x\"}}"), &["a", "b"], &[&[&found, "x"]]);
        }
    }

    #[test]
    fn strings_and_keys_are_decoded() {
        let text = r#"{"a":"x\ny\"z\\ \u00e9 \ud83d\ude00 é","\u0062":"\t"}"#;
        check(text, &["a", "b"], &[&["x\ny\"z\\ é 😀 é", "\t"]]);
        check("{\"a.b c\":\"1\"}", &["a.b c"], &[&["1"]]);
    }

    #[test]
    fn each_line_is_one_object() {
        let example = "{\"name\": \"ann\"}";
        for text in ["", "\n\n", " ", "\u{feff}"] {
            check_refused(
                text,
                &format!("x.jsonl: there are no rows; add a line such as {example}"),
            );
        }
        for text in ["{}", "{}\n{}\n"] {
            let message = format!("x.jsonl: no row has a key; name the columns, as in {example}");
            check_refused(text, &message);
        }
        let array = "expected one JSON object in each line; `jq -c '.[]'` makes them of an array";
        for text in ["[{\"a\":1}]", "[\n{\"a\":1}\n]", " []"] {
            check_refused(text, &format!("x.jsonl:1: {array}"));
        }
        for text in ["1", "\"secret\"", "null", "secret", "a,b"] {
            let message = format!("x.jsonl:2: expected one JSON object, such as {example}");
            check_refused(format!("{{\"a\":1}}\n{text}"), &message);
        }
        let cure = "write one whole object in each line";
        for (line, byte, reason) in [
            ("{", 1, "EOF while parsing an object"),
            ("{\"a\":1", 6, "EOF while parsing an object"),
            ("{\"a\":\"secret", 12, "EOF while parsing a string"),
            ("{\"a\":1} {\"a\":2}", 9, "trailing characters"),
            ("  {\"a\" 1}", 8, "expected `:`"),
            ("{\"a\":secret}", 6, "expected value"),
            ("{a:1}", 2, "key must be a string"),
            ("{\"a\":1,}", 8, "trailing comma"),
            ("{\"a\":01}", 7, "invalid number"),
        ] {
            let message = format!("x.jsonl:3:{byte}: invalid JSON: {reason}; {cure}");
            check_refused(format!("{{\"a\":1}}\r\n\r\n{line}\r\n{{}}"), &message);
        }
        let lone = "invalid JSON: unexpected end of hex escape";
        check_refused("{\"a\":\"\\ud83d\"}", &format!("x.jsonl:1: {lone}; {cure}"));
    }

    #[test]
    fn keys_have_names_and_are_not_repeated() {
        let twice = "the key 'b' is there twice; keep one";
        check_refused("{\"b\":1,\"a\":2,\"b\":1}", &format!("x.jsonl:1: {twice}"));
        check_refused("{\"a\":1}\n{\"b\":null,\"b\":null}", &format!("x.jsonl:2: {twice}"));
        let nameless = "x.jsonl:2: column 2 has no name; name it, or leave it out";
        check_refused("{\"a\":1}\n{\"a\":2,\"\":{\"x\":[1]},\"b\":3}\n", nameless);
        let lines: String = (0..=10_000).map(|at| format!("{{\"{at}\":1}}\n")).collect();
        let cure = "leave out those that no task needs";
        check_refused(
            &lines,
            &format!("x.jsonl:10001: there are more than 10,000 columns; {cure}"),
        );
    }

    #[test]
    fn text_that_is_not_utf8_is_told_by_its_line() {
        for (text, line) in [
            (&b"{\"a\":1}\n{\"a\":\"\xff\"}"[..], 2),
            (b"\xff\xfe{\0", 1),
            (b"{\"a\":\"\xfd\"}", 1),
        ] {
            check_refused(
                text,
                &format!("x.jsonl:{line}: the text is not UTF-8; save the file as UTF-8"),
            );
        }
    }

    #[test]
    fn a_line_has_a_longest_length() {
        let line = |len: usize| format!("{{\"a\":\"{}\"}}\n", "x".repeat(len - 9));
        let longest = line(16 << 20);
        assert_eq!(table("x.jsonl", longest.clone() + &longest).unwrap().rows(), 2);
        let message =
            "x.jsonl:2: the line is longer than 16 MiB; write each object in its own line";
        check_refused(longest + &line((16 << 20) + 1), message);
    }
}
