//! Where the third-party programs and packages are.

use std::path::PathBuf;

/// The folder of the tool `name` in the version required by `tools.txt`.
pub(crate) fn folder(name: &str) -> PathBuf {
    let version = include_str!("tools.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(tool, version)| (tool == name).then_some(version))
        .unwrap();
    let tools = std::env::var_os("ALOUD_TEST_TOOLS").map(PathBuf::from).expect(
        "set ALOUD_TEST_TOOLS to the folder that scripts/test fills with the tools of tests/provider/tools.txt",
    );
    let folder = tools.join(format!("{name}-{version}"));
    assert!(folder.is_dir(), "{} is not there; run scripts/test", folder.display());
    folder
}
