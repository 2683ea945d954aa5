//! The RPC client against servers that break, lie and flood.

use quorate_node::near::client::RpcError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::double::Double;
use crate::support::client;

/// A server that answers every connection with these bytes, over and over as long as somebody reads if `flood`.
async fn server(answer: &'static str, flood: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                while flood && stream.write_all(&[b' '; 65_536]).await.is_ok() {}
            });
        }
    });
    url
}

async fn fault(answer: &'static str, flood: bool) -> String {
    let url = server(answer, flood).await;
    client(&[url]).head().await.unwrap_err().to_string()
}

#[tokio::test]
async fn h1_every_lie_of_a_server_has_its_name() {
    for (answer, flood, expected) in [
        ("", false, "the connection breaks"),
        ("SSH-2.0-OpenSSH\r\n", false, "the connection breaks"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", false, "answers block with something else"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull", false, "answers block with something else"),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops", false, "HTTP status 502"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n", true, "more than 33554432 bytes"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\n{\"result\":{\"error\":\"nope\"}}",
            false,
            "something else",
        ),
    ] {
        let text = fault(answer, flood).await;
        assert!(text.contains(expected), "{answer:?}: {text}");
    }
}

#[tokio::test]
async fn a_deep_answer_is_refused() {
    let body: &'static str =
        Box::leak(format!("{{\"result\":{}{}}}", "[".repeat(5000), "]".repeat(5000)).into_boxed_str());
    let answer: &'static str = Box::leak(
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_boxed_str(),
    );
    assert!(fault(answer, false).await.contains("something else"));
}

#[tokio::test]
async fn the_next_address_is_asked_when_one_fails() {
    let double = Double::start().await;
    let broken = server("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", false).await;
    let closed = "http://127.0.0.1:1".to_owned();
    let client = client(&[broken, closed, double.url()]);
    assert!(client.head().await.is_ok());
    assert_eq!(client.address(), double.url(), "the one that answered is preferred from now on");
}

#[tokio::test]
async fn a_refusal_of_the_rpc_is_an_answer() {
    let double = Double::start().await;
    let client = client(&[double.url(), "http://127.0.0.1:1".to_owned()]);
    let error = client.block(quorate_node::near::hash::Hash([1; 32])).await.unwrap_err();
    assert_eq!(error.cause(), Some("UNKNOWN_BLOCK"));
    let error = client.view("v1.signer.localnet", "nothing", &serde_json::json!({})).await.unwrap_err();
    assert!(matches!(&error, RpcError::Query { text } if text.contains("MethodNotFound")), "{error}");
}

#[tokio::test]
async fn connections_are_kept_and_replaced_when_the_server_closed_them() {
    let double = Double::start().await;
    let client = client(&[double.url()]);
    for _ in 0..50 {
        client.head().await.unwrap();
    }
    // Answers and then closes without saying so: the kept connection is dead when the next call comes.
    let body = r#"{"jsonrpc":"2.0","id":1,"result":{"chain_id":"x"}}"#;
    let answer: &'static str = Box::leak(
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_boxed_str(),
    );
    let client = crate::support::client(&[server(answer, false).await]);
    for _ in 0..5 {
        let (_, status) = client.statuses().await.remove(0);
        assert_eq!(status.unwrap().chain_id, "x");
        tokio::time::sleep(core::time::Duration::from_millis(20)).await;
    }
}
