//! Engines that speak the OpenAI protocols.
