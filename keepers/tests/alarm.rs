//! The alarm: what ends a pause, and when.
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_keeper::feed::alarm::{Alarm, Pause};

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(20);

fn after(delay: Duration, alarm: &Arc<Alarm>, act: fn(&Alarm)) {
    let alarm = Arc::clone(alarm);
    std::thread::spawn(move || {
        std::thread::sleep(delay);
        act(&alarm);
    });
}

fn timed(alarm: &Alarm, pause: &Pause) -> (bool, Duration) {
    let began = Instant::now();
    (alarm.wait(pause), began.elapsed())
}

#[test]
fn a_change_ends_a_pause_but_not_before_the_shortest() {
    let alarm = Arc::new(Alarm::default());
    let pause = Pause { shortest: SHORT, unwatched: LONG, watched: LONG };
    alarm.change();
    let (go_on, length) = timed(&alarm, &pause);
    assert!(go_on && length >= SHORT && length < LONG, "{length:?}");
    after(2 * SHORT, &alarm, Alarm::change);
    let (go_on, length) = timed(&alarm, &pause);
    assert!(go_on && length >= 2 * SHORT && length < LONG, "{length:?}");
}

#[test]
fn a_change_counts_once() {
    let alarm = Alarm::default();
    alarm.change();
    alarm.change();
    let pause = Pause { shortest: Duration::ZERO, unwatched: SHORT, watched: SHORT };
    assert!(timed(&alarm, &pause).1 < SHORT);
    assert!(timed(&alarm, &pause).1 >= SHORT);
}

#[test]
fn the_order_to_stop_ends_this_pause_and_every_later_one() {
    let alarm = Arc::new(Alarm::default());
    after(SHORT, &alarm, Alarm::stop);
    let (go_on, length) = timed(&alarm, &Pause::of(LONG));
    assert!(!go_on && length < LONG, "{length:?}");
    assert!(!alarm.wait(&Pause::of(LONG)) && alarm.stopped());
}

#[test]
fn a_lost_websocket_wakes_it_and_shortens_the_pauses() {
    let alarm = Arc::new(Alarm::default());
    alarm.watch(true);
    let pause = Pause { shortest: SHORT, unwatched: 2 * SHORT, watched: LONG };
    assert!(timed(&alarm, &pause).1 < LONG, "what happened before the watch began was not seen");
    after(SHORT, &alarm, |alarm| alarm.watch(false));
    assert!(timed(&alarm, &pause).1 < LONG);
    let (go_on, length) = timed(&alarm, &pause);
    assert!(go_on && length >= 2 * SHORT && length < LONG, "{length:?}");
}

#[test]
fn after_failures_a_change_does_not_shorten_the_pause() {
    let alarm = Alarm::default();
    alarm.change();
    assert!(timed(&alarm, &Pause::of(SHORT)).1 >= SHORT);
}
