//! The web server: search, the tree as it stands, and under `--chaos` crashes on request.

use std::collections::HashMap;
use std::fmt::Display;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::OnceLock;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use perennial::{
    Context, InitializationError, Started, Supervisable, SupervisorHandle, async_trait,
};

use crate::database::DatabaseHandle;
use crate::index::Answer;

const USAGE: &str = "\
GET  /search?q=WORDS  the best documents that have all the words, and how many documents there are
GET  /tree            the supervision tree as it stands
POST /crash/CHILD     kills a child, as from outside (only with --chaos)
";

/// The worker. What stands in its fields is what each of its lives begins with.
pub(crate) struct Web {
    address: SocketAddr,
    /// Bound at the first start and kept: while the server is down, clients wait in its queue.
    listener: OnceLock<TcpListener>,
    service: Service,
}

/// What those who answer requests share.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) database: DatabaseHandle,
    pub(crate) tree: SupervisorHandle,
    pub(crate) chaos: bool,
}

/// Why a request is not answered: the status and a sentence.
type Refusal = (StatusCode, String);

impl Web {
    /// On loopback only. Port 0 takes a free one.
    pub(crate) fn on_port(port: u16, service: Service) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            listener: OnceLock::new(),
            service,
        }
    }

    fn listener(&self) -> io::Result<TcpListener> {
        if let Some(listener) = self.listener.get() {
            return listener.try_clone();
        }
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        println!("listening on http://{}", listener.local_addr()?);
        self.listener.get_or_init(|| listener).try_clone()
    }
}

#[async_trait]
impl Supervisable for Web {
    fn name(&self) -> &str {
        "web"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let listener = self.listener().and_then(tokio::net::TcpListener::from_std);
        let listener = listener.map_err(|error| {
            InitializationError::msg(format!("cannot listen on {}: {error}", self.address))
        })?;
        let router = Router::new()
            .route("/", get(USAGE))
            .route("/search", get(search))
            .route("/tree", get(tree))
            .route("/crash/{child}", post(crash))
            .with_state(self.service.clone());
        // Asked to stop, it first answers the requests under way. Killed, it answers them too:
        // in axum each connection is a task of its own.
        let server = axum::serve(listener, router).with_graceful_shutdown(ctx.stopping());
        Ok(Started::run(server.into_future()))
    }
}

async fn search(
    State(service): State<Service>,
    Query(mut parameters): Query<HashMap<String, String>>,
) -> Result<Json<Answer>, Refusal> {
    let words = parameters.remove("q").unwrap_or_default();
    if !words.contains(char::is_alphanumeric) {
        let sentence = "say what to search for: /search?q=WORDS";
        return Err(refusal(StatusCode::BAD_REQUEST, sentence));
    }
    let answer = service
        .database
        .call(move |index| index.search(&words))
        .await;
    answer
        .map(Json)
        .map_err(|error| refusal(StatusCode::SERVICE_UNAVAILABLE, error))
}

async fn tree(State(service): State<Service>) -> String {
    format!("{}\n", service.tree.snapshot())
}

async fn crash(
    State(service): State<Service>,
    Path(child): Path<String>,
) -> Result<String, Refusal> {
    if !service.chaos {
        let sentence = "start docsearch with --chaos to allow this";
        return Err(refusal(StatusCode::FORBIDDEN, sentence));
    }
    let supervisor = match child.as_str() {
        "storage" | "web" => Ok(service.tree),
        _ => service.tree.supervisor("storage"),
    };
    let supervisor = supervisor.map_err(|error| refusal(StatusCode::NOT_FOUND, error))?;
    let killed = supervisor.kill_child(child.as_str()).await;
    killed.map_err(|error| refusal(StatusCode::NOT_FOUND, error))?;
    Ok(format!("killed {child}\n"))
}

fn refusal(status: StatusCode, sentence: impl Display) -> Refusal {
    (status, format!("{sentence}\n"))
}
