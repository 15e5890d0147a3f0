use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedBufferSize};

use super::format::{MicrophoneEdge, SpeakerEdge};
use super::{AudioError, DeviceInfo, Form, SharedState, Side};
use crate::base::{Clock, Rate, SPEAKER_RATE};

/// How long a card may take to open.
const BUILD_TIME: Duration = Duration::from_secs(2);

/// Whether there is a sound card. Asks the kernel, because the library prints when there is none.
pub(super) fn present() -> bool {
    let cards = std::fs::read_to_string("/proc/asound/cards").unwrap_or_default();
    !cards.trim().is_empty() && !cards.contains("no soundcards")
}

/// The devices of the cards, microphones first.
pub(super) fn devices() -> Result<Vec<DeviceInfo>, AudioError> {
    // From here on ALSA keeps its error messages for this thread instead of printing them, where it
    // can.
    let _ = alsa::Output::local_error_handler();
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
            // A device that does not even report a format is busy or broken; it is listed all the
            // same, so that the user can see it.
            let (rate, channels) =
                config.map_or((0, 0), |config| (config.sample_rate(), config.channels()));
            let name =
                device.description().map_or_else(|_| id.to_string(), |d| d.name().to_owned());
            devices.push(DeviceInfo {
                form: Form::of(None, None, &name),
                name,
                side,
                default: default.as_ref() == Some(&id),
                monitor_of: None,
                master: None,
                rate: Rate(rate),
                channels,
                index: 0,
                id: id.id().to_owned(),
            });
        }
    }
    Ok(devices)
}

/// A running device; dropping it stops it. The drop may hang with the card.
pub(super) struct Stream(cpal::Stream);

/// Runs `$do` on the samples of `$data`, whatever their format.
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

/// The formats of [`in_its_format`], best first.
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

/// A device that was found, and the configuration to run it with.
pub(super) struct Found {
    device: DeviceInfo,
    cpal_device: cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
}

impl Found {
    /// Channels that the edge must serve.
    pub(super) fn channels(&self) -> u16 {
        self.config.channels
    }

    /// The rate it runs at.
    pub(super) fn rate(&self) -> Rate {
        Rate(self.config.sample_rate)
    }

    /// Starts the device with the microphone's edge. `broke` is called at most once, on another
    /// thread, when the device is lost. May hang with the card.
    pub(super) fn capture(
        self,
        mut edge: MicrophoneEdge,
        shared: SharedState,
        clock: Clock,
        broke: impl FnOnce(AudioError) + Send + 'static,
    ) -> Result<Stream, AudioError> {
        let data = move |data: &cpal::Data, _: &cpal::InputCallbackInfo| {
            in_its_format!(data.as_slice as samples => edge.take(samples, clock.now()));
        };
        let fault = faults(self.device.clone(), shared, SharedState::note_capture_xrun, broke);
        self.cpal_device
            .build_input_stream_raw(self.config, self.format, data, fault, Some(BUILD_TIME))
            .and_then(|stream| stream.play().map(|()| Stream(stream)))
            .map_err(|why| refused(&self.device, &why))
    }

    /// As [`Found::capture`], for the loudspeaker.
    pub(super) fn playback(
        self,
        mut edge: SpeakerEdge,
        shared: SharedState,
        clock: Clock,
        broke: impl FnOnce(AudioError) + Send + 'static,
    ) -> Result<Stream, AudioError> {
        let rate = f64::from(self.config.sample_rate);
        let data = move |data: &mut cpal::Data, info: &cpal::OutputCallbackInfo| {
            let times = info.timestamp();
            let ahead = times.playback.duration_since(times.callback).as_secs_f64();
            let ahead = (ahead * rate) as u64;
            let now = clock.now();
            in_its_format!(data.as_slice_mut as samples => edge.fill(samples, ahead, now));
        };
        let fault = faults(self.device.clone(), shared, SharedState::note_playback_xrun, broke);
        self.cpal_device
            .build_output_stream_raw(self.config, self.format, data, fault, Some(BUILD_TIME))
            .and_then(|stream| stream.play().map(|()| Stream(stream)))
            .map_err(|why| refused(&self.device, &why))
    }
}

impl Stream {
    /// Pauses or resumes the callbacks. A failure shows by missing callbacks.
    pub(super) fn rest(&self, on: bool) {
        let outcome = if on { self.0.pause() } else { self.0.play() };
        if let Err(why) = outcome {
            tracing::warn!("a stream cannot be {}: {why}", if on { "paused" } else { "resumed" });
        }
    }
}

/// Finds the device on a new host and chooses its configuration.
pub(super) fn prepare(device: &DeviceInfo) -> Result<Found, AudioError> {
    let host = cpal::host_from_id(cpal::HostId::Alsa)
        .map_err(|why| AudioError::NoServer(why.to_string()))?;
    let gone = || AudioError::NoDevice { side: device.side, name: device.name.clone() };
    let cpal_device =
        host.device_by_id(&cpal::DeviceId::new(host.id(), &device.id)).ok_or_else(gone)?;
    let ranges: Vec<cpal::SupportedStreamConfigRange> = match device.side {
        Side::Input => cpal_device.supported_input_configs().map(Iterator::collect),
        Side::Output => cpal_device.supported_output_configs().map(Iterator::collect),
    }
    .map_err(|why| refused(device, &why))?;
    let (config, format) = pick(&ranges).ok_or_else(|| AudioError::Unusable {
        side: device.side,
        name: device.name.clone(),
        why: "it has no format that aloud knows".to_owned(),
    })?;
    Ok(Found { device: device.clone(), cpal_device, config, format })
}

/// The best configuration a card offers: first the rate nearest to ours, then the fewest channels
/// other than mono (many cards offer mono, few do it well), then the finest format.
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

/// The error callback of a device: glitches are counted, a loss is reported once. A dead device may
/// report a million times.
fn faults(
    device: DeviceInfo,
    shared: SharedState,
    glitch: fn(&SharedState),
    broke: impl FnOnce(AudioError) + Send + 'static,
) -> impl FnMut(cpal::Error) + Send + 'static {
    let mut broke = Some(broke);
    move |why: cpal::Error| {
        if why.kind() == ErrorKind::Xrun {
            glitch(&shared);
        } else if !matches!(why.kind(), ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied)
            && let Some(broke) = broke.take()
        {
            broke(refused(&device, &why));
        }
    }
}

/// The error for the user.
fn refused(device: &DeviceInfo, why: &cpal::Error) -> AudioError {
    let (side, name) = (device.side, device.name.clone());
    if why.kind() == ErrorKind::HostUnavailable {
        AudioError::NoServer(why.to_string())
    } else if why.kind() == ErrorKind::DeviceBusy {
        AudioError::Busy { side, name }
    } else if why.kind() == ErrorKind::DeviceNotAvailable {
        AudioError::NoDevice { side, name }
    } else {
        AudioError::Unusable { side, name, why: why.to_string() }
    }
}
