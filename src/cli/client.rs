use std::time::Duration;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::config::{Environment, Paths};
use crate::control::{Client, ClientError};
use crate::drive::Request;

/// How long the service may take to end.
const GOODBYE: Duration = Duration::from_secs(3);

async fn connect(env: &Environment) -> Result<Client, Failure> {
    Ok(Client::connect(&Paths::of(env).socket()).await?)
}

/// Asks the running service for something.
pub(super) async fn ask(env: &Environment, request: Request) -> Outcome {
    Ok(connect(env).await?.ask(request).await?)
}

/// Ends the running service, and waits until it has ended.
pub(super) async fn quit(env: &Environment) -> Outcome {
    let mut client = connect(env).await?;
    client.ask(Request::Quit).await?;
    let ended = async {
        // The socket closes with the process.
        while matches!(client.event().await, Ok(Some(_))) {}
    };
    tokio::time::timeout(GOODBYE, ended).await.map_err(|_| {
        Failure::new(
            Code::TryAgain,
            "the service is still ending; look again with \"aloud status\"",
        )
    })
}

/// Tells how the running service stands.
pub(super) async fn status(env: &Environment, json: bool) -> Outcome {
    let status = connect(env).await?.status().await?;
    if json {
        return print::json(&status);
    }
    let mut rows = Vec::new();
    for (key, value) in status.as_object().into_iter().flatten() {
        let value = match value {
            serde_json::Value::Null => "none".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => value.to_string(),
        };
        rows.push(vec![key.replace('_', " "), value]);
    }
    print::table(&rows)
}

/// Prints what happens in the running service, until it ends or the reader goes.
pub(super) async fn events(env: &Environment) -> Outcome {
    let mut client = connect(env).await?;
    client.watch().await?;
    while let Some(line) = client.event().await? {
        print::line(line)?;
    }
    Ok(())
}

/// Says through the running service; `false` when none runs.
pub(super) async fn say(env: &Environment, text: &str) -> Result<bool, Failure> {
    match Client::connect(&Paths::of(env).socket()).await {
        Ok(mut client) => {
            client.ask(Request::Say { text: text.to_owned() }).await?;
            Ok(true)
        }
        Err(ClientError::Absent(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
