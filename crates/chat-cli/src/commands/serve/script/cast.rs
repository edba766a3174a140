//! Who acts in a script, and by which rules: what its file says, compared with what the configuration
//! and the interface know, so that nothing is found wrong only when it is its turn.

use std::fmt;
use std::sync::Arc;

use chat_http::Config;
use chat_model::{
    CustomerOperation, JsonRef, Limits, Operation, Text, UserDataPatch, UserId, write_string,
};
use toml::Spanned;

use super::file::{self, Event, File, From, Seconds, Texts};
use crate::commands::connect;

/// How many chats of one kind of customer are open at a time, unless the script says otherwise: nobody
/// may be there who accepts them.
const AT_ONCE: usize = 10;

/// Everybody who acts.
#[derive(Clone)]
pub(super) struct Cast {
    pub(super) customers: Vec<Customer>,
    pub(super) agents: Vec<Agent>,
    /// The name and the id of everybody whose address an operation may have.
    people: Vec<(String, UserId)>,
}

/// A kind of customer.
#[derive(Clone)]
pub(super) struct Customer {
    pub(super) line: usize,
    pub(super) request: CustomerOperation,
    /// Times are in milliseconds.
    pub(super) start: u64,
    pub(super) every: Option<u64>,
    /// How many come; none: without an end.
    pub(super) count: Option<u64>,
    pub(super) at_once: usize,
    pub(super) patience: Option<u64>,
    pub(super) rules: Arc<[Rule]>,
    nickname: String,
}

/// A user of the configuration.
#[derive(Clone)]
pub(super) struct Agent {
    pub(super) line: usize,
    pub(super) id: UserId,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) ready: bool,
    pub(super) rules: Arc<[Rule]>,
}

/// What somebody does when something happens.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) line: usize,
    pub(super) on: Event,
    /// In lower case; one of them, if there are any.
    pub(super) contains: Vec<String>,
    pub(super) from: Option<From>,
    pub(super) after: u64,
    /// How often in one chat.
    pub(super) times: u32,
    pub(super) does: Does,
}

/// What there is to do.
#[derive(Debug)]
pub(super) enum Does {
    /// One text after the other, and again from the first, with the operation that says it.
    Say(&'static str, Vec<String>),
    /// Operations one after the other, until one is refused.
    Operations(Vec<String>),
}

/// What is wrong with a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    line: usize,
    why: String,
}

impl Problem {
    /// At this byte of `text`.
    pub(super) fn at(text: &str, byte: usize, why: String) -> Self {
        Self { line: line_of(text, byte), why }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count() + 1
}

impl Cast {
    /// Compares `file`, whose text is `text`, with the configuration.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of lines.
    pub(super) fn new(text: &str, file: File, config: &Config) -> Result<Self, Vec<Problem>> {
        let people = config.users.iter().map(|user| (user.name.clone(), user.id.clone())).collect();
        let mut check = Check { text, config, people, problems: Vec::new() };
        if file.customers.is_empty() && file.agents.is_empty() {
            check.says(0, "expected [[customers]] or [[agents]], found neither");
        }
        let customers: Vec<Option<Customer>> =
            file.customers.into_iter().map(|one| check.customer(one)).collect();
        let agents: Vec<Option<Agent>> =
            file.agents.into_iter().map(|one| check.agent(one)).collect();
        let agents: Vec<Agent> = agents.into_iter().flatten().collect();
        for (at, agent) in agents.iter().enumerate() {
            if agents[..at].iter().any(|other| other.id == agent.id) {
                let why = format!("expected each user once, found {:?} again", agent.user);
                check.problems.push(Problem { line: agent.line, why });
            }
        }
        if !check.problems.is_empty() {
            check.problems.sort_by_key(|problem| problem.line);
            return Err(check.problems);
        }
        let customers = customers.into_iter().flatten().collect();
        Ok(Self { customers, agents, people: check.people })
    }

    /// Who acts, in a line.
    pub(super) fn told(&self) -> String {
        let customers = self.customers.iter().map(|customer| customer.nickname.as_str());
        let agents = self.agents.iter().map(|agent| agent.user.as_str());
        customers.chain(agents).collect::<Vec<_>>().join(", ")
    }

    /// `body` with the addresses of users in place of their names in braces.
    pub(super) fn addressed(&self, body: &str, base: &str) -> String {
        addressed(&self.people, body, base)
    }
}

fn addressed(people: &[(String, UserId)], body: &str, base: &str) -> String {
    people.iter().fold(body.to_owned(), |body, (name, id)| {
        body.replace(&format!("{{{name}}}"), &format!("{base}/users/{id}"))
    })
}

/// The body of an operation with one text in it.
pub(super) fn saying(operation: &str, text: &str) -> String {
    let mut body = format!(r#"{{"operationName":"{operation}","text":"#);
    write_string(&mut body, text);
    body.push('}');
    body
}

struct Check<'a> {
    text: &'a str,
    config: &'a Config,
    people: Vec<(String, UserId)>,
    problems: Vec<Problem>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who<'a> {
    Customer,
    /// With the nickname under which invitations are accepted.
    Agent(Option<&'a str>),
}

impl Check<'_> {
    fn says(&mut self, byte: usize, why: impl Into<String>) {
        self.problems.push(Problem::at(self.text, byte, why.into()));
    }

    fn customer(&mut self, one: Spanned<file::Customer>) -> Option<Customer> {
        let at = one.span().start;
        let one = one.into_inner();
        let rules = self.rules(Who::Customer, one.rules);
        let nickname = match &one.nickname {
            Some(nickname) => nickname.as_ref().clone(),
            None => "Customer".to_owned(),
        };
        let Some(name) = Text::new(&nickname) else {
            self.says(at, "nickname: expected a name, found none");
            return None;
        };
        let mut request = CustomerOperation::request_chat(name);
        if let Some(subject) = &one.subject {
            request = request.about(subject);
        }
        if let Some(queue) = &one.queue {
            let names: Vec<&str> =
                self.config.queues.iter().map(|queue| queue.name.as_str()).collect();
            match Text::new(queue.as_ref()).filter(|_| names.contains(&queue.as_ref().as_str())) {
                Some(queue) => request = request.to_queue(queue),
                None => {
                    let why = format!(
                        "queue: expected one of {}, found {:?}",
                        names.join(", "),
                        queue.as_ref()
                    );
                    self.says(queue.span().start, why);
                }
            }
        }
        if let Some(data) = &one.user_data {
            let limits = Limits::default();
            let read = JsonRef::validate(data.as_ref().as_bytes(), &limits)
                .and_then(|json| UserDataPatch::read(json, &limits));
            match read {
                Ok(read) => request = request.with_user_data(read),
                Err(error) => self.says(data.span().start, format!("user_data: {error}")),
            }
        }
        if let Some(every) = one.every.as_ref().filter(|every| every.as_ref() == &Seconds(0)) {
            self.says(every.span().start, "every: expected a number of seconds above 0, found 0");
        }
        let every = one.every.map(|every| every.into_inner().0);
        Some(Customer {
            line: line_of(self.text, at),
            request,
            start: one.start.0,
            every,
            count: one.count.or(if every.is_none() { Some(1) } else { None }),
            at_once: one.at_once.unwrap_or(AT_ONCE),
            patience: one.patience.map(|patience| patience.0),
            rules,
            nickname,
        })
    }

    fn agent(&mut self, one: Spanned<file::Agent>) -> Option<Agent> {
        let line = line_of(self.text, one.span().start);
        let one = one.into_inner();
        let rules = self.rules(Who::Agent(one.nickname.as_deref()), one.rules);
        let id = self.user("user", &one.user)?;
        let user = one.user.as_ref().clone();
        let password = match &one.password_file {
            Some(file) => match connect::first_line(file.as_ref()) {
                Ok(password) => password,
                Err(why) => {
                    self.says(file.span().start, format!("password_file: {why}"));
                    return None;
                }
            },
            // The demo's passwords are the names.
            None if self.config.is_demo() => user.clone(),
            None => {
                let why = format!("expected a password_file for {user}, found none");
                self.says(one.user.span().start, why);
                return None;
            }
        };
        Some(Agent { line, id, user, password, ready: one.ready, rules })
    }

    fn user(&mut self, member: &str, name: &Spanned<String>) -> Option<UserId> {
        let found = self.people.iter().find(|(known, _)| known == name.as_ref());
        let id = found.map(|(_, id)| id.clone());
        if id.is_none() {
            let names: Vec<&str> = self.people.iter().map(|(name, _)| name.as_str()).collect();
            let why = format!(
                "{member}: expected one of {}, found {:?}",
                names.join(", "),
                name.as_ref()
            );
            self.says(name.span().start, why);
        }
        id
    }

    fn rules(&mut self, who: Who<'_>, rules: Vec<Spanned<file::Rule>>) -> Arc<[Rule]> {
        rules.into_iter().filter_map(|rule| self.rule(who, rule)).collect()
    }

    fn rule(&mut self, who: Who<'_>, rule: Spanned<file::Rule>) -> Option<Rule> {
        let at = rule.span().start;
        let rule = rule.into_inner();
        let (on, is_customer) = (*rule.on.as_ref(), who == Who::Customer);
        match on {
            Event::Requested if !is_customer => {
                self.says(rule.on.span().start, "on: expected \"requested\" with customers only");
            }
            Event::Invited if is_customer => {
                self.says(rule.on.span().start, "on: expected \"invited\" with agents only");
            }
            _ => {}
        }
        if on != Event::Message && (!rule.contains.0.is_empty() || rule.from.is_some()) {
            let why = "expected `contains` and `from` with on = \"message\" only";
            self.says(rule.on.span().start, why);
        }
        let does = self.does(who, at, &rule)?;
        Some(Rule {
            line: line_of(self.text, at),
            on,
            contains: rule.contains.0.iter().map(|text| text.to_lowercase()).collect(),
            from: rule.from,
            after: rule.after.0,
            times: rule.times.unwrap_or(u32::MAX),
            does,
        })
    }

    fn does(&mut self, who: Who<'_>, at: usize, rule: &file::Rule) -> Option<Does> {
        let found = [
            rule.say.as_ref().map(|_| "say"),
            rule.does.as_ref().map(|_| "do"),
            rule.whisper.as_ref().map(|_| "whisper"),
            rule.transfer.as_ref().map(|_| "transfer"),
            rule.consult.as_ref().map(|_| "consult"),
            rule.invite.as_ref().map(|_| "invite"),
        ];
        let found: Vec<&str> = found.into_iter().flatten().collect();
        let expected = match who {
            Who::Customer => "say or do",
            Who::Agent(_) => "say, do, whisper, transfer, consult or invite",
        };
        let &[one] = &found[..] else {
            let found = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
            self.says(at, format!("expected one of {expected}, found {found}"));
            return None;
        };
        if who == Who::Customer && !matches!(one, "say" | "do") {
            self.says(at, format!("expected {expected} of a customer, found {one}"));
            return None;
        }
        if let Some(texts) = &rule.say {
            return self.say("SendMessage", at, texts);
        }
        if let Some(texts) = &rule.whisper {
            return self.say("SendToAgents", at, texts);
        }
        if let Some(operations) = &rule.does {
            return self.operations(who, operations);
        }
        let (operation, user) = match (&rule.transfer, &rule.consult, &rule.invite) {
            (Some(user), _, _) => ("Transfer", user),
            (_, Some(user), _) => ("Consult", user),
            (_, _, user) => ("Invite", user.as_ref()?),
        };
        self.user(one, user)?;
        let target = user.as_ref();
        let body = format!(r#"{{"operationName":"{operation}","targetUri":"{{{target}}}"}}"#);
        Some(Does::Operations(vec![body]))
    }

    fn say(&mut self, operation: &'static str, at: usize, texts: &Texts) -> Option<Does> {
        if texts.0.is_empty() || texts.0.iter().any(|text| Text::new(text).is_none()) {
            self.says(at, "expected a text to say, found none");
            return None;
        }
        Some(Does::Say(operation, texts.0.clone()))
    }

    fn operations(&mut self, who: Who<'_>, operations: &Spanned<Texts>) -> Option<Does> {
        let at = operations.span().start;
        let limits = Limits::default();
        let mut bodies = Vec::new();
        for operation in &operations.as_ref().0 {
            let body = match (operation.starts_with('{'), operation.as_str(), who) {
                (true, ..) => operation.clone(),
                (false, "Accept", Who::Agent(Some(nickname))) => {
                    let mut body = String::from(r#"{"operationName":"Accept","nickname":"#);
                    write_string(&mut body, nickname);
                    body.push('}');
                    body
                }
                (false, name, _) => {
                    let mut body = String::from(r#"{"operationName":"#);
                    write_string(&mut body, name);
                    body.push('}');
                    body
                }
            };
            let posted = addressed(&self.people, &body, self.config.rules().base());
            let read = match who {
                Who::Customer => CustomerOperation::parse(posted.as_bytes(), &limits).map(drop),
                Who::Agent(_) => Operation::parse(posted.as_bytes(), &limits).map(drop),
            };
            match read {
                Ok(()) => bodies.push(body),
                Err(why) => self.says(at, format!("do: {why}")),
            }
        }
        if operations.as_ref().0.is_empty() {
            self.says(at, "do: expected an operation, found none");
        }
        Some(Does::Operations(bodies))
    }
}
