//! The page and the report in a real browser.

use crate::{browser, long_run};

#[test]
fn the_tutorial_is_walked_on_the_page() {
    browser::run("walk.py", &[]);
}

#[test]
fn page_report_console_and_files_say_the_same_after_ctrl_c() {
    browser::run("numerals.py", &[]);
}

#[test]
fn what_a_server_says_is_text_on_the_page_and_in_the_report() {
    browser::run("hostile.py", &[]);
}

#[test]
fn nothing_is_cut_off_and_no_page_scrolls_sideways_on_a_phone() {
    browser::run("narrow.py", &[]);
}

#[test]
fn classes_of_a_locustfile_are_picked_and_edited() {
    browser::run("classes.py", &[]);
}

#[test]
fn a_chart_is_saved_as_a_picture_from_the_page_and_from_the_report() {
    browser::run("picture.py", &[]);
}

#[test]
fn the_page_is_light_and_the_report_of_an_hour_is_drawn_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("hour.html");
    std::fs::write(&report, long_run::report(3600, 50)).unwrap();
    browser::run("weight.py", &[report.to_str().unwrap()]);
}
