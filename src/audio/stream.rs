use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    self, ChannelMap, Command, CorkStreamParams, CreatePlaybackStreamReply,
    CreateRecordStreamReply, Descriptor, DescriptorFlags, LatencyParams, PlaybackLatency,
    PlaybackStreamParams, Prop, Props, ProtocolError, RecordStreamParams, SampleFormat, SampleSpec,
    SetPlaybackStreamBufferAttrParams, SetRecordStreamBufferAttrParams, SubscriptionMask,
    TagStructReader,
};

use super::format::{MicrophoneEdge, SpeakerEdge};
use super::server::{Mouthpiece, Server, no_server, refused};
use super::thread::thread;
use super::{AudioError, DeviceInfo, SharedState, Side};
use crate::base::{Clock, LISTEN_RATE, Rate, SPEAKER_RATE};

/// Buffering requested for the loudspeaker, in frames at [`SPEAKER_RATE`]: everything between us
/// and the loudspeaker, and the size of one request. The server gives the device (first - 2 *
/// second) / 2; requesting two pieces in total would make that zero, and an idle card would wake up
/// two thousand times a second.
struct Depth {
    target: u32,
    piece: u32,
}

/// While something sounds: 20 ms, of which the device has 5.
const SPEAKING: Depth = Depth { target: 960, piece: 240 };

/// While silent: 100 ms at the device. This buffer also counts while paused, and with a larger one
/// the first word would be late on a card that cannot rewind.
const PAUSED: Depth = Depth { target: 12_000, piece: 1_200 };

/// The same for the microphone, in frames at [`LISTEN_RATE`]: half of it is the device's period, 10
/// ms while somebody speaks and 50 ms otherwise. Sound from before speech was noticed is kept, so
/// noticing it later loses nothing.
const LISTENING: u32 = 320;
const DOZING: u32 = 1_600;

/// Bytes per frame: one channel of 32-bit floats; the server converts to and from anything, knowing
/// the channels better.
const FRAME: u32 = 4;

/// Pieces of playback between latency queries: about a second.
const LATENCY_EVERY: u32 = 200;

/// The longest message that is accepted: what the server's largest buffer holds.
const LONGEST: usize = protocol::MAX_MEMBLOCKQ_LENGTH;

/// What a running stream reports, on its own thread.
pub(super) enum Word {
    /// A device appeared, disappeared or changed, or the stream was moved: check the devices.
    Changed,
    /// The stream is gone. The last message.
    Broke(AudioError),
}

/// A connection with its own thread. Dropping it ends both immediately, even if the server hangs.
struct Line {
    socket: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Line {
    fn drop(&mut self) {
        // All further reads and writes of the thread fail.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reports devices that appear, disappear or change, until dropped.
pub(super) struct Lookout {
    _line: Line,
}

impl Lookout {
    /// Every change after this returns calls `changed`, as does the end of the server.
    pub(super) fn new(changed: impl Fn() + Send + 'static) -> Result<Self, AudioError> {
        let broke = |why: ProtocolError| no_server(&why);
        let mut server = Server::connect()?;
        server.mouth.send(&Command::Subscribe(watched())).map_err(broke)?;
        protocol::read_ack_message(&mut server.wire).map_err(broke)?;
        let line = Line::start("aloud-lookout", server, move |server| {
            // Both the end of the server and its messages before that count as changes.
            let _ = listen(server, &mut Idle, &|_| changed());
            changed();
        })?;
        Ok(Self { _line: line })
    }
}

impl Line {
    fn start(
        name: &str,
        mut server: Server,
        run: impl FnOnce(&mut Server) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let broke = |why: std::io::Error| no_server(&why.into());
        let socket = server.wire.get_ref().try_clone().map_err(broke)?;
        // From here on a silent server is no error; the supervisor watches the callbacks.
        socket.set_read_timeout(None).map_err(broke)?;
        Ok(Self { socket, thread: Some(thread(name, move || run(&mut server))?) })
    }
}

/// Events that the server reports unasked.
fn watched() -> SubscriptionMask {
    SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER
}

/// A stream on the sound server.
pub(super) struct Stream {
    _line: Line,
    mouth: Arc<Mouthpiece>,
    channel: u32,
    side: Side,
}

impl Stream {
    /// The rate at which a side runs; the server converts. Input is wanted at 16 kHz, and fewer,
    /// smaller messages save most of the cost of listening.
    pub(super) fn rate(side: Side) -> Rate {
        match side {
            Side::Input => LISTEN_RATE,
            Side::Output => SPEAKER_RATE,
        }
    }

    /// Lets the stream rest, or resumes it: the loudspeaker's callbacks stop, the microphone's come
    /// less often. A failure shows by missing callbacks.
    pub(super) fn rest(&self, on: bool) {
        // If it cannot be sent, the connection has ended, which its thread reports.
        let send = |command: Command| drop(self.mouth.send(&command));
        let (index, adjust_latency, early_requests) = (self.channel, true, false);
        match self.side {
            Side::Input => {
                let buffer_attr = recording(if on { DOZING } else { LISTENING });
                send(Command::SetRecordStreamBufferAttr(SetRecordStreamBufferAttrParams {
                    index,
                    buffer_attr,
                    adjust_latency,
                    early_requests,
                }));
            }
            Side::Output => {
                let buffer_attr = playing(if on { &PAUSED } else { &SPEAKING });
                let depth =
                    Command::SetPlaybackStreamBufferAttr(SetPlaybackStreamBufferAttrParams {
                        index,
                        buffer_attr,
                        adjust_latency,
                        early_requests,
                    });
                let cork = Command::CorkPlaybackStream(CorkStreamParams {
                    channel: self.channel,
                    cork: on,
                });
                // Paused before the buffer grows, and shrunk before it resumes, so that no more
                // silence is ever queued than a reply can afford to wait for.
                for command in if on { [cork, depth] } else { [depth, cork] } {
                    send(command);
                }
            }
        }
    }

    /// Records `device` into `edge`, mono at [`LISTEN_RATE`].
    pub(super) fn capture(
        device: &DeviceInfo,
        edge: MicrophoneEdge,
        shared: SharedState,
        clock: Clock,
        tell: impl Fn(Word) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let mut server = Server::connect()?;
        let params = RecordStreamParams {
            sample_spec: spec(Side::Input),
            channel_map: ChannelMap::mono(),
            source_index: Some(device.index),
            // Sound that arrives while this process is late waits at the server; with a buffer of
            // one period, which the sound library requests, it would be lost.
            buffer_attr: recording(LISTENING),
            flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
            props: props(),
            ..RecordStreamParams::default()
        };
        let reply: CreateRecordStreamReply = server
            .ask(&Command::CreateRecordStream(params))
            .map_err(|why| refused(device, &why))?;
        let channel = reply.channel;
        let recorder = Recorder { edge, shared, clock, channel, pcm: Vec::new() };
        Self::run("aloud-mic", server, reply.channel, device.clone(), recorder, tell)
    }

    /// Plays `edge` on `device`, mono at [`SPEAKER_RATE`].
    pub(super) fn playback(
        device: &DeviceInfo,
        edge: SpeakerEdge,
        shared: SharedState,
        clock: Clock,
        tell: impl Fn(Word) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let mut server = Server::connect()?;
        let params = PlaybackStreamParams {
            sample_spec: spec(Side::Output),
            channel_map: ChannelMap::mono(),
            sink_index: Some(device.index),
            buffer_attr: playing(&SPEAKING),
            flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
            props: props(),
            ..PlaybackStreamParams::default()
        };
        let reply: CreatePlaybackStreamReply = server
            .ask(&Command::CreatePlaybackStream(params))
            .map_err(|why| refused(device, &why))?;
        let mut player = Player {
            edge,
            shared,
            clock,
            channel: reply.channel,
            pcm: Vec::new(),
            bytes: Vec::new(),
            ahead: 0,
            periods: 0,
            asked: None,
        };
        player.play(&server, reply.requested_bytes).map_err(|why| refused(device, &why))?;
        Self::run("aloud-spk", server, reply.channel, device.clone(), player, tell)
    }

    fn run(
        name: &str,
        server: Server,
        channel: u32,
        device: DeviceInfo,
        mut work: impl Work + Send + 'static,
        tell: impl Fn(Word) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let broke = |why: ProtocolError| no_server(&why);
        server.mouth.send(&Command::Subscribe(watched())).map_err(broke)?;
        let (mouth, side) = (Arc::clone(&server.mouth), device.side);
        let line = Line::start(name, server, move |server| {
            let why = match listen(server, &mut work, &tell) {
                Ok(()) => AudioError::NoDevice { side: device.side, name: device.name.clone() },
                Err(why) => refused(&device, &why),
            };
            tell(Word::Broke(why));
        })?;
        Ok(Self { _line: line, mouth, channel, side })
    }
}

/// How a side handles the messages of its stream.
trait Work {
    /// Sound has arrived.
    fn on_sound(&mut self, channel: u32, bytes: &[u8]);

    /// The server wants `length` bytes of sound.
    fn on_request(&mut self, server: &Server, length: u32) -> Result<(), ProtocolError>;

    /// The answer to request `seq` has arrived.
    fn on_reply(&mut self, seq: u32, reply: &mut TagStructReader<'_>);

    /// An underrun or overrun.
    fn on_glitch(&mut self);
}

/// Serves one stream until the server kills it (`Ok`) or the connection ends.
#[expect(clippy::wildcard_enum_match_arm, reason = "most commands of the protocol are not ours")]
fn listen(
    server: &mut Server,
    work: &mut impl Work,
    tell: &impl Fn(Word),
) -> Result<(), ProtocolError> {
    let mut bytes = Vec::new();
    loop {
        let head = protocol::read_descriptor(&mut server.wire)?;
        let length = head.length as usize;
        if length > LONGEST {
            return Err(ProtocolError::Invalid("a message without measure".to_owned()));
        }
        bytes.resize(length, 0);
        server.wire.read_exact(&mut bytes)?;
        if head.channel != u32::MAX {
            work.on_sound(head.channel, &bytes);
            continue;
        }
        let mut rest = bytes.as_slice();
        // A message unknown to this version of the protocol is not for us.
        let Ok((seq, command)) = Command::read_tag_prefixed(&mut rest, server.version) else {
            continue;
        };
        match command {
            Command::Request(request) => work.on_request(server, request.length)?,
            Command::Reply => {
                work.on_reply(seq, &mut TagStructReader::new(&mut rest, server.version));
            }
            Command::Overflow(_) | Command::Underflow(_) => work.on_glitch(),
            Command::PlaybackStreamKilled(_) | Command::RecordStreamKilled(_) => return Ok(()),
            Command::PlaybackStreamMoved(_)
            | Command::RecordStreamMoved(_)
            | Command::SubscribeEvent(_) => tell(Word::Changed),
            _ => {}
        }
    }
}

/// Handles a connection without a stream.
struct Idle;

impl Work for Idle {
    fn on_sound(&mut self, _: u32, _: &[u8]) {}

    fn on_request(&mut self, _: &Server, _: u32) -> Result<(), ProtocolError> {
        Ok(())
    }

    fn on_reply(&mut self, _: u32, _: &mut TagStructReader<'_>) {}

    fn on_glitch(&mut self) {}
}

struct Recorder {
    edge: MicrophoneEdge,
    shared: SharedState,
    clock: Clock,
    channel: u32,
    pcm: Vec<f32>,
}

impl Work for Recorder {
    fn on_sound(&mut self, channel: u32, bytes: &[u8]) {
        if channel != self.channel {
            return;
        }
        self.pcm.clear();
        self.pcm.extend(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        self.edge.take(&self.pcm, self.clock.now());
    }

    fn on_request(&mut self, _: &Server, _: u32) -> Result<(), ProtocolError> {
        Ok(())
    }

    fn on_reply(&mut self, _: u32, _: &mut TagStructReader<'_>) {}

    fn on_glitch(&mut self) {
        self.shared.note_capture_xrun();
    }
}

struct Player {
    edge: SpeakerEdge,
    shared: SharedState,
    clock: Clock,
    channel: u32,
    pcm: Vec<f32>,
    bytes: Vec<u8>,
    /// Frames between the next write and the loudspeaker, as last measured.
    ahead: u64,
    /// Periods since the last query, and the query still open.
    periods: u32,
    asked: Option<u32>,
}

impl Player {
    /// Sends `length` bytes of sound.
    fn play(&mut self, server: &Server, length: u32) -> Result<(), ProtocolError> {
        let length = length.min(LONGEST as u32) / FRAME * FRAME;
        self.pcm.resize((length / FRAME) as usize, 0.0);
        self.edge.fill(&mut self.pcm, self.ahead, self.clock.now());
        let head = Descriptor {
            length,
            channel: self.channel,
            offset: 0,
            flags: DescriptorFlags::empty(),
        };
        let mut start = [0; protocol::DESCRIPTOR_SIZE];
        protocol::encode_descriptor(&mut start, &head);
        self.bytes.clear();
        self.bytes.extend(start);
        self.bytes.extend(self.pcm.iter().flat_map(|sample| sample.to_le_bytes()));
        server.mouth.write(&self.bytes)
    }
}

impl Work for Player {
    fn on_sound(&mut self, _: u32, _: &[u8]) {}

    fn on_request(&mut self, server: &Server, length: u32) -> Result<(), ProtocolError> {
        self.play(server, length)?;
        self.periods += 1;
        if self.asked.is_none() && self.periods >= LATENCY_EVERY {
            self.periods = 0;
            // The time is only echoed back, and we have no use for it.
            let question = LatencyParams { channel: self.channel, now: SystemTime::UNIX_EPOCH };
            self.asked = Some(server.mouth.send(&Command::GetPlaybackLatency(question))?);
        }
        Ok(())
    }

    fn on_reply(&mut self, seq: u32, reply: &mut TagStructReader<'_>) {
        if self.asked != Some(seq) {
            return;
        }
        self.asked = None;
        if let Ok(latency) = reply.read::<PlaybackLatency>() {
            let waiting = (latency.write_offset - latency.read_offset).max(0).cast_unsigned();
            let device = latency.sink_usec * u64::from(SPEAKER_RATE.0) / 1_000_000;
            // Queried right after writing a period, which the edge adds by itself.
            let ahead = waiting / u64::from(FRAME) + device;
            self.ahead = ahead.saturating_sub(self.pcm.len() as u64);
        }
    }

    fn on_glitch(&mut self) {
        self.shared.note_playback_xrun();
    }
}

fn recording(frames: u32) -> BufferAttr {
    let fragment_size = frames * FRAME;
    BufferAttr { max_length: u32::MAX, fragment_size, ..BufferAttr::default() }
}

fn playing(depth: &Depth) -> BufferAttr {
    BufferAttr {
        max_length: u32::MAX,
        target_length: depth.target * FRAME,
        minimum_request_length: depth.piece * FRAME,
        ..BufferAttr::default()
    }
}

fn spec(side: Side) -> SampleSpec {
    let sample_rate = Stream::rate(side).0;
    SampleSpec { format: SampleFormat::Float32Le, channels: 1, sample_rate }
}

fn props() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, c"aloud");
    props
}
