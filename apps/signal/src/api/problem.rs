//! Errors of the HTTP interface, as RFC 9457 has them.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quorate_primitives::Millis;
use serde::Serialize;

/// An error answer. Its words never repeat what the client sent.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    title: String,
    detail: String,
    retry: Millis,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    /// Makes an answer.
    pub fn new(status: StatusCode, title: &str, detail: &str) -> Self {
        Self { status, title: title.to_owned(), detail: detail.to_owned(), retry: 0 }
    }

    /// Makes the answer to a body that cannot be read.
    pub fn of_body(rejection: &JsonRejection) -> Self {
        let (title, detail) = match rejection {
            JsonRejection::JsonDataError(_) => {
                ("unfit body", "a field is missing, unknown, or out of its range")
            }
            JsonRejection::JsonSyntaxError(_) => ("malformed body", "the body is not JSON"),
            JsonRejection::MissingJsonContentType(_) => ("unsupported media type", "send application/json"),
            // The bytes did not arrive, or were too many.
            _ => ("unreadable body", "the body is longer than 262144 bytes, or did not arrive"),
        };
        Self::new(rejection.status(), title, detail)
    }

    /// Adds when to try again, unless that is never.
    pub fn retry_after(self, retry: Millis) -> Self {
        Self { retry, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: &self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.retry > 0 {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry.div_ceil(1000)));
        }
        response
    }
}
