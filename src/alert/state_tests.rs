//! State tables. Each case names the behaviour of Prometheus that it follows, and where that is said.

use super::*;
use crate::alert::rule::NoData as Policy;
use Found::{False, NoData, True};

const MINUTE: i64 = 60_000;
const GROUP: &[u8] = b"a.example";

/// The phase after each look, a letter each: `-` inactive, `p` pending, `F` firing, `r` resolved.
fn letter(states: &States) -> char {
    match states.alerts.get(GROUP).map(|alert| alert.phase) {
        None | Some(Phase::Inactive) => '-',
        Some(Phase::Pending) => 'p',
        Some(Phase::Firing) => 'F',
        Some(Phase::Resolved) => 'r',
    }
}

fn terms(hold: i64, keep_firing: i64, no_data: Policy) -> Terms {
    Terms { hold: hold * MINUTE, keep_firing: keep_firing * MINUTE, no_data }
}

/// Looks at one group, a minute each, given as letters: `t` true, `f` false, `n` no data, `e` the evaluation failed, `.` no
/// look at all.
fn run(states: &mut States, terms: &Terms, from: i64, looks: &str) -> (String, Vec<Change>) {
    let (mut phases, mut changes) = (String::new(), Vec::new());
    for (minute, look) in (from..).zip(looks.chars()) {
        let found = match look {
            't' => Some(True(minute as f64)),
            'f' => Some(False),
            'n' => Some(NoData),
            _ => None,
        };
        if let Some(found) = found {
            states.look(terms, minute * MINUTE, [(GROUP, found)], &mut changes);
        }
        phases.push(letter(states));
    }
    (phases, changes)
}

#[test]
fn states_are_those_of_prometheus() {
    use Policy::{Fire, Keep, Resolve};
    let alerting = "rules/alerting.go";
    let cases = [
        // name, source, for, keep_firing_for, no data, looks, phases
        ("nothing is true", alerting, 0, 0, Resolve, "fffn", "----"),
        (
            "without for it fires in the same look",
            "alerting_rules.md: \"for\" is optional",
            0,
            0,
            Resolve,
            "ftt",
            "-FF",
        ),
        ("with for it is pending, and fires when for is over", "alerting_rules.md", 2, 0, Resolve, "tttt", "ppFF"),
        ("for counts from the first look that found it true", alerting, 1, 0, Resolve, "fftt", "--pF"),
        ("one look that does not find it true begins for anew", alerting, 2, 0, Resolve, "ttfttt", "pp-ppF"),
        ("a pending alert that ends was never there", alerting, 5, 0, Resolve, "tf", "p-"),
        ("a firing one is resolved at once", alerting, 0, 0, Resolve, "tf", "Fr"),
        (
            "resolved is remembered for 15 minutes",
            "resolvedRetention",
            0,
            0,
            Resolve,
            "tffffffffffffffffff",
            "Frrrrrrrrrrrrrrrr--",
        ),
        (
            "a resolved one that is true again is a new one",
            "Eval: State != StateInactive",
            2,
            0,
            Resolve,
            "tttfttt",
            "ppFrppF",
        ),
        ("keep_firing_for", "alerting_rules.md", 0, 2, Resolve, "tfffff", "FFFrrr"),
        (
            "keep_firing_for counts from the last break",
            "KeepFiringSince is cleared",
            0,
            2,
            Resolve,
            "tftffff",
            "FFFFFrr",
        ),
        (
            "keep_firing_for is nothing to a pending one",
            "Eval: StateFiring && keepFiringFor > 0",
            2,
            5,
            Resolve,
            "tf",
            "p-",
        ),
        (
            "a failed evaluation changes nothing",
            "Eval returns before the states",
            2,
            0,
            Resolve,
            "tteettfe",
            "ppppFFrr",
        ),
        (
            "a missed look changes nothing, for goes on",
            "rule_group_iterations_missed_total",
            3,
            0,
            Resolve,
            "t..t",
            "pppF",
        ),
        ("a series that is gone resolves", "prometheus#17482", 0, 0, Resolve, "tn", "Fr"),
        ("kept: no data changes nothing", "no_data", 2, 0, Keep, "ttnttnf", "pppFFFr"),
        ("kept: what is not active does not become so", "no_data", 0, 0, Keep, "nftfn", "--Frr"),
        (
            "kept: what is resolved is forgotten all the same",
            "no_data",
            0,
            0,
            Keep,
            "tfnnnnnnnnnnnnnnnnnn",
            "Frrrrrrrrrrrrrrrr---",
        ),
        ("fire: no data is true", "no_data", 1, 0, Fire, "nnf", "pFr"),
    ];
    for (what, source, hold, keep, no_data, looks, expected) in cases {
        let (phases, changes) = run(&mut States::default(), &terms(hold, keep, no_data), 0, looks);
        assert_eq!(phases, expected, "{what} ({source}): {looks}");
        // Changes are a path: each begins where the one before it ended.
        let mut phase = Phase::Inactive;
        for change in &changes {
            let forgotten = phase == Phase::Resolved && change.from == Phase::Inactive;
            assert!(change.from == phase || forgotten, "{what}: {changes:?}");
            assert_ne!(change.from, change.to, "{what}");
            phase = change.to;
        }
    }
}

#[test]
fn a_change_tells_since_when_and_the_value() {
    let (_, changes) = run(&mut States::default(), &terms(1, 0, Policy::Resolve), 10, "ttttf");
    let told: Vec<_> = changes
        .iter()
        .map(|change| (change.to, change.at / MINUTE, change.alert.active_at / MINUTE, change.alert.value))
        .collect();
    assert_eq!(
        told,
        [
            (Phase::Pending, 10, 10, Some(10.0)),
            (Phase::Firing, 11, 10, Some(11.0)),
            (Phase::Resolved, 14, 10, Some(13.0))
        ]
    );
}

#[test]
fn groups_have_nothing_to_do_with_each_other() {
    let (mut states, mut changes) = (States::default(), Vec::new());
    let terms = terms(0, 0, Policy::Resolve);
    let (a, b): (&[u8], &[u8]) = (b"a", b"b");
    states.look(&terms, 0, [(a, True(1.0)), (b, False)], &mut changes);
    states.look(&terms, 1, [(b, True(2.0)), (a, True(1.0))], &mut changes);
    // A group that is not spoken of has no data.
    states.look(&terms, 2, [(b, True(2.0))], &mut changes);
    let told: Vec<_> = changes.iter().map(|change| (&*change.key, change.to, change.at)).collect();
    assert_eq!(told, [(a, Phase::Firing, 0), (b, Phase::Firing, 1), (a, Phase::Resolved, 2)]);
    assert_eq!(states.active().count(), 1);
}

/// `for` of a reloaded rule may be longer than what a firing alert has waited: Prometheus makes it pending again.
#[test]
fn a_longer_for_makes_a_firing_alert_pending_again() {
    let mut states = States::default();
    assert_eq!(run(&mut states, &terms(1, 0, Policy::Resolve), 0, "tt").0, "pF");
    let (phases, changes) = run(&mut states, &terms(4, 0, Policy::Resolve), 2, "ttt");
    assert_eq!((phases.as_str(), changes[0].from, changes[0].to), ("ppF", Phase::Firing, Phase::Pending));
    let (phases, _) = run(&mut states, &terms(0, 0, Policy::Resolve), 5, "t");
    assert_eq!(phases, "F", "a shorter one changes nothing");
}

/// RestoreForState: what was pending goes on, and does not grow older by the time nobody looked.
#[test]
fn after_a_restart_states_go_on() {
    let terms = terms(5, 0, Policy::Resolve);
    let cases = [
        ("pending, looked at without a gap", "tt", 2, "ttttt", "pppFF"),
        ("pending, down for ten minutes: three minutes are left", "tt", 12, "tttttt", "pppFFF"),
        ("pending, down for an hour and more: it begins anew", "tt", 65, "ttttttt", "pppppFF"),
        ("pending, not true any more", "tt", 12, "f", "-"),
        ("firing, still true", "tttttt", 100, "t", "F"),
        ("firing, not true any more: its end is told", "tttttt", 100, "f", "r"),
        ("resolved, remembered", "ttttttf", 20, "fff", "rr-"),
    ];
    for (what, before, next, looks, expected) in cases {
        let mut states = States::default();
        run(&mut states, &terms, 0, before);
        let bytes = postcard::to_stdvec(&states).unwrap();
        let mut again: States = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(again, states);
        again.resume(next * MINUTE, MINUTE);
        assert_eq!(run(&mut again, &terms, next, looks).0, expected, "{what}");
    }
}

#[test]
fn what_fired_early_is_not_looked_at_before_its_window_is_closed() {
    let (mut states, mut changes) = (States::default(), Vec::new());
    let terms = terms(0, 0, Policy::Resolve);
    states.fire_early(&terms, 5 * MINUTE, GROUP, 7.0, &mut changes);
    states.fire_early(&terms, 6 * MINUTE, GROUP, 8.0, &mut changes);
    assert_eq!(changes.len(), 1, "it is told once");
    assert_eq!((changes[0].at, changes[0].to, changes[0].alert.value), (5 * MINUTE, Phase::Firing, Some(7.0)));
    assert_eq!(run(&mut states, &terms, 1, "fnfftf").0, "FFFFFr");
    let mut held = States::default();
    held.fire_early(&Terms { hold: 1, ..terms }, 5, GROUP, 7.0, &mut changes);
    assert!(held.is_empty(), "not with for");
}

#[test]
fn a_deadline_is_the_next_instant_at_which_time_alone_changes_something() {
    let looks = [("t", 2, 0), ("tt", 0, 0), ("ttt", 2, 0), ("tf", 0, 3), ("tff", 0, 3), ("tf", 0, 0), ("tfff", 0, 0)];
    for (looks, hold, keep) in looks {
        let terms = terms(hold, keep, Policy::Resolve);
        let mut states = States::default();
        run(&mut states, &terms, 0, looks);
        let (last, before) = (looks.chars().last().unwrap(), letter(&states));
        let looked = looks.len() as i64 - 1;
        // Looks that find the same change nothing before the deadline, and something at it.
        let (mut changed, mut minute) = (None, looked);
        while changed.is_none() && minute < looked + 30 {
            minute += 1;
            run(&mut states, &terms, minute, &last.to_string());
            changed = (letter(&states) != before).then_some(minute);
        }
        let mut again = States::default();
        run(&mut again, &terms, 0, looks);
        let deadline =
            again.deadline(&terms, looked * MINUTE).map(|at| at.div_euclid(MINUTE) + i64::from(at % MINUTE != 0));
        assert_eq!(deadline, changed, "{looks}");
    }
}
