//! Figures for operators, in Prometheus' text format.
//!
//! The recorder belongs to the server and not to the process, so that several servers (and tests)
//! in one process do not add up each other's figures. No label holds a user, a chat or a visitor.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Key, KeyName, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::routes::Route;
use timings::Distribution;

mod timings;

pub(crate) use timings::Timings;

/// Held polls included.
const REQUESTS: Distribution = Distribution {
    name: "chat_http_request_seconds",
    help: "From the head of a request to the head of its reply, held polls included.",
    label: Some("route"),
};

const FEED_LAG: Distribution = Distribution {
    name: "chat_feed_lag_seconds",
    help: "From the time of a record to its being told to the sessions of a user here.",
    label: None,
};

const METADATA: Metadata<'static> = Metadata::new("chat_http", Level::INFO, None);

/// The figures of one server.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Where the figures of a pattern are.
    places: BTreeMap<&'static str, RouteId>,
    routes: Vec<RouteFigures>,
    logins: [Counter; 2],
    feed_lag: Arc<Timings>,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
}

/// A pattern of the table of routes, or none of them: where its figures are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteId(usize);

/// Requests that no route is for.
const UNROUTED: RouteId = RouteId(0);

/// The figures of one route.
struct RouteFigures {
    pattern: &'static str,
    /// By the first digit of the HTTP status, from 1xx.
    requests: [Counter; 5],
    timings: Timings,
}

impl Metrics {
    pub(crate) fn new(routes: impl Iterator<Item = &'static Route>) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        for (name, help) in [
            ("chat_http_requests_total", "Requests answered, by route and HTTP status class."),
            ("chat_http_connections_refused_total", "Connections beyond the limit."),
        ] {
            recorder.describe_counter(KeyName::from_const_str(name), None, help.into());
        }
        recorder.describe_gauge(
            KeyName::from_const_str("chat_http_connections"),
            None,
            "Open connections.".into(),
        );
        let mut places = BTreeMap::new();
        let mut figures = vec![RouteFigures::new(&recorder, "none")];
        for pattern in routes.map(Route::path) {
            places.entry(pattern).or_insert_with(|| {
                figures.push(RouteFigures::new(&recorder, pattern));
                RouteId(figures.len() - 1)
            });
        }
        let logins = counters(
            &recorder,
            ("chat_logins_total", "Basic credentials checked, by result."),
            ("result", ["refused", "accepted"]),
        );
        Self {
            places,
            routes: figures,
            connections: recorder
                .register_gauge(&Key::from_static_name("chat_http_connections"), &METADATA),
            connections_refused: recorder.register_counter(
                &Key::from_static_name("chat_http_connections_refused_total"),
                &METADATA,
            ),
            logins,
            feed_lag: Arc::default(),
            recorder,
            handle,
        }
    }

    /// The route whose pattern this is; any other text is no route's.
    pub(crate) fn route(&self, pattern: &str) -> RouteId {
        self.places.get(pattern).copied().unwrap_or(UNROUTED)
    }

    /// The pattern of the route, `none` for no route.
    pub(crate) fn pattern(&self, route: RouteId) -> &'static str {
        self.routes[route.0].pattern
    }

    /// Counts one answered request.
    pub(crate) fn request(&self, route: RouteId, status: hyper::StatusCode, took: Duration) {
        let figures = &self.routes[route.0];
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        figures.requests[class].increment(1);
        figures.timings.record(took);
    }

    /// Counts one check of Basic credentials.
    pub(crate) fn login(&self, accepted: bool) {
        self.logins[usize::from(accepted)].increment(1);
    }

    /// A counter for another part of the server; `help` is one sentence.
    pub(crate) fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        self.recorder.describe_counter(KeyName::from_const_str(name), None, help.into());
        self.recorder.register_counter(&Key::from_static_name(name), &METADATA)
    }

    /// A counter for each value of one label, for another part of the server.
    pub(crate) fn counters<const N: usize>(
        &self,
        name_and_help: (&'static str, &'static str),
        label_and_values: (&'static str, [&'static str; N]),
    ) -> [Counter; N] {
        counters(&self.recorder, name_and_help, label_and_values)
    }

    /// A gauge for another part of the server; `help` is one sentence.
    pub(crate) fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        self.recorder.describe_gauge(KeyName::from_const_str(name), None, help.into());
        self.recorder.register_gauge(&Key::from_static_name(name), &METADATA)
    }

    /// How late sessions are told of a record.
    pub(crate) fn feed_lag(&self) -> Arc<Timings> {
        self.feed_lag.clone()
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        let mut text = self.handle.render();
        timings::write(&mut text, &REQUESTS, self.routes.iter().map(|r| (r.pattern, &r.timings)));
        timings::write(&mut text, &FEED_LAG, [("", &*self.feed_lag)]);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}

fn counters<const N: usize>(
    recorder: &PrometheusRecorder,
    (name, help): (&'static str, &'static str),
    (label, values): (&'static str, [&'static str; N]),
) -> [Counter; N] {
    recorder.describe_counter(KeyName::from_const_str(name), None, help.into());
    values.map(|value| {
        let labels = vec![Label::from_static_parts(label, value)];
        recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    })
}

impl RouteFigures {
    fn new(recorder: &PrometheusRecorder, pattern: &'static str) -> Self {
        let route = Label::from_static_parts("route", pattern);
        let requests = ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| {
            let labels = vec![route.clone(), Label::from_static_parts("status", class)];
            recorder
                .register_counter(&Key::from_parts("chat_http_requests_total", labels), &METADATA)
        });
        Self { pattern, requests, timings: Timings::default() }
    }
}
