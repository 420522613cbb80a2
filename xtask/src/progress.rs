//! Progress of a long step: a line that is redrawn on a terminal, a line every 15 seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const TERMINAL_TICK: Duration = Duration::from_millis(200);
const LOG_TICK: Duration = Duration::from_secs(15);
const SPINNER: [char; 4] = ['|', '/', '-', '\\'];

#[derive(Default)]
struct State {
    /// Units done and all units, as cargo counts them.
    counted: Option<(u64, u64)>,
}

/// A running display. Ends with [`Progress::finish`].
pub struct Progress {
    title: String,
    started: Instant,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts showing `title` with the time that has passed.
    pub fn start(title: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        let ticker = {
            let (title, state, stop) = (title.to_owned(), Arc::clone(&state), Arc::clone(&stop));
            thread::spawn(move || tick(&title, started, &state, &stop))
        };
        Self { title: title.to_owned(), started, state, stop, ticker: Some(ticker) }
    }

    /// Takes a line of the command's output. Returns whether it was cargo's progress bar.
    pub fn line(&self, line: &str) -> bool {
        let Some(counted) = bar_numbers(line) else {
            return line.trim_start().starts_with("Building [");
        };
        if let Ok(mut state) = self.state.lock() {
            state.counted = Some(counted);
        }
        true
    }

    /// Ends the display with one closing line.
    pub fn finish(mut self, success: bool) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // A ticker that panicked has nothing left to show.
            drop(ticker.join());
        }
        let outcome = if success { "done" } else { "FAILED" };
        let clear = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
        eprintln!("{clear}  {}: {outcome} in {}", self.title, elapsed(self.started.elapsed()));
    }
}

fn tick(title: &str, started: Instant, state: &Mutex<State>, stop: &AtomicBool) {
    let terminal = std::io::stderr().is_terminal();
    for turn in 0usize.. {
        thread::park_timeout(if terminal { TERMINAL_TICK } else { LOG_TICK });
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let counted = state.lock().ok().and_then(|state| state.counted);
        let share = counted.map_or(String::new(), |(done, all)| {
            format!(" {:>3}% ({done}/{all})", done.saturating_mul(100) / all.max(1))
        });
        let time = elapsed(started.elapsed());
        if terminal {
            let spin = SPINNER.get(turn % SPINNER.len()).copied().unwrap_or(' ');
            eprint!("\r\x1b[2K  {spin} {title}{share} {time}");
            drop(std::io::stderr().flush());
        } else {
            eprintln!("  {title}{share} {time}");
        }
    }
}

/// The numbers of a line like `Building [====>    ] 12/340: syn, serde`.
fn bar_numbers(line: &str) -> Option<(u64, u64)> {
    let rest = line.trim_start().strip_prefix("Building [")?;
    let rest = rest.split_once(']')?.1.trim_start();
    let numbers = rest.split([':', ' ']).next()?;
    let (done, all) = numbers.split_once('/')?;
    Some((done.parse().ok()?, all.parse().ok()?))
}

/// `75 s` or `2 min 05 s`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 100 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}
