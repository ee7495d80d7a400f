//! Progress on standard error: a bar on a terminal, lines elsewhere.

use super::output::{Output, notice};
use crossmax::replicate::Reporter;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Time between two lines about the same work.
const QUIET: Duration = Duration::from_secs(5);

/// Tells people what is going on.
pub struct Progress {
    output: Output,
    terminal: bool,
    work: RefCell<Option<Work>>,
}

impl Progress {
    /// Text goes to `output`, bars and progress lines to standard error.
    pub fn new(output: Output) -> Self {
        Self {
            output,
            terminal: std::io::stderr().is_terminal(),
            work: RefCell::default(),
        }
    }
}

impl Reporter for Progress {
    fn line(&self, text: &str) {
        // The run goes on without its readers; its results are in files.
        let print = || drop(self.output.text(text));
        match self.work.borrow().as_ref().and_then(|work| work.bar.as_ref()) {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn begin(&self, what: &str, total: u64, unit: &str) {
        let work = Work::new(what, total, unit, self.terminal);
        if work.bar.is_none() {
            notice(&format!("{what}: {total} {unit}"));
        }
        self.work.replace(Some(work));
    }

    fn advance(&self, done: u64, state: &str) {
        if let Some(work) = self.work.borrow_mut().as_mut() {
            work.advance(done, state);
        }
    }

    fn end(&self) {
        if let Some(work) = self.work.take() {
            work.end();
        }
    }
}

/// One piece of work.
struct Work {
    what: String,
    unit: String,
    total: u64,
    begun: Instant,
    /// When the last line about it was printed.
    told: Instant,
    /// The first report: work resumed in its middle must not count as done in no time.
    first: Option<(Instant, u64)>,
    done: u64,
    state: String,
    bar: Option<ProgressBar>,
}

impl Work {
    fn new(what: &str, total: u64, unit: &str, terminal: bool) -> Self {
        let now = Instant::now();
        Self {
            what: what.to_owned(),
            unit: unit.to_owned(),
            total,
            begun: now,
            told: now,
            first: None,
            done: 0,
            state: String::new(),
            bar: terminal.then(|| bar(what, total, unit)),
        }
    }

    fn advance(&mut self, done: u64, state: &str) {
        self.done = done;
        state.clone_into(&mut self.state);
        let now = Instant::now();
        let first = *self.first.get_or_insert((now, done));
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(self.details(first, now));
        } else if now - self.told >= QUIET {
            self.told = now;
            let details = self.details(first, now);
            notice(&format!(
                "{}: {done} of {} {}{details}",
                self.what, self.total, self.unit
            ));
        }
    }

    /// ", 1523/s, 4s left, loss 1.21"
    fn details(&self, first: (Instant, u64), now: Instant) -> String {
        let mut text = String::new();
        let rate = self.done.saturating_sub(first.1) as f64 / (now - first.0).as_secs_f64();
        if rate.is_finite() && rate > 0.0 {
            let left = self.total.saturating_sub(self.done) as f64 / rate;
            let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
            let digits = usize::from(rate < 10.0);
            text = format!(", {rate:.digits$}/s, {:#} left", HumanDuration(left));
        }
        if !self.state.is_empty() {
            text.push_str(&format!(", {}", self.state));
        }
        text
    }

    fn end(self) {
        let separator = if self.state.is_empty() { "" } else { ", " };
        let seconds = self.begun.elapsed().as_secs_f64();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        notice(&format!(
            "{}: done in {seconds:.1} s{separator}{}",
            self.what, self.state
        ));
    }
}

fn bar(what: &str, total: u64, unit: &str) -> ProgressBar {
    let template = format!("{{prefix}} {{bar:20}} {{pos}}/{{len}} {unit}{{wide_msg}}");
    // A template that does not parse would only lose the looks.
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total)
        .with_style(style)
        .with_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
