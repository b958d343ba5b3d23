//! Systems other than Linux: what tokio offers everywhere.

use super::{Problem, Received};
use std::io;
use std::net::SocketAddr;
use tokio::io::Interest;
use tokio::net::UdpSocket;

pub(in super::super) fn prepare(_io: &UdpSocket) -> io::Result<()> {
    Ok(())
}

pub(in super::super) fn receive(io: &UdpSocket, buf: &mut [u8]) -> io::Result<Received> {
    let (len, from) = io.try_recv_from(buf)?;
    Ok(Received { len, from, local: None, lost: None })
}

pub(in super::super) use receive as read;

pub(in super::super) async fn send(
    io: &UdpSocket,
    bytes: &[u8],
    _from: Option<SocketAddr>,
    to: Option<SocketAddr>,
) -> io::Result<()> {
    match to {
        Some(to) => io.send_to(bytes, to).await.map(drop),
        None => io.send(bytes).await.map(drop),
    }
}

pub(in super::super) fn problem(io: &UdpSocket) -> Option<Problem> {
    let nothing = || io::ErrorKind::WouldBlock.into();
    io.try_io(Interest::ERROR, || problem_now(io).ok_or_else(nothing)).ok()
}

pub(in super::super) fn problem_now(io: &UdpSocket) -> Option<Problem> {
    io.take_error().ok().flatten().map(Problem::System)
}

pub(in super::super) fn lost(_io: &UdpSocket) -> Option<u32> {
    None
}
