//! The same over TCP.

use std::{io, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Emulator, Fault};
use crate::seams::{Request, Response};

/// The largest request body that is read.
const MAX_REQUEST: usize = 1024 * 1024;

/// Answers on `listener` until `shutdown` is ready and the open requests are answered.
///
/// What kept an answer from arriving in process is imitated: a silent connection for [`Fault::Timeout`] and
/// [`Fault::Hang`], one closed in the body for [`Fault::ShortBody`], one closed without a byte for the others.
///
/// # Errors
///
/// Those of the listener.
pub async fn serve(
    emulator: Emulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let stopping = CancellationToken::new();
    let router = Router::new().fallback(answer).with_state((emulator, stopping.clone()));
    let stop = async move {
        shutdown.await;
        stopping.cancel();
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn answer(
    State((emulator, stopping)): State<(Emulator, CancellationToken)>,
    request: http::Request<Body>,
) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        let mut refused = http::Response::new(Body::empty());
        *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return refused;
    };
    let (answer, fault) = emulator.respond(&Request::from_parts(parts, body));
    if matches!(fault, Some(Fault::Timeout | Fault::Hang)) {
        stopping.cancelled().await;
    }
    let latency = emulator.latency();
    if !latency.is_zero() {
        emulator.clock.sleep(latency).await;
    }
    match (answer, fault) {
        (Ok(answer), Some(Fault::SlowBody(delay))) => slow(answer, delay, emulator),
        (Ok(answer), _) => answer.map(Body::from),
        (Err(_), fault) => cut(fault.as_ref()),
    }
}

/// An answer of which the second half comes late.
fn slow(answer: Response, delay: Duration, emulator: Emulator) -> http::Response<Body> {
    let (head, body) = answer.into_parts();
    let (begin, rest) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
    let end = async move {
        emulator.clock.sleep(delay).await;
        Ok(rest)
    };
    let parts = stream::iter([Ok::<_, io::Error>(begin)]).chain(stream::once(end));
    http::Response::from_parts(head, Body::from_stream(parts))
}

/// An answer whose connection breaks: in the body, or before anything was sent.
fn cut(fault: Option<&Fault>) -> http::Response<Body> {
    let in_body = fault == Some(&Fault::ShortBody);
    let begin = in_body.then(|| Ok(Bytes::from_static(b"{\"success\":true,\"data\":[")));
    let end = async move {
        // What was written, the head too, leaves only when the body makes the server wait.
        if in_body {
            tokio::task::yield_now().await;
        }
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    };
    http::Response::new(Body::from_stream(stream::iter(begin).chain(stream::once(end))))
}
