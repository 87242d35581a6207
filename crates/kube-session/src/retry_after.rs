//! `Retry-After` (RFC 9110, 10.2.3). kube's errors carry no headers: it is written into the `Status` of the answer, which has a
//! place for it.

use std::time::Duration;

use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes};
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::BoxError;

/// The most that the API server may ask for between two requests.
const LONGEST: Duration = Duration::from_secs(10);

/// How long the API server asked to be left alone (429, some 500 and 503), ten seconds at most.
pub fn asked_wait(error: &kube::Error) -> Duration {
    let seconds = match error {
        kube::Error::Api(status) => {
            let asked = status.details.as_ref().map(|details| details.retry_after_seconds);
            // Who is told that it asks too often, and not for how long that holds, comes back after a second.
            asked.unwrap_or(0).max(u32::from(status.code == 429))
        }
        _ => 0,
    };
    Duration::from_secs(seconds.into()).min(LONGEST)
}

/// An error's answer with the header's seconds in its `Status`; any other answer as it is. Priority and fairness refuses in plain
/// text, and says in the header alone when to come back: Kubernetes, "API Priority and Fairness".
pub async fn into_status<B>(answer: Response<B>) -> Result<Response<Either<B, Full<Bytes>>>, BoxError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let code = answer.status();
    let is_error = code.is_client_error() || code.is_server_error();
    let header = answer.headers().get(header::RETRY_AFTER).filter(|_| is_error);
    let text = header.and_then(|value| value.to_str().ok());
    let Some(asked) = text.and_then(|text| seconds(text, Timestamp::now())) else {
        return Ok(answer.map(Either::Left));
    };
    let (mut head, body) = answer.into_parts();
    let body = body.collect().await.map_err(Into::into)?.to_bytes();
    let status = with_seconds(&body, code, asked);
    head.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(
        head,
        Either::Right(Full::from(status.to_string())),
    ))
}

/// Whole seconds, or a time.
fn seconds(text: &str, now: Timestamp) -> Option<u32> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(seconds);
    }
    let time = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    u32::try_from(time.as_second() - now.as_second()).ok()
}

fn with_seconds(body: &[u8], code: StatusCode, asked: u32) -> Value {
    let read = serde_json::from_slice::<Value>(body).ok();
    let mut status = read.filter(|value| value["kind"] == "Status").unwrap_or_else(|| {
        let message = String::from_utf8_lossy(body);
        json!({ "kind": "Status", "status": "Failure", "code": code.as_u16(), "message": message.trim() })
    });
    let own = status["details"]["retryAfterSeconds"].as_u64().unwrap_or(0);
    status["details"]["retryAfterSeconds"] = own.max(asked.into()).into();
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_times_are_read() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("Thu, 01 Jan 2026 00:00:07 GMT", Some(7)),
            ("Wed, 31 Dec 2025 00:00:00 GMT", None),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(seconds(text, now), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn an_error_carries_what_its_header_asks_for() {
        let asked = async |code: u16, header: Option<&str>, body: &str| {
            let mut answer = Response::builder().status(code);
            if let Some(header) = header {
                answer = answer.header(header::RETRY_AFTER, header);
            }
            let answer = answer.body(Full::<Bytes>::from(body.to_owned())).unwrap();
            let body = into_status(answer).await.unwrap().into_body();
            let body = body.collect().await.unwrap().to_bytes();
            // As kube reads an error: what is no Status is its message.
            let status = serde_json::from_slice(&body).unwrap_or_else(|_| {
                kube::core::Status::failure(&String::from_utf8_lossy(&body), "").with_code(code)
            });
            asked_wait(&kube::Error::Api(status.boxed())).as_secs()
        };
        let status = |seconds: u8| {
            json!({ "kind": "Status", "code": 429, "details": { "retryAfterSeconds": seconds } }).to_string()
        };
        assert_eq!(asked(429, Some("4"), "Too many requests\n").await, 4);
        assert_eq!(asked(503, Some("4"), "").await, 4);
        assert_eq!(asked(429, Some("2"), &status(5)).await, 5);
        assert_eq!(asked(429, Some("5"), &status(2)).await, 5);
        assert_eq!(asked(429, None, &status(2)).await, 2);
        assert_eq!(asked(429, None, "Too many requests").await, 1);
        assert_eq!(asked(429, Some("3600"), "").await, LONGEST.as_secs());
        assert_eq!(asked(500, None, "").await, 0);
    }

    #[test]
    fn what_a_status_says_stays() {
        let body = json!({ "kind": "Status", "code": 429, "message": "m", "details": { "name": "n" } });
        let status = with_seconds(body.to_string().as_bytes(), StatusCode::TOO_MANY_REQUESTS, 3);
        assert_eq!(
            (&status["message"], &status["details"]["name"]),
            (&json!("m"), &json!("n"))
        );
        let status = with_seconds(b"{}", StatusCode::TOO_MANY_REQUESTS, 3);
        assert_eq!((&status["code"], &status["message"]), (&json!(429), &json!("{}")));
    }
}
