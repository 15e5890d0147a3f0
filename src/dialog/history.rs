use super::Item;

/// The conversation so far, oldest item first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    items: Vec<Item>,
}

impl History {
    /// The items, oldest first.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: Item) {
        self.items.push(item);
    }
}
