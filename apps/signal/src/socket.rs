//! One WebSocket connection: the loop between its socket and the relay.

use core::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use quorate_transport::ClientFrame;
use quorate_transport::signaling::RefusalCode;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite;
use tracing::debug;

use crate::hub::{Outgoing, Registration};
use crate::relay::{Challenge, CloseReason, explanation};

/// Bytes that are written together.
const BATCH: usize = 64 * 1024;

/// How long to wait for the other side's half of a closing handshake.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Why the loop ended.
enum End {
    /// The client closed or vanished, or does not take what is written.
    Gone,
    /// The relay is stopping.
    Stopped,
    /// The client was silent for too long.
    Idle,
    /// The relay closed.
    Closed(CloseReason),
    /// A frame or message above the limit.
    TooLarge,
    /// Not the WebSocket protocol, or a text message.
    NotBinary,
}

/// Serves a connection until it ends.
pub async fn serve(mut socket: WebSocket, mut registration: Registration, nonce: [u8; 32]) {
    let id = registration.id().0;
    debug!(connection = id, "websocket opened");
    let (mut stopped, mut killed) = (registration.hub().stopped(), registration.hub().killed());
    let end = tokio::select! {
        end = exchange(&mut socket, &mut registration, nonce) => end,
        _ = stopped.wait_for(|stop| *stop) => End::Stopped,
        _ = killed.wait_for(|killed| *killed) => End::Gone,
    };
    let (code, reason) = close_code(&end);
    drop(registration);
    debug!(connection = id, code, "websocket closed");
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    if matches!(end, End::Gone) {
        return;
    }
    let farewell = async {
        if socket.send(close).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // Whether or not the client says goodbye too, the connection is over.
    let _ = timeout(CLOSE_WAIT, farewell).await;
}

async fn exchange(socket: &mut WebSocket, registration: &mut Registration, nonce: [u8; 32]) -> End {
    let times = *registration.hub().times();
    let challenge = Challenge::new(nonce);
    if !write(socket, times.write, [Bytes::from(challenge.frame().encode())]).await {
        return End::Gone;
    }
    let mut challenge = Some(challenge);
    let mut heard = Instant::now();
    let mut check = heard + times.ping;
    loop {
        tokio::select! {
            outgoing = registration.outbox.recv() => {
                match drain(socket, registration, outgoing, times.write).await {
                    Some(end) => return end,
                    None => continue,
                }
            }
            message = socket.recv() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Binary(bytes))) => take(registration, &mut challenge, &bytes),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Text(_))) => return End::NotBinary,
                    Some(Ok(Message::Close(_))) | None => return End::Gone,
                    Some(Err(error)) => return end_of(error),
                }
            }
            () = sleep_until(check) => {
                if heard.elapsed() >= times.idle {
                    return End::Idle;
                }
                check = Instant::now() + times.ping;
                match timeout(times.write, socket.send(Message::Ping(Bytes::new()))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return End::Gone,
                }
            }
        }
    }
}

/// Gives one message to the relay.
fn take(registration: &Registration, challenge: &mut Option<Challenge>, bytes: &Bytes) {
    let (hub, id) = (registration.hub(), registration.id());
    if let Some(challenge) = challenge.take() {
        let answer = hub.verify(challenge, bytes);
        hub.with(|relay, now| relay.handle_answer(id, answer, now));
        return;
    }
    let frame = ClientFrame::decode(bytes);
    hub.with(|relay, now| relay.handle_frame(id, frame, bytes.len(), now));
}

/// Writes an output and those that wait behind it.
async fn drain(
    socket: &mut WebSocket,
    registration: &mut Registration,
    first: Option<Outgoing>,
    limit: Duration,
) -> Option<End> {
    let mut frames = Vec::new();
    let mut len = 0;
    let mut end = None;
    let mut next = first;
    loop {
        match next {
            Some(Outgoing::Frame(frame)) => {
                len += frame.len();
                frames.push(frame);
            }
            Some(Outgoing::Close(reason)) => {
                end = Some(End::Closed(reason));
                break;
            }
            None => break,
        }
        if len >= BATCH {
            break;
        }
        next = registration.outbox.try_recv().ok();
    }
    if !write(socket, limit, frames).await {
        return Some(End::Gone);
    }
    let id = registration.id();
    registration.hub().with(|relay, _| relay.handle_written(id, len));
    end
}

/// Writes frames and flushes once. Returns whether the client took them in time.
async fn write(socket: &mut WebSocket, limit: Duration, frames: impl IntoIterator<Item = Bytes>) -> bool {
    let all = async {
        for frame in frames {
            socket.feed(Message::Binary(frame)).await?;
        }
        socket.flush().await
    };
    matches!(timeout(limit, all).await, Ok(Ok(())))
}

fn end_of(error: axum::Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => End::TooLarge,
        Some(tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => End::Gone,
        Some(tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_)) => End::NotBinary,
        Some(_) | None => End::Gone,
    }
}

/// Returns the closing code (RFC 6455 §7.4.1) and the reason in words.
const fn close_code(end: &End) -> (u16, &'static str) {
    match end {
        End::Gone => (1000, ""),
        End::Stopped => (1001, "the relay stops"),
        End::Idle => (1001, "silent for too long"),
        End::TooLarge => (1009, "frame above the limit"),
        End::NotBinary => (1002, "not a binary message of this protocol"),
        End::Closed(CloseReason::Refused(code)) => {
            let number = match code {
                RefusalCode::Malformed | RefusalCode::UnknownVersion => 1002,
                RefusalCode::Draining => 1001,
                RefusalCode::NotAuthenticated
                | RefusalCode::BadAnswer
                | RefusalCode::AlreadyAuthenticated
                | RefusalCode::RateLimited
                | RefusalCode::QuotaExceeded
                | RefusalCode::RoomFull
                | RefusalCode::BadCapacity
                | RefusalCode::NotAMember
                | RefusalCode::UnknownRecipient
                | RefusalCode::MailboxFull
                | RefusalCode::RelayFull
                | RefusalCode::BadPayload
                | RefusalCode::TooSlow => 1008,
            };
            (number, explanation(*code))
        }
    }
}
