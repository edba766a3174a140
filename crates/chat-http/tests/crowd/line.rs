//! A connection over the loopback that asks one thing after the other.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An HTTP/1.1 connection, opened when it is needed.
pub(crate) struct Line {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The `name=value` of the session cookie it sets.
    pub(crate) cookie: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Line {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Asks, with `headers` as they are written, each with its end of line.
    ///
    /// Dropped before the reply is there, it breaks the connection, as a lost network does.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        let base = if path == "/metrics" { "" } else { "/api/v2" };
        let request = format!(
            "{method} {base}{path} HTTP/1.1\r\nHost: crowd\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let reply = read(&mut stream).await?;
        self.stream = Some(stream);
        Ok(reply)
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut buffer = Vec::with_capacity(4_096);
    let head = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let body = buffer.split_off(head + 4);
    let head = str::from_utf8(&buffer[..head]).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok());
    let mut reply = Reply { status: status.unwrap_or(0), cookie: None, body };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap_or(0);
        } else if name.eq_ignore_ascii_case("set-cookie") && value.starts_with("JSESSIONID") {
            reply.cookie = value.split(';').next().map(str::to_owned);
        }
    }
    while reply.body.len() < length {
        if stream.read_buf(&mut reply.body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(reply)
}
