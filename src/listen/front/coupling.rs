/// Blocks of 4 ms in a window: 32 ms.
const WINDOW: u32 = 8;

/// Windows for which the speaker must have sounded before the microphone is judged: about 100 ms, so
/// that an echo would be there in spite of an unknown delay.
const STEADY: u32 = 3;
/// The mean square from which on the speaker sounds: -50 dB.
const SOUNDS: f32 = 1e-5;

/// How far below the speaker's sound the microphone's is inaudible: -45 dB. An echo 36 dB below the
/// reply was still taken for a person once in four replies.
const INAUDIBLE: f32 = 3.2e-5;
/// How far the microphone's sound may rise above the noise of the room and be that noise: 4 dB. And
/// how quiet noise must be, not to hide an echo that matters: 30 dB below the speaker's sound, or -55.
const NOISE: f32 = 2.5;
const HIDES: f32 = 1e-3;
const FAINT: f32 = 3e-6;

/// The windows judged, the number of quiet ones among them from which on no echo is there, and the
/// number up to which there may be one: a person who talks pauses between words.
const JUDGED: u32 = 16;
const MANY: u32 = 12;
const FEW: u32 = 2;

/// By how much the filters must make the sound quieter to show that it is an echo: 3 dB.
const ECHO: f32 = 0.5;

/// How far the noise of the room may rise in a window, so that it follows a fan: 0.7 dB a second.
const RISE: f32 = 1.005;

/// Finds out whether the microphone hears the speaker at all: with headphones that nobody can tell
/// from loudspeakers it does not. A canceller without an echo takes the user's words for one, until
/// it has learned better.
///
/// The evidence is silence: while the speaker sounds, its echo would be in every window.
#[derive(Debug)]
pub(super) struct Coupling {
    blocks: u32,
    far: f32,
    near: f32,
    left: f32,
    /// How many windows in a row the speaker has sounded.
    steady: u32,
    /// The last judged windows, one bit each: whether they were quiet, and whether the filters found
    /// an echo.
    quiet: u32,
    echo: u32,
    judged: u32,
    /// The power of the room's noise.
    noise: f32,
    absent: bool,
}

impl Coupling {
    pub(super) fn new() -> Self {
        Self {
            blocks: 0,
            far: 0.0,
            near: 0.0,
            left: 0.0,
            steady: 0,
            quiet: 0,
            echo: 0,
            judged: 0,
            noise: f32::MAX,
            absent: false,
        }
    }

    /// Whether the microphone does not hear the speaker.
    pub(super) fn absent(&self) -> bool {
        self.absent
    }

    /// Takes a block: the power of the speaker's sound, of the microphone's, and of what the filters
    /// alone left of it.
    pub(super) fn note(&mut self, far: f32, near: f32, left: f32) {
        self.far += far;
        self.near += near;
        self.left += left;
        self.blocks += 1;
        if self.blocks == WINDOW {
            let mean = |sum: f32| sum / WINDOW as f32;
            self.window(mean(self.far), mean(self.near), mean(self.left));
            (self.blocks, self.far, self.near, self.left) = (0, 0.0, 0.0, 0.0);
        }
    }

    fn window(&mut self, far: f32, near: f32, left: f32) {
        self.noise = near.min(self.noise * RISE);
        if far < SOUNDS {
            self.steady = 0;
            return;
        }
        self.steady += 1;
        if self.steady < STEADY {
            return;
        }
        let noise = self.noise <= FAINT.max(far * HIDES) && near <= self.noise * NOISE;
        let bit = |set: bool, bits: u32| (bits << 1 | u32::from(set)) & ((1 << JUDGED) - 1);
        self.quiet = bit(near <= far * INAUDIBLE || noise, self.quiet);
        self.echo = bit(left <= near * ECHO, self.echo);
        self.judged = (self.judged + 1).min(JUDGED);
        let quiet = self.quiet.count_ones();
        if self.judged == JUDGED && quiet >= MANY {
            self.absent = true;
        } else if quiet <= FEW && self.echo.count_ones() >= MANY {
            self.absent = false;
        }
    }
}
