//! Reads FlatBuffers: tables whose fields are located by a directory. Whatever a file says, reading
//! never leaves its bytes: what does not exist is `None`.

/// A table in `file`.
#[derive(Clone, Copy)]
pub(super) struct Table<'f> {
    file: &'f [u8],
    at: usize,
}

/// A vector of elements of the same size in `file`.
#[derive(Clone, Copy)]
pub(super) struct Vector<'f> {
    file: &'f [u8],
    /// Where its first element is, and how many there are.
    at: usize,
    len: usize,
}

impl<'f> Table<'f> {
    /// The root table of a file.
    pub(super) fn root(file: &'f [u8]) -> Option<Self> {
        Self::behind(file, 0)
    }

    fn behind(file: &'f [u8], at: usize) -> Option<Self> {
        Some(Self { file, at: jump(file, at)? })
    }

    /// The position of the field with this number; `None` for a default value.
    fn field(self, number: usize) -> Option<usize> {
        let back = i32::from_le_bytes(bytes(self.file, self.at)?);
        let directory = usize::try_from(i64::try_from(self.at).ok()? - i64::from(back)).ok()?;
        let size = usize::from(u16::from_le_bytes(bytes(self.file, directory)?));
        let entry = 4 + 2 * number;
        if entry + 2 > size {
            return None;
        }
        match u16::from_le_bytes(bytes(self.file, directory + entry)?) {
            0 => None,
            offset => self.at.checked_add(usize::from(offset)),
        }
    }

    /// A field of one byte.
    pub(super) fn byte(self, number: usize) -> Option<i8> {
        Some(i8::from_le_bytes(bytes(self.file, self.field(number)?)?))
    }

    /// A field of four bytes.
    pub(super) fn int(self, number: usize) -> Option<i32> {
        Some(i32::from_le_bytes(bytes(self.file, self.field(number)?)?))
    }

    /// A table in a field.
    pub(super) fn table(self, number: usize) -> Option<Self> {
        Self::behind(self.file, self.field(number)?)
    }

    /// A vector in a field.
    pub(super) fn vector(self, number: usize) -> Option<Vector<'f>> {
        let start = jump(self.file, self.field(number)?)?;
        let len = u32::from_le_bytes(bytes(self.file, start)?);
        let (len, at) = (usize::try_from(len).ok()?, start + 4);
        // No element is smaller than a byte.
        (len <= self.file.len().saturating_sub(at)).then_some(Vector { file: self.file, at, len })
    }

    /// A text in a field.
    pub(super) fn text(self, number: usize) -> Option<&'f str> {
        std::str::from_utf8(self.vector(number)?.raw()).ok()
    }
}

impl<'f> Vector<'f> {
    pub(super) fn len(self) -> usize {
        self.len
    }

    /// Its bytes, if its elements are bytes.
    pub(super) fn raw(self) -> &'f [u8] {
        self.file.get(self.at..self.at + self.len).unwrap_or_default()
    }

    /// The table that is its element `n`.
    pub(super) fn table(self, n: usize) -> Option<Table<'f>> {
        (n < self.len).then(|| Table::behind(self.file, self.at + 4 * n))?
    }

    /// Its elements of four bytes each.
    pub(super) fn ints(self) -> Option<Vec<i32>> {
        self.elements().map(|all| all.map(i32::from_le_bytes).collect())
    }

    /// The same as floats.
    pub(super) fn floats(self) -> Option<Vec<f32>> {
        self.elements().map(|all| all.map(f32::from_le_bytes).collect())
    }

    /// Its elements of eight bytes each.
    pub(super) fn longs(self) -> Option<Vec<i64>> {
        self.elements().map(|all| all.map(i64::from_le_bytes).collect())
    }

    fn elements<const SIZE: usize>(self) -> Option<impl Iterator<Item = [u8; SIZE]> + 'f> {
        let raw = self.file.get(self.at..self.at + self.len.checked_mul(SIZE)?)?;
        Some(raw.as_chunks::<SIZE>().0.iter().copied())
    }
}

/// The target of the offset at `at`.
fn jump(file: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(u32::from_le_bytes(bytes(file, at)?)).ok()?)
}

fn bytes<const SIZE: usize>(file: &[u8], at: usize) -> Option<[u8; SIZE]> {
    file.get(at..)?.first_chunk().copied()
}
