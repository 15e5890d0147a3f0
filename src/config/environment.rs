use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// The environment of this process, read once. Tests pass in their own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    vars: BTreeMap<String, OsString>,
}

impl Environment {
    /// The current environment. Variables whose names are not Unicode are left out.
    pub fn read() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of `name`. An empty variable counts as unset, as is customary in shells; so does
    /// one that is not Unicode.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }

    /// The value of `name`, Unicode or not.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// All names of non-empty variables that begin with `prefix`, in order.
    pub fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.vars.range(prefix.to_owned()..);
        all.take_while(move |(name, _)| name.starts_with(prefix))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| name.as_str())
    }

    /// All variables whose values are text.
    pub fn all(&self) -> BTreeMap<String, String> {
        let text =
            |(name, value): (&String, &OsString)| Some((name.clone(), value.to_str()?.to_owned()));
        self.vars.iter().filter_map(text).collect()
    }

    /// The locale for `category`, such as `LC_MEASUREMENT`: the first of `LC_ALL`, the category and
    /// `LANG` that is set (POSIX, 8.2); `C` if none is.
    pub fn locale(&self, category: &str) -> &str {
        ["LC_ALL", category, "LANG"].iter().find_map(|name| self.get(name)).unwrap_or("C")
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(vars: I) -> Self {
        let named = vars.into_iter().filter_map(|(n, v)| Some((n.into().into_string().ok()?, v)));
        Self { vars: named.map(|(name, value)| (name, value.into())).collect() }
    }
}

/// Names only: values may be keys.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.vars.keys()).finish()
    }
}
