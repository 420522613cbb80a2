//! Recordings: what is written reads back, what differs is printed, what is broken is named by its line.
use plimsoll_keeper::feed::recorded::{Frame, Recorded};
use plimsoll_keeper::feed::Feed;
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::policy::Policy;
use plimsoll_keeper::replay::replay;

use crate::liquidator::{run, Folder};
use crate::node::{first_frame, golden};

fn frames() -> Vec<Frame> {
    let mut recorded = Recorded::open(&golden()).unwrap();
    std::iter::from_fn(|| recorded.frame().unwrap()).collect()
}

fn write(folder: &Folder, frames: &[Frame]) -> String {
    let text: String = frames.iter().map(|frame| frame.to_line().unwrap() + "\n").collect();
    folder.file("turns.jsonl", &text).display().to_string()
}

#[test]
fn a_frame_reads_back_as_it_was_written() {
    for frame in frames() {
        assert_eq!(Frame::from_line(&frame.to_line().unwrap()), Ok(frame));
    }
}

#[test]
fn a_recording_is_a_feed_that_ends() {
    let mut feed = Recorded::open(&golden()).unwrap();
    let mut times = Vec::new();
    while let Some(view) = feed.next().unwrap() {
        assert_eq!(view.book.now(), view.image.time);
        times.push(view.image.time);
    }
    assert_eq!(times.len(), frames().len());
    assert!(times.is_sorted());
}

#[test]
fn an_unchanged_recording_replays_with_code_0() {
    let (code, out, error) = run(&["--replay", golden().to_str().unwrap()]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.ends_with(" 0 plans differ\n"), "{out}");
}

#[test]
fn every_plan_that_differs_is_printed_and_the_code_is_1() {
    let folder = Folder::new("differs");
    let mut frames = frames();
    let Action::Start { sequence, .. } = &mut frames[0].decisions[0] else { panic!("{:?}", frames[0].decisions) };
    *sequence += 1;
    frames.last_mut().unwrap().decisions.push(Action::Sweep { expiry: (0, 1) });
    let bids = frames.iter_mut().rfind(|frame| frame.decisions.iter().any(|action| action.kind() == "bid")).unwrap();
    bids.policy = Policy { bid: false, ..bids.policy.clone() };
    let path = write(&folder, &frames);
    let outcome = replay(path.as_ref()).unwrap();
    assert_eq!(outcome.differences.len(), 3, "{outcome:?}");
    let (code, out, error) = run(&["--replay", &path]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("3 of") && error.contains("plans differ"), "{error}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("line 1, time ") && lines[0].contains("recorded start"), "{out}");
    assert!(lines[1].contains("recorded bid ") && lines[1].ends_with("now nothing more"), "{out}");
    assert!(lines[2].contains("recorded sweep 0/1, now nothing more"), "{out}");
}

#[test]
fn a_broken_line_is_named_by_its_number_and_the_code_is_2() {
    let folder = Folder::new("broken");
    let line = first_frame().to_line().unwrap();
    let half = &line[..line.len() / 2];
    let future = line.replacen("\"format\":1", "\"format\":2", 1);
    let odd = line.replacen("\"format\":1", "\"format\":1,\"formats\":1", 1);
    for (text, part) in [
        (half, "not a line of a recording"),
        (&future, "format 2, this release reads 1"),
        (&odd, "unknown field `formats`"),
        ("", "not a line of a recording"),
    ] {
        let path = folder.file("broken.jsonl", &format!("{line}\n{text}\n")).display().to_string();
        let (code, _, error) = run(&["--replay", &path]);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("broken.jsonl, line 2: ") && error.contains(part), "{error}");
    }
}

#[test]
fn an_image_that_is_not_whole_is_refused() {
    let folder = Folder::new("part");
    let mut frame = first_frame();
    frame.image.accounts.retain(|_, account| plimsoll_client::status::kind_of(&account.data) != Some("OracleState"));
    let error = replay(write(&folder, &[frame]).as_ref()).unwrap_err().to_string();
    assert!(error.contains("line 1: no OracleState at"), "{error}");
}

#[test]
fn a_recording_that_is_not_there_is_named() {
    let error = replay("/nowhere/turns.jsonl".as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("recording /nowhere/turns.jsonl: No such file"), "{error}");
}

#[test]
fn an_account_larger_than_the_chain_allows_is_refused() {
    let line = first_frame().to_line().unwrap();
    let at = line.find("\"bytes\":").unwrap() + 8;
    let end = at + line[at..].find(',').unwrap();
    let huge = format!("{}{}{}", &line[..at], 1usize << 40, &line[end..]);
    let error = Frame::from_line(&huge).unwrap_err();
    assert!(error.contains("said to have 1099511627776 (at most 10485760)"), "{error}");
}
