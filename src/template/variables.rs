//! The variables of a user: what it has captured, set, and taken from data.

use std::borrow::Cow;

use super::value::Value;

/// The values that one user remembers, by the slots of their names. A value that fits where the one
/// before was is written there, so that nothing is allocated.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    slots: Box<[Slot]>,
    /// The texts of all values, each where its slot says.
    text: Vec<u8>,
}

/// A number of a variable.
pub(crate) type SlotId = u16;

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    start: u32,
    len: u32,
    /// How many bytes are its own, from the start.
    room: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Missing,
    Text,
    Json,
}

/// Values begin at a multiple of this, so that one of nearly the same length fits.
const ROUNDED_TO: usize = 8;

impl Variables {
    /// Makes room for so many variables, which have no values yet.
    pub(crate) fn new(slots: usize) -> Self {
        Variables { slots: vec![Slot::default(); slots].into(), text: Vec::new() }
    }

    /// Returns a value; `None` if the variable has none.
    pub(crate) fn get(&self, slot: SlotId) -> Option<Value<'_>> {
        let slot = self.slots.get(usize::from(slot))?;
        let bytes = self.text.get(slot.start as usize..)?.get(..slot.len as usize)?;
        let text = || Cow::Borrowed(str::from_utf8(bytes).unwrap_or_default());
        match slot.kind {
            Kind::Missing => None,
            Kind::Text => Some(Value::Text(text())),
            Kind::Json => Some(Value::of_json(text())),
        }
    }

    /// Gives a variable this text.
    pub(crate) fn set_text(&mut self, slot: SlotId, text: &str) {
        self.set(slot, Kind::Text, text);
    }

    /// Gives a variable the value of this JSON text: a number, a boolean, null, an array or an object.
    pub(crate) fn set_json(&mut self, slot: SlotId, text: &str) {
        self.set(slot, Kind::Json, text);
    }

    /// Takes a variable's value away.
    pub(crate) fn clear(&mut self, slot: SlotId) {
        if let Some(slot) = self.slots.get_mut(usize::from(slot)) {
            slot.kind = Kind::Missing;
        }
    }

    fn set(&mut self, slot: SlotId, kind: Kind, text: &str) {
        let at = usize::from(slot);
        let Some(&Slot { start, room, .. }) = self.slots.get(at) else { return };
        let start = match text.len() <= room as usize {
            true => start as usize,
            false => self.make_room(at, text.len()),
        };
        self.text[start..start + text.len()].copy_from_slice(text.as_bytes());
        let slot = &mut self.slots[at];
        (slot.len, slot.kind) = (text.len() as u32, kind);
    }

    /// Gives a slot room for so many bytes behind all others, which close up first. Returns where it begins.
    fn make_room(&mut self, at: usize, len: usize) -> usize {
        let mut text = Vec::with_capacity(self.text.len() + len);
        for (other, slot) in self.slots.iter_mut().enumerate() {
            if other == at || slot.room == 0 {
                continue;
            }
            let bytes = &self.text[slot.start as usize..][..slot.room as usize];
            slot.start = text.len() as u32;
            text.extend_from_slice(bytes);
        }
        let (start, room) = (text.len(), len.next_multiple_of(ROUNDED_TO));
        text.resize(start + room, 0);
        text.shrink_to_fit();
        self.text = text;
        let slot = &mut self.slots[at];
        (slot.start, slot.room) = (start as u32, room as u32);
        start
    }

    /// Returns how many bytes it has on the heap.
    #[cfg(test)]
    fn heap_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.text.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<Value<'_>> {
        Some(Value::Text(Cow::Borrowed(text)))
    }

    #[test]
    fn values_are_kept_whatever_their_order_and_length() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut variables = Variables::new(5);
        let mut expected = vec![None; 5];
        for _ in 0..2000 {
            let slot = rng.u16(0..5);
            let length = [0, 1, 7, 8, 9, 40, 300][rng.usize(0..7)];
            let value: String = (0..length).map(|_| rng.char('a'..'ÿ')).collect();
            variables.set_text(slot, &value);
            expected[usize::from(slot)] = Some(value);
            for (slot, expected) in expected.iter().enumerate() {
                let expected = expected.as_deref().and_then(text);
                assert_eq!(variables.get(slot as u16), expected);
            }
        }
    }

    #[test]
    fn a_variable_without_a_value_has_none() {
        let mut variables = Variables::new(1);
        assert_eq!(variables.get(0), None);
        variables.set_json(0, "12.50");
        assert_eq!(variables.get(0), Some(Value::Json(Cow::Borrowed("12.50"))));
        variables.clear(0);
        assert_eq!(variables.get(0), None);
        assert_eq!(variables.get(1), None);
        variables.set_text(1, "no such variable");
        assert_eq!(variables.get(1), None);
    }

    #[test]
    fn a_value_that_fits_moves_nothing() {
        let mut variables = Variables::new(2);
        variables.set_text(0, "0123456789");
        variables.set_text(1, "abc");
        let before = variables.text.as_ptr();
        for value in ["x", "", "0123456789abcdef"] {
            variables.set_text(0, value);
            assert_eq!(variables.text.as_ptr(), before);
            assert_eq!(variables.get(0), text(value));
            assert_eq!(variables.get(1), text("abc"));
        }
    }

    #[test]
    fn four_values_of_32_bytes_take_less_than_300_bytes() {
        let mut variables = Variables::new(4);
        (0..4).for_each(|slot| variables.set_text(slot, &"x".repeat(32)));
        // With the allocator's headers of 8 bytes, and the box that a user keeps it in.
        let whole = variables.heap_bytes() + 2 * 8 + size_of::<Variables>() + 8;
        assert!(whole <= 300, "{whole}");
    }
}
