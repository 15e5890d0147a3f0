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
    SubscriptionMask, TagStructReader,
};

use super::format::{MicrophoneEdge, SpeakerEdge};
use super::server::{Mouthpiece, Server, refused};
use super::sound::thread;
use super::{AudioError, DeviceInfo, Gauge, Side};
use crate::base::{LISTEN_RATE, Rate, SPEAKER_RATE};

/// Frames in a period: 10 ms. Half of it loses sound under PipeWire.
const PERIOD: u32 = 480;

/// The same for the microphone, at its rate.
const LISTEN_PERIOD: u32 = 160;

/// Bytes of a frame: one channel of 32 bit floats; the server converts from and to anything, with
/// better knowledge of the channels.
const FRAME: u32 = 4;

/// Periods of playback between two questions for its latency: about a second.
const LATENCY_EVERY: u32 = 100;

/// The longest message that is believed: what the server's largest buffer holds.
const LONGEST: usize = protocol::MAX_MEMBLOCKQ_LENGTH;

/// What a running stream has to tell, on its own thread.
pub(super) enum Word {
    /// A device came, went or changed, or the stream was moved: worth a look.
    Changed,
    /// The stream is no more. The last word.
    Broke(AudioError),
}

/// A stream on the sound server, on a connection and a thread of its own. Dropping it ends both at
/// once, even when the server hangs.
pub(super) struct Stream {
    socket: UnixStream,
    mouth: Arc<Mouthpiece>,
    channel: u32,
    side: Side,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Every read and write of the thread fails from here on.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Stream {
    /// The rate at which a side runs; the server converts. What is heard is wanted at 16 kHz, and
    /// fewer and smaller messages are most of what listening costs.
    pub(super) fn rate(side: Side) -> Rate {
        match side {
            Side::Input => LISTEN_RATE,
            Side::Output => SPEAKER_RATE,
        }
    }

    /// Stops the callbacks, or lets them go on. A fault shows by the callbacks that do not come.
    pub(super) fn rest(&self, on: bool) {
        let params = CorkStreamParams { channel: self.channel, cork: on };
        let command = match self.side {
            Side::Input => Command::CorkRecordStream(params),
            Side::Output => Command::CorkPlaybackStream(params),
        };
        // When it cannot be sent the connection has ended, which its thread tells.
        let _ = self.mouth.send(&command);
    }

    /// Records `device` into `edge`, mono at [`LISTEN_RATE`].
    pub(super) fn capture(
        device: &DeviceInfo,
        edge: MicrophoneEdge,
        gauge: Gauge,
        tell: impl Fn(Word) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let mut server = Server::connect()?;
        let params = RecordStreamParams {
            sample_spec: spec(Side::Input),
            channel_map: ChannelMap::mono(),
            source_index: Some(device.index),
            // What comes while this process is late waits at the server; with a buffer of one
            // period, which the sound library asks for, it would be lost.
            buffer_attr: BufferAttr {
                max_length: u32::MAX,
                // The server gives half of this to the device, which then delivers by periods.
                fragment_size: 2 * LISTEN_PERIOD * FRAME,
                ..BufferAttr::default()
            },
            flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
            props: props(),
            ..RecordStreamParams::default()
        };
        let reply: CreateRecordStreamReply = server
            .ask(&Command::CreateRecordStream(params))
            .map_err(|why| refused(device, &why))?;
        let recorder = Recorder { edge, gauge, channel: reply.channel, pcm: Vec::new() };
        Self::run("aloud-mic", server, reply.channel, device.clone(), recorder, tell)
    }

    /// Plays what `edge` gives on `device`, mono at [`SPEAKER_RATE`].
    pub(super) fn playback(
        device: &DeviceInfo,
        edge: SpeakerEdge,
        gauge: Gauge,
        tell: impl Fn(Word) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let mut server = Server::connect()?;
        let params = PlaybackStreamParams {
            sample_spec: spec(Side::Output),
            channel_map: ChannelMap::mono(),
            sink_index: Some(device.index),
            // Two periods in all, asked for one by one.
            buffer_attr: BufferAttr {
                max_length: u32::MAX,
                target_length: 2 * PERIOD * FRAME,
                minimum_request_length: PERIOD * FRAME,
                ..BufferAttr::default()
            },
            flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
            props: props(),
            ..PlaybackStreamParams::default()
        };
        let reply: CreatePlaybackStreamReply = server
            .ask(&Command::CreatePlaybackStream(params))
            .map_err(|why| refused(device, &why))?;
        let mut player = Player {
            edge,
            gauge,
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
        mut server: Server,
        channel: u32,
        device: DeviceInfo,
        mut work: impl Work + Send + 'static,
        tell: impl Fn(Word) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let broke = |why: ProtocolError| AudioError::NoServer(why.to_string());
        let watched = SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER;
        server.mouth.send(&Command::Subscribe(watched)).map_err(broke)?;
        let socket = server.wire.get_ref().try_clone().map_err(|why| broke(why.into()))?;
        // From here on silence of the server is no error; the supervisor watches the callbacks.
        socket.set_read_timeout(None).map_err(|why| broke(why.into()))?;
        let (mouth, side) = (Arc::clone(&server.mouth), device.side);
        let run = move || {
            let why = match listen(&mut server, &mut work, &tell) {
                Ok(()) => AudioError::NoDevice { side: device.side, name: device.name.clone() },
                Err(why) => refused(&device, &why),
            };
            tell(Word::Broke(why));
        };
        Ok(Self { socket, mouth, channel, side, thread: Some(thread(name, run)?) })
    }
}

/// What a side does with the messages of its stream.
trait Work {
    /// Sound has come.
    fn on_sound(&mut self, channel: u32, bytes: &[u8]);

    /// The server wants `length` bytes of sound.
    fn on_request(&mut self, server: &Server, length: u32) -> Result<(), ProtocolError>;

    /// An answer has come to question `seq`.
    fn on_reply(&mut self, seq: u32, reply: &mut TagStructReader<'_>);

    /// The server had nothing to play, or nowhere to record to.
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
        // A message that this version of the protocol does not know is none of ours.
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

struct Recorder {
    edge: MicrophoneEdge,
    gauge: Gauge,
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
        self.edge.take(&self.pcm);
    }

    fn on_request(&mut self, _: &Server, _: u32) -> Result<(), ProtocolError> {
        Ok(())
    }

    fn on_reply(&mut self, _: u32, _: &mut TagStructReader<'_>) {}

    fn on_glitch(&mut self) {
        self.gauge.note_capture_xrun();
    }
}

struct Player {
    edge: SpeakerEdge,
    gauge: Gauge,
    channel: u32,
    pcm: Vec<f32>,
    bytes: Vec<u8>,
    /// Frames between what is written next and the loudspeaker, as last measured.
    ahead: u64,
    /// Periods since that was asked for, and the question that is open.
    periods: u32,
    asked: Option<u32>,
}

impl Player {
    /// Sends `length` bytes of sound.
    fn play(&mut self, server: &Server, length: u32) -> Result<(), ProtocolError> {
        let length = length.min(LONGEST as u32) / FRAME * FRAME;
        self.pcm.resize((length / FRAME) as usize, 0.0);
        self.edge.fill(&mut self.pcm, self.ahead);
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
            // The time is only handed back to us, and we have no use for it.
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
            // Asked right after a period was written, which the edge adds by itself.
            let ahead = waiting / u64::from(FRAME) + device;
            self.ahead = ahead.saturating_sub(self.pcm.len() as u64);
        }
    }

    fn on_glitch(&mut self) {
        self.gauge.note_playback_xrun();
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
