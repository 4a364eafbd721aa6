//! What a client may take: connections, and time.
//!
//! A connection of HTTP/1 carries one request and ends with its answer ([`super::answers`] says `Connection: close`), and it ends
//! after [`LIFETIME`] whatever it is doing. So one that sends its request byte by byte, never reads its answer, or just
//! stays, holds one of a fixed number of places for a known time. On one machine a new connection costs nothing.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, serve::Listener};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Connections at one time; further ones wait to be accepted.
const CONNECTIONS: usize = 64;

/// How long a connection lasts at most.
const LIFETIME: Duration = Duration::from_secs(15);

/// How long connections may go on after the end was asked for.
const FAREWELL: Duration = Duration::from_millis(1_500);

/// Answers on `listener` until `stop` is ready and what is under way has ended, of itself or by force.
pub(super) async fn serve(
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, ended) = (CancellationToken::new(), CancellationToken::new());
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let limited = Limited { listener, places, ended: ended.clone() };
    // However this future ends, its connections end with it.
    let _end = ended.drop_guard();
    let signal = {
        let stopping = stopping.clone();
        async move {
            stop.await;
            stopping.cancel();
        }
    };
    let deadline = async {
        stopping.cancelled().await;
        sleep(FAREWELL).await;
    };
    tokio::select! {
        served = axum::serve(limited, router).with_graceful_shutdown(signal) => served,
        () = deadline => Ok(()),
    }
}

/// A listener that accepts a connection when there is a place for it.
struct Limited {
    listener: TcpListener,
    places: Arc<Semaphore>,
    ended: CancellationToken,
}

impl Listener for Limited {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed; without a place there would only be no limit.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let deadline = Box::pin(sleep(LIFETIME));
        let ended = Box::pin(self.ended.clone().cancelled_owned());
        (Connection { stream, deadline, ended, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends in time.
struct Connection {
    stream: TcpStream,
    deadline: Pin<Box<Sleep>>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    // Kept for its drop: the place is free again.
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Returns an error once the time is up; until then whoever asks is woken when it is.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let over = self.deadline.as_mut().poll(context).is_ready()
            || self.ended.as_mut().poll(context).is_ready();
        if over { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        Poll::Ready(Ok(()))
    }
}
