use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use crate::cli::exit::{Code, Failure};
use crate::cli::{Outcome, print};
use crate::engine::openai::training::{Finding, Form, Summary, check};

/// Checks `file`, prints the findings, and writes what can be repaired to `convert`.
pub(super) fn run(file: &Path, convert: Option<&Path>, form: Form) -> Outcome {
    let mut told = Ok(());
    let mut found = |finding: Finding| {
        if told.is_ok() {
            told = print::line(line(file, &finding));
        }
    };
    let summary = match convert {
        None => look(file, form, &mut found, &mut |_| Ok(()))?,
        Some(out) => converted(file, out, form, &mut found)?,
    };
    told?;
    print::line(counts(&summary))?;
    let Summary { examples, problems, kept, .. } = summary;
    match convert {
        Some(out) if kept > 0 => {
            print::line(format!("{}: {kept} examples", out.display()))?;
            if kept == examples {
                return Ok(());
            }
            let lost = examples - kept;
            let why =
                format!("{lost} examples could not be fixed and were left out; fix them by hand");
            Err(Failure::new(Code::Data, why))
        }
        _ if problems == 0 => Ok(()),
        Some(_) => Err(Failure::new(
            Code::Data,
            "nothing in it can be fixed automatically; fix it by hand",
        )),
        None => {
            let (file, kept) = (file.display(), kept == examples && examples > 0);
            let next = match kept {
                true => "run it with --convert OUT, which fixes all of them",
                false => "fix these lines, or run it with --convert OUT to keep the good ones",
            };
            Err(Failure::new(Code::Data, format!("{file} cannot be used as is; {next}")))
        }
    }
}

/// Checks data that is about to be uploaded; findings go to stderr.
///
/// # Errors
/// When the data cannot be used.
pub(super) fn before(file: &Path, form: Form) -> Outcome {
    let mut found = |finding: Finding| print::aside(line(file, &finding));
    let summary = look(file, form, &mut found, &mut |_| Ok(()))?;
    print::aside(counts(&summary));
    if summary.problems == 0 {
        return Ok(());
    }
    let file = file.display();
    let why = format!(
        "{file} cannot be used as is and was not uploaded; run \"aloud finetune check {file} --convert OUT\""
    );
    Err(Failure::new(Code::Data, why))
}

fn look(
    file: &Path,
    form: Form,
    found: &mut dyn FnMut(Finding),
    keep: &mut dyn FnMut(&serde_json::Value) -> io::Result<()>,
) -> Result<Summary, Failure> {
    let unread = |error: io::Error| {
        let codes = [
            (io::ErrorKind::NotFound, Code::NoInput),
            (io::ErrorKind::IsADirectory, Code::Data),
            (io::ErrorKind::PermissionDenied, Code::NotAllowed),
        ];
        let code = codes.iter().find(|(kind, _)| *kind == error.kind());
        let code = code.map_or(Code::Io, |(_, code)| *code);
        let file = file.display();
        Failure::new(code, format!("cannot read {file}: {error}; give a JSONL file"))
    };
    let input = BufReader::new(File::open(file).map_err(unread)?);
    check(input, form, found, keep).map_err(unread)
}

/// Also writes what is good to the new file `out`, all of it or nothing.
fn converted(
    file: &Path,
    out: &Path,
    form: Form,
    found: &mut dyn FnMut(Finding),
) -> Result<Summary, Failure> {
    let taken = || {
        let out = out.display();
        Failure::new(Code::CannotCreate, format!("{out} already exists; choose another name"))
    };
    let unwritten = |error: io::Error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return taken();
        }
        let out = out.display();
        let why = format!("cannot write {out}: {error}; choose another file");
        Failure::new(Code::CannotCreate, why)
    };
    if out.exists() {
        return Err(taken());
    }
    let dir = out.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::NamedTempFile::new_in(dir).map_err(unwritten)?;
    let mut writer = BufWriter::new(made);
    let mut failed = None;
    let summary = look(file, form, found, &mut |example| {
        let written = writeln!(writer, "{example}");
        if let Err(error) = written {
            failed.get_or_insert(error);
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(unwritten(error));
    }
    let made = writer.into_inner().map_err(|error| unwritten(error.into_error()))?;
    if summary.kept > 0 {
        made.persist_noclobber(out).map_err(|error| unwritten(error.error))?;
    }
    Ok(summary)
}

/// `FILE:LINE: …`, as compilers write it, so that editors find the place.
fn line(file: &Path, finding: &Finding) -> String {
    let file = file.display();
    let warning = if finding.warning { "warning: " } else { "" };
    let text = &finding.text;
    match finding.line {
        0 => format!("{file}: {warning}{text}"),
        line => format!("{file}:{line}: {warning}{text}"),
    }
}

fn counts(summary: &Summary) -> String {
    let Summary { examples, problems, warnings, tokens, .. } = summary;
    let count = |number: &u64, one: &str, many: &str| {
        format!("{number} {}", if *number == 1 { one } else { many })
    };
    format!(
        "{}, about {}, {}, {}",
        count(examples, "example", "examples"),
        count(tokens, "token", "tokens"),
        count(problems, "problem", "problems"),
        count(warnings, "warning", "warnings"),
    )
}
