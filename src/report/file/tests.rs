use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_error_says_which_path_and_why_without_a_number() {
    let error = Error {
        path: PathBuf::from("results/x_stats.csv"),
        cause: io::Error::from_raw_os_error(13),
    };
    let expected = "cannot write results/x_stats.csv: Permission denied";
    assert_eq!(error.to_string(), expected);
    let error = io::Error::from(error);
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn a_file_keeps_what_is_in_it_until_there_is_something_to_put_in_its_place() {
    let folder = folder();
    let (prefix, file) = (folder.path().join("run"), folder.path().join("run.csv"));
    fs::write(&file, "earlier").unwrap();
    let mut output = OutputFile::new(&prefix, ".csv").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "earlier");
    output.replace(b"long row\r\n").unwrap();
    output.replace(b"row\r\n").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"row\r\n");
    assert_eq!(names(folder.path()), ["run.csv"]);
    let error = OutputFile::new(folder.path(), "").unwrap_err();
    assert!(error.to_string().ends_with(": Is a directory"), "{error}");
}

#[test]
fn where_nothing_was_nothing_is_left_before_the_first_version() {
    let folder = folder();
    let path = folder.path().join("a/b/run.json");
    OutputFile::new(&path, "").unwrap();
    assert_eq!(names(path.parent().unwrap()), [] as [&str; 0]);
}

#[test]
fn a_reader_who_has_it_open_has_a_whole_version() {
    let folder = folder();
    let path = folder.path().join("run.csv");
    let mut output = OutputFile::new(&path, "").unwrap();
    output.replace(b"first").unwrap();
    let opened = File::open(&path).unwrap();
    output.replace(b"second version").unwrap();
    assert_eq!(io::read_to_string(opened).unwrap(), "first");
    assert_eq!(fs::read(&path).unwrap(), b"second version");
}

#[test]
fn permissions_stay_and_a_link_stays_a_link() {
    let folder = folder();
    let (link, file) = (folder.path().join("latest"), folder.path().join("real"));
    symlink("real", &link).unwrap();
    // A link may be there before what it leads to.
    OutputFile::new(&link, "").unwrap().replace(b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    OutputFile::new(&link, "").unwrap().replace(b"newer").unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"newer");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
    assert_eq!(names(folder.path()), ["latest", "real"]);

    symlink("circle", folder.path().join("circle")).unwrap();
    let error = OutputFile::new(&folder.path().join("circle"), "").unwrap_err();
    assert_eq!(error.cause.raw_os_error(), Some(libc::ELOOP), "{error}");
}

#[test]
fn what_a_killed_process_left_is_replaced_and_no_link_of_its_name_is_followed() {
    let folder = folder();
    let (path, part) = (folder.path().join("run.csv"), folder.path().join("run.csv.part"));
    fs::write(&part, "half a ta").unwrap();
    let mut output = OutputFile::new(&path, "").unwrap();
    fs::write(folder.path().join("precious"), "precious").unwrap();
    symlink("precious", &part).unwrap();
    output.replace(b"whole").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(fs::read(folder.path().join("precious")).unwrap(), b"precious");
    assert_eq!(names(folder.path()), ["precious", "run.csv"]);
}

#[test]
fn a_folder_that_has_gone_is_an_error_of_every_file() {
    let folder = folder();
    let below = folder.path().join("results");
    let mut tables = OutputFile::new(&below.join("tables"), "").unwrap();
    let mut rows = OutputFile::new(&below.join("rows"), "").unwrap();
    tables.replace(b"table").unwrap();
    let mut growing = rows.begin(b"head\n").unwrap();
    growing.append(b"row\n").unwrap();
    assert_eq!((growing.len(), fs::read(below.join("rows")).unwrap()), (9, b"head\nrow\n".into()));
    fs::remove_dir_all(&below).unwrap();
    for error in [tables.replace(b"table").unwrap_err(), growing.append(b"row\n").unwrap_err()] {
        assert!(error.to_string().ends_with(": No such file or directory"), "{error}");
    }
    fs::create_dir(&below).unwrap();
    fs::write(below.join("rows"), "another's").unwrap();
    tables.replace(b"table").unwrap();
    let error = growing.append(b"row\n").unwrap_err();
    assert!(error.to_string().ends_with(": another file has taken its place"), "{error}");
}

#[test]
fn rows_that_are_replaced_by_fewer_leave_nothing_behind() {
    let folder = folder();
    let path = folder.path().join("run.csv");
    let mut growing = OutputFile::new(&path, "").unwrap().begin(b"head\nlong row\n").unwrap();
    growing.replace_from(5, b"row\n").unwrap();
    growing.append(b"row\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"head\nrow\nrow\n");
}

/// What has no whole versions.
#[test]
fn devices_and_pipes_are_written_through() {
    let null = Path::new("/dev/null");
    let mut output = OutputFile::new(null, "").unwrap();
    output.replace(b"table").unwrap();
    output.begin(b"head").unwrap().append(b"row").unwrap();
    assert!(!Path::new("/dev/null.part").exists());

    let mut full = OutputFile::new(Path::new("/dev/full"), "").unwrap();
    let error = full.replace(b"table").unwrap_err();
    assert!(error.to_string().ends_with(": No space left on device"), "{error}");

    let folder = folder();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let reader = thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let mut output = OutputFile::new(&fifo, "").unwrap();
    let mut growing = output.begin(b"head\n").unwrap();
    growing.append(b"row\n").unwrap();
    growing.replace_from(5, b"last row\n").unwrap();
    drop((output, growing));
    assert_eq!(reader.join().unwrap(), "head\nrow\nlast row\n");
    assert_eq!(names(folder.path()), ["fifo"]);
}

#[test]
fn a_version_that_is_half_written_is_waited_for() {
    let held = pause(Duration::ZERO).or_else(|| pause(Duration::from_secs(20))).unwrap();
    assert!(thread::spawn(|| pause(Duration::from_millis(20)).is_none()).join().unwrap());
    drop(held);
    assert!(pause(Duration::from_secs(20)).is_some());
}
