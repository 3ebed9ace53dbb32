//! The web server: search, the tree as it stands, and under `--chaos` crashes on request.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::OnceLock;

use axum::Router;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use perennial::{
    ChildError, Context, InitializationError, Started, Supervisable, SupervisorHandle, async_trait,
};

use crate::database::DatabaseHandle;
use crate::index::{Answer, Query};

const USAGE: &str = "\
GET  /search?q=WORDS  the best documents that have all the words, and how many documents there are
GET  /tree            the supervision tree as it stands
POST /crash/CHILD     kills a child, as from outside (only with --chaos)
";

/// The worker. What stands in its fields is what each of its lives begins with.
#[derive(Debug)]
pub(crate) struct Web {
    address: SocketAddr,
    /// Bound at the first start and kept: while the server is down, clients wait in its queue.
    listener: OnceLock<TcpListener>,
    database: DatabaseHandle,
    chaos: bool,
}

/// What those who answer requests share.
#[derive(Clone)]
struct Service {
    database: DatabaseHandle,
    root: SupervisorHandle,
    chaos: bool,
}

/// Why a request is not answered: the status and a sentence.
type Refusal = (StatusCode, String);

impl Web {
    /// On loopback only. Port 0 takes a free one.
    pub(crate) fn on_port(port: u16, database: DatabaseHandle, chaos: bool) -> Self {
        let address = (Ipv4Addr::LOCALHOST, port).into();
        Self {
            address,
            listener: OnceLock::new(),
            database,
            chaos,
        }
    }

    fn listener(&self) -> io::Result<TcpListener> {
        if let Some(listener) = self.listener.get() {
            return listener.try_clone();
        }
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        writeln!(io::stdout(), "listening on http://{address}")?;
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
        let service = Service {
            database: self.database.clone(),
            root: ctx.supervisor().clone(),
            chaos: self.chaos,
        };
        let router = Router::new()
            .route("/", get(USAGE))
            .route("/search", get(search))
            .route("/tree", get(tree))
            .route("/crash/{child}", post(crash))
            .with_state(service);
        // Asked to stop, it first answers the requests under way. Killed, it answers them too:
        // in axum each connection is a task of its own.
        let server = axum::serve(listener, router).with_graceful_shutdown(ctx.stop_signal());
        Ok(Started::run(server.into_future()))
    }
}

async fn search(
    State(service): State<Service>,
    Parameters(parameters): Parameters<HashMap<String, String>>,
) -> Result<Json<Answer>, Refusal> {
    let Some(query) = parameters.get("q").and_then(|words| Query::parse(words)) else {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "say what to search for: /search?q=WORDS",
        ));
    };
    match service
        .database
        .call(move |index| index.search(&query))
        .await
    {
        Ok(answer) => Ok(Json(answer)),
        Err(error) => Err(refusal(StatusCode::SERVICE_UNAVAILABLE, error)),
    }
}

async fn tree(State(service): State<Service>) -> String {
    service.root.snapshot().to_string()
}

async fn crash(
    State(service): State<Service>,
    Path(child): Path<String>,
) -> Result<String, Refusal> {
    if !service.chaos {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "start docsearch with --chaos to allow this",
        ));
    }
    let storage = service.root.supervisor("storage");
    let storage = storage.map_err(|error| refusal(StatusCode::SERVICE_UNAVAILABLE, error))?;
    for supervisor in [&service.root, &storage] {
        match supervisor.kill_child(child.as_str()).await {
            Ok(()) => return Ok(format!("killed {child}\n")),
            Err(ChildError::NotFound { .. }) => (),
            Err(error) => return Err(refusal(StatusCode::CONFLICT, error)),
        }
    }
    Err(refusal(
        StatusCode::NOT_FOUND,
        format!("no child is called {child:?}"),
    ))
}

fn refusal(status: StatusCode, sentence: impl Display) -> Refusal {
    (status, format!("{sentence}\n"))
}
