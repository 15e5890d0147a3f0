use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedBufferSize};
use futures::executor::block_on;

use super::format::{MicrophoneEdge, SpeakerEdge};
use super::{AudioError, DeviceInfo, Gauge, Side};
use crate::base::{LISTEN_RATE, Rate, SPEAKER_RATE};

/// Frames in a period: 10 ms at 48 kHz. Half of it lost captured sound under PipeWire, and the
/// default of the sound library buffers two seconds.
const PERIOD: u32 = 480;

/// The same for the microphone: 30 ms at 16 kHz. An open ear adds half of it to the 200 ms of silence
/// after which an answer is prepared; every callback costs 90 us in the client's two threads.
const LISTEN_PERIOD: u32 = 480;

/// The longest that the sound server may take to create a stream.
const BUILD_TIME: Duration = Duration::from_secs(2);

/// Who is asked for devices: the sound server, or the bare sound cards where none runs.
///
/// PipeWire answers as PulseAudio does. The cards are asked only where no server has a socket:
/// through them a dead server shows as a storm of errors, and they print their complaints to
/// stderr.
pub(super) enum Survey {
    Server(pulseaudio::Client),
    Cards,
}

impl Survey {
    /// Connects to the sound server, or falls back to the cards. May hang with the server.
    pub(super) fn new() -> Result<Self, AudioError> {
        if pulseaudio::socket_path_from_env().is_some() {
            let client = pulseaudio::Client::from_env(c"aloud")
                .map_err(|why| AudioError::NoServer(why.to_string()))?;
            return Ok(Self::Server(client));
        }
        // Reading the kernel's list is silent, the library is not.
        let cards = std::fs::read_to_string("/proc/asound/cards").unwrap_or_default();
        if cards.trim().is_empty() || cards.contains("no soundcards") {
            let why = "no socket of a sound server was found, and no sound card".to_owned();
            return Err(AudioError::NoServer(why));
        }
        // From here on the library of the cards keeps what it would print on this thread; where it
        // cannot, it prints.
        let _ = alsa::Output::local_error_handler();
        Ok(Self::Cards)
    }

    /// The devices there are, microphones first. May hang with the server.
    pub(super) fn devices(&mut self) -> Result<Vec<DeviceInfo>, AudioError> {
        match self {
            Self::Server(client) => block_on(served(client))
                .map_err(|why| AudioError::NoServer(format!("it broke off ({why})"))),
            Self::Cards => plugged(),
        }
    }

    /// Whether the devices may be asked for often: a server answers cheaply, cards do not.
    pub(super) fn cheap(&self) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Cards => false,
        }
    }

    fn host(&self) -> Result<cpal::Host, AudioError> {
        let id = match self {
            Self::Server(_) => cpal::HostId::PulseAudio,
            Self::Cards => cpal::HostId::Alsa,
        };
        cpal::host_from_id(id).map_err(|why| AudioError::NoServer(why.to_string()))
    }
}

async fn served(client: &pulseaudio::Client) -> Result<Vec<DeviceInfo>, pulseaudio::ClientError> {
    let server = client.server_info().await?;
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let mut devices = Vec::new();
    for source in client.list_sources().await? {
        devices.push(DeviceInfo {
            name: text(source.description.as_ref().unwrap_or(&source.name)),
            side: Side::Input,
            default: server.default_source_name.as_ref() == Some(&source.name),
            monitor: source.monitor_of_sink_index.is_some(),
            rate: Rate(source.sample_spec.sample_rate),
            channels: u16::from(source.sample_spec.channels),
            index: source.index,
            id: text(&source.name),
        });
    }
    for sink in client.list_sinks().await? {
        devices.push(DeviceInfo {
            name: text(sink.description.as_ref().unwrap_or(&sink.name)),
            side: Side::Output,
            default: server.default_sink_name.as_ref() == Some(&sink.name),
            monitor: false,
            rate: Rate(sink.sample_spec.sample_rate),
            channels: u16::from(sink.sample_spec.channels),
            index: sink.index,
            id: text(&sink.name),
        });
    }
    Ok(devices)
}

/// The devices of the cards.
fn plugged() -> Result<Vec<DeviceInfo>, AudioError> {
    let no_server = |why: cpal::Error| AudioError::NoServer(why.to_string());
    let host = cpal::host_from_id(cpal::HostId::Alsa).map_err(no_server)?;
    let defaults = [host.default_input_device(), host.default_output_device()];
    let mut devices = Vec::new();
    for (side, default) in [Side::Input, Side::Output].into_iter().zip(defaults) {
        let default = default.and_then(|device| device.id().ok());
        let of_side: Vec<cpal::Device> = match side {
            Side::Input => host.input_devices().map_err(no_server)?.collect(),
            Side::Output => host.output_devices().map_err(no_server)?.collect(),
        };
        for device in of_side {
            let Ok(id) = device.id() else { continue };
            let config = match side {
                Side::Input => device.default_input_config(),
                Side::Output => device.default_output_config(),
            };
            // A device that does not even name a format is busy or broken; it is listed all the
            // same, so that a person can see it.
            let (rate, channels) =
                config.map_or((0, 0), |config| (config.sample_rate(), config.channels()));
            devices.push(DeviceInfo {
                name: device.description().map_or_else(|_| id.to_string(), |d| d.name().to_owned()),
                side,
                default: default.as_ref() == Some(&id),
                monitor: false,
                rate: Rate(rate),
                channels,
                index: 0,
                id: id.id().to_owned(),
            });
        }
    }
    Ok(devices)
}

/// A device at work; dropping it stops it. The drop may hang: with the server, and also when the
/// server has killed the stream.
pub(super) struct Stream(cpal::Stream);

/// Runs `$do` on the samples of `$data`, in whichever format they are.
macro_rules! in_its_format {
    ($data:ident . $slice:ident as $samples:ident => $do:expr) => {
        in_its_format!(@ $data $slice $samples $do;
            f32, i16, i32, cpal::I24, u8, i8, u16, f64)
    };
    (@ $data:ident $slice:ident $samples:ident $do:expr; $($format:ty),+) => {
        $(if let Some($samples) = $data.$slice::<$format>() {
            $do;
            return;
        })+
    };
}

/// The formats of [`in_its_format`], the best one first.
const FORMATS: [SampleFormat; 8] = [
    SampleFormat::F32,
    SampleFormat::I32,
    SampleFormat::I24,
    SampleFormat::I16,
    SampleFormat::F64,
    SampleFormat::U16,
    SampleFormat::U8,
    SampleFormat::I8,
];

/// A device that has been found, and how it shall run.
pub(super) struct Found {
    device: DeviceInfo,
    cpal_device: cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
}

impl Found {
    /// How many channels the edge has to serve.
    pub(super) fn channels(&self) -> u16 {
        self.config.channels
    }

    /// At which rate.
    pub(super) fn rate(&self) -> Rate {
        Rate(self.config.sample_rate)
    }

    /// Starts the device with the microphone's edge. `broke` is called at most once, on another
    /// thread, when the device is lost. May hang with the server.
    pub(super) fn capture(
        self,
        mut edge: MicrophoneEdge,
        gauge: Gauge,
        broke: impl FnOnce(AudioError) + Send + 'static,
    ) -> Result<Stream, AudioError> {
        let data = move |data: &cpal::Data, _: &cpal::InputCallbackInfo| {
            in_its_format!(data.as_slice as samples => edge.take(samples));
        };
        let fault = faults(self.device.clone(), gauge, Gauge::note_capture_xrun, broke);
        self.cpal_device
            .build_input_stream_raw(self.config, self.format, data, fault, Some(BUILD_TIME))
            .and_then(|stream| stream.play().map(|()| Stream(stream)))
            .map_err(|why| refused(&self.device, &why))
    }

    /// As [`Found::capture`], for the loudspeaker.
    pub(super) fn playback(
        self,
        mut edge: SpeakerEdge,
        gauge: Gauge,
        broke: impl FnOnce(AudioError) + Send + 'static,
    ) -> Result<Stream, AudioError> {
        let rate = f64::from(self.config.sample_rate);
        let data = move |data: &mut cpal::Data, info: &cpal::OutputCallbackInfo| {
            let times = info.timestamp();
            let ahead = times.playback.duration_since(times.callback).as_secs_f64();
            let ahead = (ahead * rate) as u64;
            in_its_format!(data.as_slice_mut as samples => edge.fill(samples, ahead));
        };
        let fault = faults(self.device.clone(), gauge, Gauge::note_playback_xrun, broke);
        self.cpal_device
            .build_output_stream_raw(self.config, self.format, data, fault, Some(BUILD_TIME))
            .and_then(|stream| stream.play().map(|()| Stream(stream)))
            .map_err(|why| refused(&self.device, &why))
    }
}

impl Stream {
    /// Stops the callbacks, or lets them go on. A fault shows by the callbacks that do not come.
    pub(super) fn rest(&self, on: bool) {
        let outcome = if on { self.0.pause() } else { self.0.play() };
        if let Err(why) = outcome {
            tracing::warn!("a stream cannot be {}: {why}", if on { "paused" } else { "resumed" });
        }
    }
}

/// Finds the device on a new host and chooses how it shall run.
pub(super) fn prepare(survey: &Survey, device: &DeviceInfo) -> Result<Found, AudioError> {
    let host = survey.host()?;
    let gone = || AudioError::NoDevice { side: device.side, name: device.name.clone() };
    let cpal_device =
        host.device_by_id(&cpal::DeviceId::new(host.id(), &device.id)).ok_or_else(gone)?;
    let (config, format) = match survey {
        // The server converts from and to anything, with better knowledge of its channels.
        Survey::Server(_) => {
            let (rate, period) = match device.side {
                // What is heard is wanted at 16 kHz, and the server has it at hand; fewer and
                // smaller messages are most of what listening costs.
                Side::Input => (LISTEN_RATE, LISTEN_PERIOD),
                Side::Output => (SPEAKER_RATE, PERIOD),
            };
            let buffer_size = BufferSize::Fixed(period);
            let config = StreamConfig { channels: 1, sample_rate: rate.0, buffer_size };
            (config, SampleFormat::F32)
        }
        Survey::Cards => {
            let ranges: Vec<cpal::SupportedStreamConfigRange> = match device.side {
                Side::Input => cpal_device.supported_input_configs().map(Iterator::collect),
                Side::Output => cpal_device.supported_output_configs().map(Iterator::collect),
            }
            .map_err(|why| refused(device, &why))?;
            pick(&ranges).ok_or_else(|| AudioError::Unusable {
                side: device.side,
                name: device.name.clone(),
                why: "it has no format that aloud knows".to_owned(),
            })?
        }
    };
    Ok(Found { device: device.clone(), cpal_device, config, format })
}

/// The best of what a card offers: first the rate nearest to ours, then the fewest channels that
/// are not mono (mono is what many cards offer and few do well), then the finest format.
fn pick(ranges: &[cpal::SupportedStreamConfigRange]) -> Option<(StreamConfig, SampleFormat)> {
    let rate = |range: &cpal::SupportedStreamConfigRange| {
        SPEAKER_RATE.0.clamp(range.min_sample_rate(), range.max_sample_rate())
    };
    let fineness = |range: &cpal::SupportedStreamConfigRange| {
        FORMATS.iter().position(|format| *format == range.sample_format())
    };
    let best = ranges.iter().filter(|range| fineness(range).is_some()).min_by_key(|range| {
        (rate(range).abs_diff(SPEAKER_RATE.0), range.channels().abs_diff(2), fineness(range))
    })?;
    let sample_rate = rate(best);
    let period = sample_rate / 100;
    let buffer_size = match best.buffer_size() {
        SupportedBufferSize::Range { min, max } => BufferSize::Fixed(period.clamp(*min, *max)),
        SupportedBufferSize::Unknown => BufferSize::Fixed(period),
    };
    let config = StreamConfig { channels: best.channels(), sample_rate, buffer_size };
    Some((config, best.sample_format()))
}

/// What is called when a device reports a fault: glitches are counted, the loss is told once.
/// A dead device may report a million times.
fn faults(
    device: DeviceInfo,
    gauge: Gauge,
    glitch: fn(&Gauge),
    broke: impl FnOnce(AudioError) + Send + 'static,
) -> impl FnMut(cpal::Error) + Send + 'static {
    let mut broke = Some(broke);
    move |why: cpal::Error| {
        if why.kind() == ErrorKind::Xrun {
            glitch(&gauge);
        } else if !matches!(why.kind(), ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied)
            && let Some(broke) = broke.take()
        {
            broke(refused(&device, &why));
        }
    }
}

/// The words for the user.
fn refused(device: &DeviceInfo, why: &cpal::Error) -> AudioError {
    let (side, name) = (device.side, device.name.clone());
    if matches!(why.kind(), ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated) {
        AudioError::NoServer(why.to_string())
    } else if why.kind() == ErrorKind::DeviceBusy {
        AudioError::Busy { side, name }
    } else if why.kind() == ErrorKind::DeviceNotAvailable {
        AudioError::NoDevice { side, name }
    } else {
        AudioError::Unusable { side, name, why: why.to_string() }
    }
}
