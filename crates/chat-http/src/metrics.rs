//! Figures for operators, in Prometheus' text format.
//!
//! The recorder belongs to the server and not to the process, so that several servers (and tests)
//! in one process do not add up each other's figures. No label holds a user, a chat or a visitor.

use std::collections::BTreeMap;
use std::fmt;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _, Unit,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::routes::Route;

/// Upper bounds in seconds, from a reply out of memory to a held poll.
const BUCKETS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

const METADATA: Metadata<'static> = Metadata::new("chat_http", Level::INFO, None);

/// The figures of one server.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Where the figures of a pattern are.
    places: BTreeMap<&'static str, RouteId>,
    routes: Vec<RouteFigures>,
    logins: [Counter; 2],
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
    seconds: Histogram,
}

impl Metrics {
    pub(crate) fn new(routes: impl Iterator<Item = &'static Route>) -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .expect("there are buckets")
            .build_recorder();
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
        recorder.describe_histogram(
            KeyName::from_const_str("chat_http_request_seconds"),
            Some(Unit::Seconds),
            "From the head of a request to the head of its reply, held polls included.".into(),
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
    pub(crate) fn request(&self, route: RouteId, status: hyper::StatusCode, seconds: f64) {
        let figures = &self.routes[route.0];
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        figures.requests[class].increment(1);
        figures.seconds.record(seconds);
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

    /// A distribution of seconds for another part of the server; `help` is one sentence.
    pub(crate) fn histogram(&self, name: &'static str, help: &'static str) -> Histogram {
        let key = KeyName::from_const_str(name);
        self.recorder.describe_histogram(key, Some(Unit::Seconds), help.into());
        self.recorder.register_histogram(&Key::from_static_name(name), &METADATA)
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        self.handle.render()
    }

    /// Moves what was recorded into the buckets; without it a histogram that nobody reads grows.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
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
        let seconds = recorder.register_histogram(
            &Key::from_parts("chat_http_request_seconds", vec![route]),
            &METADATA,
        );
        Self { pattern, requests, seconds }
    }
}
