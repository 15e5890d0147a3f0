use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::process::Group;
use super::{CALL_DEADLINE, Tool, ToolCx, ToolError, ToolOutput, arguments};
use crate::base::Job;
use crate::dialog::{Effect, ToolSpec};

/// The most text of a program that is kept, in bytes; the rest is thrown away.
const MOST_TEXT: u64 = 64 * 1024;
/// The most that is said of it, in characters: about 25 seconds. A model gets all of it.
const MOST_SAID: usize = 350;
/// How long the output of a program that has ended is waited for, while a program that it left
/// running keeps the pipe open.
const LINGER: Duration = Duration::from_millis(200);
/// The longest time limit, in seconds.
const LONGEST: u64 = 600;

/// A tool's description: the file `NAME.toml` beside the program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    description: String,
    #[serde(default)]
    effect: Option<String>,
    #[serde(default)]
    command: Option<Vec<String>>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    required: Option<Vec<String>>,
    #[serde(default)]
    timeout_s: Option<u64>,
    #[serde(default)]
    say: Vec<String>,
}

/// The user's own tools.
#[derive(Default)]
pub struct Own {
    /// Those that work.
    pub tools: Vec<Arc<dyn Tool>>,
    /// The sentences that call them without a model.
    pub sentences: Vec<Sentences>,
    /// Why others are left out, a sentence each.
    pub problems: Vec<String>,
}

/// Sentences that call a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentences {
    /// Where they are written.
    pub file: PathBuf,
    /// The tool.
    pub tool: String,
    /// In the notation of grammar files.
    pub say: Vec<String>,
}

/// A program of the user's, with its description.
struct Program {
    spec: ToolSpec,
    /// The program and its first arguments.
    command: Vec<String>,
    folder: PathBuf,
    limit: Duration,
}

/// The tools in `folder`: one program each, and beside it `NAME.toml`, which describes it. The
/// program gets the arguments as one JSON object on its standard input; what it prints is the
/// answer. A folder that does not exist has no tools.
pub fn own(folder: &Path) -> Own {
    let mut own = Own::default();
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return own,
        Err(error) => {
            own.problems.push(format!("{} cannot be read: {error}", folder.display()));
            return own;
        }
    };
    let mut files: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    // In the order of their names, so that a model always sees the same list.
    files.sort();
    for sheet in files.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        match read(sheet, folder, &files) {
            Ok((program, say)) => {
                let (file, tool) = (sheet.clone(), program.spec.name.clone());
                own.sentences.push(Sentences { file, tool, say });
                own.tools.push(Arc::new(program));
            }
            Err(problem) => {
                own.problems.push(format!("{} is left out: {problem}", sheet.display()));
            }
        }
    }
    own
}

/// Reads one description, and its sentences. The error is what is wrong, and what would be right.
fn read(path: &Path, folder: &Path, files: &[PathBuf]) -> Result<(Program, Vec<String>), String> {
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !(1..=64).contains(&name.len()) || !name.chars().all(fits) {
        return Err("a tool's name is its file's: small letters, digits and _".into());
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let sheet: Sheet = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        format!("{line}{}", error.message())
    })?;
    if sheet.description.trim().is_empty() {
        return Err("its description is empty; say what it does and when to use it".into());
    }
    let effect = match sheet.effect.as_deref() {
        Some("pure") => Effect::Pure,
        Some("reads") => Effect::Reads,
        // What is not known to be harmless waits for the end of the turn.
        Some("acts") | None => Effect::Writes,
        Some("dangerous") => Effect::Dangerous,
        Some(other) => {
            return Err(format!(
                "effect = \"{other}\" is unknown; write \"pure\", \"reads\", \"acts\" or \"dangerous\""
            ));
        }
    };
    let seconds = sheet.timeout_s.unwrap_or(CALL_DEADLINE.as_secs());
    if !(1..=LONGEST).contains(&seconds) {
        return Err(format!("timeout_s must be from 1 to {LONGEST}"));
    }
    let command = match sheet.command {
        Some(command) if command.is_empty() => {
            return Err("command is empty; write command = [\"./program\"]".into());
        }
        Some(command) => command,
        None => vec![beside(path, files)?],
    };
    let program = Program {
        spec: ToolSpec {
            name: name.to_owned(),
            description: sheet.description.trim().to_owned(),
            parameters: schema(sheet.parameters, sheet.required)?,
            effect,
        },
        command,
        folder: folder.to_owned(),
        limit: Duration::from_secs(seconds),
    };
    Ok((program, sheet.say))
}

/// The JSON Schema of `[parameters]`: a table with an entry for each argument, or a whole schema of
/// an object. Every argument is required unless `required` says otherwise.
fn schema(parameters: Map<String, Value>, required: Option<Vec<String>>) -> Result<Value, String> {
    if parameters.get("type").is_some_and(Value::is_string) {
        return match parameters.get("type").and_then(Value::as_str) {
            Some("object") if required.is_none() => Ok(Value::Object(parameters)),
            Some("object") => {
                Err("required belongs into [parameters], which is a whole schema".into())
            }
            Some(_) | None => Err("[parameters] must have the type \"object\"".into()),
        };
    }
    if let Some((name, _)) = parameters.iter().find(|(_, value)| !value.is_object()) {
        return Err(format!(
            "parameter {name} must be a table such as {{ type = \"string\", description = \"...\" }}"
        ));
    }
    let required = required.unwrap_or_else(|| parameters.keys().cloned().collect::<Vec<String>>());
    if let Some(name) = required.iter().find(|name| !parameters.contains_key(*name)) {
        return Err(format!("\"{name}\" is required, but is not in [parameters]"));
    }
    let required: Vec<&str> = required.iter().map(String::as_str).collect();
    Ok(arguments(&required, Value::Object(parameters)))
}

/// The program that belongs to a description without a command: the executable file of its name,
/// with any ending.
fn beside(sheet: &Path, files: &[PathBuf]) -> Result<String, String> {
    let same = |file: &&PathBuf| file.file_stem() == sheet.file_stem() && file.as_path() != sheet;
    let candidates: Vec<&PathBuf> = files.iter().filter(same).collect();
    let runs = |file: &Path| {
        file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    let ready: Vec<&&PathBuf> = candidates.iter().filter(|file| runs(file)).collect();
    match (ready.as_slice(), candidates.first()) {
        ([program], _) => Ok(program.display().to_string()),
        ([], Some(file)) => {
            Err(format!("its program may not be run; run: chmod +x {}", file.display()))
        }
        ([], None) => {
            Err("there is no program of that name beside it; name one with command".into())
        }
        (_, _) => Err("several programs have its name; choose one with command".into()),
    }
}

impl Tool for Program {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, args: String, _: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        let (name, command, folder) =
            (self.spec.name.clone(), self.command.clone(), self.folder.clone());
        Box::pin(async move { run(&name, &command, &folder, args).await })
    }

    fn foreign(&self) -> bool {
        // A program may read mail or pages; what it only does brings nothing.
        !self.spec.effect.acts()
    }

    fn deadline(&self) -> Duration {
        self.limit
    }
}

async fn run(
    name: &str,
    command: &[String],
    folder: &Path,
    args: String,
) -> Result<ToolOutput, ToolError> {
    let Some((program, rest)) = command.split_first() else {
        return Err(ToolError::Fatal(format!("The tool {name} has no command.")));
    };
    // "./x" means beside the description; a bare name is looked up in PATH.
    let program = if program.contains('/') { folder.join(program) } else { program.into() };
    let mut child = Command::new(&program)
        .args(rest)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            ToolError::Fatal(format!(
                "The tool {name} cannot be started: {}: {error}.",
                program.display()
            ))
        })?;
    // A call that is given up ends all that it started; what a program leaves running when it ends
    // by itself (a music player) is left alone.
    let mut group = Group::of(&child);
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        let pipes = async {
            let write = async {
                if let Some(mut input) = input {
                    // A program that needs no arguments need not read them.
                    let _ = input.write_all(args.as_bytes()).await;
                }
            };
            tokio::join!(write, drain(output, &mut out), drain(errors, &mut err));
        };
        tokio::pin!(pipes);
        tokio::select! {
            () = &mut pipes => child.wait().await,
            status = child.wait() => {
                // What it has not printed by then is not its own.
                let _ = tokio::time::timeout(LINGER, pipes).await;
                status
            }
        }
    };
    let status = status.map_err(|error| {
        ToolError::Fatal(format!("The tool {name} cannot be waited for: {error}."))
    })?;
    group.release();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (out, err) = (text(&out), text(&err));
    if !err.is_empty() {
        tracing::info!(tool = name, "{err}");
    }
    if !status.success() {
        // The last line of a traceback is the one for people.
        let reason = err.lines().last().or(out.lines().last()).unwrap_or_default().trim();
        let reason = if reason.is_empty() { status.to_string() } else { shortened(reason) };
        return Err(ToolError::Tell(format!("The tool {name} failed: {reason}")));
    }
    let said = if out.is_empty() { "Done.".to_owned() } else { shortened(&out) };
    Ok(ToolOutput::new(json!({ "text": out }), said))
}

/// Reads a pipe to its end, and keeps the first part.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    if let Some(mut pipe) = pipe {
        // A pipe that breaks has ended. What is too much is read all the same, or the program
        // would wait for us for ever.
        let _ = (&mut pipe).take(MOST_TEXT).read_to_end(kept).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
}

/// What is said of a long text: its first sentences, or as many words as fit.
fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MOST_SAID) else { return text.to_owned() };
    let head = &text[..end];
    let sentence = [". ", "! ", "? ", ".\n", "\n"].iter().filter_map(|stop| head.rfind(stop)).max();
    match sentence {
        Some(at) => format!("{} And there is more.", head[..=at].trim_end()),
        None => format!("{} ...", head.rsplit_once(' ').map_or(head, |(words, _)| words)),
    }
}
