//! DNS messages over TCP connections (RFC 7766).

use retrylab_core::name::split_frame;
use std::io;
use tokio::net::TcpStream;

/// Number of bytes to read at a time.
const CHUNK: usize = 4_096;

/// Reads the next message. `buffer` keeps what has arrived after it; `None` is the end of the connection between
/// two messages.
///
/// The future can be dropped at any time: what has been read stays in `buffer`.
///
/// # Errors
/// If the connection fails, or ends within a message.
pub(crate) async fn read_message(
    stream: &TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some((message, rest)) = split_frame(buffer) {
            let (message, rest) = (message.to_vec(), rest.to_vec());
            *buffer = rest;
            return Ok(Some(message));
        }
        if read_some(stream, buffer).await? == 0 {
            return match buffer.is_empty() {
                true => Ok(None),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
    }
}

/// Appends what has arrived to `buffer`; returns the number of bytes, 0 at the end.
async fn read_some(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; CHUNK];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut chunk) {
            Ok(len) => {
                buffer.extend_from_slice(&chunk[..len]);
                return Ok(len);
            }
            Err(error) if is_spurious(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes all of `bytes`.
///
/// # Errors
/// If the connection fails.
pub(crate) async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => bytes = &bytes[len..],
            Err(error) if is_spurious(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_spurious(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
