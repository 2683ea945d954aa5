//! The pages of a node: for health checks, for Prometheus, and for operators who look for a cause. Nothing secret is on them.

mod ready;

use core::fmt::Write;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use self::ready::reasons;
use crate::config::Config;
use crate::events::{CommitteeStatus, Phase, Progress};
use crate::figures::Figures;
use crate::near::key::public_text;
use crate::observe::Observed;

/// What the pages are made of.
#[derive(Clone)]
pub struct Pages {
    /// The NEAR side.
    pub observed: Arc<Observed>,
    /// The committee.
    pub status: watch::Receiver<CommitteeStatus>,
    /// The configuration.
    pub config: Arc<Config>,
    /// The public key of the account.
    pub account_key: [u8; 32],
    /// The public key of connections.
    pub tls_key: [u8; 32],
    /// The figures.
    pub figures: Figures,
}

/// Connections that are served at a time; more are dropped.
const MAX_CONNECTIONS: usize = 64;

/// How long a client may take to say what it wants.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may last.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// What may be buffered of a request's head.
const HEAD_BUFFER: usize = 16 * 1024;

/// Serves the pages until `stop` is true.
pub async fn serve(listener: TcpListener, pages: Pages, mut stop: watch::Receiver<bool>) {
    let service = TowerToHyperService::new(router(pages));
    let mut connections = JoinSet::new();
    let ended = async move { drop(stop.wait_for(|stop| *stop).await) };
    tokio::pin!(ended);
    loop {
        tokio::select! {
            () = &mut ended => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    connections.spawn(timeout(CONNECTION_TIMEOUT, talk(stream, service.clone())));
                }
                Ok(_) => {}
                // No descriptor is free: one will be when a connection ends.
                Err(_) => sleep(HEAD_TIMEOUT / 50).await,
            },
        }
    }
}

/// Serves one connection. What breaks it is the client's affair.
async fn talk(stream: TcpStream, service: TowerToHyperService<Router>) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BUFFER);
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

fn router(pages: Pages) -> Router {
    Router::new()
        .route("/health", get(async || "OK"))
        .route("/ready", get(ready))
        .route("/metrics", get(figures))
        .route("/public_data", get(public_data))
        .route("/debug/tasks", get(tasks))
        .route("/debug/blocks", get(blocks))
        .route("/debug/signatures", get(signatures))
        .route("/debug/contract", get(contract))
        .route("/debug/recent_transactions", get(transactions))
        .route("/debug/node_config", get(node_config))
        .with_state(pages)
}

/// 200 when the node would sign now, 503 and every reason when not.
async fn ready(State(pages): State<Pages>) -> Response {
    let reasons =
        reasons(&pages.observed.sight(), &pages.status.borrow(), Instant::now(), &pages.config.account);
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": reasons.is_empty(), "reasons": reasons}))).into_response()
}

async fn figures(State(pages): State<Pages>) -> Response {
    set_gauges(&pages);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], pages.figures.render()).into_response()
}

fn set_gauges(pages: &Pages) {
    let status = pages.status.borrow();
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let wide = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let sight = pages.observed.sight();
    metrics::gauge!("mpc_node_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for progress in Progress::ALL {
        let is = f64::from(u8::from(progress == status.progress));
        metrics::gauge!("mpc_current_job_state", "state" => format!("{progress:?}")).set(is);
    }
    metrics::gauge!("quorate_node_requests_waiting").set(number(sight.counts.waiting));
    metrics::gauge!("quorate_node_requests_unconfirmed").set(number(sight.counts.unconfirmed));
    metrics::gauge!("quorate_node_calls_open").set(number(sight.open_calls));
    if let Some(epoch) = status.epoch {
        metrics::gauge!("mpc_current_epoch_id").set(wide(epoch));
    }
    if let Some(balance) = sight.balance {
        // Thousandths of a NEAR: a gauge cannot hold 10^24.
        let millinear = u32::try_from(balance / 1_000_000_000_000_000_000_000).unwrap_or(u32::MAX);
        metrics::gauge!("quorate_node_balance_millinear").set(f64::from(millinear));
    }
    for domain in status.domains.iter().filter(|domain| domain.needs_presignatures) {
        let id = domain.domain.to_string();
        let (online, offline) = (domain.presignatures_online, domain.presignatures_offline);
        let labels = [("domain", id)];
        metrics::gauge!("mpc_owned_num_presignatures_available", &labels).set(wide(online + offline));
        metrics::gauge!("mpc_owned_num_presignatures_online", &labels).set(wide(online));
        metrics::gauge!("mpc_owned_num_presignatures_with_offline_participant", &labels).set(wide(offline));
    }
    for peer in &status.peers {
        if let Some(height) = peer.height {
            let labels = [("participant", peer.account.clone())];
            metrics::gauge!("mpc_peers_indexer_block_heights", &labels).set(wide(height));
        }
    }
}

async fn public_data(State(pages): State<Pages>) -> Json<Value> {
    let signer = public_text(&pages.account_key);
    Json(json!({
        "near_signer_public_key": signer,
        "near_p2p_public_key": public_text(&pages.tls_key),
        "near_responder_public_keys": [signer],
        "tee_participant_info": {"Mock": "Valid"},
    }))
}

async fn tasks(State(pages): State<Pages>) -> String {
    let status = pages.status.borrow();
    let mut text = format!("{:?}\n", status.progress);
    for peer in &status.peers {
        let connected = if peer.connected { "connected" } else { "not connected" };
        // Writing to a String does not fail.
        let _ = writeln!(text, "participant {} {} {connected} at {:?}", peer.id.0, peer.account, peer.height);
    }
    text + &lines(status.tasks.iter())
}

async fn signatures(State(pages): State<Pages>) -> String {
    lines(pages.status.borrow().signatures.iter())
}

async fn blocks(State(pages): State<Pages>) -> String {
    let sight = pages.observed.sight();
    let counts = sight.counts;
    let head = format!(
        "rpc {}\nfault {}\nclock {}\nbehind {}\nrequests {} waiting, {} unconfirmed\n",
        sight.rpc,
        sight.rpc_fault.as_deref().unwrap_or("none"),
        sight.clock_fault.as_deref().unwrap_or("agrees"),
        sight.behind,
        counts.waiting,
        counts.unconfirmed
    );
    head + &lines(sight.blocks.iter().rev())
}

async fn transactions(State(pages): State<Pages>) -> String {
    let sight = pages.observed.sight();
    let fault = sight.account_fault.as_deref().unwrap_or("none");
    let head = format!("fault {fault}\nopen {}\n", sight.open_calls);
    head + &lines(sight.transactions.iter().rev())
}

async fn contract(State(pages): State<Pages>) -> String {
    let sight = pages.observed.sight();
    let fault = sight.contract_fault.as_deref().unwrap_or("none");
    let Some(view) = sight.contract else { return format!("fault {fault}\nnot read yet\n") };
    let phase = match &view.phase {
        Phase::NotInitialized => "not initialised",
        Phase::Running(_) => "running",
        Phase::Initializing(_) => "initializing",
        Phase::Resharing(_) => "resharing",
    };
    format!(
        "fault {fault}\nversion {}\nheight {}\nattested {:?}\n{phase}\n{:#?}\n",
        view.version, view.height, sight.attested, view.phase
    )
}

async fn node_config(State(pages): State<Pages>) -> Json<Config> {
    Json(Config::clone(&pages.config))
}

fn lines<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.flat_map(|line| [line.as_str(), "\n"]).collect()
}
