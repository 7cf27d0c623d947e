//! Sockets: bound early, served late, closed in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use narthex_platform::{Stop, Tasks};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::Service;
use tracing::{debug, info, warn};

/// A client that needs longer for its headers is holding a place for nothing.
const HEADERS_MAX: Duration = Duration::from_secs(10);
/// How long requests in flight may take when the program ends.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Where to listen.
#[derive(Clone, Debug)]
pub struct ListenConfig {
    /// Addresses, `host:port`; an empty host means all interfaces.
    pub addresses: Vec<String>,
    /// Connections at the same time; further ones wait.
    pub connections_max: usize,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("listen on {address}")]
pub struct BindError {
    address: String,
    source: std::io::Error,
}

/// Addresses that are bound and not yet served.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<TcpListener>,
    connections: Arc<Semaphore>,
}

/// Binds all addresses.
///
/// # Errors
/// When one of them is taken or not ours.
pub async fn bind(config: &ListenConfig) -> Result<Bound, BindError> {
    let mut listeners = Vec::new();
    for address in &config.addresses {
        let full = match address.strip_prefix(':') {
            Some(port) => format!("0.0.0.0:{port}"),
            None => address.clone(),
        };
        let bound = TcpListener::bind(&full).await;
        listeners.push(bound.map_err(|source| BindError { address: address.clone(), source })?);
    }
    Ok(Bound { listeners, connections: Arc::new(Semaphore::new(config.connections_max)) })
}

impl Bound {
    /// The addresses, ports resolved.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Answers requests until the tasks are stopped.
    pub fn serve(self, router: Router, tasks: &mut Tasks) {
        for address in self.addresses() {
            info!(%address, "listening");
        }
        tasks.spawn("web", |stop| run(self, router, stop));
    }
}

async fn run(bound: Bound, router: Router, mut stop: Stop) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            accepted = accept(&bound) => accepted,
            Some(_ended) = connections.join_next() => continue,
        };
        let (stream, peer, permit) = accepted;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_MAX);
        let service = TowerToHyperService::new(FromPeer { router: router.clone(), peer });
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
    drop(bound);
    if tokio::time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        warn!("requests in flight did not end in time and are cut off");
    }
    connections.shutdown().await;
}

/// Tells the router whom a request comes from: a [`SocketAddr`] among its extensions.
#[derive(Clone)]
struct FromPeer {
    router: Router,
    peer: SocketAddr,
}

impl<B> Service<Request<B>> for FromPeer
where
    Router: Service<Request<B>>,
{
    type Response = <Router as Service<Request<B>>>::Response;
    type Error = <Router as Service<Request<B>>>::Error;
    type Future = <Router as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.router.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

/// The next connection, as soon as there is a place for it.
async fn accept(bound: &Bound) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let permit = Arc::clone(&bound.connections).acquire_owned().await;
        let Ok(permit) = permit else { return std::future::pending().await };
        let accepts = bound.listeners.iter().map(|listener| Box::pin(listener.accept()));
        let accepts: Vec<_> = accepts.collect();
        if accepts.is_empty() {
            return std::future::pending().await;
        }
        match select_first(accepts).await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "set nodelay");
                }
                return (stream, peer, permit);
            }
            Err(error) => {
                // Out of file descriptors, mostly: others may end and give some back.
                warn!(%error, "accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn select_first<F: Future + Unpin>(mut futures: Vec<F>) -> F::Output {
    std::future::poll_fn(move |context| {
        for future in &mut futures {
            if let Poll::Ready(output) = std::pin::Pin::new(future).poll(context) {
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    })
    .await
}
