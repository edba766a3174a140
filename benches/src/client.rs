//! A keep-alive HTTP/1.1 connection that costs little: the load must not be what limits.

use std::io;
use std::ops::Range;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection to a server on this machine.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A reply; its body lies in the connection until the next one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: &'a [u8],
    /// `name=value` of each cookie that it sets.
    pub cookies: Vec<String>,
}

/// What the head of a reply says.
struct Head {
    status: u16,
    length: usize,
    chunked: bool,
    cookies: Vec<String>,
}

impl Connection {
    /// Connects to `address`.
    ///
    /// # Errors
    /// As the system has it.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a whole request, as [`request`] makes it, and waits for the whole reply.
    ///
    /// # Errors
    /// The connection breaks, or what comes is no reply.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.send(request).await?;
        self.reply().await
    }

    /// Sends a whole request, as [`request`] makes it.
    ///
    /// # Errors
    /// The connection breaks.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await
    }

    /// Waits for the whole reply to what was sent.
    ///
    /// # Errors
    /// The connection breaks, or what comes is no reply.
    pub async fn reply(&mut self) -> io::Result<Reply<'_>> {
        self.buffer.clear();
        let end = loop {
            if let Some(at) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head = Head::read(&self.buffer[..end])?;
        let body = match head.chunked {
            true => self.unchunk(end).await?,
            false => {
                let whole = end + head.length;
                while self.buffer.len() < whole {
                    self.fill().await?;
                }
                end..whole
            }
        };
        Ok(Reply { status: head.status, body: &self.buffer[body], cookies: head.cookies })
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(4_096);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up")),
            _ => Ok(()),
        }
    }

    /// Moves the chunks together, over the words between them.
    async fn unchunk(&mut self, start: usize) -> io::Result<Range<usize>> {
        let (mut end, mut at) = (start, start);
        loop {
            let line = loop {
                if let Some(length) = memmem::find(&self.buffer[at..], b"\r\n") {
                    break at..at + length;
                }
                self.fill().await?;
            };
            let size = str::from_utf8(&self.buffer[line.clone()]).unwrap_or_default();
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(|_| broken("a chunk has no size"))?;
            let data = line.end + 2..line.end + 2 + size;
            while self.buffer.len() < data.end + 2 {
                self.fill().await?;
            }
            self.buffer.copy_within(data.clone(), end);
            (end, at) = (end + size, data.end + 2);
            if size == 0 {
                return Ok(start..end);
            }
        }
    }
}

impl Head {
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(bytes).map_err(|error| broken(&error.to_string()))?;
        let mut head = Self {
            status: response.code.unwrap_or_default(),
            length: 0,
            chunked: false,
            cookies: Vec::new(),
        };
        for header in response.headers.iter() {
            let value = str::from_utf8(header.value).unwrap_or_default();
            if header.name.eq_ignore_ascii_case("content-length") {
                head.length = value.parse().map_err(|_| broken("no Content-Length"))?;
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = value.eq_ignore_ascii_case("chunked");
            } else if header.name.eq_ignore_ascii_case("set-cookie") {
                head.cookies.extend(value.split(';').next().map(str::to_owned));
            }
        }
        Ok(head)
    }
}

/// A whole POST of JSON; `headers` are lines that end with `\r\n`.
pub fn post(address: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    request("POST", address, path, headers, body)
}

/// A whole request; `headers` are lines that end with `\r\n`.
pub fn request(method: &str, address: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}
