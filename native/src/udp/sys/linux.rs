//! Linux: `recvmsg` and `sendmsg` with control messages.

use super::{Problem, Received};
use crate::udp::errors::{Class, Icmp, Report};
use nix::libc::{
    SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, in_addr, in_pktinfo, in6_addr, in6_pktinfo,
    sock_extended_err, sockaddr_in6,
};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::os::linux::fs::MetadataExt;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Size of the receive buffer to ask for, in bytes. The system reduces it to `net.core.rmem_max`, and doubles
/// the result to account for its own bookkeeping: a short datagram takes 768 bytes of it.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Enlarges the receive buffer, and asks the system for what [`receive`] and [`problem`] return.
///
/// # Errors
/// The errors of `setsockopt`.
pub(in super::super) fn prepare(io: &UdpSocket) -> io::Result<()> {
    let local = io.local_addr()?;
    // Without these, the system reports nothing to a socket that is not connected, not even that a full queue
    // has dropped a datagram.
    setsockopt(io, sockopt::Ipv4RecvErr, &true)?;
    if local.is_ipv6() {
        setsockopt(io, sockopt::Ipv6RecvErr, &true)?;
    }
    setsockopt(io, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
    setsockopt(io, sockopt::RxqOvfl, &1)?;
    if local.ip().to_canonical().is_unspecified() {
        // A socket for both families reports IPv4 in the form of IPv4.
        setsockopt(io, sockopt::Ipv4PacketInfo, &true)?;
        if local.is_ipv6() {
            setsockopt(io, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
    }
    Ok(())
}

/// Reads a datagram that has arrived into `buf`.
///
/// # Errors
/// Those of `recvmsg`; `WouldBlock` if there is no datagram.
pub(in super::super) fn receive(io: &UdpSocket, buf: &mut [u8]) -> io::Result<Received> {
    io.try_io(Interest::READABLE, || read(io, buf))
}

/// Like [`receive`], also if tokio has not noticed yet that a datagram has arrived.
///
/// # Errors
/// Those of `recvmsg`; `WouldBlock` if there is no datagram.
pub(in super::super) fn read(io: &UdpSocket, buf: &mut [u8]) -> io::Result<Received> {
    let mut control = nix::cmsg_space!(in_pktinfo, in6_pktinfo, u32);
    let mut parts = [IoSliceMut::new(buf)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg(io.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let from = message.address.as_ref().and_then(socket_address);
    let from = from.ok_or_else(|| io::Error::other("a datagram without a sender"))?;
    let mut received = Received { len: message.bytes, from, local: None, lost: None };
    for control in message.cmsgs()? {
        match control {
            ControlMessageOwned::RxqOvfl(lost) => received.lost = Some(lost),
            ControlMessageOwned::Ipv4PacketInfo(info) => received.local = asked_v4(info, from),
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                received.local = received.local.or(asked_v6(info));
            }
            _ => {}
        }
    }
    Ok(received)
}

/// Sends `bytes`: to `to`, or to the peer of a connected socket; from `from`, or from the address that the
/// system selects. Waits while the send buffer of the system is full.
///
/// # Errors
/// Those of `sendmsg`.
pub(in super::super) async fn send(
    io: &UdpSocket,
    bytes: &[u8],
    from: Option<SocketAddr>,
    to: Option<SocketAddr>,
) -> io::Result<()> {
    let to = to.map(SockaddrStorage::from);
    let (v4, v6) = (from.and_then(source_v4), from.and_then(source_v6));
    let v4 = v4.as_ref().map(ControlMessage::Ipv4PacketInfo);
    let control: Vec<_> =
        v6.as_ref().map(ControlMessage::Ipv6PacketInfo).or(v4).into_iter().collect();
    let write = || {
        let flags = MsgFlags::MSG_DONTWAIT;
        sendmsg(io.as_raw_fd(), &[IoSlice::new(bytes)], &control, flags, to.as_ref())?;
        Ok(())
    };
    // Not through tokio, which makes a task pause now and then: a signal would find a request between its
    // arrival and its answer.
    match write() {
        Err(error) if io::Error::kind(&error) == io::ErrorKind::WouldBlock => {
            io.async_io(Interest::WRITABLE, write).await
        }
        done => done,
    }
}

/// Returns the next pending problem if tokio has noticed an error of the socket.
pub(in super::super) fn problem(io: &UdpSocket) -> Option<Problem> {
    // tokio forgets what it has noticed when there is no further problem.
    let nothing = || io::ErrorKind::WouldBlock.into();
    io.try_io(Interest::ERROR, || problem_now(io).ok_or_else(nothing)).ok()
}

/// Returns the next pending problem, also if tokio has not noticed it yet.
pub(in super::super) fn problem_now(io: &UdpSocket) -> Option<Problem> {
    let mut control =
        nix::cmsg_space!((sock_extended_err, sockaddr_in6), in_pktinfo, in6_pktinfo, u32);
    let mut buf = [0; 1];
    let mut parts = [IoSliceMut::new(&mut buf)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let Ok(message) = recvmsg(io.as_raw_fd(), &mut parts, Some(&mut control), flags) else {
        return io.take_error().ok().flatten().map(Problem::System);
    };
    let to = message.address.as_ref().and_then(socket_address);
    message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, by) => {
            let by = by.map(|by| Ipv4Addr::from(by.sin_addr.s_addr.to_ne_bytes()).into());
            Some(reported(&error, to, by))
        }
        ControlMessageOwned::Ipv6RecvErr(error, by) => {
            let by = by.map(|by| Ipv6Addr::from(by.sin6_addr.s6_addr).to_canonical());
            Some(reported(&error, to, by))
        }
        _ => None,
    })
}

fn reported(error: &sock_extended_err, to: Option<SocketAddr>, by: Option<IpAddr>) -> Problem {
    let (kind, code) = (error.ee_type, error.ee_code);
    let icmp = match error.ee_origin {
        SO_EE_ORIGIN_ICMP => Some(Icmp::V4 { kind, code }),
        SO_EE_ORIGIN_ICMP6 => Some(Icmp::V6 { kind, code }),
        _ => None,
    };
    match (icmp, to) {
        (Some(icmp), Some(to)) => {
            let by = by.filter(|by| !by.is_unspecified());
            let mtu = (icmp.class() == Class::SizeLimit).then_some(error.ee_info);
            Problem::Report(Report { to, by, icmp, mtu })
        }
        _ => Problem::System(io::Error::from_raw_os_error(error.ee_errno.cast_signed())),
    }
}

/// Returns the number of datagrams that `io` has lost so far, because its receive buffer was full or a
/// checksum was wrong, modulo 2^32. `None` if `/proc` is not available.
pub(in super::super) fn lost(io: &UdpSocket) -> Option<u32> {
    let inode = std::fs::metadata(format!("/proc/self/fd/{}", io.as_raw_fd())).ok()?.st_ino();
    let v6 = io.local_addr().ok()?.is_ipv6();
    let table =
        std::fs::read_to_string(if v6 { "/proc/net/udp6" } else { "/proc/net/udp" }).ok()?;
    table.lines().find_map(|line| {
        // Columns of proc_pid_net(5); the last one is `drops`.
        let columns: Vec<&str> = line.split_whitespace().collect();
        let own = columns.get(9)?.parse() == Ok(inode);
        if own { columns.get(12)?.parse().ok() } else { None }
    })
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
        (Some(v4), _) => Some((*v4).into()),
        (_, Some(v6)) => Some((*v6).into()),
        (None, None) => None,
    }
}

/// Returns the address of this host to answer from. For a request to a broadcast address that is not the
/// address that was asked.
fn asked_v4(info: in_pktinfo, from: SocketAddr) -> Option<SocketAddr> {
    let ip = Some(Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()));
    let ip = ip.filter(|ip| !ip.is_unspecified())?;
    let ip = if from.is_ipv6() { ip.to_ipv6_mapped().into() } else { IpAddr::from(ip) };
    Some((ip, 0).into())
}

/// Returns the address of this host to answer from; `None` if the request was sent to a multicast address.
fn asked_v6(info: in6_pktinfo) -> Option<SocketAddr> {
    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
    // A link-local address is one of an interface.
    let scope = if ip.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
    (!ip.is_multicast()).then(|| SocketAddrV6::new(ip, 0, 0, scope).into())
}

fn source_v4(from: SocketAddr) -> Option<in_pktinfo> {
    let SocketAddr::V4(from) = from else { return None };
    let address = in_addr { s_addr: u32::from_ne_bytes(from.ip().octets()) };
    Some(in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address, ipi_addr: in_addr { s_addr: 0 } })
}

fn source_v6(from: SocketAddr) -> Option<in6_pktinfo> {
    let SocketAddr::V6(from) = from else { return None };
    let address = in6_addr { s6_addr: from.ip().octets() };
    Some(in6_pktinfo { ipi6_addr: address, ipi6_ifindex: from.scope_id() })
}
