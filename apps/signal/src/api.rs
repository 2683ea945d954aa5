//! The HTTP routes: WebSocket upgrade, health, metrics and the sessions API.
//!
//! Errors are `application/problem+json` (RFC 9457). A session is found by its token only: there is no list.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::rejection::JsonRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, Extension, FromRequestParts, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use quorate_primitives::Timestamp;
use quorate_transport::signaling::{MAX_FRAME, RefusalCode, RoomToken};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::hub::{Hub, Registration};
use crate::metrics;
use crate::relay::{Refusal, SessionInfo, Source, explanation};
use crate::socket;

mod problem;

use problem::Problem;

/// The longest request body.
const MAX_BODY: usize = 256 * 1024;

/// Life of a session whose creator names none.
const DEFAULT_TTL_SECONDS: u64 = 3600;

/// Small, because most connections are idle most of the time and it is allocated for each of them.
const READ_BUFFER: usize = 4096;
const WRITE_BUFFER: usize = 16 * 1024;

/// More than a write buffer and the largest frame, so that one slow write is no error, and not much more.
const MAX_WRITE_BUFFER: usize = 4 * MAX_FRAME;

/// What the requests of one TCP connection share.
#[derive(Clone)]
pub struct Peer {
    source: Source,
    registration: Arc<Mutex<Result<Option<Registration>, Refusal>>>,
    alive: mpsc::Sender<()>,
}

impl Peer {
    /// Makes the extension for one connection.
    pub fn new(source: Source, registration: Result<Registration, Refusal>, alive: mpsc::Sender<()>) -> Self {
        Self { source, registration: Arc::new(Mutex::new(registration.map(Some))), alive }
    }

    /// Takes the registration for an upgrade; there is one for each connection.
    fn take(&self) -> Result<Registration, Problem> {
        let mut registration = self.registration.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *registration {
            Ok(registration) => registration.take().ok_or_else(|| {
                Problem::new(StatusCode::CONFLICT, "upgraded already", "one connection is upgraded once")
            }),
            Err(refusal) => Err(Problem::from(*refusal)),
        }
    }
}

/// Returns the routes.
pub fn router(hub: Arc<Hub>) -> Router {
    let sessions = Router::new()
        .route("/api/v1/sessions", post(create).fallback(not_listed))
        .route("/api/v1/sessions/{token}", get(show).delete(delete).fallback(not_allowed))
        .route("/api/v1/sessions/{token}/join", post(join).fallback(not_allowed))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(hub.clone(), limit_rate));
    Router::new()
        .route("/", any(upgrade))
        .route("/ws", any(upgrade))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .route("/api/v1/health", get(health))
        .merge(sessions)
        .fallback(not_found)
        .with_state(hub)
}

async fn upgrade(Extension(peer): Extension<Peer>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return not_a_websocket(&rejection).into_response(),
    };
    let mut nonce = [0; 32];
    if getrandom::getrandom(&mut nonce).is_err() {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return Problem::new(status, "no randomness", "the relay cannot make a challenge now")
            .into_response();
    }
    let registration = match peer.take() {
        Ok(registration) => registration,
        Err(problem) => return problem.into_response(),
    };
    let alive = peer.alive.clone();
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(async move |websocket| {
            socket::serve(websocket, registration, nonce).await;
            drop(alive);
        })
}

fn not_a_websocket(rejection: &WebSocketUpgradeRejection) -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED, "not a WebSocket request", &rejection.body_text())
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(hub): State<Arc<Hub>>) -> (StatusCode, &'static str) {
    if hub.with(|relay, _| relay.is_ready()) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    }
}

async fn show_metrics(State(hub): State<Arc<Hub>>) -> Response {
    let (stats, ready) = hub.with(|relay, _| (relay.stats(), relay.is_ready()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], metrics::render(&stats, ready)).into_response()
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    uptime_seconds: u64,
}

async fn health(State(hub): State<Arc<Hub>>) -> (StatusCode, Json<Health>) {
    let ready = hub.with(|relay, _| relay.is_ready());
    let (code, status) =
        if ready { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "draining") };
    let version = env!("CARGO_PKG_VERSION");
    (code, Json(Health { status, version, uptime_seconds: hub.uptime().as_secs() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    capacity: u8,
    ttl_seconds: Option<u64>,
}

#[derive(Serialize)]
struct Session {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    capacity: u8,
    members: usize,
    online: usize,
    created_at: u64,
    expires_at: u64,
    websocket: &'static str,
}

impl Session {
    fn new(info: &SessionInfo, token: Option<String>) -> Self {
        let seconds = |at: Timestamp| at.0 / 1000;
        Self {
            token,
            capacity: info.capacity,
            members: info.members,
            online: info.online,
            created_at: seconds(info.created),
            expires_at: seconds(info.deadline),
            websocket: "/ws",
        }
    }
}

async fn create(
    State(hub): State<Arc<Hub>>,
    Extension(peer): Extension<Peer>,
    wish: Result<Json<Create>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(wish) = wish.map_err(|rejection| Problem::of_body(&rejection))?;
    let mut token = RoomToken([0; 32]);
    getrandom::getrandom(&mut token.0)
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no randomness", "try again later"))?;
    let ttl = wish.ttl_seconds.unwrap_or(DEFAULT_TTL_SECONDS).saturating_mul(1000);
    let info = hub.with(|relay, now| relay.handle_create(peer.source, &token, wish.capacity, ttl, now))?;
    let session = Session::new(&info, Some(hex::encode(token.0)));
    Ok((StatusCode::CREATED, Json(session)).into_response())
}

async fn show(State(hub): State<Arc<Hub>>, Path(token): Path<String>) -> Result<Json<Session>, Problem> {
    let info = find(&hub, &token)?;
    Ok(Json(Session::new(&info, None)))
}

/// Says whether one more can join; joining itself is entering the room over the WebSocket.
async fn join(State(hub): State<Arc<Hub>>, Path(token): Path<String>) -> Result<Json<Session>, Problem> {
    let info = find(&hub, &token)?;
    if info.members >= usize::from(info.capacity) {
        return Err(Problem::from(Refusal::new(RefusalCode::RoomFull)));
    }
    Ok(Json(Session::new(&info, None)))
}

async fn delete(State(hub): State<Arc<Hub>>, Path(token): Path<String>) -> Result<StatusCode, Problem> {
    let token = parse_token(&token)?;
    if hub.with(|relay, _| relay.handle_delete(&token)) { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

fn find(hub: &Hub, token: &str) -> Result<SessionInfo, Problem> {
    let token = parse_token(token)?;
    hub.with(|relay, _| relay.session(&token)).ok_or_else(unknown)
}

/// Reads 64 lower-case hexadecimal digits; anything else is as unknown as a token that was never given out.
fn parse_token(text: &str) -> Result<RoomToken, Problem> {
    let mut token = RoomToken([0; 32]);
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match hex::decode_to_slice(text, &mut token.0) {
        Ok(()) if lower => Ok(token),
        Ok(()) | Err(_) => Err(unknown()),
    }
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown session", "no session has this token, or it has ended")
}

async fn not_listed() -> Problem {
    let detail = "sessions are not listed: POST makes one, and its token finds it";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", detail)
}

async fn not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method not allowed",
        "this resource does not have that method",
    )
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not found", "there is nothing at this path")
}

async fn limit_rate(
    State(hub): State<Arc<Hub>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    hub.with(|relay, now| relay.handle_call(peer.source, now))?;
    Ok(next.run(request).await)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            RefusalCode::RateLimited | RefusalCode::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
            RefusalCode::Draining | RefusalCode::RelayFull => StatusCode::SERVICE_UNAVAILABLE,
            RefusalCode::BadCapacity => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalCode::RoomFull | RefusalCode::MailboxFull => StatusCode::CONFLICT,
            RefusalCode::NotAuthenticated | RefusalCode::BadAnswer => StatusCode::UNAUTHORIZED,
            RefusalCode::NotAMember | RefusalCode::UnknownRecipient => StatusCode::NOT_FOUND,
            RefusalCode::UnknownVersion
            | RefusalCode::Malformed
            | RefusalCode::AlreadyAuthenticated
            | RefusalCode::BadPayload
            | RefusalCode::TooSlow => StatusCode::BAD_REQUEST,
        };
        let title = status.canonical_reason().unwrap_or("refused");
        Self::new(status, title, explanation(refusal.code)).retry_after(refusal.retry)
    }
}
