//! The start form that is offered, with what was set of classes on the page.

use std::sync::Arc;

use serde_json::Value;

use crate::scenario::{ClassSettings, SettingError};

/// Makes the start form, as JSON, with these settings of classes.
pub(crate) type FormOf = Arc<dyn Fn(&[ClassSettings]) -> Result<Value, SettingError> + Send + Sync>;

pub(super) struct OfferedForm {
    form: FormOf,
    /// What was set, one for each class. It holds from the next run on.
    pub(super) settings: Vec<ClassSettings>,
}

impl OfferedForm {
    pub(super) fn new(form: FormOf) -> Self {
        OfferedForm { form, settings: Vec::new() }
    }

    /// Replaces the form, and returns the new one. Settings that do not fit it are forgotten. One that cannot
    /// be made changes nothing.
    pub(super) fn replace(&mut self, form: FormOf) -> Result<Value, SettingError> {
        let mut settings = self.settings.clone();
        let json = form(&settings).or_else(|_| {
            settings.retain(|one| form(std::slice::from_ref(one)).is_ok());
            form(&settings)
        })?;
        *self = OfferedForm { form, settings };
        Ok(json)
    }

    /// Sets something of a class, and returns the form with it.
    pub(super) fn set_class(&mut self, settings: ClassSettings) -> Result<Value, SettingError> {
        let mut all = self.settings.clone();
        match all.iter_mut().find(|earlier| earlier.name() == settings.name()) {
            Some(earlier) => earlier.update(&settings),
            None => all.push(settings),
        }
        let json = (self.form)(&all)?;
        self.settings = all;
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A form that is a text with what was set, and has these classes.
    fn form(text: &'static str, classes: &'static [&str]) -> FormOf {
        Arc::new(move |settings| {
            let is_gone = |one: &&ClassSettings| !classes.contains(&one.name());
            match settings.iter().find(is_gone) {
                Some(_) => Err(SettingError::default()),
                None => {
                    Ok(settings.iter().fold(text.into(), |all, it| format!("{all} {it}")).into())
                }
            }
        })
    }

    fn settings(json: &str) -> ClassSettings {
        ClassSettings::list(json).unwrap().remove(0)
    }

    #[test]
    fn what_is_set_of_a_class_is_kept_as_long_as_it_fits() {
        let mut offered = OfferedForm::new(form("first", &["A", "B"]));
        let mut set = |json: &str| offered.set_class(settings(json));
        let a = set(r#"{"user_class_name": "A", "weight": 2}"#).unwrap();
        assert_eq!(a, r#"first {"user_class_name":"A","weight":2.0}"#);
        assert!(set(r#"{"user_class_name": "C"}"#).is_err());
        set(r#"{"user_class_name": "B", "weight": 1}"#).unwrap();
        let both = set(r#"{"user_class_name": "A", "host": "http://h"}"#).unwrap();
        let a = r#"{"user_class_name":"A","host":"http://h","weight":2.0}"#;
        assert_eq!(both, format!(r#"first {a} {{"user_class_name":"B","weight":1.0}}"#));
        assert!(offered.replace(Arc::new(|_| Err(SettingError::default()))).is_err());
        assert_eq!(offered.settings.len(), 2);
        assert_eq!(offered.replace(form("next", &["A"])).unwrap(), format!("next {a}"));
        assert_eq!(offered.settings, [settings(a)]);
    }
}
