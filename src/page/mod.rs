//! stub
/// Theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
/// The file.
pub fn self_contained(title: &str, data: &str, _theme: Theme) -> String {
    format!("{title}{data}")
}
/// The live page below a base path.
pub fn live(base_path: &str) -> String {
    format!("<!doctype html><meta name=\"base\" content=\"{base_path}\">")
}
/// Its script.
pub fn app_js() -> String {
    String::new()
}
/// Its style.
pub fn app_css() -> String {
    String::new()
}
