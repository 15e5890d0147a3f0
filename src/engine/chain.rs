use std::sync::Arc;

use futures::StreamExt;

use super::{Delta, EngineError, Responder};
use crate::base::Flow;
use crate::dialog::Prompt;

/// Several responders as one: the first that answers. When one fails before it has said anything,
/// the next is asked in the same turn; once something was said, its failure is the reply's.
pub struct Chain(Vec<Arc<dyn Responder>>);

impl Chain {
    /// A chain of `responders`, the preferred one first.
    pub fn new(responders: Vec<Arc<dyn Responder>>) -> Self {
        Self(responders)
    }
}

impl Responder for Chain {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        let responders = self.0.clone();
        Box::pin(async_stream::stream! {
            let mut why = None;
            for responder in responders {
                let mut deltas = responder.respond(prompt.clone());
                match deltas.next().await {
                    Some(Err(error)) => {
                        tracing::warn!("{error}");
                        // The first failure is the one to tell: it is of the preferred responder.
                        why.get_or_insert(error);
                    }
                    first => {
                        if let Some(delta) = first {
                            yield delta;
                        }
                        while let Some(delta) = deltas.next().await {
                            yield delta;
                        }
                        return;
                    }
                }
            }
            let none = || EngineError::Refused("no chat model is configured; run \"aloud config check\"".into());
            yield Err(why.unwrap_or_else(none));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Vec<Result<Delta, EngineError>>);

    impl Responder for Fixed {
        fn respond(&self, _: Prompt) -> Flow<Result<Delta, EngineError>> {
            Box::pin(futures::stream::iter(self.0.clone()))
        }
    }

    fn text(words: &str) -> Result<Delta, EngineError> {
        Ok(Delta::Text(words.into()))
    }

    fn down(who: &str) -> Result<Delta, EngineError> {
        Err(EngineError::Unreachable(who.into()))
    }

    fn answer(responders: Vec<Vec<Result<Delta, EngineError>>>) -> Vec<Result<Delta, EngineError>> {
        let chain = Chain::new(
            responders.into_iter().map(|r| Arc::new(Fixed(r)) as Arc<dyn Responder>).collect(),
        );
        let prompt = Prompt {
            instructions: "".into(),
            items: Vec::new(),
            tools: [].into(),
            sounds: Vec::new(),
        };
        futures::executor::block_on(chain.respond(prompt).collect())
    }

    #[test]
    fn the_next_one_answers_only_where_nothing_was_said_yet() {
        assert_eq!(answer(vec![vec![down("a")], vec![text("hi")]]), [text("hi")]);
        let broken = vec![text("I thi"), down("a")];
        assert_eq!(answer(vec![broken.clone(), vec![text("hi")]]), broken);
        assert_eq!(answer(vec![vec![down("a")], vec![down("b")]]), [down("a")]);
        assert_eq!(answer(vec![vec![], vec![text("hi")]]), []);
    }
}
