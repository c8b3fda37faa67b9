//! The names that a template may use.

use super::variables::SlotId;

/// The variables of a class of users, by name: captures, what is set, and columns as `accounts.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    names: Vec<String>,
}

/// The most variables of a class.
pub(crate) const VARIABLES_MAX: usize = 1000;

impl Scope {
    /// Adds a name, unless it is there. Returns its slot; `None` if there are too many.
    pub(crate) fn add(&mut self, name: &str) -> Option<SlotId> {
        if let Some(slot) = self.slot(name) {
            return Some(slot);
        }
        if self.names.len() >= VARIABLES_MAX {
            return None;
        }
        self.names.push(name.to_owned());
        self.slot(name)
    }

    /// Returns the slot of a variable.
    pub(crate) fn slot(&self, name: &str) -> Option<SlotId> {
        let at = self.names.iter().position(|known| known == name)?;
        SlotId::try_from(at).ok()
    }

    /// Returns whether this is the name of a variable, or of a place in its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.split(name).is_some()
    }

    /// Returns all names, in the order in which they were added.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Returns how many variables there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Splits a name with dots into a variable and the path into its value: the longest variable that it
    /// begins with.
    pub(super) fn split<'n>(&self, name: &'n str) -> Option<(SlotId, &'n str)> {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        ends.rev().find_map(|end| Some((self.slot(&name[..end])?, &name[end..])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_variable_and_a_path_into_it() {
        let mut scope = Scope::default();
        assert_eq!(scope.add("order"), Some(0));
        assert_eq!(scope.add("accounts.name"), Some(1));
        assert_eq!(scope.add("order"), Some(0));
        assert_eq!(scope.split("order"), Some((0, "")));
        assert_eq!(scope.split("order.items.0"), Some((0, ".items.0")));
        assert_eq!(scope.split("accounts.name"), Some((1, "")));
        assert_eq!(scope.split("accounts.name.x"), Some((1, ".x")));
        assert_eq!(scope.split("accounts"), None);
        assert_eq!(scope.split("orders"), None);
    }
}
