//! Texts that a file uses again and again, such as the URL in `client.get("/")`.
//!
//! A literal of the source is one object for as long as its function lives. A text that comes a second time as the
//! same object is such a constant, and is copied once, so that its request is rendered once.

use std::cell::RefCell;

use super::api::Raw;
use super::object::{Object, View};

/// Places for constants. Where two share a place, the first one that is seen twice has it.
const PLACES: usize = 256;

/// The constants of a core.
pub(super) struct Constants(RefCell<Vec<Place>>);

/// A place. It owns the object, so that no other one can have its address.
enum Place {
    Free,
    Seen(Object),
    Constant(Object, &'static str),
}

impl Constants {
    pub(super) fn new() -> Self {
        Constants(RefCell::new((0..PLACES).map(|_| Place::Free).collect()))
    }

    /// Returns the text of a `str`, if it is a constant.
    pub(super) fn get(&self, text: View) -> Option<&'static str> {
        let mut places = self.0.borrow_mut();
        let place = &mut places[place_of(text.raw())];
        match place {
            Place::Constant(owner, constant) => (owner.raw() == text.raw()).then_some(*constant),
            Place::Seen(owner) if owner.raw() == text.raw() => {
                // Leaked: at most as many as there are places.
                let constant: &'static str = Box::leak(text.as_str()?.into());
                *place = Place::Constant(text.to_owned(), constant);
                Some(constant)
            }
            Place::Free | Place::Seen(_) => {
                *place = Place::Seen(text.to_owned());
                None
            }
        }
    }
}

fn place_of(object: Raw) -> usize {
    // Objects are 16 bytes apart at least.
    let address = object as usize >> 4;
    (address ^ address >> 8) % PLACES
}
