//! One open connection a server, opened when first needed and again after it broke.

use crate::{Call, Client, Endpoint, Error, Options, ToolInfo, ToolOutput};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Keeps the connection to one server.
#[derive(Debug)]
pub struct Pool {
    endpoint: Endpoint,
    options: Options,
    current: Mutex<Option<Arc<Client>>>,
}

impl Pool {
    /// Nothing is started before the first call.
    pub fn new(endpoint: Endpoint, options: Options) -> Self {
        Self {
            endpoint,
            options,
            current: Mutex::new(None),
        }
    }

    /// The open connection, a new one if there is none or it broke. Callers that come at the same time share it.
    ///
    /// # Errors
    /// See [`Client::connect`].
    pub async fn client(&self) -> Result<Arc<Client>, Error> {
        let mut current = self.current.lock().await;
        if let Some(client) = current.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        *current = None;
        let client = Arc::new(Client::connect(&self.endpoint, &self.options).await?);
        *current = Some(client.clone());
        Ok(client)
    }

    /// Calls a tool over the open connection. The call's time limit includes opening it.
    ///
    /// # Errors
    /// See [`Client::connect`] and [`Client::call`].
    pub async fn call(
        &self,
        mut call: Call,
        cancel: &CancellationToken,
    ) -> Result<ToolOutput, Error> {
        let began = tokio::time::Instant::now();
        let client = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Error::Canceled),
            client = self.client() => client?,
            () = tokio::time::sleep(call.timeout) => return Err(Error::Timeout(call.timeout)),
        };
        let whole = call.timeout;
        call.timeout = whole.saturating_sub(began.elapsed());
        match client.call(call, cancel).await {
            Err(Error::Timeout(_)) => {
                look(client);
                Err(Error::Timeout(whole))
            }
            other => other,
        }
    }

    /// Everything that the server offers.
    ///
    /// # Errors
    /// See [`Client::connect`] and [`Client::list_tools`].
    pub async fn list_tools(&self) -> Result<Vec<ToolInfo>, Error> {
        let client = self.client().await?;
        let listed = client.list_tools().await;
        if matches!(listed, Err(Error::Timeout(_))) {
            look(client);
        }
        listed
    }

    /// What the server offers now.
    ///
    /// # Errors
    /// See [`Client::connect`] and [`Client::current_tools`].
    pub async fn current_tools(&self) -> Result<Arc<[ToolInfo]>, Error> {
        let client = self.client().await?;
        let listed = client.current_tools().await;
        if matches!(listed, Err(Error::Timeout(_))) {
            look(client);
        }
        listed
    }

    /// Ends the connection, if there is one. The next call opens another.
    pub async fn close(&self) {
        let client = self.current.lock().await.take();
        if let Some(client) = client {
            client.close().await;
        }
    }
}

/// Finds out in the background whether a program still answers.
fn look(client: Arc<Client>) {
    tokio::spawn(async move { client.look().await });
}
