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
