//! What a client sees of the server's foundation: who may come in, what a session is, how agents
//! become ready, and how every refusal looks.

mod channels;
mod console;
mod contract;
mod conversation;
mod customers;
mod distribution;
mod docs;
mod floor;
mod forgery;
mod greedy;
mod health;
mod hostile;
mod identity;
mod judge;
mod me;
mod notifications;
mod operations;
mod polls;
mod presence;
mod races;
mod readiness;
mod reads;
mod recovery;
mod refusals;
mod repeats;
mod requests;
mod routes;
mod socket;
mod startup;
mod supervision;
mod support;
mod throttling;
mod tls;
mod users;
mod websocket;
