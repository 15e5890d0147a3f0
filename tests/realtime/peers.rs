//! Programs that nobody here wrote, kept in the user's cache: the types of the vendor's own client,
//! and a server.

use std::path::PathBuf;
use std::process::Command;

/// The folder of the cache that holds the package; put there by its ordinary client where it is
/// missing.
pub(crate) fn python(name: &str, packages: &[&str]) -> PathBuf {
    fetched(name, |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(folder).args(packages);
        pip
    })
}

/// The same for a package of node.
pub(crate) fn node(name: &str, package: &str) -> PathBuf {
    fetched(name, |folder| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--ignore-scripts", "--prefix"]).arg(folder).arg(package);
        npm
    })
}

fn fetched(name: &str, fetch: impl Fn(&PathBuf) -> Command) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a test finds the user's cache")]
    let of = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let cache = of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache"))).unwrap();
    let folder = cache.join("aloud/tools").join(name);
    if !folder.is_dir() {
        let part = folder.with_extension(format!("part-{}", std::process::id()));
        let done = fetch(&part).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "cannot fetch {name}: {said}");
        // Another test may have been quicker.
        let _ = std::fs::rename(&part, &folder);
    }
    folder
}
