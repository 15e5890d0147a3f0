use std::ffi::CString;
use std::io::{self, BufReader, IoSlice, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, Prop, Props, ProtocolError, PulseError,
    ServerInfo, SetClientNameReply, SinkInfo, SourceInfo,
};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, UCred,
};

use super::{AudioError, DeviceInfo, Form, Side};
use crate::base::Rate;

/// How long the sound server may take to answer. One that hangs is treated as absent.
const ANSWER: Duration = Duration::from_secs(3);

/// Bytes of the authentication cookie; the server disconnects a client that sends any other number,
/// even if it does not check the cookie.
const COOKIE: usize = 256;

/// Bytes read at once: many messages of a stream.
const READ_BUFFER: usize = 1 << 16;

/// A connection to the sound server: PulseAudio, or PipeWire, which speaks the same protocol.
///
/// Implemented directly on the wire format of the crate `pulseaudio` and not through the sound
/// library, which clears a megabyte at every message (6 % of a core for both sides where this takes
/// less than one), requests a record buffer of a single period (so sound is lost whenever this
/// process is late), and never releases a stream that the server killed.
pub(super) struct Server {
    /// Messages from the server.
    pub(super) wire: BufReader<UnixStream>,
    pub(super) version: u16,
    /// Messages to the server.
    pub(super) mouth: Arc<Mouthpiece>,
}

/// The sending side, shared by the thread of a stream and those who give it orders.
pub(super) struct Mouthpiece {
    socket: Mutex<UnixStream>,
    version: AtomicU16,
    seq: AtomicU32,
}

impl Mouthpiece {
    /// Sends `command`; returns the sequence number of its answer.
    pub(super) fn send(&self, command: &Command) -> Result<u32, ProtocolError> {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let mut bytes = Vec::new();
        let version = self.version.load(Ordering::Relaxed);
        protocol::encode_command_message(&mut bytes, seq, command, version)?;
        self.write(&bytes)?;
        Ok(seq)
    }

    /// Sends `command` with the credentials of this process, as the server's own library does: they
    /// let the server admit its own user without a cookie.
    fn introduce(&self, command: &Command) -> Result<u32, ProtocolError> {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let mut bytes = Vec::new();
        protocol::encode_command_message(&mut bytes, seq, command, protocol::MAX_VERSION)?;
        let from = UCred {
            pid: rustix::process::getpid(),
            uid: rustix::process::getuid(),
            gid: rustix::process::getgid(),
        };
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        with.push(SendAncillaryMessage::ScmCredentials(from));
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        // A sandbox may forbid it; then the cookie must do.
        let sent =
            rustix::net::sendmsg(&*socket, &[IoSlice::new(&bytes)], &mut with, SendFlags::NOSIGNAL)
                .unwrap_or(0);
        socket.write_all(bytes.get(sent..).unwrap_or_default())?;
        Ok(seq)
    }

    /// Sends a whole message.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), ProtocolError> {
        // Two messages at a time would interleave on the wire.
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(socket.write_all(bytes)?)
    }
}

/// Whether a sound server has a socket here.
pub(super) fn present() -> bool {
    pulseaudio::socket_path_from_env().is_some()
}

impl Server {
    /// Connects and authenticates.
    pub(super) fn connect() -> Result<Self, AudioError> {
        Self::reach().map_err(|why| no_server(&why))
    }

    fn reach() -> Result<Self, ProtocolError> {
        let path = pulseaudio::socket_path_from_env()
            .ok_or_else(|| ProtocolError::Invalid("it has no socket".to_owned()))?;
        let cookie = pulseaudio::cookie_path_from_env()
            .and_then(|path| std::fs::read(path).ok())
            .filter(|cookie| cookie.len() == COOKIE)
            .unwrap_or_else(|| vec![0; COOKIE]);
        let socket = dial(&path)?;
        socket.set_read_timeout(Some(ANSWER))?;
        socket.set_write_timeout(Some(ANSWER))?;
        let version = protocol::MAX_VERSION;
        let mouth = Arc::new(Mouthpiece {
            socket: Mutex::new(socket.try_clone()?),
            version: AtomicU16::new(version),
            seq: AtomicU32::new(0),
        });
        let wire = BufReader::with_capacity(READ_BUFFER, socket);
        let mut server = Self { wire, version, mouth };
        let auth = AuthParams { version, supports_shm: false, supports_memfd: false, cookie };
        let sent = server.mouth.introduce(&Command::Auth(auth))?;
        let reply: AuthReply = server.answer(sent)?;
        server.version = version.min(reply.version);
        server.mouth.version.store(server.version, Ordering::Relaxed);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"aloud");
        props.set(Prop::ApplicationId, c"aloud");
        if let Ok(id) = CString::new(std::process::id().to_string()) {
            props.set(Prop::ApplicationProcessId, id);
        }
        let _: SetClientNameReply = server.ask(&Command::SetClientName(props))?;
        Ok(server)
    }

    /// Sends `command` and waits for its answer. Only while no stream or subscription interleaves
    /// other messages.
    pub(super) fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, ProtocolError> {
        let sent = self.mouth.send(command)?;
        self.answer(sent)
    }

    /// Waits for the answer to the message `sent`.
    fn answer<R: CommandReply>(&mut self, sent: u32) -> Result<R, ProtocolError> {
        let (seq, reply) = protocol::read_reply_message(&mut self.wire, self.version)?;
        if seq == sent {
            Ok(reply)
        } else {
            Err(ProtocolError::Invalid("an answer to another question".to_owned()))
        }
    }

    /// The devices, microphones first.
    pub(super) fn devices(&mut self) -> Result<Vec<DeviceInfo>, AudioError> {
        self.list().map_err(|why| no_server(&why))
    }

    fn list(&mut self) -> Result<Vec<DeviceInfo>, ProtocolError> {
        let server: ServerInfo = self.ask(&Command::GetServerInfo)?;
        let sources: Vec<SourceInfo> = self.ask(&Command::GetSourceInfoList)?;
        let sinks: Vec<SinkInfo> = self.ask(&Command::GetSinkInfoList)?;
        let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        let property = |props: &Props, prop| {
            let bytes = props.get(prop)?;
            let text = String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes));
            Some(text.into_owned())
        };
        let sources = sources.into_iter().map(|source| DeviceInfo {
            name: text(source.description.as_ref().unwrap_or(&source.name)),
            side: Side::Input,
            default: server.default_source_name.as_ref() == Some(&source.name),
            monitor_of: monitored(&source, property(&source.props, Prop::DeviceClass)),
            master: property(&source.props, Prop::DeviceMasterDevice),
            form: Form::Unknown,
            rate: Rate(source.sample_spec.sample_rate),
            channels: u16::from(source.sample_spec.channels),
            index: source.index,
            id: text(&source.name),
        });
        let sinks = sinks.into_iter().map(|sink| DeviceInfo {
            name: text(sink.description.as_ref().unwrap_or(&sink.name)),
            side: Side::Output,
            default: server.default_sink_name.as_ref() == Some(&sink.name),
            monitor_of: None,
            master: property(&sink.props, Prop::DeviceMasterDevice),
            form: form(&sink, property(&sink.props, Prop::DeviceFormFactor)),
            rate: Rate(sink.sample_spec.sample_rate),
            channels: u16::from(sink.sample_spec.channels),
            index: sink.index,
            id: text(&sink.name),
        });
        Ok(sources.chain(sinks).collect())
    }
}

/// The form of `sink` by its form factor, the port in use and its name.
fn form(sink: &SinkInfo, factor: Option<String>) -> Form {
    let port = sink.ports.get(sink.active_port).map(|port| port.name.to_string_lossy());
    let name = sink.description.as_ref().unwrap_or(&sink.name).to_string_lossy();
    Form::of(factor.as_deref(), port.as_deref(), &name)
}

/// Connects to the socket at `path`. A hanging server has a short backlog of clients, and
/// connecting beyond it would block until the server resumes; that is reported immediately instead.
fn dial(path: &Path) -> Result<UnixStream, ProtocolError> {
    let address = SocketAddrUnix::new(path).map_err(io::Error::from)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(io::Error::from)?;
    rustix::net::connect(&socket, &address).map_err(io::Error::from)?;
    let socket = UnixStream::from(socket);
    socket.set_nonblocking(false)?;
    Ok(socket)
}

/// The id of the speaker that `source` is the monitor of. PipeWire omits the number for some, and
/// shows it only by name and class.
fn monitored(source: &SourceInfo, class: Option<String>) -> Option<String> {
    if let Some(sink) = &source.monitor_of_sink_name {
        return Some(sink.to_string_lossy().into_owned());
    }
    let id = source.name.to_string_lossy();
    let by_name = id.strip_suffix(".monitor");
    let is_monitor = source.monitor_of_sink_index.is_some()
        || by_name.is_some()
        || class.as_deref() == Some("monitor");
    is_monitor.then(|| by_name.unwrap_or(&id).to_owned())
}

/// The error for a device that the server refused.
pub(super) fn refused(device: &DeviceInfo, why: &ProtocolError) -> AudioError {
    let (side, name) = (device.side, device.name.clone());
    let said = |error| matches!(why, ProtocolError::ServerError(this) if *this == error);
    if said(PulseError::NoEntity) {
        AudioError::NoDevice { side, name }
    } else if said(PulseError::Busy) {
        AudioError::Busy { side, name }
    } else if matches!(why, ProtocolError::ServerError(_)) {
        AudioError::Unusable { side, name, why: why.to_string() }
    } else {
        no_server(why)
    }
}

/// The error for a connection that failed or broke.
pub(super) fn no_server(why: &ProtocolError) -> AudioError {
    use io::ErrorKind::{
        BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, PermissionDenied, TimedOut,
        UnexpectedEof, WouldBlock,
    };
    let of = |kinds: &[io::ErrorKind]| match why {
        ProtocolError::Io(why) => kinds.contains(&why.kind()),
        ProtocolError::UnsupportedVersion(_)
        | ProtocolError::UnexpectedCommand(_)
        | ProtocolError::Invalid(_)
        | ProtocolError::Unimplemented(..)
        | ProtocolError::ServerError(_)
        | ProtocolError::Timeout => false,
    };
    let words = if of(&[UnexpectedEof, BrokenPipe, ConnectionReset]) {
        "it closed the connection".to_owned()
    } else if of(&[ConnectionRefused, NotFound]) {
        "nothing listens on its socket".to_owned()
    } else if of(&[WouldBlock, TimedOut]) {
        "it did not answer in time".to_owned()
    } else if of(&[PermissionDenied])
        || matches!(why, ProtocolError::ServerError(PulseError::AccessDenied))
    {
        "it refuses this user".to_owned()
    } else {
        why.to_string()
    };
    AudioError::NoServer(words)
}
