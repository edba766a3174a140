//! Operations as request bodies, for whoever asks instead of answering: the inverse of `read`.
//!
//! Each parameter type says once how it is written; the table of operations uses it. What is written
//! is read back as the same operation.

use alloc::string::String;

use super::read::{Outgoing, Text, TreatAs};
use super::target::{Colleague, ConsultTarget, Target, TransferTarget};
use crate::json::write_string;
use crate::state::{SupervisionMode, SupervisionScope};
use crate::user_data::{UserDataKeys, UserDataPatch};

/// A body on its way out.
pub(super) struct Body(String);

impl Body {
    pub(super) fn of(operation_name: &str) -> Self {
        let mut body = Self(String::with_capacity(64));
        body.0.push('{');
        body.text("operationName", operation_name);
        body
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        write_string(&mut self.0, name);
        self.0.push(':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        write_string(&mut self.0, value);
    }

    fn json(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push_str(value);
    }
}

/// Writes one parameter into the body of a request.
pub(super) trait ToBody {
    fn to_body(&self, name: &'static str, body: &mut Body);
}

impl<T: ToBody> ToBody for Option<T> {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        if let Some(value) = self {
            value.to_body(name, body);
        }
    }
}

impl ToBody for String {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.text(name, self);
    }
}

impl ToBody for Text {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.text(name, self.as_str());
    }
}

impl ToBody for bool {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.json(name, if *self { "true" } else { "false" });
    }
}

impl ToBody for UserDataPatch {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.json(name, self.as_json());
    }
}

impl ToBody for UserDataKeys {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.json(name, self.as_json());
    }
}

impl ToBody for Outgoing {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.text(name, self.text.as_str());
        self.message_type.to_body("messageType", body);
        if self.treat_as == TreatAs::System {
            body.text("treatAs", "System");
        }
    }
}

impl ToBody for SupervisionScope {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.text(name, self.as_str());
    }
}

impl ToBody for SupervisionMode {
    fn to_body(&self, name: &'static str, body: &mut Body) {
        body.text(name, self.as_str());
    }
}

impl ToBody for Colleague {
    fn to_body(&self, _: &'static str, body: &mut Body) {
        address(self.parameter, "users", self.user.as_str(), body);
    }
}

impl ToBody for ConsultTarget {
    fn to_body(&self, _: &'static str, body: &mut Body) {
        target(self.parameter, &self.target, body);
    }
}

impl ToBody for TransferTarget {
    fn to_body(&self, _: &'static str, body: &mut Body) {
        target(self.parameter, &self.target, body);
    }
}

fn target(parameter: &'static str, target: &Target, body: &mut Body) {
    match target {
        Target::User(user) => address(parameter, "users", user.as_str(), body),
        Target::Queue(queue) if parameter == "queueName" => body.text(parameter, queue.as_str()),
        Target::Queue(queue) => address(parameter, "queues", queue.as_str(), body),
    }
}

/// Any host may stand in front of a `targetUri` (DEC-12), so none does.
fn address(parameter: &'static str, collection: &str, id: &str, body: &mut Body) {
    let base = if parameter == "targetUri" { "/api/v2" } else { "" };
    body.text(parameter, &alloc::format!("{base}/{collection}/{id}"));
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use crate::testing::{customer_operation, operation};
    use crate::{
        CustomerOperation, Limits, MonitoringOperation, MonitoringOperationKind, Operation,
        SupervisionMode, SupervisorOperation,
    };

    proptest! {
        #[test]
        fn an_operation_is_read_back_as_it_was_written(operation in operation()) {
            let body = operation.to_json();
            assert_eq!(Operation::parse(body.as_bytes(), &Limits::default()), Ok(operation), "{body}");
        }

        #[test]
        fn a_visitors_operation_is_read_back_as_it_was_written(operation in customer_operation()) {
            let body = operation.to_json();
            let read = CustomerOperation::parse(body.as_bytes(), &Limits::default());
            assert_eq!(read, Ok(operation), "{body}");
        }
    }

    #[test]
    fn a_supervisors_operations_are_read_back_as_they_were_written() {
        let limits = Limits::default();
        for mode in SupervisionMode::ALL {
            let intrude = SupervisorOperation::Intrude { mode: Some(*mode) };
            assert_eq!(
                SupervisorOperation::parse(intrude.to_json().as_bytes(), &limits),
                Ok(intrude)
            );
        }
        for kind in MonitoringOperationKind::ALL {
            let body = alloc::format!(r#"{{"operationName":"{kind}","nickname":"S"}}"#);
            let operation = MonitoringOperation::parse(body.as_bytes(), &limits).unwrap();
            let body = operation.to_json();
            assert_eq!(MonitoringOperation::parse(body.as_bytes(), &limits), Ok(operation));
        }
    }
}
