use std::sync::OnceLock;

use serde::Deserialize;

use super::ModelError;

/// All models known to aloud, from `models/manifest.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models, in the order in which they are fetched.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// One model: the files that an engine opens together.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name in the configuration (after `local/`) and in commands.
    pub name: String,
    /// What it is for.
    #[serde(rename = "job")]
    pub role: Role,
    /// One line for `aloud models list`.
    pub about: String,
    /// Its files.
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The library that runs models.
    Runtime,
    /// Speech to text.
    Transcribe,
    /// Text to text.
    Chat,
    /// Text to speech.
    Speak,
    /// Hearing whether a speaker is done.
    EndOfTurn,
    /// Comparing what is said with a wake word of one's own.
    Wake,
    /// Telling speech from noise.
    VoiceActivity,
}

impl Role {
    /// Its word in the manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Transcribe => "transcribe",
            Self::Chat => "chat",
            Self::Speak => "speak",
            Self::EndOfTurn => "end-of-turn",
            Self::Wake => "wake",
            Self::VoiceActivity => "voice-activity",
        }
    }
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its file name, without a folder.
    pub name: String,
    /// The processor it is for, as in `std::env::consts::ARCH`; all if `None`.
    pub arch: Option<String>,
    /// Its sha256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Its licence, by its SPDX name.
    pub licence: String,
    /// Where it comes from, best first.
    pub sources: Vec<Source>,
}

/// A source of a file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A URL of the file itself.
    Hub {
        /// The URL.
        hub: String,
    },
    /// A Python package that contains the file.
    Package(Package),
}

/// A Python wheel, and where in it a file is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The requirement, with its exact version: `name==1.2.3`.
    pub pip: String,
    /// The file's path in the wheel.
    pub path: String,
    /// The Python version of the wheel; any if `None`.
    pub python: Option<String>,
    /// The ABI of the wheel; only used with `python`.
    pub abi: Option<String>,
    /// The platform of the wheel; only used with `python`.
    pub platform: Option<String>,
}

impl Package {
    /// Whether `other` is another file of the same wheel.
    pub fn same_wheel(&self, other: &Self) -> bool {
        let of = |p: &Self| (p.pip.clone(), p.python.clone(), p.abi.clone(), p.platform.clone());
        of(self) == of(other)
    }
}

impl Manifest {
    /// The manifest inside this program.
    pub fn embedded() -> Result<&'static Self, ModelError> {
        static EMBEDDED: OnceLock<Result<Manifest, ModelError>> = OnceLock::new();
        EMBEDDED
            .get_or_init(|| Self::parse(include_str!("../../models/manifest.toml")))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Parses a manifest. Names are checked, so that none can leave the folder of the models.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let manifest: Self = toml::from_str(text).map_err(|e| ModelError::Bug(e.to_string()))?;
        for model in &manifest.models {
            let names = model.files.iter().map(|f| &f.name).chain([&model.name]);
            if let Some(bad) = names.into_iter().find(|name| !plain(name)) {
                return Err(ModelError::Bug(format!("\"{bad}\" is not a plain file name")));
            }
            if model.files.iter().any(|f| f.sha256.len() != 64 || f.sources.is_empty()) {
                return Err(ModelError::Bug(format!("{} has no sha256 or no source", model.name)));
            }
        }
        Ok(manifest)
    }

    /// The model `name`.
    pub fn model(&self, name: &str) -> Result<&Model, ModelError> {
        self.models.iter().find(|m| m.name == name).ok_or_else(|| {
            let near = self
                .models
                .iter()
                .map(|m| (strsim::jaro_winkler(&m.name, name), &m.name))
                .filter(|(score, _)| *score > 0.8)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            ModelError::Unknown { name: name.to_owned(), near: near.map(|(_, n)| n.clone()) }
        })
    }
}

impl Model {
    /// Its files for this processor.
    pub fn files_here(&self) -> impl Iterator<Item = &ModelFile> {
        self.files
            .iter()
            .filter(|f| f.arch.as_deref().is_none_or(|arch| arch == std::env::consts::ARCH))
    }

    /// Its size on this machine's disk, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files_here().map(|f| f.bytes).sum()
    }

    /// Its licences, each once.
    pub fn licences(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.files_here().map(|f| f.licence.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_manifest_names_every_model_with_a_hub_or_a_pinned_package() {
        let manifest = Manifest::embedded().unwrap();
        let names: Vec<&str> = manifest.models.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(
            names,
            ["onnxruntime", "moonshine-tiny-en", "smart-turn", "speech-embedding", "hibari-heart"]
        );
        for file in manifest.models.iter().flat_map(|m| &m.files) {
            assert!(file.bytes > 0 && !file.licence.contains("GPL"), "{file:?}");
            let pinned = file.sources.iter().any(|s| match s {
                Source::Hub { hub } => {
                    assert!(hub.starts_with("https://"), "{hub}");
                    false
                }
                Source::Package(package) => package.pip.contains("=="),
            });
            assert!(pinned, "{} has no package as its second source", file.name);
        }
    }

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        let text = include_str!("../../models/manifest.toml");
        for bad in ["../oov.onnx", "", ".hidden", "a/b"] {
            let text = text.replace("\"oov.onnx\"", &format!("\"{bad}\""));
            assert!(matches!(Manifest::parse(&text), Err(ModelError::Bug(_))), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_model_is_told_the_near_name() {
        let error = Manifest::embedded().unwrap().model("moonshine-tiny").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no model \"moonshine-tiny\" (did you mean \"moonshine-tiny-en\"?); \
             run \"aloud models list\""
        );
        assert_eq!(error.exit_code(), 64);
    }
}
