use std::hash::Hasher;

/// A dictionary from words to bytes that costs little more than its own text.
///
/// A hash map of a hundred thousand small strings spends about 100 bytes per entry on headers,
/// pointers and rounding. This one stores keys and values end to end in one block and finds them
/// through a table of offsets: 7 to 12 bytes per entry beside the text itself.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Entries: length of the key (1 byte), of the value (2 bytes), key, value. The first byte is
    /// padding, so that no entry is at 0.
    block: Vec<u8>,
    /// Offsets into `block`, found by linear probing; 0 is an empty slot. The length is a power of
    /// two, and the table at most three quarters full.
    slots: Vec<u32>,
    entries: usize,
}

impl Table {
    /// Adds an entry. An existing key keeps its first value. Keys above 255 bytes and values above
    /// 65,535 bytes are left out: no word is that long.
    pub(super) fn insert(&mut self, key: &str, value: &[u8]) {
        let (Ok(key_len), Ok(value_len)) = (u8::try_from(key.len()), u16::try_from(value.len()))
        else {
            return;
        };
        if self.block.is_empty() {
            self.block.push(0);
        }
        let Ok(at) = u32::try_from(self.block.len()) else { return };
        if (self.entries + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(key);
        if self.slots[slot] != 0 {
            return;
        }
        self.slots[slot] = at;
        self.entries += 1;
        self.block.push(key_len);
        self.block.extend_from_slice(&value_len.to_le_bytes());
        self.block.extend_from_slice(key.as_bytes());
        self.block.extend_from_slice(value);
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<&[u8]> {
        if self.slots.is_empty() {
            return None;
        }
        match self.slots[self.slot(key)] {
            0 => None,
            at => Some(self.entry(at).1),
        }
    }

    /// Whether `key` exists.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries
    }

    /// Frees unused capacity of the block.
    pub(super) fn shrink(&mut self) {
        self.block.shrink_to_fit();
    }

    /// The slot that holds `key`, or the empty one where it would go.
    fn slot(&self, key: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key.as_bytes()) & mask;
        while self.slots[slot] != 0 && self.entry(self.slots[slot]).0 != key.as_bytes() {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn entry(&self, at: u32) -> (&[u8], &[u8]) {
        let at = at as usize;
        let key_len = usize::from(self.block[at]);
        let value_len = usize::from(u16::from_le_bytes([self.block[at + 1], self.block[at + 2]]));
        let (key, rest) = self.block[at + 3..].split_at(key_len);
        (key, &rest[..value_len])
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(1024);
        let old = std::mem::replace(&mut self.slots, vec![0; len]);
        for at in old.into_iter().filter(|at| *at != 0) {
            let mut slot = hash(self.entry(at).0) & (len - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (len - 1);
            }
            self.slots[slot] = at;
        }
    }
}

/// FNV-1a: good enough for words, and the files are our own, so nobody attacks it.
fn hash(key: &[u8]) -> usize {
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0 ^ (self.0 >> 29)
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let mut fnv = Fnv(0xcbf2_9ce4_8422_2325);
    fnv.write(key);
    fnv.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_with_its_own_value_and_no_other_is() {
        let mut table = Table::default();
        for n in 0..20_000_u32 {
            table.insert(&format!("word{n}"), &n.to_le_bytes());
        }
        assert_eq!(table.len(), 20_000);
        for n in 0..20_000_u32 {
            assert_eq!(table.get(&format!("word{n}")), Some(n.to_le_bytes().as_slice()));
        }
        assert_eq!(table.get("word20000"), None);
        assert!(!table.contains(""));
    }

    #[test]
    fn the_first_value_stays_and_an_empty_table_is_empty() {
        let mut table = Table::default();
        assert_eq!(table.get("a"), None);
        table.insert("a", b"1");
        table.insert("a", b"2");
        assert_eq!((table.get("a"), table.len()), (Some(b"1".as_slice()), 1));
        table.insert(&"x".repeat(300), b"");
        assert_eq!(table.len(), 1);
    }
}
