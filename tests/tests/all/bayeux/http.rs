//! A request and an answer, and how they travel as bytes.

use std::collections::BTreeMap;
use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request before it has chosen a door.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Body,
    /// Waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// The connection that it goes over, if it stays open.
    pub(crate) on: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Whole(String),
    Chunks(Vec<String>),
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// By names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Ask {
    /// The head, and the body as it is framed.
    fn bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let mut head =
            format!("{} {} HTTP/1.1\r\nHost: chat.example.com\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.on.is_none() {
            head += "Connection: close\r\n";
        }
        if self.expects_continue {
            head += "Expect: 100-continue\r\n";
        }
        let body = match &self.body {
            Body::Whole(body) => {
                head += &format!("Content-Length: {}\r\n", body.len());
                body.clone()
            }
            Body::Chunks(chunks) => {
                head += "Transfer-Encoding: chunked\r\n";
                let framed = chunks.iter().map(|c| format!("{:x}\r\n{c}\r\n", c.len()));
                framed.collect::<String>() + "0\r\n\r\n"
            }
        };
        (format!("{head}\r\n").into_bytes(), body.into_bytes())
    }

    /// Sends it and reads the answer.
    pub(crate) async fn over(&self, stream: &mut TcpStream) -> io::Result<Answered> {
        let (head, body) = self.bytes();
        if self.expects_continue {
            stream.write_all(&head).await?;
            let word = read_answer(stream).await?;
            if word.status != 100 {
                return Ok(word); // the server does not want the body
            }
            stream.write_all(&body).await?;
        } else {
            stream.write_all(&[head, body].concat()).await?;
        }
        read_answer(stream).await
    }
}

/// Reads one answer and nothing behind it.
async fn read_answer(stream: &mut TcpStream) -> io::Result<Answered> {
    let bad = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await?);
    }
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    head.parse(&bytes).map_err(|why| bad(why.to_string()))?;
    let status = head.code.unwrap_or_default();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: BTreeMap<String, String> =
        head.headers.iter().map(|h| (h.name.to_ascii_lowercase(), text(h.value))).collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    if length.is_none() && status != 100 {
        return Err(bad(format!("expected a length, found {}", text(&bytes))));
    }
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let body = String::from_utf8(body).map_err(|why| bad(why.to_string()))?;
    Ok(Answered { status, headers, body })
}
