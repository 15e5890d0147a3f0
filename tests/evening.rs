//! Evenings with aloud: what a person says and what it answers, sentence by sentence, by the
//! templates and the real tools. Reminders, lists, notes, money and the music player.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests are tests too"
)]

#[path = "desktop/bus.rs"]
mod bus;

use std::path::PathBuf;

use aloud::base::{CallId, Epoch, LocalZone, Moment, Volume, WallClock};
use aloud::dialog::{Call, Item, Prompt};
use aloud::engine::local::Templates;
use aloud::engine::{Delta, Responder};
use aloud::tool::{
    BaseUrl, Book, CalendarSettings, CalendarSource, Pad, Registry, Ringer, Settings, ToolCx,
    builtin,
};
use bus::bus;
use futures::StreamExt;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Tuesday, 3 November 2026, 16:42 in Berlin.
const NOW: &str = "2026-11-03T15:42:00Z";

/// A person and the assistant.
struct Evening {
    tools: Registry,
    templates: Templates,
    book: Book,
    wall: WallClock,
    items: Vec<Item>,
    calls: usize,
    folder: tempfile::TempDir,
}

impl Evening {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wall = WallClock::fixed(NOW.parse().unwrap());
        let zone = LocalZone::fixed(TimeZone::get("Europe/Berlin").unwrap());
        let book = Book::open(&folder.path().join("timers.json"), wall.clone(), zone);
        let pad = Pad::new(folder.path().join("lists"));
        let mut settings = Settings::new(book.clone(), Ringer::Here, Volume::new(50), pad);
        settings.wall = wall.clone();
        settings.currency.file = Some(folder.path().join("rates.json"));
        change(&mut settings);
        let (templates, items) = (Templates::default(), Vec::new());
        Self { tools: builtin(settings), templates, book, wall, items, calls: 0, folder }
    }

    /// The answer to `text`.
    async fn ask(&mut self, text: &str) -> String {
        self.items.push(Item::User { utterance: None, text: text.into() });
        loop {
            let prompt = Prompt {
                instructions: "".into(),
                items: self.items.clone(),
                tools: self.tools.specs().to_vec().into(),
                sounds: Vec::new(),
            };
            let deltas: Vec<Delta> =
                self.templates.respond(prompt).map(|delta| delta.unwrap()).collect().await;
            let mut said = String::new();
            let mut called = false;
            for delta in deltas {
                match delta {
                    Delta::Text(text) => said += &text,
                    Delta::Call(call) => {
                        called = true;
                        self.call(call, text).await;
                    }
                    other => panic!("{text}: {other:?}"),
                }
            }
            if !called {
                let text = said.clone();
                self.items.push(Item::Reply { epoch: Epoch(1), text, interrupted: false });
                return said;
            }
        }
    }

    async fn call(&mut self, call: Call, said: &str) {
        self.calls += 1;
        // Ids of the templates, told apart.
        let id = CallId(format!("{}-{}", call.id.0, self.calls));
        let call = Call { id, ..call };
        self.items.push(Item::Call { epoch: Epoch(1), call: call.clone() });
        let cx = ToolCx { now: Moment::ZERO, said: Some(said.into()), ..ToolCx::default() };
        let done = self.tools.call(&call, cx).await;
        self.items.push(Item::Outcome(done.outcome));
    }

    /// Asserts the answers to a conversation.
    async fn goes(&mut self, talk: &[(&str, &str)]) {
        for (said, want) in talk {
            assert_eq!(self.ask(said).await, *want, "{said}");
        }
    }

    fn later(&self, minutes: i64) {
        self.wall.set(self.wall.now() + minutes.minutes());
    }

    /// What rings now, in words; answered.
    fn rings(&self) -> Vec<String> {
        drop(self.book.watch());
        let ringing = self.book.read().unwrap().view.ringing;
        self.book.answered(ringing.iter().map(|ring| ring.id).collect());
        // The answer is in the book before the clock moves.
        self.book.read().unwrap();
        ringing.iter().map(|ring| ring.say(self.wall.now())).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("lists").join(name)
    }
}

#[tokio::test]
async fn reminders_come_when_they_were_asked_for_and_say_what_they_are_about() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("what are my reminders", "You have no reminders."),
            (
                "remind me in 20 minutes to check the oven",
                "I'll remind you in 20 minutes: check the oven.",
            ),
            (
                "Remind me to call my mum tomorrow at 9 am.",
                "I'll remind you at 9 AM tomorrow: call your mum.",
            ),
            (
                "remind me to take the bins out every Thursday at 7 pm",
                "I'll remind you at 7 PM every Thursday: take the bins out.",
            ),
            (
                "do I have any reminders?",
                "You have 3 reminders: 5:02 PM today, check the oven; 9 AM tomorrow, call your mum; \
                 7 PM every Thursday, take the bins out.",
            ),
            // They are neither timers nor alarms.
            ("what timers are running", "No timer is running."),
            ("which alarms are set", "No alarm is set."),
        ])
        .await;
    let titles: Vec<String> =
        evening.book.view().entries.iter().map(|entry| entry.title()).collect();
    assert_eq!(titles[0], "reminder: check the oven", "{titles:?}");
    evening.later(20);
    assert_eq!(evening.rings(), ["Here is your reminder: check the oven."]);
    evening.later(15 * 60 + 58);
    assert_eq!(evening.rings(), ["Here is your reminder: call your mum."]);
    evening.later(34 * 60);
    assert_eq!(evening.rings(), ["Here is your reminder: take the bins out."]);
    evening.later(7 * 24 * 60);
    assert_eq!(evening.rings(), ["Here is your reminder: take the bins out."]);
}

#[tokio::test]
async fn reminders_come_again_as_often_as_was_said() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            (
                "remind me on the last day of every month to send the invoices",
                "I'll remind you at 9 AM on the last day of every month: send the invoices.",
            ),
            (
                "remind me every other thursday at 7 pm to put out the bins",
                "I'll remind you at 7 PM every other Thursday: put out the bins.",
            ),
            (
                "what are my reminders",
                "You have 2 reminders: 7 PM every other Thursday, put out the bins; 9 AM on the last \
                 day of every month, send the invoices.",
            ),
        ])
        .await;
    let bins = "Here is your reminder: put out the bins.";
    let invoices = "Your reminder was due 10 hours ago: send the invoices.";
    // The days from Tuesday evening at seven.
    evening.later(2 * 60 + 18);
    let mut rang = Vec::new();
    for day in 1..60 {
        evening.later(24 * 60);
        rang.extend(evening.rings().into_iter().map(|ring| (day, ring)));
    }
    let rang: Vec<(i32, &str)> = rang.iter().map(|(day, ring)| (*day, ring.as_str())).collect();
    assert_eq!(
        rang,
        [(2, bins), (16, bins), (27, invoices), (30, bins), (44, bins), (58, invoices), (58, bins)]
    );
}

#[tokio::test]
async fn two_reminders_in_one_sentence_are_two() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            (
                "remind me to take the bins out at 7 tonight and water the plants at 8 pm",
                "I'll remind you at 7 PM today: take the bins out. I'll remind you at 8 PM today: water \
                 the plants.",
            ),
            (
                "remind me to buy milk and eggs at 6 pm",
                "I'll remind you at 6 PM today: buy milk and eggs.",
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_length_that_hardly_is_a_timer_is_asked_about() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("45 days from now", "A timer for 45 days. Is that right?"),
            ("no", "All right, I'll leave it as it is."),
            ("what timers are running", "No timer is running."),
        ])
        .await;
}

#[tokio::test]
async fn a_reminder_without_a_time_is_asked_about_and_a_wrong_one_is_corrected() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("remind me to buy milk", "When should I remind you? That was: buy milk."),
            ("tomorrow at eight in the morning", "I'll remind you at 8 AM tomorrow: buy milk."),
            ("no, at nine", "I'll remind you at 9 AM tomorrow: buy milk."),
            ("cancel that", "I won't remind you: buy milk."),
            ("what are my reminders", "You have no reminders."),
            ("remind me to stretch", "When should I remind you? That was: stretch."),
            ("in ten minutes", "I'll remind you in 10 minutes: stretch."),
            // The usual hour of a part of the day; today's morning is over.
            (
                "remind me tomorrow to wish dad happy birthday",
                "I'll remind you at 9 AM tomorrow: wish dad happy birthday.",
            ),
            ("remind me tonight to feed the cat", "I'll remind you at 7 PM today: feed the cat."),
            ("delete the reminder about the cat", "I won't remind you: feed the cat."),
            (
                "remind me to say good morning to Ann",
                "When should I remind you? That was: say good morning to Ann.",
            ),
            ("delete all my reminders", "2 reminders are cancelled."),
            ("cancel my reminder", "You have no reminders."),
        ])
        .await;
}

#[tokio::test]
async fn a_reminder_that_nobody_heard_is_told_later() {
    let mut evening = Evening::new();
    evening.ask("remind me at 5 pm to lock the door").await;
    evening.later(18);
    drop(evening.book.watch());
    let view = evening.book.read().unwrap().view;
    let ids = view.ringing.iter().map(|ring| ring.id).collect();
    evening.book.unanswered(ids);
    let view = evening.book.read().unwrap().view;
    let now = evening.book.now();
    let missed: Vec<String> = view.missed.iter().map(|rang| rang.missed(&now)).collect();
    assert_eq!(missed, ["You missed a reminder at 5 PM: lock the door."]);
}

#[tokio::test]
async fn lists_are_kept_as_people_say_them() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("what's on my shopping list", "There is no shopping list yet."),
            ("put olive oil on the shopping list", "I added olive oil to your shopping list."),
            (
                "add milk and eggs to my shopping list",
                "I added milk and eggs to your shopping list.",
            ),
            ("add eggs to the shopping list", "Eggs is already on your shopping list."),
            (
                "what is on my list",
                "There are 3 things on your shopping list: olive oil, milk and eggs.",
            ),
            ("take the milk off my shopping list", "I took milk off your shopping list."),
            ("remove bread from my shopping list", "I can't find bread on your shopping list."),
            ("add call the bank to my to do list", "I added call the bank to your to do list."),
            (
                "put call mum on my to do list for tomorrow",
                "I added call mum (Wednesday, November 4th) to your to do list. A list does not remind you; \
                 for that, say remind me.",
            ),
            ("tick off call mum", "I took call mum (Wednesday, November 4th) off your to do list."),
            ("what lists do I have", "You have 2 lists: shopping and to do."),
            (
                "clear my shopping list",
                "That takes 2 things off your shopping list. Shall I clear it?",
            ),
            ("no", "All right, I'll leave it as it is."),
            (
                "clear my shopping list",
                "That takes 2 things off your shopping list. Shall I clear it?",
            ),
            ("yes", "Your shopping list is empty now."),
            ("is there anything on my shopping list", "Your shopping list is empty."),
        ])
        .await;
    let text = std::fs::read_to_string(evening.file("to do.md")).unwrap();
    assert_eq!(text, "# To do\n\n- call the bank\n");
}

#[tokio::test]
async fn what_was_just_put_on_a_list_is_taken_off_again() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("add batteries to my hardware list", "I added batteries to your hardware list."),
            ("undo that", "I took batteries off your hardware list."),
            ("what's on my hardware list", "Your hardware list is empty."),
            ("add something to my shopping list", "What should I add?"),
            ("milk", "I added milk to your shopping list."),
        ])
        .await;
}

#[tokio::test]
async fn a_list_that_was_just_spoken_of_need_not_be_named_again() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("add milk to my hardware list", "I added milk to your hardware list."),
            ("add nails too", "I added nails to your hardware list."),
            ("and glue", "I added glue to your hardware list."),
            ("take milk off", "I took milk off your hardware list."),
            ("read it", "There are 2 things on your hardware list: nails and glue."),
            ("thanks, that's all", ""),
            (
                "what's on my hardware list",
                "There are 2 things on your hardware list: nails and glue.",
            ),
            ("remove the nails", "I took nails off your hardware list."),
            ("what time is it", "It's 4:42 PM."),
            ("what's on my hardware list", "On your hardware list is glue."),
        ])
        .await;
}

#[tokio::test]
async fn one_of_several_that_were_listed_is_cancelled() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            (
                "set timers for 5, 10 and 15 minutes",
                "Timer set for 5 minutes. Timer set for 10 minutes. Timer set for 15 minutes.",
            ),
            ("cancel the last one", "Your 15 minute timer is cancelled."),
            (
                "what timers are running",
                "You have 2 timers: the 5 minute timer with 5 minutes left and the 10 minute timer with 10 \
                 minutes left.",
            ),
            ("cancel the second one", "Your 10 minute timer is cancelled."),
        ])
        .await;
}

#[tokio::test]
async fn the_only_one_that_was_told_of_is_it() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            (
                "remind me every 20 minutes to stretch",
                "I'll remind you every 20 minutes, first at 5:02 PM: stretch.",
            ),
            ("what reminders do I have", "You have one reminder, every 20 minutes, stretch."),
            ("cancel it", "I won't remind you: stretch."),
            ("set a pasta timer for ten minutes", "Pasta timer set for 10 minutes."),
            ("how long is left", "Your pasta timer has 10 minutes left."),
            ("add five minutes to it", "Your pasta timer now has 15 minutes left."),
            ("how long is left", "Your pasta timer has 15 minutes left."),
            ("cancel it", "Your pasta timer is cancelled."),
        ])
        .await;
}

#[tokio::test]
async fn several_reminders_in_one_sentence_are_several() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            (
                "remind me at 5 to call mom and at 6 to call dad",
                "I'll remind you at 5 PM today: call mom. I'll remind you at 6 PM today: call dad.",
            ),
            (
                "remind me in 20 minutes and again in an hour to drink water",
                "I'll remind you in 20 minutes: drink water. I'll remind you in 1 hour: drink water.",
            ),
            (
                "remind me tomorrow to call dad and on Friday to pay the rent",
                "I'll remind you at 9 AM tomorrow: call dad. I'll remind you at 9 AM on Friday: pay the rent.",
            ),
            ("remind me at 5 to call mom and dad", "I'll remind you at 5 PM today: call mom and dad."),
        ])
        .await;
}

#[tokio::test]
async fn what_follows_a_name_is_no_part_of_it_if_it_is_a_request() {
    const JOKE: &str =
        "Why did the scarecrow win a prize? Because he was outstanding in his field.";
    let mut evening = Evening::new();
    let no_lights = "Timer set for 5 minutes. I can't switch lights without Home Assistant. Set url under \
                     tools.home_assistant in the configuration.";
    let joke = format!("Rice timer set for 10 minutes. {JOKE}");
    evening
        .goes(&[
            ("set a timer for 10 minutes called rice and tell me a joke", joke.as_str()),
            ("set a timer for 5 minutes and turn off the light", no_lights),
            (
                "set an alarm for 6 called rise and shine",
                "Rise and shine alarm set for 6 PM today.",
            ),
            (
                "set a 20 minute timer called wash and dry, then remind me at 9 to call Ann",
                "Wash and dry timer set for 20 minutes. I'll remind you at 9 PM today: call Ann.",
            ),
            (
                "remind me at 5 to buy milk and what's 15 percent of 80",
                "I'll remind you at 5 PM today: buy milk. That's 12.",
            ),
            (
                "remind me at 5 to turn off the oven and turn on the lights",
                "I'll remind you at 5 PM today: turn off the oven and turn on the lights.",
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_list_that_cannot_be_written_is_told() {
    let mut evening = Evening::new();
    std::fs::write(evening.folder.path().join("lists"), "a file where the folder should be")
        .unwrap();
    let said = evening.ask("put milk on the shopping list").await;
    assert!(said.starts_with("I can't read"), "{said}");
}

#[tokio::test]
async fn notes_are_kept_with_their_date_and_found_again() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("read my notes", "You have no notes."),
            (
                "take a note the wifi password is sunflower",
                "Noted: the wifi password is sunflower.",
            ),
            ("make a note that the car needs new tires", "Noted: the car needs new tires."),
            ("what did I note about the wifi", "The wifi password is sunflower."),
            (
                "read my notes",
                "You have 2 notes: the car needs new tires; the wifi password is sunflower.",
            ),
            ("delete my last note", "That note is gone: the car needs new tires."),
            ("read my notes", "The wifi password is sunflower."),
        ])
        .await;
    let text = std::fs::read_to_string(evening.file("notes.md")).unwrap();
    assert_eq!(text, "# Notes\n\n- 2026-11-03 16:42 the wifi password is sunflower\n");
}

/// A copy of the bank's feed on the loopback that answers `times` times.
async fn bank(times: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for _ in 0..times {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let asked = String::from_utf8(head).unwrap();
            assert!(asked.starts_with("GET /stats/eurofxref/eurofxref-daily.xml HTTP"), "{asked}");
            let body = "<?xml version=\"1.0\"?><Cube><Cube time='2026-11-03'>\
                <Cube currency='USD' rate='1.0500'/><Cube currency='JPY' rate='160.00'/>\
                <Cube currency='GBP' rate='0.8400'/><Cube currency='KRW' rate='1500.0'/></Cube></Cube>";
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn money_is_converted_at_the_rate_of_the_day_and_without_a_network_at_the_last_one() {
    let base = BaseUrl::parse(&bank(1).await).unwrap();
    let mut evening = Evening::with(|settings| settings.currency.base_url = base);
    evening
        .goes(&[
            ("how much is 100 euros in dollars", "100 euros are about 105 US dollars."),
            ("what's the exchange rate from euros to yen", "1 euro is about 160 yen."),
            ("how much is £12.50 in euros", "12.5 pounds are about 14.88 euros."),
            ("convert 5 dollars to cedis", "The European Central Bank has no rate for G H S."),
        ])
        .await;
    // A week later the bank is not there.
    evening.later(7 * 24 * 60);
    let said = evening.ask("what is 10 euros in dollars").await;
    assert_eq!(
        said,
        "10 euros are about 10.5 US dollars. That is the rate of Tuesday, November 3rd."
    );
}

#[tokio::test]
async fn without_any_rates_the_reason_is_told() {
    let mut evening = Evening::with(|settings| {
        settings.currency.base_url = BaseUrl::parse("http://127.0.0.1:9").unwrap();
    });
    let said = evening.ask("convert 100 dollars to yen").await;
    assert_eq!(
        said,
        "I have no exchange rates, because the European Central Bank cannot be reached. Check the \
         internet connection, then ask again."
    );
}

/// A music player on a session bus of its own, as any desktop's player is one.
struct Player {
    status: &'static str,
    told: std::sync::mpsc::Sender<&'static str>,
}

#[zbus::interface(name = "org.mpris.MediaPlayer2.Player")]
impl Player {
    fn play(&self) {
        self.told.send("play").unwrap();
    }

    fn pause(&self) {
        self.told.send("pause").unwrap();
    }

    fn next(&self) {
        self.told.send("next").unwrap();
    }

    fn previous(&self) {
        self.told.send("previous").unwrap();
    }

    #[zbus(property)]
    fn playback_status(&self) -> &str {
        self.status
    }
}

#[tokio::test]
async fn the_desktops_player_is_paused_resumed_and_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let (_bus, address) = bus(folder.path());
    let ask = async |text: &str| {
        let asked = tokio::process::Command::new(env!("CARGO_BIN_EXE_aloud"))
            .args(["ask", text])
            .env_clear()
            .env("HOME", folder.path())
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("PATH", "/nonexistent")
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .output()
            .await
            .unwrap();
        String::from_utf8(asked.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(ask("pause the music").await, "No music player is running.");
    let (told, heard) = std::sync::mpsc::channel();
    let join = async |name: &str, status| {
        zbus::connection::Builder::address(address.as_str())
            .name(format!("org.mpris.MediaPlayer2.{name}"))
            .serve_at("/org/mpris/MediaPlayer2", Player { status, told: told.clone() })
            .build()
            .await
            .unwrap()
    };
    let idle = join("idle", "Stopped").await;
    let player = join("music", "Playing").await;
    for (said, want, does) in [
        ("pause the music", "Paused.", Some("pause")),
        ("next song", "Next one.", Some("next")),
        ("play the previous track", "Back one.", Some("previous")),
        ("start the music again", "It's playing already.", None),
    ] {
        assert_eq!(ask(said).await, want, "{said}");
        assert_eq!(heard.try_recv().ok(), does, "{said}");
    }
    drop(player);
    let player = join("music", "Paused").await;
    assert_eq!(ask("resume the music").await, "Playing.");
    assert_eq!(heard.try_recv().ok(), Some("play"));
    assert_eq!(ask("pause the music").await, "Nothing is playing.");
    drop((idle, player));
}

#[tokio::test]
async fn a_request_without_its_value_is_asked_about_and_a_misheard_one_is_understood() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("turn the volume", "Up or down?"),
            ("down", "Volume 40 percent."),
            ("Said a timer for ten minutes.", "Timer set for 10 minutes."),
            ("Turn the volume app.", "Volume 50 percent."),
        ])
        .await;
}

/// A recognizer that could not tell two numbers apart writes both.
#[tokio::test]
async fn of_two_numbers_that_sound_alike_the_user_says_which() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("Set a timer for 15 or 50 minutes.", "15 or 50 minutes?"),
            ("Fifteen.", "Timer set for 15 minutes."),
            ("Set a timer for thirteen or thirty minutes.", "Thirteen or thirty minutes?"),
            ("The second one.", "Timer set for 30 minutes."),
            ("Set a timer for 14 or 40 minutes.", "14 or 40 minutes?"),
            ("Set a timer for five minutes.", "Timer set for 5 minutes."),
        ])
        .await;
}

#[tokio::test]
async fn alarms_are_moved_as_people_say_it() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("move my alarm to 8", "No alarm is set."),
            ("wake me at 7 tomorrow", "Alarm set for 7 AM tomorrow."),
            ("move my alarm to 7:30", "Alarm moved from 7 AM to 7:30 AM tomorrow."),
            ("make it half an hour later", "Alarm moved from 7:30 AM to 8 AM tomorrow."),
            (
                "push my morning alarm back ten minutes",
                "Alarm moved from 8 AM to 8:10 AM tomorrow.",
            ),
            (
                "move the alarm to Thursday",
                "Alarm moved from 8:10 AM tomorrow to 8:10 AM on Thursday.",
            ),
            ("set an alarm for 9 pm on Friday", "Alarm set for 9 PM on Friday."),
            // The nearer of the two halves of the day.
            ("change the 9 pm alarm to 10", "Alarm moved from 9 PM to 10 PM on Friday."),
            (
                "move my alarm to 6",
                "2 alarms are set: 8:10 AM on Thursday; 10 PM on Friday. Which one?",
            ),
            (
                "rename the 10 pm alarm to medicine",
                "The alarm for 10 PM on Friday is called medicine now.",
            ),
            (
                "bring the medicine alarm forward a quarter of an hour",
                "Alarm moved from 10 PM to 9:45 PM on Friday.",
            ),
            (
                "cancel all alarms except the medicine one",
                "The alarm for 8:10 AM on Thursday is cancelled.",
            ),
            (
                "cancel all alarms except the medicine one",
                "Only the alarm for 9:45 PM on Friday is set, and it stays.",
            ),
        ])
        .await;
}

#[tokio::test]
async fn one_more_of_the_same_need_not_be_named() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("set a timer for 10 minutes", "Timer set for 10 minutes."),
            ("and another one for 5 minutes", "Timer set for 5 minutes."),
            ("plus one for the eggs for 3 minutes", "Eggs timer set for 3 minutes."),
            ("cancel the first one", "Your 10 minute timer is cancelled."),
            ("set an alarm for 7 am", "Alarm set for 7 AM tomorrow."),
            ("on weekdays", "Alarm set for 7 AM on weekdays."),
            ("and one for 9 am on Saturday", "Alarm set for 9 AM on Saturday."),
            ("what alarms do I have", "2 alarms are set: 7 AM on weekdays; 9 AM on Saturday."),
            // Nothing is missing any more.
            ("on Sundays", "Sorry, I can't do that. Say \"help\" to hear what I can do."),
            (
                "remind me tomorrow at 10 to call Ann",
                "I'll remind you at 10 AM tomorrow: call Ann.",
            ),
            ("move it to 11", "I'll remind you at 11 AM tomorrow: call Ann."),
            ("and at noon to feed the cat", "I'll remind you at noon tomorrow: feed the cat."),
            (
                "what are my reminders",
                "You have 2 reminders: 11 AM tomorrow, call Ann; noon tomorrow, feed the cat.",
            ),
        ])
        .await;
}

#[tokio::test]
async fn what_limits_a_reminder_is_not_swallowed_by_its_text() {
    let mut evening = Evening::new();
    let refused = |words: &str| {
        format!("I did not understand \"{words}\", so I did nothing. Please say it another way.")
    };
    for (said, words) in [
        ("remind me every weekday at 8 to take my pills except Friday", "except Friday"),
        ("remind me every day at 9 to take vitamins for two weeks", "for two weeks"),
        ("remind me every day at 9 to take vitamins until the 5th", "until the 5th"),
        ("remind me every morning to stretch starting tomorrow", "starting tomorrow"),
    ] {
        assert_eq!(evening.ask(said).await, refused(words), "{said}");
    }
    evening
        .goes(&[
            ("what are my reminders", "You have no reminders."),
            (
                "remind me every Monday at 9 to plan for the week",
                "I'll remind you at 9 AM every Monday: plan for the week.",
            ),
        ])
        .await;
}

#[tokio::test]
async fn one_morning_of_a_daily_alarm_is_moved_by_itself() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("set an alarm for 6 on weekdays", "Alarm set for 6 AM on weekdays."),
            (
                "move tomorrow's alarm to 9",
                "Alarm moved to 9 AM tomorrow for that day. Otherwise it stays set for 6 AM on weekdays.",
            ),
            ("what alarms do I have tomorrow", "One alarm is set, for 9 AM tomorrow."),
            ("push the 6 am alarm back by 30 minutes", "Alarm moved from 6 AM to 6:30 AM on weekdays."),
            (
                "what alarms do I have",
                "2 alarms are set: 9 AM tomorrow; 6:30 AM on weekdays, but not tomorrow.",
            ),
            ("when is my next alarm", "Your next alarm is for 9 AM tomorrow. 1 other alarm is set."),
            (
                "push the 6:30 alarm back by 20 hours",
                "Alarm moved from 6:30 AM on weekdays to 2:30 AM every Tuesday, Wednesday, Thursday, Friday and Saturday.",
            ),
        ])
        .await;
}

#[tokio::test]
async fn the_timer_and_the_list_that_are_asked_about_are_told() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("set a ten minute pasta timer", "Pasta timer set for 10 minutes."),
            ("set a twenty minute tea timer", "Tea timer set for 20 minutes."),
            ("how much longer on the pasta", "Your pasta timer has 10 minutes left."),
            ("rename the tea timer to coffee", "Your tea timer is called coffee now."),
            ("how long does the coffee timer have", "Your coffee timer has 20 minutes left."),
            ("add eggs to the grocery list", "I added eggs to your grocery list."),
            // One list by two names.
            ("add milk to the shopping list", "I added milk to your grocery list."),
            ("put sand on the beach list", "I added sand to your beach list."),
            ("take sand off the list", "I took sand off your beach list."),
        ])
        .await;
}

#[tokio::test]
async fn the_calendar_is_read_and_written_as_people_say_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, work) = (folder.path().join("me.ics"), folder.path().join("work.ics"));
    let meeting = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Standup\r\n\
        DTSTART;TZID=Europe/Berlin:20261102T093000\r\nDTEND;TZID=Europe/Berlin:20261102T094500\r\n\
        RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    std::fs::write(&work, meeting).unwrap();
    let mut evening = Evening::with(|settings| {
        settings.calendar = CalendarSettings {
            file: Some(file.clone()),
            server: None,
            others: vec![CalendarSource::File(work.clone())],
        };
    });
    evening
        .goes(&[
            ("what's on my calendar", "Nothing more is on your calendar today."),
            ("what's on my calendar tomorrow", "Tomorrow you have Standup at 9:30 AM."),
            ("what do I have tomorrow morning", "Tomorrow morning you have Standup at 9:30 AM."),
            ("what do I have tomorrow afternoon", "Nothing is on your calendar tomorrow afternoon."),
            // Nobody goes to the dentist at three in the morning.
            ("add dentist to my calendar on Friday at 3", "I added dentist to your calendar, on Friday at 3 PM."),
            ("add lunch with Ann tomorrow at noon to my calendar", "I added lunch with Ann to your calendar, tomorrow at noon."),
            ("put the harvest festival on my calendar on November 8th", "I added harvest festival to your calendar, on Sunday."),
            ("what do I have planned tomorrow", "You have 2 events tomorrow: Standup at 9:30 AM and lunch with Ann at noon."),
            ("when is my dentist appointment", "Dentist is on Friday at 3 PM."),
            ("when is my next appointment", "Next is Standup tomorrow at 9:30 AM."),
            ("am I free on Sunday", "On Sunday you have harvest festival all day."),
            (
                "what does my week look like",
                "You have 6 events in the next 7 days: Standup tomorrow at 9:30 AM, lunch with Ann tomorrow at noon, \
                 Standup on Friday at 9:30 AM, and 3 more.",
            ),
            ("when is my eye appointment", "I find no eye on your calendar."),
            ("cancel my standup meeting tomorrow", "Standup tomorrow at 9:30 AM is on a calendar that I only read. Change it where it is kept."),
        ])
        .await;
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(written.matches("BEGIN:VEVENT").count(), 3, "{written}");
    assert_eq!(std::fs::read_to_string(work).unwrap(), meeting);
}

#[tokio::test]
async fn appointments_are_moved_and_cancelled_as_people_say_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("me.ics");
    let event = |uid: u8, title: &str, times: &str| {
        format!("BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\n{times}\r\nEND:VEVENT\r\n")
    };
    let events = [
        event(
            1,
            "Dentist",
            "DTSTART;TZID=Europe/Berlin:20261106T150000\r\nDTEND;TZID=Europe/Berlin:20261106T154500",
        ),
        event(2, "Dentist\\, check-up", "DTSTART:20261203T080000Z\r\nDURATION:PT1H"),
        event(
            3,
            "Choir",
            "DTSTART;TZID=Europe/Berlin:20261005T190000\r\nDURATION:PT2H\r\nRRULE:FREQ=WEEKLY",
        ),
        event(4, "Fair", "DTSTART;VALUE=DATE:20261108"),
    ];
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.concat());
    std::fs::write(&file, &text).unwrap();
    let mut evening = Evening::with(|settings| {
        settings.calendar =
            CalendarSettings { file: Some(file.clone()), ..CalendarSettings::default() };
    });
    evening
        .goes(&[
            (
                "move my dentist appointment to four",
                "There are several: Dentist on Friday at 3 PM; Dentist, check-up on Thursday, December 3rd at 9 AM. Say which, like: the one on Friday.",
            ),
            ("the one on Friday", "Dentist is now on Friday at 4 PM."),
            ("move Friday's appointment to ten in the morning", "Dentist is now on Friday at 10 AM."),
            ("push Friday's dentist appointment back by half an hour", "Dentist is now on Friday at 10:30 AM."),
            ("reschedule the appointment on Friday", "To which day or time?"),
            ("to Thursday", "Dentist is now on Thursday at 10:30 AM."),
            // A choir that meets every Monday.
            ("move the choir event to Wednesday", "Choir is now tomorrow at 7 PM. The other times stay."),
            ("cancel the choir event on Monday the 16th", "Shall I remove Choir on Monday, November 16th at 7 PM? The other times stay."),
            ("no", "All right, I'll leave it as it is."),
            ("cancel the choir event on November 16th", "Shall I remove Choir on Monday, November 16th at 7 PM? The other times stay."),
            ("yes", "I removed Choir on Monday, November 16th at 7 PM. The other times stay."),
            ("what's on my calendar tomorrow", "Tomorrow you have Choir at 7 PM."),
            ("what's on my calendar on November 16th", "Nothing is on your calendar on Monday, November 16th."),
            ("what's on my calendar on November 23rd", "On Monday, November 23rd you have Choir at 7 PM."),
            ("cancel the fair event on Monday", "I find no fair then: Fair is on Sunday."),
            ("delete the fair from my calendar", "Shall I remove Fair on Sunday from your calendar?"),
            ("yes please", "I removed Fair on Sunday from your calendar."),
            ("cancel all choir events", "Shall I remove Choir, with all the times it repeats?"),
            ("yes", "I removed Choir, with all the times it repeats."),
            ("move my dentist appointment on Thursday to today at noon", "That time is over already. Say another one."),
            ("cancel my haircut appointment", "I find no haircut on your calendar."),
        ])
        .await;
    let written = std::fs::read_to_string(&file).unwrap();
    let rest = text.replace(&events[2], "").replace(&events[3], "");
    let moved = rest
        .replace("20261106T150000", "20261105T103000")
        .replace("20261106T154500", "20261105T111500");
    assert_eq!(written, moved);
}

#[tokio::test]
async fn calls_beside_each_other_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("me.ics");
    let calendar = CalendarSettings { file: Some(file.clone()), ..CalendarSettings::default() };
    let evening = Evening::with(|settings| settings.calendar = calendar);
    let call = |name: &str, arguments: String| {
        let call = Call { id: CallId("1".into()), name: name.into(), arguments };
        let cx = ToolCx { now: Moment::ZERO, ..ToolCx::default() };
        let tools = &evening.tools;
        async move { assert!(tools.call(&call, cx).await.outcome.ok) }
    };
    let call = &call;
    let both = (0..20).map(|n| async move {
        let item = format!(r#"{{"list": "shopping", "item": "thing {n}"}}"#);
        let event = format!(r#"{{"title": "event {n}", "day": "friday"}}"#);
        tokio::join!(call("add_to_list", item), call("add_event", event));
    });
    futures::future::join_all(both).await;
    let events = std::fs::read_to_string(file).unwrap();
    let list = std::fs::read_to_string(evening.folder.path().join("lists/shopping.md")).unwrap();
    let all = |text: &str, what: &str| {
        (0..20).filter(|n| text.lines().any(|line| line.ends_with(&format!("{what} {n}")))).count()
    };
    assert_eq!((all(&list, "- thing"), all(&events, "SUMMARY:event")), (20, 20));
}

#[tokio::test]
async fn a_timer_is_doubled_and_named_afterwards_and_a_lost_sentence_forgets_nothing() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("set a timer for 10 minutes", "Timer set for 10 minutes."),
            ("it's for the pasta", "Your 10 minute timer is called pasta now."),
            ("double it", "Your pasta timer now has 20 minutes left."),
            ("polish my shoes", "Sorry, I can't do that. Say \"help\" to hear what I can do."),
            ("make it half as long", "Your pasta timer now has 10 minutes left."),
        ])
        .await;
    evening.later(6);
    evening
        .goes(&[
            (
                "halve it",
                "Your pasta timer has only 4 minutes left. Say \"cancel the timer\" to end it.",
            ),
            ("triple the pasta timer", "Your pasta timer now has 24 minutes left."),
            ("take a minute off", "Your pasta timer now has 23 minutes left."),
            ("cancel it", "Your pasta timer is cancelled."),
            ("did you really cancel it?", "No timer is running."),
            ("my watch has stopped", "I'm not sure what you'd like me to do."),
        ])
        .await;
}

#[tokio::test]
async fn a_new_list_is_filled_without_naming_it_and_a_wrong_item_replaced() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            (
                "start a new list called camping",
                "You have a camping list now. What should go on it?",
            ),
            ("a tent", "I added tent to your camping list."),
            ("add matches to camping", "I added matches to your camping list."),
            ("torches too", "I added torches to your camping list."),
            (
                "no, not torches, candles",
                "I took torches off your camping list. I added candles to your camping list.",
            ),
            (
                "how many things are on it",
                "There are 3 things on your camping list: tent, matches and candles.",
            ),
            ("remove the last one", "I took candles off your camping list."),
            ("did you take it off?", "There are 2 things on your camping list: tent and matches."),
            ("thank you", "You're welcome."),
        ])
        .await;
}

#[tokio::test]
async fn another_one_is_another_joke_and_chance_is_tried_again() {
    let mut evening = Evening::new();
    let first = evening.ask("tell me a joke").await;
    let second = evening.ask("another one").await;
    let third = evening.ask("one more, please").await;
    assert!(first != second && second != third && third != first, "{first} {second} {third}");
    assert!(evening.ask("roll a die").await.starts_with("It's "));
    assert!(evening.ask("again").await.starts_with("It's "));
    assert!(evening.ask("another one").await.starts_with("It's "));
    assert_eq!(evening.calls, 3, "three rolls");
    let chosen = evening.ask("choose between the pizza, soup or Curry").await;
    assert!(["The pizza.", "Soup.", "Curry."].contains(&&*chosen), "{chosen}");
    assert_eq!(evening.ask("choose between nothing").await, "Between what?");
}

#[tokio::test]
async fn what_follows_is_about_what_was_just_done() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("set a timer", "For how long?"),
            ("for the eggs", "For how long?"),
            ("6 minutes", "Eggs timer set for 6 minutes."),
            ("is it running?", "Your eggs timer has 6 minutes left."),
            ("pause it", "Your eggs timer is paused with 6 minutes left."),
            ("carry on", "Your eggs timer goes on with 6 minutes left."),
            ("set a timer for 20 minutes", "Timer set for 20 minutes."),
            ("add two minutes to the longest", "Your 20 minute timer now has 22 minutes left."),
            ("cancel both", "Both timers are cancelled."),
            ("remind me to turn the roast", "When should I remind you? That was: turn the roast."),
            ("in 20 minutes", "I'll remind you in 20 minutes: turn the roast."),
            ("make that 25", "I'll remind you in 25 minutes: turn the roast."),
            ("set an alarm for 7 tomorrow", "Alarm set for 7 AM tomorrow."),
            ("pm", "Alarm set for 7 PM tomorrow."),
            ("set the volume to 50", "Volume set to 50 percent."),
            ("a bit louder", "Volume 60 percent."),
            ("again", "Volume 70 percent."),
            ("back to 50", "Volume set to 50 percent."),
            ("take a note", "What should I note?"),
            ("the plumber comes at nine", "Noted: the plumber comes at nine."),
            ("read my notes", "The plumber comes at nine."),
            ("delete it", "That note is gone: the plumber comes at nine."),
            ("how many ounces in a pound", "1 pound is 16 ounces."),
            ("and in a kilo", "1 kilogram is about 35.27 ounces."),
            ("how about grams", "1 kilogram is 1,000 grams."),
        ])
        .await;
}

#[tokio::test]
async fn thanks_do_not_ask_again_for_what_failed() {
    let mut evening = Evening::new();
    assert_ne!(evening.ask("open firefox").await, "You're welcome.");
    let calls = evening.calls;
    assert_eq!(evening.ask("thanks").await, "You're welcome.");
    assert_eq!(evening.calls, calls);
}

#[tokio::test]
async fn undoing_and_doing_something_else_are_one_sentence() {
    let mut evening = Evening::new();
    evening
        .goes(&[
            ("set an alarm for 7 tomorrow", "Alarm set for 7 AM tomorrow."),
            ("thanks", "You're welcome."),
            (
                "cancel that and set a timer for an hour",
                "The alarm for 7 AM tomorrow is cancelled. Timer set for 1 hour.",
            ),
            ("5 more", "Your 1 hour timer now has 1 hour and 5 minutes left."),
            ("set an alarm for 8 tomorrow", "Alarm set for 8 AM tomorrow."),
            ("cancel", "The alarm for 8 AM tomorrow is cancelled."),
            ("what alarms do I have", "No alarm is set."),
            ("never mind, set a timer for 3 minutes", "Timer set for 3 minutes."),
        ])
        .await;
}

/// What was said in the room a moment after a command is not about it.
#[tokio::test]
async fn talk_after_a_command_is_not_taken_for_more_of_it() {
    for (first, talk) in [
        (
            "set a timer for 10 minutes",
            &[
                "for sure",
                "for the record I like tea",
                "did you make the bed",
                "when does it open",
                "five more people are coming",
            ][..],
        ),
        (
            "add milk to the shopping list",
            &[
                "dad is here too",
                "it's late as well",
                "and I think so",
                "also the dog is hungry",
                "I meant you",
                "we need to go",
                "add salt to taste",
                "did you get the post",
            ],
        ),
        (
            "create a list called party",
            &["it's going to be great", "John said he would come", "nothing", "not now"],
        ),
    ] {
        let mut evening = Evening::new();
        evening.ask(first).await;
        let items = evening.items.len();
        assert_eq!(evening.calls, 1, "{first}");
        for said in talk {
            evening.items.truncate(items);
            evening.ask(said).await;
            assert_eq!(evening.calls, 1, "{first} | {said}");
        }
    }
}
