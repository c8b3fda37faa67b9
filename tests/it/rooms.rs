//! Compares the tables of modules in ARCHITECTURE.md with the paths in the sources.
//!
//! A module ("room") is a file, or a folder with all that is in it. What it uses is read from its paths: `crate::…`,
//! `super::…` and `self::…`, in `use` lines and elsewhere, but not in its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::repository;
use crate::tidy::{Source, sources};

/// Rooms from the top to the bottom, each with those that it uses.
type Picture = Vec<(String, BTreeSet<String>)>;

#[test]
fn the_crate_is_as_its_picture() {
    check("src");
}

#[test]
fn the_session_is_as_its_picture() {
    check("src/session");
}

/// Reports are made from data alone, so that they can be made in a process that sends nothing.
#[test]
fn reports_do_not_reach_the_session_or_the_reactor() {
    let used = used("src", &sources("src"));
    let reached = reached("report", &used);
    assert!(reached.contains("stats"), "{reached:?}");
    for room in ["scenario", "session", "transport", "reactor", "executor", "files"] {
        assert!(used.contains_key(room), "{room} is no room any more");
        assert!(!reached.contains(room), "report reaches {room}, by way of one of {reached:?}");
    }
}

/// These rules hold whatever the picture shows.
#[test]
fn leaves_use_nothing_and_nothing_points_back_to_the_command() {
    let used = used("src", &sources("src"));
    let uses = |room: &str| &used[room];
    for leaf in ["http1", "stats", "reactor", "page"] {
        assert!(uses(leaf).is_empty(), "{leaf} uses {:?}", uses(leaf));
    }
    for below in ["session", "scenario"] {
        let reached = reached(below, &used);
        for above in ["executor", "collector", "report", "run", "cli", "target", "plan"] {
            assert!(!reached.contains(above), "{below} reaches {above}");
        }
    }
    for (room, uses) in &used {
        assert!(!uses.contains("web") || room == "cli", "{room} uses web");
    }
}

/// Checks that the table has every room of the folder with exactly what it uses, and that each room is above
/// those that it uses, so that there is no cycle.
#[track_caller]
fn check(folder: &str) {
    let map = fs::read_to_string(repository("ARCHITECTURE.md")).unwrap();
    let picture = picture(&map, folder);
    let drawn: BTreeMap<_, _> = picture.iter().cloned().collect();
    assert_eq!(drawn.len(), picture.len(), "a room of {folder} is drawn twice");
    let faults = differences(&drawn, &used(folder, &sources("src")));
    assert!(faults.is_empty(), "ARCHITECTURE.md, the picture of {folder}:\n{}", faults.join("\n"));
    for (at, (room, uses)) in picture.iter().enumerate() {
        let above: Vec<_> = picture[..=at].iter().map(|(room, _)| room).collect();
        let back: Vec<_> = uses.iter().filter(|used| above.contains(used)).collect();
        assert!(back.is_empty(), "{room} uses what stands above it: {back:?}");
    }
}

/// Returns all rooms that a room uses, directly or indirectly.
fn reached(room: &str, used: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let (mut reached, mut rest) = (BTreeSet::new(), vec![room]);
    while let Some(room) = rest.pop() {
        let next = used.get(room).into_iter().flatten();
        rest.extend(next.filter(|next| reached.insert((*next).clone())).map(String::as_str));
    }
    reached
}

fn differences(
    drawn: &BTreeMap<String, BTreeSet<String>>,
    used: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let none = BTreeSet::new();
    let rooms: BTreeSet<_> = drawn.keys().chain(used.keys()).collect();
    let mut faults = Vec::new();
    for room in rooms {
        if !used.contains_key(room) {
            faults.push(format!("{room} is no room any more"));
        } else if !drawn.contains_key(room) {
            faults.push(format!("{room} is missing"));
        }
        let drawn = drawn.get(room).unwrap_or(&none);
        let used = used.get(room).unwrap_or(&none);
        faults.extend(used.difference(drawn).map(|to| format!("{room} uses {to}: not drawn")));
        faults.extend(drawn.difference(used).map(|to| format!("{room} does not use {to}: drawn")));
    }
    faults
}

/// Reads the code block of this folder. Each line is a room, an arrow and what it uses, which may continue in
/// indented lines.
fn picture(map: &str, folder: &str) -> Picture {
    let begin = format!("```rooms {folder}\n");
    let block = map.split(&begin).nth(1).and_then(|rest| rest.split("```").next());
    let mut picture = Picture::new();
    for line in block.unwrap_or_else(|| panic!("no picture of {folder}")).lines() {
        let uses = match line.split_once("->") {
            Some((room, uses)) => {
                picture.push((room.trim().to_owned(), BTreeSet::new()));
                uses
            }
            None if line.starts_with(' ') => line,
            None => {
                picture.push((line.trim().to_owned(), BTreeSet::new()));
                ""
            }
        };
        picture.last_mut().unwrap().1.extend(uses.split_whitespace().map(str::to_owned));
    }
    picture
}

/// Returns the rooms of a folder, each with those that it uses. The folder's own file, such as `lib.rs`, is not a
/// room. A room that uses a path through it uses the folder itself.
fn used(folder: &str, sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let base = modules(folder);
    let room_of = |path: &[String]| path.strip_prefix(&base[..])?.first().cloned();
    let code: Vec<_> = sources.iter().filter(|source| !source.code.is_empty()).collect();
    let mut rooms = BTreeMap::<String, BTreeSet<String>>::new();
    for source in &code {
        if let Some(room) = room_of(&modules(&source.path)) {
            rooms.entry(room).or_default();
        }
    }
    let names: BTreeSet<String> = rooms.keys().cloned().collect();
    let own = base.last().cloned().unwrap_or_else(|| "crate".to_owned());
    for source in code {
        let module = modules(&source.path);
        let Some(room) = room_of(&module) else { continue };
        for path in paths(&source.code, &module) {
            let Some(used) = path.strip_prefix(&base[..]) else { continue };
            let used = used.first().filter(|first| names.contains(*first)).unwrap_or(&own);
            if *used != room {
                rooms.get_mut(&room).unwrap().insert(used.clone());
            }
        }
    }
    rooms
}

/// Returns the module path of a file: `session`, `wire` for `src/session/wire/mod.rs`.
fn modules(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src").unwrap().trim_start_matches('/');
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let parts = path.split('/').filter(|part| !["", "mod", "lib", "main"].contains(part));
    parts.map(str::to_owned).collect()
}

/// Returns the paths in the code of a module that begin with `crate`, `super` or `self`, from the crate on.
fn paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("::") {
        let start = code[..at].rfind(|letter| !is_of_name(letter)).map_or(0, |before| before + 1);
        // Inside another path, or in `pub(in crate::session)`, which is a visibility.
        let is_none = code[..start].ends_with(':') || code[..start].ends_with("(in ");
        let mut path = match &code[start..at] {
            _ if is_none => continue,
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module[..module.len() - 1].to_vec(),
            _ => continue,
        };
        let mut rest = &code[at + 2..];
        while let Some(after) = rest.strip_prefix("super::") {
            path.pop();
            rest = after;
        }
        collect(rest, &path, &mut found);
    }
    found
}

/// Adds the paths that begin here, relative to `path`: one, or those of a group in braces.
fn collect(rest: &str, path: &[String], found: &mut Vec<Vec<String>>) {
    if let Some(group) = rest.strip_prefix('{') {
        let (mut depth, mut begin) = (0, 0);
        for (at, letter) in group.char_indices() {
            match letter {
                ',' | '}' if depth == 0 => {
                    collect(group[begin..at].trim(), path, found);
                    begin = at + 1;
                    if letter == '}' {
                        return;
                    }
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let end = rest.find(|letter| !is_of_name(letter)).unwrap_or(rest.len());
    if end == 0 {
        return;
    }
    let path = [path, &[rest[..end].to_owned()]].concat();
    match rest[end..].strip_prefix("::") {
        Some(further) if further.starts_with(|letter| letter == '{' || is_of_name(letter)) => {
            collect(further, &path, found);
        }
        _ => found.push(path),
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[test]
fn paths_are_read_wherever_they_stand() {
    let code = "use crate::{a::{B, c::D}, e};\nuse super::super::f::G;\npub use self::h::I;\n\
                use std::crate_::x;\npub(in crate::p) fn j() -> super::k::L { crate::m::n::<crate::o::P>() }";
    let module = ["x", "y", "z"].map(str::to_owned);
    let found: BTreeSet<String> = paths(code, &module).iter().map(|path| path.join("::")).collect();
    let expected =
        ["a::B", "a::c::D", "e", "x::f::G", "x::y::z::h::I", "x::y::k::L", "m::n", "o::P"];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn what_a_picture_has_wrong_is_found() {
    let rooms = |lines: &str| -> BTreeMap<_, _> {
        picture(&format!("```rooms src\n{lines}\n```"), "src").into_iter().collect()
    };
    let drawn = rooms("a -> b\n     d\nb\nc -> b\nd");
    assert_eq!(differences(&drawn, &drawn), [""; 0]);
    let faults = differences(&drawn, &rooms("a -> b c\nb -> d\nd\ne"));
    let expected = [
        "a uses c: not drawn",
        "a does not use d: drawn",
        "b uses d: not drawn",
        "c is no room any more",
        "c does not use b: drawn",
        "e is missing",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn a_room_reaches_what_the_rooms_that_it_uses_do() {
    let rooms: BTreeMap<_, _> =
        picture("```rooms src\na -> b\nb -> c d\nc -> d\nd\ne -> a\n```", "src")
            .into_iter()
            .collect();
    assert_eq!(reached("a", &rooms), ["b", "c", "d"].map(str::to_owned).into());
    assert_eq!(reached("d", &rooms), BTreeSet::new());
}
