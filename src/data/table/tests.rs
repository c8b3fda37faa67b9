use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use super::*;
use crate::data::samples::{contents, numbers, refused, table};
use crate::data::{AtEnd, Cell, Pick, Rows, Source};

/// A row of 40 bytes, as the accounts of a load test are.
fn account(row: usize) -> String {
    format!("user{row:08},pw-{row:014x},{:08}\n", row * 7919 % 100_000_000)
}

fn accounts(rows: usize) -> String {
    let mut text = "name,password,id\n".to_owned();
    text.extend((0..rows).map(account));
    text
}

fn read_error(file: &Path) -> String {
    Table::read(file).expect_err("it was read").to_string()
}

#[test]
fn a_file_is_read_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.csv", "x,y\n1,2\n"),
        ("a.CSV", "x,y\n1,2\n"),
        ("a.jsonl", "{\"x\":\"1\",\"y\":\"2\"}\n"),
        ("b.c.JsonL", "{\"x\":\"1\",\"y\":\"2\"}\n"),
    ] {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        let table = Table::read(&file).unwrap();
        assert_eq!(contents(&table), [["1", "2"]]);
        assert_eq!((table.name().to_string(), table.rows()), (name.to_owned(), 1));
    }
    let kinds = "the name must end with .csv, for a first line with the names of columns, or with .jsonl, for a \
                 JSON object in each line";
    for name in ["a", "a.json", "a.tsv", "csv", ".csv", "a.csv.gz"] {
        let file = dir.path().join(name);
        let expected = format!("{}: {kinds}", file.display());
        assert_eq!(read_error(&file), expected);
    }
}

#[test]
fn what_cannot_be_read_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let [none, folder, pipe] = ["none.csv", "folder.csv", "pipe.jsonl"].map(|n| dir.path().join(n));
    fs::create_dir(&folder).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (file, reason) in [
        (none, "No such file or directory"),
        (folder, "it is not a regular file"),
        (pipe, "it is not a regular file"),
    ] {
        assert_eq!(read_error(&file), format!("{}: cannot be read: {reason}", file.display()));
    }
    let huge = dir.path().join("huge.csv");
    fs::File::create(&huge).unwrap().set_len((4 << 30) + 1).unwrap();
    let reason = "cannot be read: it is larger than 4 GiB";
    assert_eq!(read_error(&huge), format!("{}: {reason}", huge.display()));
}

#[test]
fn errors_name_the_file_as_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("accounts.csv");
    fs::write(&file, "name,password\nann,x\nbob\n").unwrap();
    let problem = "the row has 1 cell and the header 2; quote cells that have commas in them";
    assert_eq!(read_error(&file), format!("{}:3: {problem}", file.display()));
}

/// A refused file shows nothing of its cells.
#[test]
fn errors_have_no_cells_in_them() {
    for (name, text) in [
        ("a.csv", "name\nhunter2,hunter2"),
        ("a.csv", "name\n\"hunter2"),
        ("a.csv", "name,id\nhunter2\n"),
        ("a.jsonl", "{\"name\":\"hunter2\"}\n\"hunter2\""),
        ("a.jsonl", "{\"name\":\"hunter2}"),
        ("a.jsonl", "{\"name\":\"hunter2\\ud800\"}"),
        ("a.jsonl", "{\"name\":hunter2}"),
        ("a.jsonl", "{\"name\":\"hunter2\",\"name\":\"hunter2\"}"),
        ("a.jsonl", "{\"name\":\"hunter2\"}{\"name\":\"hunter2\"}"),
        ("a.jsonl", "hunter2"),
    ] {
        let error = refused(name, text);
        assert!(!error.contains("hunter2"), "{error}");
        assert!(!format!("{:?}", table(name, text)).contains("hunter2"), "{text}");
    }
}

/// Random tables come back as they were written, by the writers of the crates.
#[test]
fn what_is_written_comes_back() {
    const LETTERS: [&str; 10] = ["a", "\"", ",", "\n", "\r\n", " ", "é", "\\", "{", "\u{10ffff}"];
    for seed in 0..3000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let columns = rng.usize(1..5);
        let names: Vec<_> = (0..columns).map(|column| format!("c{column}")).collect();
        let mut cell = || -> String {
            let letters = (0..rng.usize(0..6)).map(|_| LETTERS[rng.usize(0..LETTERS.len())]);
            letters.collect::<Vec<_>>().concat()
        };
        let rows: Vec<Vec<String>> =
            (0..1 + seed % 7).map(|_| (0..columns).map(|_| cell()).collect()).collect();
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(&names).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let csv = table("x.csv", writer.into_inner().unwrap()).unwrap();
        let object = |row: &Vec<String>| {
            let members = names.iter().cloned().zip(row.iter().map(|cell| cell.as_str().into()));
            serde_json::Value::Object(members.collect()).to_string() + "\n"
        };
        let json = table("x.jsonl", rows.iter().map(object).collect::<String>()).unwrap();
        for table in [csv, json] {
            assert_eq!(table.columns(), names, "seed {seed}");
            assert_eq!(contents(&table), rows, "seed {seed}");
        }
    }
}

/// Reads random bytes, of those that mean something, in all sizes of the reader's buffer.
#[test]
fn no_bytes_panic_and_each_reading_of_them_is_the_same() {
    const CSV: &[&[u8]] =
        &[b"a", b",", b"\"", b"\n", b"\r", b"\xff", b"\xc3", b"\xa9", b"\xef\xbb\xbf"];
    const JSON: &[&[u8]] = &[
        b"{\"a\":1}",
        b"{",
        b"}",
        b"\"",
        b":",
        b",",
        b"[",
        b"]",
        b"null",
        b"1",
        b"a",
        b"\\",
        b"\\u0061",
        b"\\ud800",
        b"\n",
        b"\r",
        b" ",
        b"\xff",
        b"\xef\xbb\xbf",
        b"{\"b\":\"x\"}\n",
    ];
    let begun = Instant::now();
    for seed in 0..20_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (name, pieces) = [("x.csv", CSV), ("x.jsonl", JSON)][rng.usize(0..2)];
        let mut bytes = Vec::new();
        for _ in 0..rng.usize(0..60) {
            match rng.u8(0..20) {
                0 => bytes.push(rng.u8(..)),
                _ => bytes.extend_from_slice(pieces[rng.usize(0..pieces.len())]),
            }
        }
        let whole = table(name, &bytes);
        if let Ok(table) = &whole {
            for row in contents(table) {
                assert_eq!(row.len(), table.columns().len(), "seed {seed}");
            }
        }
        // A byte order mark is known in the first piece alone, which of a file is larger.
        let input = BufReader::with_capacity(rng.usize(3..9), &bytes[..]);
        let pieces = Table::parse(Path::new(name), input, 0);
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => {
                assert_eq!(contents(&whole), contents(&pieces), "seed {seed}")
            }
            (Err(whole), Err(pieces)) => assert_eq!(whole, Error::new(Path::new(name), pieces)),
            (whole, pieces) => panic!("seed {seed}: {whole:?} and {pieces:?}"),
        }
    }
    assert!(begun.elapsed().as_secs() < 60);
}

/// As many columns as there may be, and rows that have only the last.
#[test]
fn rows_without_most_columns_are_read_in_bounded_time() {
    let keys: Vec<_> = (0..10_000).map(|column| format!("\"{column}\":1")).collect();
    let text = format!("{{{}}}\n", keys.join(","))
        + &"{}\n".repeat(100_000)
        + &"{\"9999\":2}\n".repeat(1000);
    let begun = Instant::now();
    let table = table("x.jsonl", text).unwrap();
    assert!(begun.elapsed().as_secs() < 20);
    let last = |row| table.row(row).cells().last();
    assert!(last(0) == Some(Cell::Json("1")) && last(1) == Some(Cell::Json("null")));
    assert!(last(101_000) == Some(Cell::Json("2")));
    assert!(table.memory() < 12 << 20, "{}", table.memory());
}

#[test]
fn rows_take_little_more_memory_than_their_file() {
    let text = accounts(50_000);
    assert_eq!(account(0).len(), 40);
    let accounts = Arc::new(table("accounts.csv", &text).unwrap());
    let lines: String = (0..50_000).map(|row| format!("{{\"row\":\"{row:029}\"}}\n")).collect();
    let lines = (Arc::new(table("lines.jsonl", &lines).unwrap()), lines.len());
    for (table, len) in [(accounts, text.len()), lines] {
        for pick in Pick::ALL {
            for at_end in AtEnd::ALL {
                let source = Source::new("x", "x").pick(pick).at_end(at_end);
                let rows = Rows::new(table.clone(), &source, 2, 1);
                let memory = table.memory() + rows.memory();
                assert!(memory * 10 <= len * 13, "{pick:?}: {memory} for {len} bytes");
            }
        }
    }
    assert!(numbers(1).memory() < 100);
}

/// Run it by hand, alone, in a release build: it prints what the process takes in all.
#[test]
#[ignore = "a measurement"]
fn the_memory_of_five_million_rows() {
    const ROWS: usize = 5_000_000;
    let status = |key: &str| -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    for (name, header, begin, end) in [
        ("accounts.csv", "name,password,id\n", "", ""),
        ("accounts.jsonl", "", "{\"a\":\"", "\"}\n"),
    ] {
        let file = dir.path().join(name);
        let mut output = std::io::BufWriter::new(fs::File::create(&file).unwrap());
        std::io::Write::write_all(&mut output, header.as_bytes()).unwrap();
        for row in 0..ROWS {
            let mut line = account(row);
            if !begin.is_empty() {
                line = format!("{begin}{}{end}", &line[..40 - begin.len() - end.len()]);
            }
            std::io::Write::write_all(&mut output, line.as_bytes()).unwrap();
        }
        drop(output);
        let len = fs::metadata(&file).unwrap().len() as f64;
        let mebi = |kibi: u64| kibi as f64 / 1024.0;
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status("VmRSS");
        let begun = Instant::now();
        let table = Arc::new(Table::read(&file).unwrap());
        let took = begun.elapsed();
        let source = Source::new("x", &file).pick(Pick::Shuffled);
        let _rows = Rows::new(table.clone(), &source, 2, 1);
        let (most, now) = (status("VmHWM") - before, status("VmRSS") - before);
        let ratio = |kibi: u64| kibi as f64 * 1024.0 / len;
        println!(
            "{name}: {:.1} MiB, read in {took:.1?}; resident {:.1} MiB, {:.3} of it, at most {:.1} MiB, {:.3}",
            len / 1048576.0,
            mebi(now),
            ratio(now),
            mebi(most),
            ratio(most)
        );
        assert!(ratio(most) <= 1.3);
    }
}
